"""Commands with which somebody becomes one person in several chat products."""

from __future__ import annotations

from typing import assert_never

from bot import commands, views
from bot.fronts import Fronts
from bot.messenger import Card
from runner.core import Core
from runner.errors import BadInput
from runner.model import Actor
from runner.people import PRODUCTS

Command = commands.Link | commands.Redeem | commands.Unlink | commands.Prefer


class LinkHandlers:
    """Links accounts of chat products to people, and notes where questions reach them."""

    def __init__(self, core: Core, fronts: Fronts) -> None:
        self._core = core
        self._fronts = fronts

    async def handle(self, actor: Actor, command: Command, identity: str) -> Card:
        """Carry out one command; `identity` is what the chat product calls the actor."""
        match command:
            case commands.Link(messenger=messenger):
                return await self._invite(actor, messenger or await self._fitting(actor))
            case commands.Redeem(code=code):
                return await self.redeem(actor.origin.messenger, identity, code)
            case commands.Unlink(messenger=messenger):
                returns = await self._core.people.unlink(actor, messenger)
                return views.unlinked(messenger, returns=returns)
            case commands.Prefer(messenger=messenger):
                return views.preferring(await self._core.people.prefer(actor, messenger))
            case _:
                assert_never(command)

    async def redeem(self, messenger: str, identity: str, code: str) -> Card:
        """Use an invitation for an account. Raises NotAllowed, BadInput."""
        if messenger not in PRODUCTS or not identity:
            raise BadInput(
                "A code is used in the product that it is for.", hint="Say `link CODE` there, or open its address."
            )
        return views.linked(messenger, await self._core.people.redeem(messenger, identity, code))

    async def _invite(self, actor: Actor, messenger: str) -> Card:
        called = PRODUCTS[messenger]
        if messenger not in self._fronts.on:
            raise BadInput(
                f"{called} is not on here.", hint=f"An admin switches it on with `[{messenger}]` in config.toml."
            )
        secret = await self._core.people.invite(actor, messenger)
        return views.invited(messenger, secret, self._fronts.link_to(messenger, secret))

    async def _fitting(self, actor: Actor) -> str:
        """Return the one product that may be meant: it is on, and the actor has no account there yet."""
        linked = {messenger for messenger, _ in await self._core.people.identities(actor.person)}
        on = [messenger for messenger in self._fronts.on if messenger in PRODUCTS]
        open_ = [messenger for messenger in on if messenger not in linked]
        if len(open_) == 1:
            return open_[0]
        named = " or ".join(f"`link {messenger}`" for messenger in open_ or on or PRODUCTS)
        if open_:
            raise BadInput("Which product?", hint=f"Say {named}.")
        problem = "You are linked wherever Signoff is" if on else "No chat product is on here"
        more = "For one more account say" if on else "An admin switches one on in config.toml; then say"
        raise BadInput(f"{problem}.", hint=f"{more} {named}.")
