"""How things look in Slack: cards, agents' Markdown and buttons become what Slack draws. Pure."""
