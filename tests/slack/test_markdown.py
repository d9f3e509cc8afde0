"""Markdown of agents in Slack: structure is kept, nothing is hidden, nothing acts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from bot.slack.rendering.lint import lint
from bot.slack.rendering.markdown import prose, texts
from runner.model import Json
from tests.slack.cards import texts as hostile


def kinds(markdown: str) -> list[str]:
    """Name the elements that a text becomes."""
    return [str(element["type"]).removeprefix("rich_text_") for element in prose(markdown)]


def test_structure_becomes_elements() -> None:
    assert kinds("# Head\n\nPara\n\n- a\n- b\n\n```py\nx\n```\n\n1. c") == ["quote", "list", "preformatted", "list"]
    assert texts(prose("# Head\n\nPara *it* **bo** `co`\nline")) == "Head\nPara it bo co\nline"


def test_styles_nest() -> None:
    (quote,) = prose("**b *bi* `bc`**")
    assert [(piece["text"], sorted(piece["style"])) for piece in quote["elements"]] == [
        ("b ", ["bold"]),
        ("bi", ["bold", "italic"]),
        (" ", ["bold"]),
        ("bc", ["bold", "code"]),
    ]


def test_numbers_go_on_after_a_nested_list_or_code() -> None:
    elements = prose("3. a\n   - in\n4. b\n\n   ```\n   x\n   ```\n5. c\n-\n")
    lists = [(each.get("offset", 0), each["indent"]) for each in elements if each["type"] == "rich_text_list"]
    assert lists == [(2, 0), (0, 1), (3, 0), (4, 0), (0, 0)]


def test_a_second_paragraph_stays_in_its_item() -> None:
    (made,) = prose("- one\n\n  two\n- three")
    assert [texts(item) for item in made["elements"]] == ["one\ntwo", "three"]


def test_a_link_shows_where_it_goes() -> None:
    """No link has a face of its own: what can be pressed is what can be read."""
    assert texts(prose("[bank.example](https://evil.example/a)")) == "bank.example (https://evil.example/a)"
    assert texts(prose('[b](https://e.example "t u")')) == "b (https://e.example “t u”)"
    assert texts(prose("[https://e.example/a](https://e.example/a)")) == "https://e.example/a"
    assert texts(prose("[x](mailto:a@b.example)")) == "x (mailto:a@b.example)"
    assert links(prose("[x](mailto:a@b.example) [y](javascript:z) <https://a.example|b>")) == ["https://a.example"]
    assert links(prose("see https://a.example/x_(y), then.")) == ["https://a.example/x_(y"]
    assert links(prose("`https://a.example`")) == []


def links(content: object) -> list[str]:
    """List what can be pressed."""
    match content:
        case {"type": "link", "url": str(url)}:
            return [url]
        case {"elements": inner}:
            return links(inner)
        case list() | tuple():
            return [url for each in content for url in links(each)]
        case _:
            return []


@pytest.mark.parametrize(
    "markdown",
    [
        "> " * 20 + "deep",
        "shown\n\n" + "> " * 25 + "&&",
        "- " * 30 + "9",
        "| a |\n|---|\n| 1 | 2 |",
        "[é](https://é.example)",
    ],
)
def test_what_the_grammar_would_drop_or_change_is_left_to_be_shown_as_typed(markdown: str) -> None:
    assert prose(markdown) == ()


@pytest.mark.parametrize(
    "typed", ["<!channel>", "<b>x</b>", "&#x202e;", ":tada:", "@here", "<@U1>", "[a]: https://x.example"]
)
def test_nothing_is_decoded_or_obeyed(typed: str) -> None:
    assert texts(prose(f"say {typed}")) == f"say {typed}"


def test_a_table_is_set_in_columns() -> None:
    (table,) = prose("| name | n |\n|---|---|\n| **a** | 10 |\n| bb | `2` |")
    assert texts(table) == "name  n\n-------\na     10\nbb    2"


def test_words_after_the_fence_are_shown_unless_they_are_a_language() -> None:
    assert texts(prose("```python\nx\n```")) == "x"
    assert texts(prose("```sh rm -rf /\nx\n```")) == "sh rm -rf /\nx"


@settings(max_examples=100)
@given(hostile)
def test_any_prose_is_harmless(markdown: str) -> None:
    made = prose(markdown)
    faults = lint([_block(made)]) if made else ()
    assert [fault for fault in faults if "weight" not in fault and "of at most 12000" not in fault] == []


def _block(elements: tuple[Json, ...]) -> Json:
    return {"type": "rich_text", "elements": list(elements)}
