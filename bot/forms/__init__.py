"""Forms without a chat product: what is asked for in fields, and the command that the fields stand for."""
