"""response_url: five answers within thirty minutes to whoever pressed or typed."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.servers.loopback import lose
from tests.servers.slack.chat import Chat, content
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import RESPONSE_URL_USES, Message, Refused, World


class Responses:
    """Takes what apps post to a response_url, and what they put into the acknowledgement of a command."""

    def __init__(self, world: World, chat: Chat) -> None:
        self._world = world
        self._chat = chat
        self.down = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one post."""
        if self.down:
            return lose(request)
        given = self._world.response_urls.get(request.path)
        if given is None:
            return self._no("no_such_url", 404)
        if given.uses >= RESPONSE_URL_USES or self._world.clock.monotonic() > given.until:
            return self._no("used_url" if given.uses >= RESPONSE_URL_USES else "expired_url", 404)
        given.uses += 1
        try:
            body = await request.json()
            self.apply(body, (given.channel, given.user), given.message_ts)
        except Refused as no:
            return self._no(f"{no.error}: {no.fault}", 400)
        except ValueError:
            return self._no("invalid_payload", 400)
        return web.Response(text="ok")

    def _no(self, error: str, status: int) -> web.Response:
        self._world.violate(f"response_url: {error}")
        return web.Response(status=status, text=error.partition(":")[0])

    def acknowledged(self, body: Any, where: tuple[str, str]) -> None:
        """Show what an app put into the acknowledgement of a command."""
        try:
            self.apply({"text": body} if isinstance(body, str) else body, where)
        except Refused as no:
            self._world.violate(f"acknowledgement: {no.error}: {no.fault}")

    def apply(self, body: Payload, where: tuple[str, str], message_ts: str | None = None) -> None:
        """Do what an answer asks for; `where` is channel and person."""
        channel, user = where
        found = self._original(channel, message_ts)
        if body.get("delete_original") and found:
            found.deleted = True
            return
        text, blocks = content(self._world, "response_url", body)
        if body.get("replace_original") and found:
            self._world.change(found, text, blocks)
        elif body.get("response_type") == "in_channel":
            made = Message(channel, self._world.ts(), self._world.bot_user, text, blocks, bot_id=self._world.bot_id)
            made.thread_ts = body.get("thread_ts")
            self._world.add(made)
        else:
            self._chat.ephemeral(channel, user, text, blocks, body.get("thread_ts"))

    def _original(self, channel: str, ts: str | None) -> Message | None:
        hidden = [each for each in self._world.ephemerals if (each.channel, each.ts) == (channel, ts)]
        return hidden[0] if hidden else self._world.posted.get((channel, ts or ""))
