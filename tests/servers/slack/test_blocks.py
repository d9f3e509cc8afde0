"""The linter: each limit holds at its edge and fails one beyond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.slack.blocks import HOME, MESSAGE, MODAL, RULES, lint, lint_view
from tests.servers.slack.stage import actions, button, field, modal

Block = dict[str, Any]


def plain(size: int) -> Block:
    return {"type": "plain_text", "text": "x" * size}


def mrkdwn(size: int) -> Block:
    return {"type": "mrkdwn", "text": "x" * size}


def options(count: int, label: int = 1, value: int = 5) -> list[Block]:
    return [{"text": plain(label), "value": f"{index:0{value}}"} for index in range(count)]


def menu(kind: str = "static_select", **more: Any) -> Block:
    return {"type": kind, "action_id": "m", "options": options(2)} | more


def section(**more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(1)} | more


def asking(**more: Any) -> Block:
    """A button with a confirm dialog."""
    texts = {"title": plain(1), "text": plain(1), "confirm": plain(1), "deny": plain(1)}
    return actions(button("b", confirm=texts | more))


def several(count: int, make: Callable[[int], Block]) -> list[Block]:
    return [make(index) for index in range(count)]


def image(**more: Any) -> Block:
    return {"type": "image", "image_url": "https://e.org/a.png", "alt_text": "words"} | more


def container(**more: Any) -> Block:
    return {"type": "container", "title": plain(1), "child_blocks": [section()]} | more


def card(**more: Any) -> Block:
    return {"type": "card", "title": plain(1)} | more


def table(rows: int = 1, columns: int = 1) -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


def chart(kind: str = "bar", **more: Any) -> Block:
    drawn = {"type": kind, "series": [{}], "segments": [{}], "axis_config": {"categories": ["a"]}}
    return {"type": "data_visualization", "title": "t", "chart": drawn | more}


def rows(count: int, size: int = 5) -> Block:
    return table(count, 1) | {"type": "data_table", "caption": "c", "page_size": size}


EDGES: dict[str, tuple[int, Callable[[int], list[Block]]]] = {
    "blocks": (50, lambda n: [{"type": "divider"}] * n),
    "section text": (3000, lambda n: [section(text=mrkdwn(n))]),
    "section fields": (10, lambda n: [section(fields=[mrkdwn(1)] * n)]),
    "section field": (2000, lambda n: [section(fields=[mrkdwn(n)])]),
    "header": (150, lambda n: [{"type": "header", "text": plain(n)}]),
    "actions": (25, lambda n: [actions(*several(n, lambda index: button(f"{index}")))]),
    "context": (10, lambda n: [{"type": "context", "elements": [mrkdwn(1)] * n}]),
    "context actions": (
        5,
        lambda n: [
            {
                "type": "context_actions",
                "elements": several(
                    n, lambda index: {"type": "icon_button", "icon": "trash", "text": plain(1), "action_id": f"{index}"}
                ),
            }
        ],
    ),
    "markdown": (12_000, lambda n: [{"type": "markdown", "text": "x" * n}]),
    "all text together": (
        12_000,
        lambda n: (
            [section(text=mrkdwn(3000), block_id=f"{index}") for index in range(3)]
            + [section(text=mrkdwn(2999))]
            + [section(text=mrkdwn(n - 11_999))]
        ),
    ),
    "block_id": (255, lambda n: [section(block_id="x" * n)]),
    "action_id": (255, lambda n: [actions(button("x" * n))]),
    "button text": (75, lambda n: [actions(button("b", "x" * n))]),
    "button value": (2000, lambda n: [actions(button("b", value="x" * n))]),
    "button url": (3000, lambda n: [actions(button("b", url="x" * n))]),
    "accessibility label": (75, lambda n: [actions(button("b", accessibility_label="x" * n))]),
    "confirm title": (100, lambda n: [asking(title=plain(n))]),
    "confirm text": (300, lambda n: [asking(text=plain(n))]),
    "confirm button": (30, lambda n: [asking(confirm=plain(n))]),
    "confirm deny": (30, lambda n: [asking(deny=plain(n))]),
    "option text": (75, lambda n: [actions(menu(options=options(1, label=n)))]),
    "option value": (150, lambda n: [actions(menu(options=options(1, value=n)))]),
    "options": (100, lambda n: [actions(menu(options=options(n)))]),
    "option groups": (
        100,
        lambda n: [
            actions(
                {"type": "static_select", "option_groups": [{"label": plain(1), "options": options(1)}] * n},
            )
        ],
    ),
    "overflow": (5, lambda n: [actions(menu("overflow", options=options(n)))]),
    "checkboxes": (10, lambda n: [actions(menu("checkboxes", options=options(n)))]),
    "radio buttons": (10, lambda n: [actions(menu("radio_buttons", options=options(n)))]),
    "placeholder": (150, lambda n: [actions(menu(placeholder=plain(n)))]),
    "input label": (2000, lambda n: [field("f", label=plain(n))]),
    "input hint": (2000, lambda n: [field("f", hint=plain(n))]),
    "input length": (3000, lambda n: [field("f", element={"type": "plain_text_input", "max_length": n})]),
    "image url": (3000, lambda n: [image(image_url="x" * n)]),
    "image words": (2000, lambda n: [image(alt_text="x" * n)]),
    "image title": (2000, lambda n: [image(title=plain(n))]),
    "container title": (150, lambda n: [container(title=plain(n))]),
    "container children": (10, lambda n: [container(child_blocks=[{"type": "divider"}] * n)]),
    "card title": (150, lambda n: [card(title=plain(n))]),
    "card body": (200, lambda n: [card(body=plain(n))]),
    "carousel": (10, lambda n: [{"type": "carousel", "elements": [card()] * n}]),
    "table rows": (100, lambda n: [table(rows=n)]),
    "table columns": (20, lambda n: [table(columns=n)]),
    "tables": (1, lambda n: [table()] * n),
    "data table rows": (101, lambda n: [rows(n)]),
    "data table page": (100, lambda n: [rows(2, n)]),
    "chart title": (50, lambda n: [chart() | {"title": "x" * n}]),
    "chart series": (6, lambda n: [chart(series=[{}] * n)]),
    "chart segments": (6, lambda n: [chart("pie", segments=[{}] * n)]),
    "chart categories": (20, lambda n: [chart(axis_config={"categories": ["a"] * n})]),
    "chart labels": (20, lambda n: [chart(axis_config={"categories": ["x" * n]})]),
    "charts": (2, lambda n: [chart()] * n),
}


@pytest.mark.parametrize("name", EDGES)
def test_a_limit_holds_at_its_edge_and_fails_one_beyond(name: str) -> None:
    most, make = EDGES[name]
    assert lint(make(most), MESSAGE) == []
    assert lint(make(most + 1), MESSAGE)


VIEW_EDGES: dict[str, tuple[int, Callable[[int], Block]]] = {
    "title": (24, lambda n: modal(title=plain(n))),
    "submit": (24, lambda n: modal(submit=plain(n))),
    "close": (24, lambda n: modal(close=plain(n))),
    "private_metadata": (3000, lambda n: modal(private_metadata="x" * n)),
    "callback_id": (255, lambda n: modal(callback_id="x" * n)),
    "external_id": (255, lambda n: modal(external_id="x" * n)),
    "blocks": (100, lambda n: modal(*[{"type": "divider"}] * n)),
    "alert": (200, lambda n: modal({"type": "alert", "text": plain(n)})),
}


@pytest.mark.parametrize("name", VIEW_EDGES)
def test_a_limit_of_a_view_holds_at_its_edge_and_fails_one_beyond(name: str) -> None:
    most, make = VIEW_EDGES[name]
    assert lint_view(make(most)) == []
    assert lint_view(make(most + 1))


WRONG: dict[str, list[Any]] = {
    "no type": [{}],
    "no object": ["text"],
    "unknown type": [{"type": "sparkles"}],
    "a property that Slack does not know": [section(colour="red")],
    "an empty text": [section(text=mrkdwn(0))],
    "a section of nothing": [{"type": "section"}],
    "marked text in a header": [{"type": "header", "text": mrkdwn(1)}],
    "marked text on a button": [actions(button("b", text=mrkdwn(1)))],
    "a colour that no button has": [actions(button("b", style="success"))],
    "an input outside of an input block": [actions({"type": "plain_text_input", "action_id": "a"})],
    "a button inside an input block": [field("f", element=button("b"))],
    "an unknown element": [actions({"type": "slider", "action_id": "a"})],
    "the same block_id twice": [section(block_id="a"), section(block_id="a")],
    "the same block_id inside a container": [section(block_id="a"), container(child_blocks=[section(block_id="a")])],
    "the same action_id twice in a block": [actions(button("a"), button("a"))],
    "options with the same value": [actions(menu(options=options(1) * 2))],
    "an initial option that is none": [actions(menu(initial_option={"text": plain(1), "value": "other"}))],
    "an image without words": [{"type": "image", "image_url": "https://e.org/a.png"}],
    "a container in a container": [container(child_blocks=[container()])],
    "a container that begins collapsed and cannot open": [container(default_collapsed=True)],
    "a row without elements": [actions()],
    "rich text of an unknown kind": [{"type": "rich_text", "elements": [{"type": "rich_text_table", "elements": []}]}],
    "a list of something else": [
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "style": "bullet", "elements": [{"type": "text"}]}],
        }
    ],
    "a task in an unknown state": [{"type": "task_card", "task_id": "1", "title": "x", "status": "running"}],
    "a data table of a header alone": [rows(1)],
    "an alert in a message": [{"type": "alert", "text": plain(1)}],
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    assert lint(WRONG[name], MESSAGE)


def test_the_same_action_id_in_two_blocks_is_right() -> None:
    assert lint([actions(button("a")), actions(button("a"), block_id="other")], MESSAGE) == []


@pytest.mark.parametrize(
    ("surface", "refused"),
    [
        (MESSAGE, {"alert"}),
        (HOME, {"alert", "container"}),
        (MODAL, {"container", "carousel"}),
    ],
)
def test_blocks_stay_on_their_surfaces(surface: str, refused: set[str]) -> None:
    elsewhere = {kind for kind, rule in RULES.items() if surface not in rule.surfaces}
    assert refused <= elsewhere
    assert {"section", "actions", "header", "card", "input"}.isdisjoint(elsewhere)


def test_a_modal_with_an_input_needs_its_button_and_may_not_be_huge() -> None:
    assert lint_view(modal(field("f"))) == []
    assert lint_view({key: each for key, each in modal(field("f")).items() if key != "submit"})
    huge = [field(f"{index}", hint=plain(2000), label=plain(2000)) for index in range(70)]
    assert lint_view(modal(*huge)) == ["view: view_too_large"]


def test_what_the_card_of_a_run_is_made_of_is_right() -> None:
    """Plan, cards of steps, code as rich text, feedback: nothing is refused that Slack takes."""
    code = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "pytest -q"}]}
    step = {"type": "task_card", "task_id": "1", "title": "Read", "status": "complete"}
    thumbs = {"text": plain(4), "value": "up"}
    feedback = {"type": "feedback_buttons", "positive_button": thumbs, "negative_button": thumbs, "action_id": "f"}
    blocks = [
        {"type": "plan", "title": "nightly", "tasks": [step | {"details": {"type": "rich_text", "elements": [code]}}]},
        container(child_blocks=[{"type": "rich_text", "elements": [code]}, actions(button("ok", style="primary"))]),
        section(accessory=menu("overflow")),
        {"type": "context_actions", "elements": [feedback]},
        {"type": "context", "elements": [image(), mrkdwn(3)]},
    ]
    assert lint(blocks, MESSAGE) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(sorted(RULES)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "text",
                    "title",
                    "elements",
                    "element",
                    "accessory",
                    "options",
                    "rows",
                    "chart",
                    "block_id",
                    "style",
                    "level",
                    "width",
                    "status",
                    "max_length",
                    "initial_value",
                    "child_blocks",
                    "tasks",
                    "value",
                    "other",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_the_linter_never_breaks(anything: object) -> None:
    lint(anything, MESSAGE)
    lint_view(anything)
    lint_view({"type": "modal", "blocks": anything})
