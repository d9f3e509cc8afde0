"""What comes from Telegram: fetched or brought, read, and stored before Telegram may forget it."""
