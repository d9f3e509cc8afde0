"""The front end for Slack."""
