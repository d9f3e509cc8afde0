"""What the tests of Slack and those of Telegram share: the frame of each; what differs by product stays with them."""
