"""Signoff in Telegram."""
