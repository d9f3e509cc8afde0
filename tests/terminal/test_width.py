"""What is drawn stays inside the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from bot.messenger import Card
from bot.terminal.render import render
from tests.terminal.cards import DECIDED, EVIL, QUESTION, RESULT, RUN


@pytest.mark.parametrize("card", [RUN, QUESTION, DECIDED, RESULT, EVIL], ids=lambda card: card.key)
@given(width=st.integers(20, 160))
def test_no_line_of_a_card_is_wider_than_the_terminal(card: Card, width: int) -> None:
    """TERM-6: counted in cells, as a terminal does: some characters take two, some none."""
    drawn = render(card, width, colour=False)
    assert max(get_cwidth(line) for line in drawn.split("\n")) <= width
