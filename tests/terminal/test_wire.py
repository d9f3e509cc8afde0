"""Frames between terminals and the daemon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import Names
from bot.messenger import Attachment, Button, Card, Field, Look, Section, Style, Tone
from bot.terminal import wire
from runner.errors import BadInput, TooLarge

texts = st.text(max_size=40)
surrogates = st.text(st.characters(), max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)
cards = st.builds(
    Card,
    title=texts | surrogates,
    key=texts,
    tone=st.sampled_from(Tone),
    fields=st.lists(st.builds(Field, label=texts, value=texts), max_size=3).map(tuple),
    sections=st.lists(st.builds(Section, body=texts, title=texts, look=st.sampled_from(Look)), max_size=3).map(tuple),
    buttons=st.lists(
        st.builds(
            Button, label=texts, action=texts, style=st.sampled_from(Style), key=texts, asks=texts, prefill=texts
        ),
        max_size=3,
    ).map(tuple),
    files=st.lists(st.builds(Attachment, name=texts, path=texts, size=st.integers(0, 10**12)), max_size=2).map(tuple),
    footer=texts,
    live=st.booleans(),
    data=st.none() | st.dictionaries(texts, json_values, max_size=4),
)
pictures = st.lists(st.builds(wire.Picture, media_type=texts, data=st.binary(max_size=60)), max_size=3).map(tuple)
client_frames = (
    st.builds(wire.Hello, protocol=st.integers(), watch=st.booleans())
    | st.builds(wire.Request, id=st.integers(), text=texts | surrogates, images=pictures)
    | st.builds(wire.AskNames, id=st.integers())
)
names = st.builds(Names, tasks=st.lists(texts).map(tuple), tags=st.lists(texts).map(tuple))
server_frames = (
    st.builds(wire.Welcome, version=texts, channel=texts)
    | st.builds(wire.Reply, re=st.integers(), cards=st.lists(cards, max_size=3).map(tuple))
    | st.builds(wire.Known, re=st.integers(), names=names)
    | st.builds(wire.Shown, card=cards)
    | st.builds(wire.Refused, re=st.none() | st.integers(), message=texts, hint=texts)
)


@given(client_frames)
def test_what_a_client_sends_arrives_as_it_was(frame: wire.ClientFrame) -> None:
    """TERM-1: any of it."""
    line = wire.encode(frame)
    assert line.count(b"\n") == 1
    assert wire.decode_client(line) == frame


@given(server_frames)
def test_what_the_server_sends_arrives_as_it_was(frame: wire.ServerFrame) -> None:
    """TERM-1: any of it."""
    line = wire.encode(frame)
    assert line.count(b"\n") == 1
    assert wire.decode_server(line) == frame


@given(st.binary() | json_values.map(str).map(str.encode))
def test_anything_else_is_bad_input(line: bytes) -> None:
    """TERM-2: never another error."""
    with pytest.raises(BadInput):
        wire.decode_client(line)


def test_deeply_nested_json_is_bad_input() -> None:
    with pytest.raises(BadInput):
        wire.decode_client(b"[" * 100_000)


def test_an_error_says_which_part_of_a_frame_is_wrong() -> None:
    with pytest.raises(BadInput, match=r"request\.text"):
        wire.decode_client(b'{"kind": "request", "id": 1}')


def test_a_message_above_the_limit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(TooLarge, match="8,388,608"):
        wire.encode(wire.Request(id=1, text="x" * wire.FRAME_LIMIT))


def test_the_number_of_a_broken_request_is_found_where_it_can_be() -> None:
    assert wire.request_id(b'{"kind": "request", "id": 7}') == 7
    assert wire.request_id(b'{"id": "seven"}') is None
    assert wire.request_id(b"[1]") is None
    assert wire.request_id(b"\xff") is None
