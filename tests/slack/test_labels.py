"""What stands on buttons: a phone shows twelve characters of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import bot
from bot import views
from bot.forms.unfit import Unfit
from bot.messenger import Button
from bot.slack.rendering.cards import render
from bot.slack.rendering.surfaces import home
from bot.views import LABEL_LIMIT
from runner.model import Json
from tests.bot.test_home import BUSY, EMPTY
from tests.bot.test_views import CARDS
from tests.slack.gallery import FORMS, MESSAGES
from tests.slack.picture import phones

SHOWN: dict[str, Sequence[Json]] = {
    **{name: render(card).blocks for name, card in CARDS.items()},
    **{name: message.blocks for name, message in MESSAGES.items()},
    **{name: view["blocks"] for name, view in FORMS.items()},
    "home": home(views.home(BUSY))["blocks"],
    "home-empty": home(views.home(EMPTY))["blocks"],
    "home-stranger": home(views.stranger("U0123456789"))["blocks"],
}


def labels(blocks: Sequence[Json]) -> Iterator[str]:
    """Yield what stands on the buttons in sight, also on those that ask once more; menus have room for more."""
    for element in (each for block in blocks if block["type"] == "actions" for each in block["elements"]):
        if element["type"] == "button":
            yield element["text"]["text"]
            yield from (element["confirm"][part]["text"] for part in ("confirm", "deny") if "confirm" in element)


@pytest.mark.parametrize("name", SHOWN)
def test_no_button_in_sight_is_cut_by_a_phone(name: str) -> None:
    """CMD-10: on cards, forms, remarks and the App Home. What agents and people wrote is cut by us, and marked."""
    assert [label for label in labels(SHOWN[name]) if len(label) > LABEL_LIMIT] == []


@pytest.mark.parametrize("name", FORMS)
def test_no_button_of_the_bar_of_a_form_is_cut(name: str) -> None:
    """CMD-10: the title stands between them."""
    bar = [FORMS[name][part]["text"] for part in ("close", "submit") if part in FORMS[name]]
    assert [label for label in bar if len(label) > LABEL_LIMIT] == []


def test_every_label_in_the_code_fits() -> None:
    """CMD-10: also those of cards that no sample shows."""
    found = [label for path in sorted(Path(bot.__path__[0]).rglob("*.py")) for label in _written(path)]
    assert "To the agent" in found
    assert [label for label in found if len(label) > LABEL_LIMIT] == []


def _written(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"button", "Button"}:
            given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "label")]
            yield from (each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str))


def test_labels_say_what_a_press_does() -> None:
    """A word alone, such as the name of a pattern or the id of a rule, does not."""
    shown = {label for card in CARDS.values() for label in _of(card.buttons)}
    assert {"Allow file", "Allow folder", "Allow alike", "Revoke 1", "Revoke 2", "Cancel run", "As pdf"} <= shown
    assert [label for label in shown if not label[:1].isalpha()] == []


def _of(buttons: Sequence[Button]) -> list[str]:
    return [button.label for button in buttons]


def test_a_fault_at_a_field_has_no_marks_of_code() -> None:
    """Slack shows it as plain text."""
    assert Unfit({"name": "`a b` is no name; ` alone stays."}).faults == {"name": "“a b” is no name; ` alone stays."}


def test_every_sample_can_be_drawn() -> None:
    assert all(phones().values())
