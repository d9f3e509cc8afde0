"""What Slack's answers mean for a delivery."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.delivery import Gone, Limited, Outcome, Rejected, Unknown, Unreachable
from bot.slack.sending.carrier import outcome


def answered(status: int, error: str, headers: dict[str, str] | None = None) -> SlackApiError:
    """Make the error that the client raises for such an answer."""
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="http://127.0.0.1/api/chat.postMessage",
        req_args={},
        data={"ok": False, "error": error} if error else {},
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("refused", response)  # type: ignore[no-untyped-call]  # the library has no type here


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, "ratelimited", Limited),
        (200, "ratelimited", Limited),
        (200, "message_not_found", Gone),
        (200, "channel_not_found", Gone),
        (200, "invalid_auth", Unreachable),
        (200, "token_revoked", Unreachable),
        (500, "", Unknown),
        (503, "service_unavailable", Unreachable),
        (200, "internal_error", Unknown),
        (200, "", Unknown),
        (200, "invalid_blocks", Rejected),
        (200, "msg_too_long", Rejected),
        (200, "not_in_channel", Rejected),
    ],
)
def test_an_answer_says_whether_and_when_it_is_tried_again(status: int, error: str, kind: type[Outcome]) -> None:
    """SLACK-5: never given up for what passes, never repeated blindly where it may have been taken."""
    assert type(outcome(answered(status, error))) is kind


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 1.0), ("soon", 1.0), (None, 1.0)])
def test_a_limit_is_kept_to_the_second(header: str | None, seconds: float) -> None:
    headers = {"Retry-After": header} if header is not None else {}
    limited = outcome(answered(429, "ratelimited", headers))
    assert isinstance(limited, Limited)
    assert limited.retry_after == seconds
