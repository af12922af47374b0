"""What people are shown of claims: reports, and the desks that put them together."""
