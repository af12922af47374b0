"""A contract that never changes, so that the frozen history of `tests/vectors/` can be replayed for ever."""
