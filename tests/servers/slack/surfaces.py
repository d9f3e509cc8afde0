"""views.*: modals, three deep at most, and home tabs."""

from __future__ import annotations

import secrets

from tests.servers.slack import blocks as kit
from tests.servers.slack import payloads
from tests.servers.slack.api import Method, needed
from tests.servers.slack.parts import Payload
from tests.servers.slack.world import Refused, View, World

DEEPEST = 3


class Surfaces:
    """The methods about views."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.methods: dict[str, Method] = {
            "views.open": self.open,
            "views.push": self.push,
            "views.update": self.update,
            "views.publish": self.publish,
        }

    def open(self, args: Payload) -> Payload:
        """views.open: what the person had open goes away."""
        trigger, content = needed(args, "trigger_id", "view")
        self._check(content, kit.MODAL)
        user, _ = self._world.pull(trigger)
        for old in self.stack(user):
            old.is_open = False
        return self._shown(self.show(user, content))

    def push(self, args: Payload) -> Payload:
        """views.push: only from within a modal."""
        trigger, content = needed(args, "trigger_id", "view")
        self._check(content, kit.MODAL)
        user, below = self._world.pull(trigger)
        if below is None or not self._world.views[below].is_open:
            raise Refused("not_found", "" if below else "a view can only be pushed onto a view")
        return self._shown(self.push_on(self._world.views[below], content, user))

    def push_on(self, below: View, content: Payload, user: str) -> View:
        """Lay a modal upon another."""
        if len(self.stack(user)) >= DEEPEST:
            raise Refused("push_limit_reached", f"more than {DEEPEST} views")
        return self.show(user, content, below)

    def update(self, args: Payload) -> Payload:
        """views.update: found by id or by external_id, guarded by the hash if one is given."""
        content = needed(args, "view")[0]
        found = self._found(args)
        if found is None:
            raise Refused("not_found", f"no such view: {args.get('view_id') or args.get('external_id')}")
        if not found.is_open:
            raise Refused("not_found")
        self._check(content, found.content["type"], found)
        self._guard(found, args)
        return self._shown(self.rewrite(found, content))

    def publish(self, args: Payload) -> Payload:
        """views.publish: the home tab of one person."""
        user_id, content = needed(args, "user_id", "view")
        user = self._world.user(user_id)
        self._check(content, kit.HOME)
        if home := self._world.homes.get(user.id):
            self._guard(home, args)
            return self._shown(self.rewrite(home, content))
        made = self.show(user.id, content)
        self._world.homes[user.id] = made
        return self._shown(made)

    def stack(self, user_id: str) -> list[View]:
        """List the modals that a person has open, the lowest first."""
        modal = [each for each in self._world.views.values() if each.content["type"] == kit.MODAL]
        return [each for each in modal if each.is_open and each.user == user_id]

    def show(self, user_id: str, content: Payload, below: View | None = None) -> View:
        """Put a view before a person."""
        name = self._world.new("V")
        made = View(name, user_id, {}, "", below.root_id if below else name, below.id if below else None)
        self._world.views[name] = made
        return self.rewrite(made, content)

    def rewrite(self, shown: View, content: Payload) -> View:
        """Give a view a new state; what people have put into fields that are still there stays."""
        shown.content = content | {"blocks": self._world.named(content.get("blocks") or [])}
        shown.hash = f"{int(self._world.clock.now().timestamp())}.{secrets.token_hex(4)}"
        shown.errors = {}
        old, shown.inputs = shown.inputs, {}
        for block in kit.walk(shown.blocks):
            for each in kit.elements(block):
                if each["type"] not in {"button", "overflow"}:
                    place = (block["block_id"], each["action_id"])
                    kept = old.get(place)
                    same = kept is not None and kept["type"] == each["type"]
                    shown.inputs[place] = kept if kept and same else payloads.initial(each)
        return shown

    def _found(self, args: Payload) -> View | None:
        if args.get("view_id"):
            return self._world.views.get(args["view_id"])
        named = [
            each for each in self._world.views.values() if each.content.get("external_id") == args.get("external_id")
        ]
        return named[-1] if named and args.get("external_id") else None

    def _guard(self, shown: View, args: Payload) -> None:
        if args.get("hash") not in {None, "", shown.hash}:
            raise Refused("hash_conflict")

    def _check(self, content: Payload, kind: str, shown: View | None = None) -> None:
        faults = kit.lint_view(content)
        if not faults and content["type"] != kind:
            faults = [f"view: must be a {kind}"]
        if faults:
            error = "view_too_large" if "view: view_too_large" in faults else "invalid_arguments"
            messages = [f"[ERROR] {fault}" for fault in faults]
            raise Refused(error, "; ".join(faults[:5]), response_metadata={"messages": messages})
        name = content.get("external_id")
        if name and any(
            each.content.get("external_id") == name and each is not shown for each in self._world.views.values()
        ):
            raise Refused("duplicate_external_id", f"used before: {name}")

    def _shown(self, shown: View) -> Payload:
        return {"view": payloads.view(self._world, shown)}
