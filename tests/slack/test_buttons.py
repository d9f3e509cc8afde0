"""Buttons in Slack: few in sight, each carries its command, what cannot be undone asks twice."""

from __future__ import annotations

import pytest

from bot.messenger import Button, Style
from bot.slack.rendering.buttons import PRESS, Press, pressed, rows
from bot.slack.rendering.lint import lint
from runner.errors import BadInput
from runner.model import Json
from tests.bot.test_views import CARDS

Row = tuple[list[str], list[str]]


def drawn(buttons: tuple[Button, ...]) -> list[Row]:
    """List each row: the labels in sight, and those in the menu."""
    made = rows(buttons, "a run")
    assert not made or lint(made) == ()
    return [(_labels(row, "button"), [name for menu in _menus(row) for name in menu]) for row in made]


def _labels(row: Json, kind: str) -> list[str]:
    return [element["text"]["text"] for element in row["elements"] if element["type"] == kind]


def _menus(row: Json) -> list[list[str]]:
    menus = [element for element in row["elements"] if element["type"] == "overflow"]
    return [[option["text"]["text"] for option in menu["options"]] for menu in menus]


def several(count: int) -> tuple[Button, ...]:
    """Make plain buttons."""
    return tuple(Button(label=f"B{number}", action=f"view a{number}") for number in range(count))


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, []),
        (3, [(3, 0)]),
        (4, [(4, 0)]),
        (5, [(3, 2)]),
        (8, [(3, 5)]),
        (9, [(3, 5), (1, 0)]),
        (13, [(3, 5), (3, 2)]),
    ],
)
def test_three_are_seen_and_the_rest_is_in_menus_of_at_most_five(count: int, sizes: list[tuple[int, int]]) -> None:
    assert [(len(seen), len(menu)) for seen, menu in drawn(several(count))] == sizes


def test_order_is_kept() -> None:
    assert drawn(several(5)) == [(["B0", "B1", "B2"], ["B3", "B4"])]


def test_choices_that_are_cut_alike_are_told_apart_by_their_number() -> None:
    alike = tuple(Button(label="PostgreSQL …", action=f"answer a #{n}", key=str(n)) for n in (1, 2))
    other = Button(label="Other…", action="deny a", key="o")
    assert drawn((*alike, other)) == [(["1 PostgreSQ…", "2 PostgreSQ…", "Other…"], [])]


def test_denying_is_in_sight_beside_approving() -> None:
    assert drawn(CARDS["approval-voted"].buttons) == [(["Approve", "As bob", "Deny"], ["Edit", "Deny + why"])]


def test_what_a_menu_cannot_do_is_a_button() -> None:
    """A menu has neither a confirm of its own nor room for a prefill."""
    long = Button(label="Edit", action="approve a --edit", asks="What?", prefill="x" * 200)
    buttons = (*several(4), Button(label="Discard", action="discard a"), long)
    assert drawn(buttons) == [(["B0", "Discard", "Edit"], ["B1", "B2", "B3"])]


def test_merge_and_discard_ask_twice_and_nothing_else_does() -> None:
    elements = [element for row in rows(CARDS["result-done"].buttons, "x") for element in row["elements"]]
    assert [each["text"]["text"] for each in elements if "confirm" in each] == ["Merge", "Discard"]


def test_only_a_single_primary_button_calls() -> None:
    """Of several answers none is suggested."""
    one = rows((Button(label="Approve", action="a", style=Style.PRIMARY),), "x")
    assert one[0]["elements"][0]["style"] == "primary"
    two = rows(
        (Button(label="A", action="a", style=Style.PRIMARY), Button(label="B", action="b", style=Style.PRIMARY)), "x"
    )
    assert all("style" not in each for each in two[0]["elements"])


def test_a_press_is_read_back_as_it_was_written() -> None:
    asks = Button(label="Edit", action="approve a --edit", asks="What?", prefill='{"x"\n"é😀\\"}')
    (row,) = rows((Button(label="Stop", action="stop a"), asks), "the run")
    assert [element["action_id"] for element in row["elements"]] == ["press:0", "ask:1"]
    assert [pressed(element["value"]) for element in row["elements"]] == [
        Press(action="stop a"),
        Press(action="approve a --edit", asks="What?", prefill='{"x"\n"é😀\\"}'),
    ]


def test_numbers_of_action_ids_go_on_where_the_last_card_ended() -> None:
    ids = [element["action_id"] for row in rows(several(5), "x", 7) for element in row["elements"]]
    assert ids == ["press:7", "press:8", "press:9", "more:10"]
    assert PRESS == r"^(press|ask|more):\d+$"


@pytest.mark.parametrize("forged", ["{", "{}", '{"action": 1, "asks": "", "prefill": ""}', "{" + "[" * 50])
def test_a_foreign_value_is_refused(forged: str) -> None:
    with pytest.raises(BadInput):
        pressed(forged)


def test_a_button_is_left_out_if_not_all_of_it_can_be_carried_or_seen() -> None:
    """Nobody sends a text of which a part was lost or hidden on the way."""
    fits = Button(label="Edit", action="approve a --edit", asks="What?", prefill="x" * 1_900)
    assert drawn((fits,)) == [(["Edit"], [])]
    for prefill in ("x" * 2_000, "rm\u202e", "\ud800"):
        assert drawn((Button(label="Edit", action="approve a --edit", asks="What?", prefill=prefill),)) == []
    assert drawn((Button(label="x", action=""),)) == []


def test_the_heaviest_of_too_many_go_first() -> None:
    heavy = tuple(Button(label=f"H{n}", action="say a", asks="What?", prefill="x" * 1_500) for n in range(4))
    shown = [label for seen, menu in drawn((*heavy, *several(3))) for label in (*seen, *menu)]
    assert {"B0", "B1", "B2"} < set(shown)
    assert len(shown) < 7


def test_a_screen_reader_hears_what_a_button_belongs_to() -> None:
    (row,) = rows((Button(label="Stop", action="stop a"),), "fix-tests " + "x" * 90)
    label = row["elements"][0]["accessibility_label"]
    assert label.startswith("Stop: fix-tests xxx")
    assert len(label) == 75
