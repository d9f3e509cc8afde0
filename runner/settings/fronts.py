"""The sections of the front ends, and of the people who use them."""

from __future__ import annotations

from pydantic import Field

from runner.model import Role
from runner.settings.base import Secret, SecretRef, Section


class Slack(Section):
    """The front end for Slack, on where it has a token and a way to hear: sockets that we open, or our HTTP server."""

    bot_token: SecretRef = Secret()
    app_token: SecretRef = Secret()  # for Socket Mode
    signing_secret: SecretRef = Secret()  # for HTTP; one of both
    channels: tuple[str, ...] = ()  # ids of channels where it may be used, beside direct messages; none: wherever it is
    connections: int = Field(default=2, ge=1, le=10)  # Slack allows ten an app
    base_url: str = "https://slack.com/api/"

    @property
    def enabled(self) -> bool:
        """Whether it is to run."""
        return bool(self.bot_token.reference and (self.app_token.reference or self.over_http))

    @property
    def over_http(self) -> bool:
        """Whether Slack comes to us, rather than we to Slack."""
        return bool(self.signing_secret.reference)


class Telegram(Section):
    """The front end for Telegram, on where it has a token: it asks for updates, or with `webhook_url` is called."""

    token: SecretRef = Secret()
    chats: tuple[int, ...] = ()  # ids of groups where it may be used, beside private chats; none: wherever it is
    webhook_url: str = ""  # the public https address of our HTTP server; empty: long polling
    webhook_secret: SecretRef = Secret()  # 1 to 256 of A-Z a-z 0-9 _ -; comes with each call
    transcribe: tuple[str, ...] = ()  # a program and its arguments that writes what is said in the file {file}
    base_url: str = "https://api.telegram.org/bot"
    base_file_url: str = "https://api.telegram.org/file/bot"

    @property
    def enabled(self) -> bool:
        """Whether it is to run."""
        return bool(self.token.reference)

    @property
    def over_http(self) -> bool:
        """Whether Telegram comes to us, rather than we to Telegram."""
        return bool(self.webhook_url)


class Http(Section):
    """The daemon's HTTP server."""

    listen: str = ""  # empty: 127.0.0.1:8750, and only where something is delivered over HTTP

    @property
    def address(self) -> str:
        """Where it listens if it runs."""
        return self.listen or "127.0.0.1:8750"


class Mcp(Section):
    """An MCP server: a program, or a URL. Values of `env` and `headers` may be secret references."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    url: str = ""
    headers: dict[str, str] = Field(default_factory=dict)


class User(Section):
    """A person known from the start: identities by front end, and MCP servers of their own."""

    role: Role = Role.OPERATOR
    terminal: str = ""
    slack: str = ""
    telegram: str = ""  # the number that Telegram knows somebody by
    mcp: dict[str, Mcp] = Field(default_factory=dict)
