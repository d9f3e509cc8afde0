"""auth, users, conversations, and the few other methods that an app of this kind needs."""

from __future__ import annotations

from collections.abc import Callable

from tests.servers.slack import payloads
from tests.servers.slack.api import Method, needed
from tests.servers.slack.parts import Payload, items
from tests.servers.slack.world import Channel, Message, Refused, Session, User, World

_STATES = {"processing", "active", "suspended", "closed"}


class Directory:
    """Methods that mostly look things up; `socket_url` makes an address for one connection."""

    def __init__(self, world: World, socket_url: Callable[[], str]) -> None:
        self._world = world
        self._socket_url = socket_url
        self.methods: dict[str, Method] = {
            "apps.connections.open": lambda _args: {"url": self._socket_url()},
            "auth.test": self.auth,
            "team.info": self.team,
            "bots.info": self.bot,
            "users.info": self.user,
            "conversations.info": self.conversation,
            "conversations.history": self.history,
            "conversations.members": self.members,
            "conversations.open": self.open,
            "conversations.replies": self.replies,
            "agents.sessions.setStatus": self.session,
            "assistant.threads.setStatus": self.thread_status,
            "assistant.threads.setSuggestedPrompts": self.prompts,
        }

    def auth(self, _args: Payload) -> Payload:
        """auth.test."""
        return {
            "url": "https://signoff.slack.com/",
            "team": "Signoff",
            "user": self._world.users[self._world.bot_user].name,
            "team_id": self._world.team_id,
            "user_id": self._world.bot_user,
            "bot_id": self._world.bot_id,
            "is_enterprise_install": False,
        }

    def team(self, _args: Payload) -> Payload:
        """team.info."""
        return {"team": {"id": self._world.team_id, "name": "Signoff", "domain": "signoff"}}

    def bot(self, args: Payload) -> Payload:
        """bots.info."""
        if args.get("bot") != self._world.bot_id:
            raise Refused("bot_not_found", f"no such bot: {args.get('bot')}")
        bot = {"id": self._world.bot_id, "app_id": self._world.app_id, "user_id": self._world.bot_user}
        return {"bot": bot | {"name": self._world.users[self._world.bot_user].name, "deleted": False}}

    def user(self, args: Payload) -> Payload:
        """users.info."""
        return {"user": _person(self._world.user(needed(args, "user")[0]))}

    def conversation(self, args: Payload) -> Payload:
        """conversations.info."""
        return {"channel": self._described(self._world.channel(needed(args, "channel")[0]))}

    def members(self, args: Payload) -> Payload:
        """conversations.members, all on one page."""
        channel = self._world.channel(needed(args, "channel")[0])
        return {"members": sorted(channel.members), "response_metadata": {"next_cursor": ""}}

    def history(self, args: Payload) -> Payload:
        """conversations.history, the newest first and all on one page; without the replies in threads."""
        channel = self._world.joined(needed(args, "channel")[0])
        found = [each for each in self._there(channel) if each.thread_ts in {None, each.ts}]
        return self._page(found[::-1], args)

    def replies(self, args: Payload) -> Payload:
        """conversations.replies, the oldest first and all on one page."""
        channel_id, ts = needed(args, "channel", "ts")
        channel = self._world.joined(channel_id)
        if (channel.id, ts) not in self._world.posted:
            raise Refused("thread_not_found", f"no such thread: {channel.id} {ts}")
        return self._page([each for each in self._there(channel) if ts in {each.ts, each.thread_ts}], args)

    def _there(self, channel: Channel) -> list[Message]:
        return [each for each in self._world.posted.values() if each.channel == channel.id and not each.deleted]

    def _page(self, found: list[Message], args: Payload) -> Payload:
        oldest = float(args.get("oldest") or 0)
        described = [payloads.message(self._world, each) for each in found if float(each.ts) > oldest]
        if str(args.get("include_all_metadata", "")).lower() not in {"1", "true"}:
            described = [{key: part for key, part in each.items() if key != "metadata"} for each in described]
        return {"messages": described, "has_more": False, "response_metadata": {"next_cursor": ""}}

    def open(self, args: Payload) -> Payload:
        """conversations.open: the direct messages with one person."""
        user = self._world.user(needed(args, "users")[0])
        if user.bot:
            raise Refused("cannot_dm_bot", f"{user.id} is a bot")
        return {"channel": {"id": self._world.direct(user.id).id}, "no_op": False, "already_open": False}

    def session(self, args: Payload) -> Payload:
        """agents.sessions.setStatus; a title counts only for a new session."""
        channel_id, status, _ = needed(args, "channel_id", "status", "thread_ts")
        channel = self._world.joined(channel_id)
        if status not in _STATES:
            raise Refused("invalid_arguments", f"no such status: {status}")
        place = (channel.id, args.get("thread_ts"))
        title = args.get("title") or ""
        if len(title) > 200:
            raise Refused("invalid_arguments", f"a title of {len(title)} characters")
        known = self._world.sessions.setdefault(place, Session(status, title))
        known.status = status
        return {"session": {"status": status, "title": known.title}}

    def thread_status(self, args: Payload) -> Payload:
        """assistant.threads.setStatus."""
        channel_id, _ = needed(args, "channel_id", "thread_ts")
        self._world.joined(channel_id)
        return {}

    def prompts(self, args: Payload) -> Payload:
        """assistant.threads.setSuggestedPrompts: four at most; with a thread_ts Slack says ok and does nothing."""
        channel_id, prompts = needed(args, "channel_id", "prompts")
        for fault in items("prompts", prompts, 4):
            raise Refused("invalid_arguments", fault)
        if args.get("thread_ts"):
            self._world.violate("assistant.threads.setSuggestedPrompts: a thread_ts makes it do nothing")
        else:
            self._world.prompts[self._world.joined(channel_id).id] = prompts
        return {}

    def _described(self, channel: Channel) -> Payload:
        made: Payload = {"id": channel.id, "name": channel.name, "is_archived": False}
        made |= {f"is_{kind}": channel.kind == kind for kind in ("channel", "group", "im", "mpim")}
        made |= {"is_private": channel.kind != "channel", "is_member": self._world.bot_user in channel.members}
        others = channel.members - {self._world.bot_user}
        return made | ({"user": min(others)} if channel.kind == "im" and others else {})


def _person(user: User) -> Payload:
    return {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "real_name": user.name.title(),
        "deleted": False,
        "is_bot": user.bot,
        "is_restricted": user.guest,
        "is_ultra_restricted": False,
        "is_admin": False,
        "tz": user.time_zone,
        "locale": "en-GB",
        "profile": {"display_name": user.name, "real_name": user.name.title(), "team": user.team},
    }
