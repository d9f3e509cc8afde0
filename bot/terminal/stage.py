"""What stands above the prompt of a chat: live runs, open questions, and which button has the focus. Pure state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.messenger import Button, Card
from bot.views.say import duration
from runner.model import HANDLE_LENGTH, State

SETTLE_SECONDS = 0.5  # a card must have been in front for so long before it can be pressed: no key meant for another

_RELEASE = "release"
_FINAL = {state.value for state in State if state.final}


class Stage:
    """Cards by key, one of them in front. Only the one in front is shown whole, and only it can be pressed.

    The oldest open question is in front until it is decided or the person turns to another card; so a question that
    arrives never slips under a finger. `now` is monotonic, in seconds.
    """

    def __init__(self) -> None:
        self._cards: dict[str, Card] = {}
        self._loose: Card | None = None
        self._over: set[str] = set()  # keys of what has ended: an older live card may arrive behind the end
        self._chosen: str | None = None  # key of the card the person turned to
        self._front: str | None = None
        self._since = 0.0
        self.focus: int | None = None  # button of the front card that Enter would press
        self.version = 0  # grows with every change

    @property
    def cards(self) -> Sequence[Card]:
        """All cards, questions first, each group in order of arrival; the last printed card with buttons at the end."""
        others = [card for card in self._cards.values() if not asking(card)]
        return (*self.questions, *others, *((self._loose,) if self._loose else ()))

    @property
    def front(self) -> Card | None:
        """The card that is shown whole."""
        cards = self.cards
        return next((card for card in cards if _place(card) == self._chosen), cards[0] if cards else None)

    @property
    def live(self) -> Sequence[Card]:
        """The runs that are still going on."""
        return [card for card in self._cards.values() if card.live and not asking(card)]

    @property
    def questions(self) -> Sequence[Card]:
        """The open questions, oldest first."""
        return [card for card in self._cards.values() if asking(card)]

    def take(self, card: Card, now: float) -> bool:
        """Take a card in; True if it has to be printed as well, because it does not change any more."""
        before, focused = self.front, self._focused
        if staged(card):
            if card.key not in self._over:
                self._cards[card.key] = card
        else:
            if over(card):
                self._over.add(card.key)
            self._cards.pop(card.key, None)
            if self._loose and card.key and self._loose.key == card.key:
                self._loose = None
            if card.buttons and not (over(card) and card.key.startswith("run:")):  # what its result offers is more
                self._loose = card
            else:
                self._forget(card)
        self._settle(now)
        self._keep_finger(before, focused, now)
        return not staged(card)

    def clear(self, now: float) -> None:
        """Forget everything: the daemon will tell anew."""
        self._cards.clear()
        self._loose = None
        self._settle(now)

    def step(self, by: int) -> bool:
        """Move the focus by so many buttons, going round; False if there is none."""
        front = self.front
        if front is None or not front.buttons:
            return False
        count = len(front.buttons)
        self.focus = (0 if by > 0 else count - 1) if self.focus is None else (self.focus + by) % count
        self.version += 1
        return True

    def turn(self, by: int, now: float) -> None:
        """Bring the next card to the front, with the focus on its first button."""
        cards = self.cards
        if not cards:
            return
        at = next(index for index, card in enumerate(cards) if card is self.front)
        self._chosen = _place(cards[(at + by) % len(cards)])
        self._settle(now)
        self.focus = 0 if self.front and self.front.buttons else None

    def leave(self) -> None:
        """Take the focus from the buttons."""
        self.focus = None
        self.version += 1

    def settling(self, now: float) -> bool:
        """Whether the front card has only just come there, so that it cannot be pressed yet."""
        return self.front is not None and now - self._since < SETTLE_SECONDS

    def press(self, now: float) -> Button | None:
        """Return the button that has the focus, unless its card has only just come to the front."""
        front = self.front
        if front is None or self.focus is None or self.settling(now):
            return None
        return front.buttons[self.focus]

    def by_key(self, letter: str, now: float) -> Button | None:
        """Return the front card's button with this letter, unless the card has only just come to the front."""
        if self.front is None or self.settling(now):
            return None
        return next((button for button in self.front.buttons if button.key.lower() == letter), None)

    @property
    def _focused(self) -> Button | None:
        """The button that has the focus."""
        front = self.front
        return front.buttons[self.focus] if front and self.focus is not None else None

    def _keep_finger(self, before: Card | None, focused: Button | None, now: float) -> None:
        """Keep the focus on its button when the front card is redrawn; new content has to be looked at first."""
        front = self.front
        if front is None or before is None or _place(front) != _place(before) or not asking(front):
            return
        if (front.sections, front.buttons) != (before.sections, before.buttons):
            self._since = now
            self.focus = front.buttons.index(focused) if focused in front.buttons else None

    def _forget(self, card: Card) -> None:
        """Take the buttons away that would answer or revoke what has just been answered or revoked."""
        gone = _settled(card)
        if self._loose is None or not gone:
            return
        left = tuple(button for button in self._loose.buttons if not _names(button, gone))
        self._loose = replace(self._loose, buttons=left) if left else None

    def _settle(self, now: float) -> None:
        """Note when another card came to the front."""
        self.version += 1
        front = self.front
        place = _place(front) if front else None
        if front is None or place != self._front:
            self._front, self._since, self.focus = place, now, None
        elif self.focus is not None and self.focus >= len(front.buttons):
            self.focus = None


def asking(card: Card) -> bool:
    """Whether a card is an open question: it waits for a press and is rewritten when it is decided."""
    return card.key.startswith("ask:") and (card.data or {}).get("kind") == "approval"


def staged(card: Card) -> bool:
    """Whether a card still changes, so that it stays on the screen instead of being printed."""
    return bool(card.key) and (card.live or asking(card))


def over(card: Card) -> bool:
    """Whether a card tells the end of a run or the answer to a question: no card with this key comes to life again."""
    if card.key.startswith("ask:"):
        return not asking(card)
    execution = (card.data or {}).get("execution")
    return card.key.startswith("run:") and isinstance(execution, dict) and execution.get("state") in _FINAL


def ticking(card: Card, now: datetime) -> Card:
    """Bring the elapsed time of a live run up to date, without asking the daemon."""
    execution = (card.data or {}).get("execution")
    started = execution.get("started_at") if card.live and isinstance(execution, dict) else None
    if not started:
        return card
    elapsed = duration((now - datetime.fromisoformat(started)).total_seconds())
    fields = (replace(field, value=elapsed) if field.label == "Elapsed" else field for field in card.fields)
    return replace(card, fields=tuple(fields))


def _settled(card: Card) -> Sequence[str]:
    """Return what a card tells is settled: ids of questions, the id of a rule taken back, the word of a release."""
    data = card.data or {}
    match data.get("kind"):
        case "decided":
            return [card.key.removeprefix("ask:")]
        case "several":
            return [asked["id"] for asked in data["approvals"]]
        case "note" if "rule_id" in data:
            return [data["rule_id"]]
        case "released":
            return [_RELEASE]
        case _:
            return []


def _names(button: Button, ids: Sequence[str]) -> bool:
    """Whether a button is about one of these things; it names them by their ids or handles."""
    word, *rest = button.action.split()
    named = [part for part in rest if len(part) >= HANDLE_LENGTH]
    return any(whole.endswith(part) for whole in ids for part in named) or (word == _RELEASE and _RELEASE in ids)


def _place(card: Card) -> str:
    return card.key or "loose"
