"""What goes to Telegram: the outbox's requests, and those that somebody waits for."""
