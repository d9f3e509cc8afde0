"""Slack: what only its product needs. Cards become blocks here; everything they mean is decided elsewhere."""
