"""The person of a journey: answers each question that is shown, and answers again only what is shown again."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messenger import Card
from bot.terminal import wire
from bot.terminal.client import Client
from runner.demo import Conversation, Turn
from runner.model import Approval
from tests.scenarios.edges.plan import Way
from tests.scenarios.play import ask, bash, question

CHOICES = ("SQLite", "PostgreSQL")
_ASKED = "asked"


def command(word: str) -> str:
    """Return the command that is asked about: it writes a line as it begins, and another as it ends."""
    return f"echo begun {word} >> proof.txt; sleep 0.3; echo ended {word} >> proof.txt; echo {word} is done"


def script(conversation: Conversation) -> Turn:
    """Ask once; then repeat what came of it. What is told of a step that was cut off is no result."""
    told = [block for message in conversation.messages for block in _results(message.get("content"))]
    if told:
        return Turn(text=f"I was told: {told[-1]}")
    way = next(way for way in Way if f"Go by {way}" in conversation.prompt)  # a new session is told more than that
    return Turn(
        text="May I?", tools=(ask(question("Database", *CHOICES)) if way is Way.CHOOSE else bash(command(_ASKED)),)
    )


def _results(content: object) -> list[str]:
    blocks = content if isinstance(content, list) else []
    return [str(block.get("content")) for block in blocks if block.get("type") == "tool_result"]


@dataclass
class Tap:
    """One answer given: what it says, and whether the person was told that it counts."""

    approval: str
    request: int
    says: str  # different for every tap, where the way allows it
    told: bool = False
    trouble: str = ""


class Person:
    """Answers in one way. All that the person did is in `taps`; `seen` are the questions seen, by their ids."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.taps: list[Tap] = []
        self.seen: set[str] = set()
        self._answered: set[str] = set()  # to the daemon that lives now

    def meets(self, approval: str) -> bool:
        """See a question. Return whether it is to be answered: a daemon that has the answer need not be told again."""
        self.seen.add(approval)
        fresh = approval not in self._answered
        self._answered.add(approval)
        return fresh

    def leave(self) -> None:
        """Take note that the daemon has died: what is still open at the next one is answered again."""
        self._answered.clear()

    async def answer(self, client: Client, card: Card) -> None:
        """Press the button on a card."""
        key, says, text = self._words(len(self.taps) + 1)
        action = next(button.action for button in card.buttons if button.key == key)
        tap = Tap(approval=card.key.removeprefix("ask:"), request=0, says=says)
        self.taps.append(tap)  # before it is sent: what cannot be sent whole was given all the same
        tap.request = await client.say(f"{action} {text}".strip())

    def _words(self, number: int) -> tuple[str, str, str]:
        """Return the key of the button, what the answer says, and what is typed with it."""
        match self.way:
            case Way.APPROVE:
                return "a", _ASKED, ""
            case Way.EDIT:
                return "e", f"tap-{number}", command(f"tap-{number}")
            case Way.DENY:
                return "w", f"because of {number}", f"because of {number}"
            case Way.CHOOSE:
                choice = number % len(CHOICES)
                return str(choice + 1), CHOICES[choice], ""

    def hear(self, frame: wire.Reply | wire.Refused) -> None:
        """Take note of the reply to the newest tap."""
        if not self.taps or frame.re != self.taps[-1].request:
            return
        tap = self.taps[-1]
        shown = frame.cards[0].data if isinstance(frame, wire.Reply) else None
        tap.told = shown is not None and shown.get("kind") == "decided"
        if not tap.told:
            tap.trouble = str(frame)

    def gave(self, approval: Approval) -> bool:
        """Whether the stored answer is one that this person gave to this question."""
        return any(tap.approval == approval.id and fits(self.way, tap, approval) for tap in self.taps)

    def holds(self, approval: Approval) -> bool:
        """Whether what the person was told of this question is what is stored."""
        told = [tap for tap in self.taps if tap.approval == approval.id and tap.told]
        return all(fits(self.way, tap, approval) for tap in told)


def fits(way: Way, tap: Tap, approval: Approval) -> bool:
    """Whether the stored answer is what a tap said."""
    answer = approval.answer
    if answer is None:
        return False
    match way:
        case Way.APPROVE:
            return answer.approve and answer.input is None
        case Way.EDIT:
            return answer.approve and answer.input is not None and answer.input["command"] == command(tap.says)
        case Way.DENY:
            return not answer.approve and answer.note == tap.says
        case Way.CHOOSE:
            return answer.approve and [list(labels) for labels in answer.choices.values()] == [[tap.says]]
