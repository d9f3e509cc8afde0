"""Which chat products are on, and where their bots are found."""

from __future__ import annotations


class Fronts:
    """Filled by the composition root and by the front ends, as they come to know who they are."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def register(self, messenger: str, user_name: str = "") -> None:
        """Note that a chat product is on and, as soon as that is known, what its bot is called there."""
        self._names[messenger] = user_name.removeprefix("@") or self._names.get(messenger, "")

    @property
    def on(self) -> tuple[str, ...]:
        """Return the chat products that are on."""
        return tuple(self._names)

    def link_to(self, messenger: str, secret: str) -> str | None:
        """Return the address that opens a chat with the bot and hands over a secret; None where there is none."""
        name = self._names.get(messenger)
        return f"https://t.me/{name}?start={secret}" if messenger == "telegram" and name else None
