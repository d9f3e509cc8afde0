"""How things look in Telegram: cards, agents' Markdown and buttons become what Telegram draws. Pure."""
