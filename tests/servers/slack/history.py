"""Reading what was posted: conversations.history and conversations.replies."""

from __future__ import annotations

from tests.servers.slack import payloads
from tests.servers.slack.api import Method
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Message, Refused, World

_MOST = 999


class History:
    """The methods that read messages; metadata only comes if it is asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.methods: dict[str, Method] = {
            "conversations.history": self.history,
            "conversations.replies": self.replies,
        }

    def history(self, args: Payload) -> Payload:
        """conversations.history: the newest first."""
        channel = self._world.joined(args.get("channel"))
        there = [each for each in self._there(channel.id) if each.thread_ts in {None, each.ts}]
        return self._page(there[::-1], args)

    def replies(self, args: Payload) -> Payload:
        """conversations.replies: the oldest first."""
        channel = self._world.joined(args.get("channel"))
        thread = str(args.get("ts"))
        found = [each for each in self._there(channel.id) if thread in {each.ts, each.thread_ts}]
        if not found:
            raise Refused("thread_not_found")
        return self._page(found, args)

    def _there(self, channel_id: str) -> list[Message]:
        posted = [each for each in self._world.posted.values() if each.channel == channel_id and not each.deleted]
        return sorted(posted, key=lambda message: message.ts)

    def _page(self, found: list[Message], args: Payload) -> Payload:
        start, limit = int(args.get("cursor") or 0), min(int(args.get("limit") or 100), _MOST)
        shown = [payloads.message(self._world, each) for each in found[start : start + limit]]
        if str(args.get("include_all_metadata", "")).lower() not in {"1", "true"}:
            shown = [{key: part for key, part in each.items() if key != "metadata"} for each in shown]
        more = start + limit < len(found)
        return {
            "messages": shown,
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + limit) if more else ""},
        }
