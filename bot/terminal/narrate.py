"""Live cards as plain lines, for where nothing can be redrawn: each step once, everything else whole."""

from __future__ import annotations

from bot.messenger import Card
from bot.terminal.render import render, safe
from bot.terminal.stage import staged
from bot.views.say import STEP_SIGNS
from runner.model import StepStatus


class Narrator:
    """Remembers what has been told."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self._width = width
        self._colour = colour
        self._told: set[tuple[str, str]] = set()

    def tell(self, card: Card) -> str:
        """Return the new lines of a live card, a reminder's line, any other card whole. Empty if nothing is new."""
        if card.nudge:
            return f"◆ {' '.join(safe(card.nudge).split())}\n"
        data = card.data or {}
        if not (staged(card) and data.get("kind") == "run"):
            return render(card, self._width, colour=self._colour)
        state = next((field.value for field in card.fields if field.label == "State"), "")
        lines = [f"{safe(card.title)}: {safe(state)}"] if self._new(card.key, state) else []
        for step in data.get("steps", ()):
            status = StepStatus(step["status"])
            if status is not StepStatus.RUNNING and self._new(step["id"], status):
                lines.append(f"  {STEP_SIGNS[status]} {' '.join(safe(step['title'] or step['tool']).split())}")
        return "".join(f"{line}\n" for line in lines)

    def _new(self, subject: str, what: str) -> bool:
        before = len(self._told)
        self._told.add((subject, what))
        return len(self._told) > before
