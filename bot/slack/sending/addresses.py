"""Which web addresses are Slack's: a delivery may name others, and nobody else is ever asked or told anything."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def is_slacks(url: str, base_url: str) -> bool:
    """Whether an address is Slack's, or that of the Web API at `base_url`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return _origin(parts) == _origin(urlsplit(base_url)) or (
            parts.scheme == "https"
            and parts.port in {None, 443}
            and not parts.username
            and (host == "slack.com" or host.endswith(".slack.com"))
        )
    except ValueError:
        return False


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port
