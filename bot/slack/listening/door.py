"""Where Slack delivers over HTTP: who it is from is checked before a word of it is read.

Bolt is given what was read here. Its own reading takes a slash command whose text says "payload" for a form without
one, and answers a header that is no number with an exception.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Mapping
from urllib.parse import parse_qsl

from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from bot.httpd import Answer, Post
from bot.slack.listening.listen import request_of
from runner.errors import ConfigError
from runner.ports import Clock
from runner.settings import Secret

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_VALID_SECONDS = 300  # to both sides; Slack's rule
_FIELDS = 100  # of a form; Slack's commands have about 15

log = logging.getLogger(__name__)


class Door:
    """Lets in what Slack has signed, within five minutes and once, from the time on that the app behind it is there."""

    def __init__(self, signing_secret: Secret, clock: Clock) -> None:
        """Read the secret. Raises ConfigError if it cannot be read or is empty."""
        secret = signing_secret.read()
        if not secret.strip():
            raise ConfigError("slack.signing_secret", ["it is empty; Slack shows it under Basic Information"])
        self._clock = clock
        self._verifier = SignatureVerifier(secret, _Wall(clock))
        self._app: AsyncApp | None = None
        self._seen: OrderedDict[str, float] = OrderedDict()  # signatures of what was taken, with the time

    async def serve(self, app: AsyncApp) -> None:
        """Hand to this app what comes, and wait until cancelled.

        What comes while we go down is still taken in: it is stored, and dealt with after the next start.
        """
        self._app = app
        await asyncio.Event().wait()

    def signed(self, body: bytes) -> Post:
        """Sign JSON of our own as Slack would sign it now: a question to ourselves whether we hear."""
        stamp = str(int(self._clock.now().timestamp()))
        signature = self._verifier.generate_signature(timestamp=stamp, body=body) or ""
        headers = {
            "content-type": "application/json",
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": signature,
        }
        return Post(headers=headers, body=body)

    async def receive(self, post: Post) -> Answer:
        """Answer one request: 401 if it is not Slack's, 400 if it cannot be read, 503 if Slack should come again."""
        signature = post.headers.get("x-slack-signature", "")
        if not self._is_signed(post, signature):
            log.warning("slack.forged: a request with a wrong or old signature")
            return Answer(status=401)
        if self._is_replayed(signature) and "x-slack-retry-num" not in post.headers:
            log.warning("slack.replayed: a request that had come before, as it was signed then")
            return Answer(status=401)
        try:
            body = read_body(post)
        except (ValueError, RecursionError) as error:
            log.warning("slack.unreadable: %s", type(error).__name__)
            return Answer(status=400)
        if (request := request_of(body)) is None:
            return Answer(status=400)
        if self._app is None:
            return Answer(status=503)
        if body.get("type") == "url_verification":
            return _challenged(body)
        response = await self._app.async_dispatch(request)
        if response.status == 200:
            self._seen[signature] = self._clock.monotonic()
        return Answer(status=response.status, body=response.body, headers=response.first_headers_without_set_cookie())

    def _is_signed(self, post: Post, signature: str) -> bool:
        stamp = post.headers.get("x-slack-request-timestamp", "")
        if not (_TIMESTAMP.fullmatch(stamp) and _SIGNATURE.fullmatch(signature)):
            return False
        try:
            return self._verifier.is_valid(post.body, stamp, signature)
        except UnicodeDecodeError:  # the library signs text
            return False

    def _is_replayed(self, signature: str) -> bool:
        """Say whether this very request was taken before. One that Slack repeats may be signed in the same second."""
        forgotten = self._clock.monotonic() - 2 * _VALID_SECONDS
        while self._seen and next(iter(self._seen.values())) < forgotten:
            self._seen.popitem(last=False)
        return signature in self._seen


def read_body(post: Post) -> Mapping[str, object]:
    """Read JSON, a form with JSON in its field `payload`, or a form. Raises ValueError, RecursionError."""
    text = post.body.decode("utf-8")
    if post.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        return _mapping(json.loads(text))
    form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=_FIELDS))
    return _mapping(json.loads(form["payload"])) if "payload" in form else form


def _mapping(content: object) -> Mapping[str, object]:
    if not isinstance(content, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what Slack sent is wrong, not what our code does
    return content


def _challenged(body: Mapping[str, object]) -> Answer:
    """Answer Slack's question whether this address is ours."""
    return Answer(body=str(body.get("challenge", "")), headers={"content-type": "text/plain; charset=utf-8"})


class _Wall(SlackClock):
    """Our clock as the library reads it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._clock.now().timestamp()
