"""The linter knows every limit: a block at the limit passes, one beyond it is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.slack.forms.inputs import number_input
from bot.slack.rendering.lint import Surface, lint, lint_view
from bot.slack.rendering.surfaces import form, home, loading_modal, notice, text_modal
from runner.model import Json
from tests.bot.test_views import CARDS


def plain(text: str) -> Json:
    """Make a text object."""
    return {"type": "plain_text", "text": text, "emoji": False}


def button(**more: Any) -> Json:
    """Make a button."""
    named = {"action_id": "press:0", "text": plain("Go"), "value": "go", "accessibility_label": "Go: a run"}
    return {"type": "button", **named, **more}


def actions(*elements: Json) -> Json:
    """Make a row."""
    return {"type": "actions", "elements": list(elements)}


def rich(**element: Any) -> Json:
    """Make a rich text of one element."""
    return {"type": "rich_text", "elements": [element]}


def section(*pieces: Json) -> Json:
    """Make a rich text of one paragraph."""
    return rich(type="rich_text_section", elements=list(pieces))


def menu(count: int, **option: Any) -> Json:
    """Make a menu."""
    options = [{"text": plain(f"o{number}"), "value": "v", **option} for number in range(count)]
    return {"type": "overflow", "action_id": "more:0", "options": options}


LIMITS: dict[str, tuple[int, Callable[[int], Json]]] = {
    "header": (150, lambda n: {"type": "header", "text": plain("x" * n)}),
    "header in UTF-16": (75, lambda n: {"type": "header", "text": plain("😀" * n)}),
    "section": (3_000, lambda n: {"type": "section", "text": plain("x" * n)}),
    "fields": (10, lambda n: {"type": "section", "fields": [plain("x")] * n}),
    "field": (2_000, lambda n: {"type": "section", "fields": [plain("x" * n)]}),
    "context": (10, lambda n: {"type": "context", "elements": [plain("x")] * n}),
    "actions": (25, lambda n: actions(*(button(action_id=f"press:{number}") for number in range(n)))),
    "button": (75, lambda n: actions(button(text=plain("x" * n)))),
    "value": (2_000, lambda n: actions(button(value="x" * n))),
    "action_id": (255, lambda n: actions(button(action_id="x" * n))),
    "accessibility_label": (75, lambda n: actions(button(accessibility_label="x" * n))),
    "options": (5, lambda n: actions(menu(n))),
    "option": (75, lambda n: actions(menu(1, text=plain("x" * n)))),
    "option's value": (150, lambda n: actions(menu(1, value="x" * n))),
    "block_id": (255, lambda n: {"type": "divider", "block_id": "x" * n}),
    "indent": (8, lambda n: rich(type="rich_text_list", style="bullet", indent=n, elements=[
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}])),
    "confirm": (300, lambda n: actions(button(confirm={
        "title": plain("x"), "text": plain("x" * n), "confirm": plain("x"), "deny": plain("x")}))),
    "weight": (11_897, lambda n: section({"type": "text", "text": "x" * n})),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_a_block_at_the_limit_passes_and_beyond_it_is_a_fault(name: str) -> None:
    limit, make = LIMITS[name]
    assert lint([make(limit)]) == ()
    assert len(lint([make(limit + 1)])) == 1


@pytest.mark.parametrize(("surface", "most"), [(Surface.MESSAGE, 50), (Surface.MODAL, 100), (Surface.HOME, 100)])
def test_a_surface_takes_so_many_blocks(surface: Surface, most: int) -> None:
    assert lint([{"type": "divider"}] * most, surface) == ()
    assert lint([{"type": "divider"}] * (most + 1), surface) == (f"{most + 1} blocks, of at most {most}",)
    assert lint([], surface) == ("there is no block",)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}},
        {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x"},
        {"type": "markdown", "text": "x"},
        {"type": "header", "text": plain("")},
        {"type": "header", "text": plain("a\u202eb")},
        section({"type": "broadcast", "range": "channel"}),
        section({"type": "user", "user_id": "U1"}),
        section({"type": "emoji", "name": "tada"}),
        section({"type": "link", "url": "https://evil.example", "text": "https://bank.example"}),
        section({"type": "text", "text": "a\u200bb"}),
        section({"type": "text", "text": ""}),
        section({"type": "text", "text": "x", "style": {"unlink": True}}),
        section(),
        rich(type="rich_text_preformatted", elements=[{"type": "text", "text": "x", "style": {"bold": True}}]),
        rich(type="rich_text_list", style="bullet", elements=[]),
        rich(type="rich_text_color"),
        {"type": "rich_text", "elements": []},
        actions(),
        actions({"type": "datepicker", "action_id": "x"}),
        actions(button(style="plain")),
        actions(button(accessibility_label="")),
        actions(button(style="primary"), button(style="primary", action_id="press:1")),
        actions(button(), button()),
        text_modal("t", "l", "", "")["blocks"][0],
    ],
)
def test_what_could_ping_format_hide_or_be_refused_is_a_fault(block: Json) -> None:
    assert len(lint([block])) == 1


def test_ids_have_to_differ_in_the_whole_message() -> None:
    assert lint([actions(button()), actions(button())]) == ("action press:0 is used 2 times",)
    assert lint([{"type": "divider", "block_id": "a"}] * 2) == ("a is used 2 times",)


def test_our_views_have_no_fault() -> None:
    for view in (
        text_modal("Deny + why", "What should the agent read?", "a\nb", "{}"),
        text_modal("x" * 90, "y" * 3_000, "z" * 5_000, "m" * 3_000),
        loading_modal(),
        notice("Already answered", "by ada " * 1_000),
        home(()),
        home(tuple(CARDS.values())),
    ):
        assert lint_view(view) == ()


def choice(kind: str, count: int = 2, **more: Any) -> Json:
    """Make a form with a choice."""
    options = [{"text": plain(f"o{number}"), "value": str(number)} for number in range(count)]
    element = {"type": kind, "action_id": "a", "options": options, **more}
    return form("k", "t", "s", "", [{"type": "input", "block_id": "a", "label": plain("l"), "element": element}])


@pytest.mark.parametrize(
    ("view", "faults"),
    [
        (choice("radio_buttons", 10), 0),
        (choice("checkboxes", 11), 1),
        (choice("static_select", 100), 0),
        (choice("multi_static_select", 101), 1),
        (choice("static_select", 0), 1),
        (choice("static_select", initial_option={"text": plain("o1"), "value": "1"}), 0),
        (choice("static_select", initial_option={"text": plain("o9"), "value": "9"}), 1),
        (choice("checkboxes", initial_options=[]), 1),
        (choice("radio_buttons", options=[{"text": plain("x" * 76), "value": "x" * 151}]), 2),
        (choice("radio_buttons", options=[{"text": plain("x"), "value": "1", "description": plain("y" * 76)}]), 1),
        (choice("radio_buttons", options=[{"text": plain("x"), "value": "1"}] * 2), 1),
        (choice("datepicker"), 1),
        (form("k", "t", "s", "", [number_input("n", "l", whole=True)]), 0),
    ],
)
def test_choices_of_forms_keep_their_limits(view: Json, faults: int) -> None:
    assert len(lint_view(view)) == faults, lint_view(view)


def test_faults_of_views_are_named() -> None:
    modal = text_modal("t", "l", "", "")
    title = dict(plain("x" * 25))
    assert lint_view({**modal, "title": title}) == ("title has 25 characters, of at most 24",)
    assert lint_view({**modal, "private_metadata": "x" * 3_001}) == (
        "private_metadata has 3001 characters, of at most 3000",
    )
    assert lint_view({key: part for key, part in modal.items() if key != "submit"}) == (
        "a modal with an input needs submit",
    )
    assert lint_view({**loading_modal(), "blocks": [{"type": "divider", "x": "y" * 250_000}]}) == (
        "the view has more than 250000 bytes",
    )
