"""An app on the real libraries that answers everything, in Socket Mode or over HTTP."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.loopback import serving
from tests.servers.slack import StrictSlack

EVENTS = ("message", "app_mention", "app_home_opened", "reaction_added", "reaction_removed", "file_shared")
QUIET = logging.getLogger("tests.servers.slack.app")


def client(slack: StrictSlack, token: str | None = None) -> AsyncWebClient:
    """Make a client of the bot, or with this token."""
    return AsyncWebClient(token=slack.bot_token if token is None else token, base_url=slack.base_url, logger=QUIET)


class Echo:
    """Acknowledges everything, and keeps what came; `answers` are the acknowledgements, by callback_id or command."""

    def __init__(self, slack: StrictSlack) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {}
        self.deaf = False
        self.client = client(slack)
        self.app = AsyncApp(client=self.client, signing_secret=slack.signing_secret, logger=QUIET)
        every = re.compile(".*")
        for event in (*EVENTS, "agent_session_stopped"):
            self.app.event(event)(self.hear)
        for listener in (self.app.command, self.app.action, self.app.view, self.app.view_closed, self.app.options):
            listener(every)(self.hear)
        self.app.shortcut(every)(self.hear)

    async def hear(self, ack: Any, body: dict[str, Any]) -> None:
        """Take anything."""
        self.bodies.append(body)
        if self.deaf:
            return
        name = body.get("command") or body.get("callback_id") or body.get("view", {}).get("callback_id")
        answer = self.answers.get(name or "")
        await (ack(**answer) if isinstance(answer, dict) else ack(answer) if answer else ack())

    def events(self, kind: str) -> list[dict[str, Any]]:
        """List the events of this type that came."""
        return [each["event"] for each in self.bodies if each.get("event", {}).get("type") == kind]


@asynccontextmanager
async def over_sockets(slack: StrictSlack, sockets: int = 1) -> AsyncIterator[Echo]:
    """Run the app in Socket Mode."""
    echo = Echo(slack)
    handlers = [
        AsyncSocketModeHandler(echo.app, slack.app_token, web_client=client(slack), logger=QUIET, ping_interval=0.5)
        for _ in range(sockets)
    ]
    try:
        for handler in handlers:
            await handler.connect_async()  # type: ignore[no-untyped-call]  # the library's
        await slack.connected(sockets)
        yield echo
    finally:
        for handler in handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]  # the library's


@asynccontextmanager
async def over_http(slack: StrictSlack) -> AsyncIterator[Echo]:
    """Run the app behind an address."""
    echo = Echo(slack)
    async with serving(echo.app.web_app("/slack/events")) as url:
        slack.http(f"{url}/slack/events")
        yield echo


TRANSPORTS = {"sockets": over_sockets, "http": over_http}


def button(action_id: str, label: str = "Press", **more: Any) -> dict[str, Any]:
    """Describe a button."""
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": label}} | more


def actions(*elements: dict[str, Any], block_id: str = "row") -> dict[str, Any]:
    """Describe a row of elements."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def field(block_id: str, **more: Any) -> dict[str, Any]:
    """Describe an input for plain text."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": block_id},
        "element": {"type": "plain_text_input", "action_id": "typed"},
    } | more


def modal(*blocks: dict[str, Any], callback_id: str = "form", **more: Any) -> dict[str, Any]:
    """Describe a modal."""
    title, submit = {"type": "plain_text", "text": "A form"}, {"type": "plain_text", "text": "Send"}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": title,
        "submit": submit,
        "blocks": list(blocks),
    } | more
