"""Texts and entities: counted in UTF-16, cut without harm, split without loss; nothing in them calls anybody."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.measure import units
from bot.telegram.rendering.cards import Rendered, payload
from bot.telegram.rendering.entities import Kind
from bot.telegram.rendering.lint import lint
from bot.telegram.rendering.safety import STOP, harmless, shown
from bot.telegram.rendering.text import Entity, Text, Writer, beginning, join, plain, split
from tests.telegram.tdlib import calls, changes


def written(*pieces: tuple[str, tuple[Kind, ...]]) -> Text:
    """Write pieces, each with its kinds."""
    writer = Writer()
    for text, kinds in pieces:
        writer.write(text, *kinds, url="https://a.example/" if Kind.LINK in kinds else "")
    return writer.finished()


def covered(text: Text) -> list[tuple[str, str]]:
    """List what the entities cover."""
    data = text.text.encode("utf-16-le")
    return [
        (each.kind, data[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le"))
        for each in text.entities
    ]


def test_entities_are_counted_in_utf_16() -> None:
    made = written(("😀é ", ()), ("bold", (Kind.BOLD,)), (" 👩‍👩‍👧 ", ()), ("code", (Kind.CODE,)))
    assert made.entities[0] == Entity(kind="bold", offset=4, length=4)
    assert covered(made) == [("bold", "bold"), ("code", "code")]


def test_entities_are_trimmed_joined_and_never_empty() -> None:
    made = written(
        (" a ", (Kind.BOLD,)), (" ", (Kind.ITALIC,)), ("b", (Kind.BOLD,)), ("c ", (Kind.BOLD,)), ("", (Kind.CODE,))
    )
    assert made.text == "a  bc"
    assert covered(made) == [("bold", "a"), ("bold", "bc")]


def test_code_keeps_its_indentation() -> None:
    made = written(("\n  if x:\n    y\n", (Kind.PRE,)), ("\n", ()))
    assert covered(made) == [("pre", "  if x:\n    y")]


def test_what_may_not_nest_is_taken_apart() -> None:
    writer = Writer()
    writer.write("a ")
    writer.write("b", Kind.CODE)
    writer.write(" c")
    writer.mark(0, Kind.BOLD)
    writer.mark(0, Kind.QUOTE)
    writer.mark(2, Kind.LONG_QUOTE)
    made = writer.finished()
    assert covered(made) == [("blockquote", "a b c"), ("bold", "a"), ("code", "b"), ("bold", "c")]


_kinds = st.lists(st.sampled_from([kind for kind in Kind if kind is not Kind.LINK]), max_size=3, unique=True).map(tuple)
_pieces = st.lists(
    st.tuples(st.sampled_from(["a", " ", "\n", "😀", "b c", "@", "/x", "ada", " \n "]), _kinds), max_size=9
)


@settings(max_examples=100)
@given(_pieces)
def test_telegram_leaves_what_is_written_as_it_is(pieces: list[tuple[str, tuple[Kind, ...]]]) -> None:
    made = written(*pieces)
    if made.text:
        assert lint(payload(Rendered(text=made))) == []
        assert changes(payload(Rendered(text=made))) == ""
        assert calls(payload(Rendered(text=made))) == []


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("@ada_l and @here", "@|ada_l and @|here"),
        ("mail a@b.example", "mail a@b.example"),
        ("é@adaname", "é@|adaname"),
        ("/stop@signoff_bot", "/|stop@signoff_bot"),
        ("cd /tmp (/x)", "cd /|tmp (/|x)"),
        ("/tmp/x and/or 1/2 </b>", "/tmp/x and/or 1/2 </b>"),
        ("https://medium.com/@ada/-/stop", "https://medium.com/@ada/-/stop"),
        ("(https://medium.com/@ada)", "(https://medium.com/@|ada)"),
        ("@ /", "@ /"),
    ],
)
def test_nothing_can_be_a_mention_or_a_command(text: str, stopped: str) -> None:
    assert harmless(text).replace(STOP, "|") == stopped
    assert plain(text).text.replace(STOP, "|") == stopped
    assert harmless(harmless(text)) == harmless(text)


def test_a_mention_in_two_styles_is_one_nevertheless() -> None:
    made = written(("hi @", ()), ("adaname", (Kind.BOLD,)), (" @adaname", (Kind.CODE,)))
    assert made.text == "hi @\u200badaname @adaname"
    assert covered(made) == [("bold", "adaname"), ("code", " @adaname"[1:])] or covered(made)[1][0] == "code"


def test_what_telegram_would_drop_is_shown_or_composed() -> None:
    assert shown("a\u030a|x\u030a|\u0333|\t|\u202e|\x00") == "å|x⟨U+030A⟩|⟨U+0333⟩|    |⟨U+202E⟩|⟨U+0000⟩"


def test_a_beginning_ends_at_a_line_and_shortens_what_it_cuts() -> None:
    text = written(("one two\nthree ", ()), ("four five six seven", (Kind.BOLD,)))
    assert beginning(text, 33) == text
    assert beginning(text, 30).text == "one two\nthree four five"
    assert covered(beginning(text, 30)) == [("bold", "four five")]
    lines = written(("line\n" * 10, (Kind.PRE,)))
    assert beginning(lines, 30).text == "\n".join(["line"] * 5)


def test_a_beginning_has_no_more_entities_than_asked_for() -> None:
    text = written(*((word, (Kind.BOLD,) if word != " " else ()) for word in ["a", " "] * 20))
    assert len(beginning(text, 4_096, 5).entities) == 5
    assert beginning(text, 4_096, 5).text == "a a a a a"


@pytest.mark.parametrize("cluster", ["😀", "👍🏽", "👩‍👩‍👧", "e\u0301", "1️⃣"])
def test_a_cut_leaves_what_belongs_together(cluster: str) -> None:
    text = plain(cluster * 200)
    assert set(beginning(text, 101).text.replace(cluster, "|")) == {"|"}
    assert all(set(part.text.replace(cluster, "|")) == {"|"} for part in split(text, 101))


def test_a_split_loses_nothing_and_goes_on_with_what_it_cuts() -> None:
    text = written(("word " * 2_000, (Kind.ITALIC,)), ("😀" * 3_000, (Kind.CODE,)))
    parts = split(text)
    assert "".join(part.text for part in parts).replace(" ", "") == text.text.replace(" ", "")
    assert all(units(part.text) <= 4_096 and part.entities for part in parts)
    assert len(parts) == 5
    assert split(plain(" \n ")) == ()
    assert split(plain("x")) == (plain("x"),)


def test_what_a_cut_would_bring_to_light_calls_nobody() -> None:
    parts = split(plain("x" * 20 + "a@adaname/" * 20), 24)
    assert not any(calls(payload(Rendered(text=part))) for part in parts)


def test_texts_are_joined_with_their_entities() -> None:
    made = join([written(("😀", (Kind.BOLD,))), plain(""), written(("b", (Kind.ITALIC,)))])
    assert made.text == "😀\n\nb"
    assert covered(made) == [("bold", "😀"), ("italic", "b")]


def test_a_link_has_its_address_and_code_its_language() -> None:
    writer = Writer()
    writer.write("here", Kind.LINK, url="https://a.example/")
    writer.write("\n")
    writer.write("x = 1", Kind.PRE, language="python")
    made = writer.finished()
    assert made.entities == (
        Entity(kind="text_link", offset=0, length=4, url="https://a.example/"),
        Entity(kind="pre", offset=5, length=5, language="python"),
    )
    assert changes(payload(Rendered(text=made))) == ""
