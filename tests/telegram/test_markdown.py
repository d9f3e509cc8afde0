"""Markdown of agents in Telegram: structure is kept behind a bar, nothing is hidden, nothing acts."""

from __future__ import annotations

import pytest

from bot.markdown import Kind as Part
from bot.markdown import read
from bot.telegram.rendering.markdown import LONG_LINES, prose
from bot.telegram.rendering.text import MESSAGE_ENTITIES, Text
from tests.telegram.test_text import covered


def told(markdown: str, entities: int = MESSAGE_ENTITIES) -> Text:
    """Set a text."""
    return prose(markdown, entities)


def test_markdown_is_read_into_blocks() -> None:
    blocks = read("# H\n\np *i*\n\n> q\n\n- a\n  1. b\n\n```py x\nc\n```\n\n***\n\n| a |\n|---|\n| 1 |")
    assert [(block.kind, block.depth, block.quotes) for block in blocks] == [
        (Part.HEADING, 0, 0),
        (Part.PARAGRAPH, 0, 0),
        (Part.PARAGRAPH, 0, 1),
        (Part.ITEM, 1, 0),
        (Part.ITEM, 2, 0),
        (Part.CODE, 0, 0),
        (Part.RULE, 0, 0),
        (Part.TABLE, 0, 0),
    ]
    assert blocks[0].spans[0].bold
    assert [span.italic for span in blocks[1].spans] == [False, True]
    assert blocks[5].code == "py x\nc"
    assert blocks[7].rows == (("a",), ("1",))


def test_all_of_it_stands_in_one_quote_that_is_folded_where_it_is_long() -> None:
    assert covered(told("# Head\n\ntext"))[:1] == [("blockquote", "Head\ntext")]
    assert told("x\n" * (LONG_LINES + 1)).entities[0].kind == "expandable_blockquote"
    assert told("word " * 200).entities[0].kind == "expandable_blockquote"
    assert prose("word " * 200, 95, folds=False).entities[0].kind == "blockquote"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("- a\n  - b\n    c\n- d", "• a\n   • b\n      c\n• d"),
        ("3. a\n4. b\n\n- c", "3. a\n4. b\n\n• c"),
        ("- [ ] a\n- [X] b\n1. [x] c", "☐ a\n☑ b\n\n1. ☑ c"),
        ("- a\n\n  more\n- b", "• a\n   more\n• b"),
        ("> a\n> b\n>\n> > c", "> a\n> b\n\n> > c"),
        ("-\n- b", "• \n• b"),
        ("[b](https://e.example/a)", "b (https://e.example/a)"),
        ("a\n\n***\n\nb", "a\n\n———\n\nb"),
        ("<b>&amp;</b> <!channel>", "<b>&amp;</b> <!channel>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a  b\n----\n1  2"),
    ],
)
def test_structure_becomes_signs(markdown: str, text: str) -> None:
    assert told(markdown).text == text


def test_a_table_wider_than_a_phone_becomes_lines() -> None:
    made = told("| name of it | what came of it, in words |\n|---|---|\n| a | 1 |\n| b | 2 |")
    assert made.text == ("name of it: a\nwhat came of it, in words: 1\n\nname of it: b\nwhat came of it, in words: 2")
    assert ("bold", "name of it:") in covered(made)
    assert told(f"| {'x' * 40} |\n|---|").text == "x" * 40


def test_styles_and_code_become_entities() -> None:
    made = told("**b** *i* ~~s~~ `@adaname`\n\n```py\n@adaname\n```")
    assert [kind for kind, _ in covered(made)] == ["blockquote", "bold", "italic", "strikethrough", "code", "pre"]
    assert made.entities[-1].language == "py"
    assert "\u200b" not in made.text


def test_with_few_entities_styles_go_first_and_then_code() -> None:
    typed = "**b** `@adaname` " * 10
    assert len(told(typed).entities) == 21
    assert {kind for kind, _ in covered(told(typed, 15))} == {"blockquote", "code"}
    assert told(typed, 15).text == told(typed).text
    assert told(typed, 5).text == typed.replace("@", "@\u200b").strip()
    assert len(told(typed, 1).entities) == 1
    assert told(typed, 0).entities == ()


def test_what_the_grammar_would_hide_is_shown_as_typed() -> None:
    assert told("> " * 25 + "deep").text == "> " * 25 + "deep"
    assert told("| a |\n|---|\n| 1 | 2 |").text == "| a |\n|---|\n| 1 | 2 |"
