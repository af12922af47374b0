"""How the members decide: proposals, votes, parameters, code tables, active contract versions."""
