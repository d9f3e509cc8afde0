"""Forms in Telegram, which has none: one message that asks for one thing after the other."""
