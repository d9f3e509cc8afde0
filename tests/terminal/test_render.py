"""Cards as text: golden pictures, and no escape sequence of anybody but us."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from bot.messenger import Card
from bot.terminal.narrate import Narrator
from bot.terminal.render import render
from bot.terminal.screen import Room, compose, fits
from tests.terminal.cards import DECIDED, EVIL, QUESTION, RESULT, RUN, RUN_OVER
from tests.terminal.test_wire import cards

CARDS = {"run": RUN, "question": QUESTION, "decided": DECIDED, "result": RESULT, "evil": EVIL}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [100, 60])
@pytest.mark.parametrize("name", CARDS)
def test_cards_look_as_they_did(name: str, width: int, snapshot: SnapshotAssertion) -> None:
    assert render(CARDS[name], width, colour=False) == snapshot


def test_colours_look_as_they_did(snapshot: SnapshotAssertion) -> None:
    assert render(RESULT, 60, colour=True, chosen=1) == snapshot


@given(cards, st.integers(1, 200), st.booleans())
def test_a_card_can_hold_anything_and_steers_no_terminal(card: Card, width: int, colour: bool) -> None:
    """TERM-5: whatever a card holds."""
    text = _COLOUR.sub("", render(card, width, colour=colour))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_what_steers_is_shown_instead_of_obeyed() -> None:
    """TERM-5: it is not lost either."""
    text = render(EVIL, 100, colour=True)
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert "[bold red]markup[/]" in text
    assert "⟨U+001B⟩[2J" in text


def test_without_colour_there_is_no_escape_sequence_at_all() -> None:
    """TERM-6: also without colour."""
    assert "\x1b" not in "".join(render(card, 80, colour=False) for card in CARDS.values())


class TestScreen:
    """What stands above the prompt never exceeds its room."""

    @given(st.lists(cards, max_size=5), st.none() | cards, st.integers(20, 120), st.integers(0, 30), st.integers(0, 2))
    def test_it_fits(self, others: list[Card], front: Card | None, width: int, height: int, focus: int) -> None:
        text = compose(front, others, focus, Room(width=width, height=height, colour=False))
        assert len(text.split("\n")) <= max(height, 1)

    def test_the_front_card_is_whole_and_the_others_are_a_line_each(self) -> None:
        text = compose(QUESTION, [RUN], 0, Room(width=80, height=24, colour=False))
        assert text.split("\n")[0] == "● Fix the failing test in calc  0.0s  12.3k  $0.0123"
        assert "pytest -q tests/test_calc.py" in text
        assert "[S]top" not in text

    def test_a_question_without_room_keeps_its_buttons(self) -> None:
        room = Room(width=80, height=3, colour=False)
        assert not fits(QUESTION, room)
        lines = compose(QUESTION, [RUN], None, room).split("\n")
        assert lines[1] == "◆ Bash: pytest -q  (shown whole above)"
        assert lines[2] == "[A]pprove  [E]dit  [D]eny  Deny + [w]hy"

    def test_many_runs_are_counted_instead_of_listed(self) -> None:
        lines = compose(QUESTION, [RUN] * 9, None, Room(width=80, height=5, colour=False)).split("\n")
        assert lines[2] == "… and 7 more: `status` and `inbox` list them"
        assert len(lines) == 5


class TestNarrator:
    """Where nothing can be redrawn, each step is told once."""

    def test_a_step_is_told_when_it_has_ended_and_only_once(self) -> None:
        narrator = Narrator(80, colour=False)
        assert narrator.tell(RUN) == "● Fix the failing test in calc: running, working\n  ✓ Read calc.py\n"
        assert narrator.tell(RUN) == ""

    def test_other_cards_are_told_whole(self) -> None:
        narrator = Narrator(80, colour=False)
        assert "pytest -q tests/test_calc.py" in narrator.tell(QUESTION)
        assert "Fix the failing test" in narrator.tell(RUN_OVER)
