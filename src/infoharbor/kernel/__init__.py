"""The pure rules: transactions, state, tree, blocks, registry, calendar, limits."""
