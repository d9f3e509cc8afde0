"""Forms: what is asked for in fields, and the command that the fields stand for."""
