"""The front end for Slack: what only its product needs. What cards mean is decided elsewhere."""
