"""What people do with modals and the home tab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.servers.slack import blocks as kit
from tests.servers.slack import parts, payloads
from tests.servers.slack.delivery import INTERACTION, Ack
from tests.servers.slack.parts import Payload
from tests.servers.slack.people import People
from tests.servers.slack.world import Refused, User, View


class PeopleWithViews(People):
    """People who also fill in forms. A LookupError says that nobody could do what was asked for."""

    def modal(self, user: User) -> View | None:
        """Return the modal that a person sees, the uppermost of several."""
        return next(reversed(self.surfaces.stack(user.id)), None)

    def home(self, user: User) -> View | None:
        """Return the home tab of a person, once the app has published one."""
        return self.world.homes.get(user.id)

    async def open_home(self, user: User, tab: str = "home") -> Ack:
        """Open the app's home or messages tab."""
        event: Payload = {"type": "app_home_opened", "user": user.id, "channel": self.dm(user).id, "tab": tab}
        if (shown := self.home(user)) and tab == "home":
            event["view"] = payloads.view(self.world, shown)
        return await self.deliveries.event(event | {"event_ts": self.world.ts()}, user.team)

    async def act(self, view: View, action_id: str, value: Any = None) -> Ack | None:
        """Press a button in a view or fill in a field; None if Slack keeps that to itself until the form is sent."""
        block, element = self._element(view, action_id)
        place = (block["block_id"], element["action_id"])
        if place in view.inputs:
            view.inputs[place] = payloads.state(element, value)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return None
        done = payloads.action(self.world, (block, element), value)
        payload = payloads.actions_in_view(self.world, self.world.users[view.user], view, done)
        return await self.deliveries.interaction(INTERACTION, payload)

    async def suggest(self, view: View, action_id: str, typed: str = "") -> list[Payload]:
        """Type into a menu whose options the app knows, and return what it offers."""
        found = self._element(view, action_id)
        payload = payloads.suggestion(self.world, self.world.users[view.user], view, found, typed)
        ack = await self.deliveries.interaction(INTERACTION, payload)
        body = ack.body if isinstance(ack.body, dict) else {}
        offered = body.get("options", [])
        for fault in parts.options("options", offered, 100) if offered else ():
            self.world.violate(f"block_suggestion: {fault}")
        return parts.objects(offered)

    async def submit(self, view: View, values: Mapping[str, Any] | None = None) -> Ack:
        """Fill in fields, named by their block_id or action_id, and send the form."""
        for name, value in (values or {}).items():
            block, element = self._element(view, name)
            view.inputs[block["block_id"], element["action_id"]] = payloads.state(element, value)
        self._complete(view)
        user = self.world.users[view.user]
        payload = payloads.view_interaction(self.world, user, view, "view_submission")
        ack = await self.deliveries.interaction(INTERACTION, payload)
        if ack.ok:
            self._answered(view, ack.body)
        return ack

    async def close(self, view: View) -> Ack | None:
        """Close a modal; the app hears of it only if it asked to."""
        view.is_open = False
        if not view.content.get("notify_on_close"):
            return None
        payload = payloads.view_interaction(self.world, self.world.users[view.user], view, "view_closed")
        return await self.deliveries.interaction(INTERACTION, payload)

    def _element(self, view: View, name: str) -> tuple[Payload, Payload]:
        if not view.is_open:
            raise LookupError(f"this view is not open any more: {view.id}")
        for block in kit.walk(view.blocks):
            for each in kit.elements(block):
                if name in {each["action_id"], block["block_id"] if block["type"] == "input" else None}:
                    return block, each
        raise LookupError(f"no such element in {view.content.get('callback_id')}: {name}")

    def _complete(self, view: View) -> None:
        if not view.is_open or view.content["type"] != kit.MODAL:
            raise LookupError("only an open modal can be sent")
        for block in kit.walk(view.blocks):
            if block["type"] == "input":
                held = view.inputs[block["block_id"], block["element"]["action_id"]]
                value = next((each for key, each in held.items() if key != "type"), None)
                if not value and not block.get("optional"):
                    raise LookupError(f"Slack does not send a form without {block['block_id']}")
                limit = block["element"].get("max_length", 3000)
                if isinstance(value, str) and not block["element"].get("min_length", 0) <= len(value) <= limit:
                    raise LookupError(f"Slack does not take {len(value)} characters in {block['block_id']}")

    def _answered(self, view: View, body: Any) -> None:
        match body or None:
            case None:
                view.is_open = False
            case {"response_action": "errors", "errors": dict(errors)} if errors:
                inputs = {block["block_id"] for block in kit.walk(view.blocks) if block["type"] == "input"}
                for stray in errors.keys() - inputs:
                    self.world.violate(f"view_submission: an error for what is no input: {stray}")
                view.errors = errors
            case {"response_action": "clear"}:
                for each in self.surfaces.stack(view.user):
                    each.is_open = False
            case {"response_action": "update" | "push" as how, "view": dict(content)}:
                self._next(view, how, content)
            case _:
                self.world.violate(f"view_submission: no answer that Slack knows: {str(body)[:80]}")

    def _next(self, view: View, how: str, content: Payload) -> None:
        if faults := kit.lint_view(content):
            self.world.violate(f"view_submission: {'; '.join(faults[:5])}")
        elif how == "update":
            self.surfaces.rewrite(view, content)
        else:
            try:
                self.surfaces.push_on(view, content, view.user)
            except Refused as no:
                self.world.violate(f"view_submission: {no.error}")
