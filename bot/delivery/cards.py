"""Cards in the outbox: a message each, with the files that go with it, in the lane that fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.delivery.outbox import Outbox
from bot.delivery.wholes import whole_of
from bot.messenger import Card
from runner.model import Form, Json, Lane, Origin, new_id, value

_ALT = 1_000  # characters of an alternative text


@value
class Set:
    """A card as a messenger sets it: what is stored for sending, and its whole text if that does not show all."""

    payload: Json
    rest: str = ""


class CardOutbox:
    """Puts cards into an outbox. `render` sets a card, `remark` a line of text that is made to be noticed."""

    def __init__(self, outbox: Outbox, render: Callable[[Card], Set], remark: Callable[[str], Json]) -> None:
        self._outbox = outbox
        self._render = render
        self._remark = remark

    async def amend(self, origin: Origin, card: Card) -> None:
        """Show a card without files where it stands already, and else nothing. Raises StorageError."""
        await self._outbox.amend(origin, card.key, lane_of(card), self._render(card).payload)

    async def place(self, origin: Origin, card: Card, made: Set | None = None) -> bool:
        """Show a card with its files; False if the very same card has stood there, so that nothing is to be seen of it.

        `made` is the card as it is set, where the caller has set it already. Raises StorageError.
        """
        made, lane, run = made or self._render(card), lane_of(card), run_of(card)
        key = card.key or f"loose:{new_id()}"
        is_new = await self._outbox.put(origin, key, lane, made.payload, execution_id=run)
        for file in card.files:
            if file.picture:
                name = f"{Path(file.name).stem}-page-1.png"
                await self._file(
                    origin, file.picture, {"path": file.picture, "name": name, "alt": file.alt[:_ALT]}, run
                )
            await self._file(origin, file.path, {"path": file.path, "name": file.name}, run)
        if lane is not Lane.PROGRESS and (rest := whole_of(card, made.rest)) is not None:
            text = {"content": rest.content, "name": rest.name}
            await self._outbox.put(origin, f"rest:{key}", lane, text, form=Form.FILE, execution_id=run)
        if card.nudge:
            await self._outbox.put(origin, f"loose:{new_id()}", Lane.INTERACTIVE, self._remark(card.nudge))
        return is_new

    async def rewrite(self, card: Card, *, amend: Callable[[str], bool] = lambda _: False) -> None:
        """Replace a card wherever it stands; in channels to `amend` only where it is shown. Raises StorageError."""
        await self._outbox.replace(card.key, lane_of(card), self._render(card).payload, amend=amend)

    async def _file(self, origin: Origin, name: str, payload: Json, run: str | None) -> None:
        await self._outbox.put(origin, f"file:{name}", Lane.FINAL, payload, form=Form.FILE, execution_id=run)


def lane_of(card: Card) -> Lane:
    """Say how urgent a card is: what waits for a person, or a person for, goes first."""
    if card.live:
        return Lane.PROGRESS
    return Lane.FINAL if card.key.startswith(("result:", "run:", "report:")) else Lane.INTERACTIVE


def run_of(card: Card) -> str | None:
    """Return the id of the run that a card is about: as long as it goes on, the card is edited."""
    data: Json = card.data or {}
    execution = data.get("execution")
    found = execution.get("id") if isinstance(execution, dict) else data.get("execution_id")
    return found if isinstance(found, str) else None
