"""Forms without a chat product."""
