"""Buttons of Telegram: what they carry, where they stand, what a press means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messenger import Button, Card, Style
from bot.telegram.rendering.buttons import LEAVE, ROWS, Key, Press, again, asked, pressed, rows
from bot.telegram.rendering.cards import payload, render
from bot.views import ACTION_LIMIT, LABEL_LIMIT
from runner.errors import BadInput
from tests.slack.cards import buttons
from tests.telegram.gallery import MESSAGES

_ID = "00000000000000000000a7c2d9"


def button(label: str, action: str = f"log {_ID}", style: Style = Style.PLAIN, asks: str = "") -> Button:
    """Make a button."""
    return Button(label=label, action=action, style=style, asks=asks)


def labels(*given: Button) -> list[list[str]]:
    """Return what stands in the rows."""
    return [[key.text for key in row] for row in rows(given)]


def test_three_short_labels_share_a_row_and_two_longer_ones() -> None:
    short = [button(f"B{number}") for number in range(5)]
    assert labels(*short) == [["B0", "B1", "B2"], ["B3", "B4"]]
    assert labels(*short[:4]) == [["B0", "B1"], ["B2", "B3"]]
    assert labels(*short[:2], button("Allow folder")) == [["B0", "B1"], ["Allow folder"]]


def test_beside_what_approves_stands_what_denies() -> None:
    given = (
        button("Approve", f"approve {_ID}", Style.PRIMARY),
        button("Edit", f"approve {_ID} --edit", asks="What?"),
        button("Deny + why", f"deny {_ID}", Style.DANGER, asks="Why?"),
        button("Deny", f"deny {_ID}", Style.DANGER),
    )
    assert labels(*given) == [["Approve", "Deny"], ["Edit", "Deny + why"]]


def test_colours_say_what_a_press_does() -> None:
    card = (button("Approve", f"approve {_ID}", Style.PRIMARY), button("Deny", f"deny {_ID}", Style.DANGER))
    assert [key.style for row in rows(card) for key in row] == ["success", "danger"]
    assert rows((button("Resume", f"resume {_ID}", Style.PRIMARY),))[0][0].style == "primary"
    two = (button("a", f"answer {_ID} #1", Style.PRIMARY), button("b", f"answer {_ID} #2", Style.PRIMARY))
    assert [key.style for row in rows(two) for key in row] == ["", ""], "of several that call none calls loudest"


def test_what_cannot_be_carried_is_left_to_words() -> None:
    fits = "say " + "x" * (ACTION_LIMIT - 4)
    assert labels(button("Say", fits)) == [["Say"]]
    assert labels(button("Say", fits + "x")) == []
    assert labels(button("Say", fits, asks="What?")) == []
    assert labels(button("Say", fits[:-1], asks="What?")) == [["Say"]]
    assert labels(button("x", "theft"), button("x", "say \u202e"), button("x", "say a\nb"), button("x", "")) == []
    assert len(rows([button("Say", f"say {number}") for number in range(99)])) == ROWS


def test_a_press_is_read_back() -> None:
    assert pressed(f"approve {_ID}") == Press(action=f"approve {_ID}")
    assert pressed(f"?deny {_ID}") == Press(action=f"deny {_ID}", asks=True)
    assert pressed(f"!merge {_ID}") == Press(action=f"merge {_ID}", sure=True)
    assert pressed(LEAVE) == Press(action="")


@pytest.mark.parametrize(
    "data", ["", "?", "!", "theft x", "?!merge x", "say \x00", "say " + "é" * 31, "say \ud800", "Approve x", " say x"]
)
def test_a_forged_press_is_refused(data: str) -> None:
    with pytest.raises(BadInput):
        pressed(data)


@given(st.text(max_size=80))
def test_any_data_is_read_or_refused(data: str) -> None:
    try:
        made = pressed(data)
    except BadInput:
        return
    assert not (made.asks and made.sure)
    assert made.action in data


@given(st.lists(buttons, max_size=20))
def test_any_buttons_make_a_keyboard_whose_presses_are_read(given: list[Button]) -> None:
    for row in rows(given):
        assert 1 <= len(row) <= 3
        for key in row:
            made = pressed(key.data)
            assert made.asks == bool(key.asks)
            assert any(made.action == each.action for each in given)


def test_what_cannot_be_undone_is_asked_again() -> None:
    assert rows((button("Merge", f"merge {_ID}", Style.PRIMARY),))[0][0].data == f"!merge {_ID}"
    about, keyboard = again(f"discard {_ID}")
    assert about.startswith("Discard? Worktree and branch")
    assert keyboard == ((Key(text="Discard", data=f"discard {_ID}", style="danger"), Key(text="Not now", data=LEAVE)),)
    assert not pressed(keyboard[0][0].data).sure


def test_the_question_of_a_button_is_found_in_the_stored_payload() -> None:
    ask = Button(label="Steer", action=f"say {_ID}", asks="What should it hear?", prefill="run it")
    made = payload(render(Card(title="t", buttons=(ask,))))
    assert asked(made, f"?say {_ID}") == ("What should it hear?", "run it")
    assert asked(made, f"say {_ID}") == ("", "")
    assert asked({}, "x") == ("", "")


@pytest.mark.parametrize("name", MESSAGES)
def test_no_label_in_sight_is_cut_by_a_phone(name: str) -> None:
    shown = MESSAGES[name].keyboard
    assert all(len(key.text) <= LABEL_LIMIT for row in shown for key in row)
    assert all(sum(len(key.text) for key in row) <= 24 for row in shown)
    assert len(shown) <= ROWS
