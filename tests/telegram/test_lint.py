"""The linter knows every limit: a message at the limit passes, one beyond it is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.telegram.rendering.lint import lint
from runner.model import Json


def message(text: str = "some text", *entities: Json, **more: Any) -> Json:
    """Make a message."""
    return {"text": text, "entities": list(entities), "keyboard": [], "silent": True, **more}


def entity(kind: str, offset: int, length: int, **more: Any) -> Json:
    """Make an entity."""
    return {"type": kind, "offset": offset, "length": length, **more}


def keyed(*rows: int, **more: Any) -> Json:
    """Make a message with so many buttons in each row."""
    key = {"text": "Go", "data": "say x", "style": "", "asks": "", "prefill": "", **more}
    return message(keyboard=[[key] * count for count in rows])


LIMITS: dict[str, tuple[int, Callable[[int], Json]]] = {
    "text": (4_096, lambda n: message("x" * n)),
    "text in UTF-16": (2_048, lambda n: message("😀" * n)),
    "entities": (95, lambda n: message("x " * n + "x", *(entity("bold", 2 * at, 1) for at in range(n)))),
    "an entity in the text": (9, lambda n: message("some text", entity("bold", 0, n))),
    "buttons in a row": (8, keyed),
    "buttons": (100, lambda n: keyed(*([5] * (n // 5)), *([n % 5] if n % 5 else []))),
    "data": (64, lambda n: keyed(1, data="x" * n)),
    "data in bytes": (21, lambda n: keyed(1, data="漢" * n)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_message_at_the_limit_passes_and_beyond_it_is_a_fault(name: str) -> None:
    limit, make = LIMITS[name]
    assert lint(make(limit)) == []
    assert len(lint(make(limit + 1))) == 1


@pytest.mark.parametrize(
    "made",
    [
        {},
        message(silent=None),
        message(""),
        message(" \n"),
        message("x "),
        message("a\u202eb"),
        message("a\tb"),
        message("a\x00b"),
        message("a\ud800b"),
        message("@adaname"),
        message("do /stop it"),
        message("some text", entity("mention", 0, 2)),
        message("some text", entity("bold", 0, 0)),
        message("some text", entity("bold", -1, 2)),
        message("a😀b", entity("bold", 0, 2)),
        message("some text", entity("bold", 0, 5)),
        message("some text", entity("bold", 5, 2), entity("bold", 0, 2)),
        message("some text", entity("bold", 0, 7), entity("italic", 5, 4)),
        message("some text", entity("bold", 0, 4), entity("bold", 0, 4)),
        message("some text", entity("bold", 0, 9), entity("code", 5, 4)),
        message("some text", entity("code", 0, 9), entity("bold", 5, 4)),
        message("some text", entity("bold", 0, 9), entity("blockquote", 5, 4)),
        message("some text", entity("blockquote", 0, 9), entity("expandable_blockquote", 5, 4)),
        message("some text", entity("text_link", 0, 4)),
        message("some text", entity("text_link", 0, 4, url="javascript:alert(1)")),
        message("some text", entity("text_link", 0, 4, url="tg://user?id=1")),
        message("some text", entity("bold", 0, 4, url="https://a.example")),
        message("some text", entity("bold", 0, 4, language="py")),
        keyed(0),
        keyed(1, text=" "),
        keyed(1, text="a\u200bb"),
        keyed(1, text="x" * 65),
        keyed(1, data=""),
        keyed(1, data="a\x00"),
        keyed(1, style="green"),
        keyed(1, data="?say x"),
        keyed(1, asks="What?"),
    ],
)
def test_what_telegram_would_refuse_or_change_and_what_calls_is_a_fault(made: Json) -> None:
    assert len(lint(made)) == 1, lint(made)


@pytest.mark.parametrize(
    "made",
    [
        message("@\u200badaname", entity("bold", 2, 7)),
        message("@adaname", entity("code", 0, 8)),
        message("some text", entity("blockquote", 0, 9), entity("pre", 5, 4, language="py")),
        message("some text", entity("bold", 0, 4), entity("italic", 0, 4)),
        message("some text", entity("text_link", 0, 9, url="https://a.example"), entity("bold", 0, 9)),
        keyed(1, data="?say x", asks="What?"),
    ],
)
def test_what_telegram_takes_as_it_is_has_no_fault(made: Json) -> None:
    assert lint(made) == []
