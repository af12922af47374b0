"""Documents that stay with their owner: commitments to them, who issued them, who may open them, and erasure."""
