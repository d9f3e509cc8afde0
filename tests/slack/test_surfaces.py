"""Modals and the App Home."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messenger import Card, Section
from bot.slack.rendering.lint import lint_view
from bot.slack.rendering.surfaces import ASK, TEXT, home, text_modal
from tests.bot.test_views import CARDS
from tests.slack.cards import cards, texts


def test_a_modal_offers_the_text_and_keeps_what_comes_back_with_it() -> None:
    made = text_modal("Edit", "What should run instead?", "pytest -q\n", '{"action": "approve a --edit"}')
    (block,) = made["blocks"]
    assert (made["callback_id"], block["block_id"], block["element"]["action_id"]) == (ASK, TEXT, TEXT)
    assert block["element"]["initial_value"] == "pytest -q\n"
    assert block["element"]["multiline"]
    assert block["label"]["text"] == "What should run instead?"
    assert made["private_metadata"] == '{"action": "approve a --edit"}'


def test_half_a_text_is_never_offered() -> None:
    assert "initial_value" in text_modal("t", "l", "x" * 3_000, "")["blocks"][0]["element"]
    assert "initial_value" not in text_modal("t", "l", "x" * 3_001, "")["blocks"][0]["element"]


def test_what_has_to_come_back_is_never_cut() -> None:
    with pytest.raises(ValueError, match="3,000"):
        text_modal("t", "l", "", "x" * 3_001)


@settings(max_examples=40)
@given(texts, texts, texts)
def test_any_modal_is_taken_by_slack(title: str, label: str, prefill: str) -> None:
    assert lint_view(text_modal(title, label, prefill, "")) == ()


@settings(max_examples=20)
@given(st.lists(cards, max_size=4))
def test_any_home_is_taken_by_slack(shown: list[Card]) -> None:
    assert lint_view(home(shown)) == ()


def test_home_shows_cards_below_each_other_with_ids_that_differ() -> None:
    blocks = home([CARDS["inbox"], CARDS["runs"], CARDS["run-live"]])["blocks"]
    assert [block["text"]["text"] for block in blocks if block["type"] == "header"] == [
        "◆ Inbox: 3 questions",
        "Runs",
        "● fix-tests",
    ]
    assert len([block for block in blocks if block["type"] == "divider"]) == 2
    ids = [each["action_id"] for block in blocks if block["type"] == "actions" for each in block["elements"]]
    assert [int(each.partition(":")[2]) for each in ids] == list(range(len(ids)))


def test_home_counts_what_it_cannot_show() -> None:
    many = [Card(title=f"card {number}", sections=(Section(body="x"),)) for number in range(60)]
    view = home(many)
    assert lint_view(view) == ()
    shown = len([block for block in view["blocks"] if block["type"] == "header"])
    assert f"… {60 - shown} cards more in the chat" in json.dumps(view["blocks"][-1], ensure_ascii=False)


def test_a_question_that_home_cannot_show_whole_is_not_decided_there() -> None:
    """APPR-7: a card on the App Home has less room, and no live button without all of the input."""
    blocks = home([CARDS["diff-cut"], CARDS["approval-command"]])["blocks"]
    assert "approve" in json.dumps(blocks)
    long = CARDS["approval-command"]
    cut = Card(title=long.title, key=long.key, buttons=long.buttons, sections=(Section(body="x\n" * 4_000),))
    assert not [block for block in home([cut])["blocks"] if block["type"] == "actions"]
