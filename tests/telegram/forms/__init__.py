"""Forms that are asked step by step."""
