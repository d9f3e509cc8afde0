"""What goes to Slack: the outbox's requests, and those that somebody waits for."""
