"""Slack and Telegram together: one person, one question, one answer."""
