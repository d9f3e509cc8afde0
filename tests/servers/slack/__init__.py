"""A strict Slack: the Web API, Socket Mode and HTTP delivery, and people who use the app."""

from tests.servers.slack.server import StrictSlack

__all__ = ["StrictSlack"]
