"""What comes from Slack: fetched or brought, read, and stored before Slack may forget it."""
