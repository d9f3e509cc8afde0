"""Telegram: what is shown there, and how presses and messages come from there."""
