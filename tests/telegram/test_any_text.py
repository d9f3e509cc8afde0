"""Whatever an agent writes becomes messages that Telegram and Slack take as they are, and that call nobody."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from bot.messenger import Card, Field, Look, Section
from bot.slack.rendering import cards as slack
from bot.slack.rendering.lint import lint as slack_lint
from bot.telegram.rendering.cards import Rendered, payload, render
from bot.telegram.rendering.lint import lint
from bot.telegram.rendering.markdown import prose
from bot.telegram.rendering.safety import STOP, shown
from bot.telegram.rendering.text import MESSAGE_ENTITIES, Text, beginning, plain, split
from tests.slack.cards import cards
from tests.telegram.corpus import NASTY, texts, texts_with_names
from tests.telegram.tdlib import calls, changes, links

_FILE = re.compile(r"(?i)[^/:?#]+\.(py|sh|md|rs|pl|zip|mov|java|cc|ml|ps|so|mk|app|js|ts|name|now|info)(?![^/:?#])")
_MARKUP = re.compile(r"(?m)^[>\s\-*+|]*\d+[.)]|`{3,}.*|~{3,}.*|\d|\[[xX]\]|^.*-{3,}.*$")


def taken(text: Text) -> None:
    """Assert that a text is a message as Telegram would leave it, and calls nobody."""
    made = payload(Rendered(text=text))
    assert lint(made) == []
    assert changes(made) == ""
    assert calls(made) == []


def letters(text: str) -> Counter[str]:
    """Count the letters and digits of a text, without the marks on them: what is next to a sign may be composed."""
    return Counter(char for char in unicodedata.normalize("NFD", text) if char.isalnum())


def told(text: str) -> None:
    """Assert all that holds for the words of an agent, and of data."""
    made = prose(text, MESSAGE_ENTITIES)
    assert not letters(_MARKUP.sub("", shown(text))) - letters(made.text)
    for whole in (made, plain(text)):
        parts = split(whole)
        for part in (*parts, *split(whole, 64, 8), beginning(whole, 200, 5)):
            if part.text:
                taken(part)
        assert _solid("".join(part.text for part in parts)) == _solid(whole.text)
    assert _solid(plain(text).text) == _solid(shown(text))
    names_alone(plain(text))
    card = Card(
        title=text,
        fields=(Field(label=text, value=text),),
        sections=tuple(Section(title="x", body=text, look=look) for look in Look),
        footer=text,
    )
    taken(render(card).text)
    assert slack_lint(slack.render(card).blocks) == ()


def names_alone(text: Text) -> None:
    """Assert that no name of a file is an address of the web, unless there are more than Telegram has entities for."""
    if len(text.entities) < MESSAGE_ENTITIES:
        assert [link for link in links(payload(Rendered(text=text))) if _FILE.match(link)] == []


def _solid(text: str) -> str:
    """Return a text without what a cut may drop or add."""
    return re.sub(rf"[\s{STOP}]", "", text)


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text)[:24])
def test_a_nasty_text_is_told(text: str) -> None:
    told(text)


def shown_as_is(card: Card) -> None:
    """Assert that a card is a message as Telegram would leave it, and forges no button."""
    made = render(card)
    assert lint(payload(made)) == []
    taken(made.text)
    assert {key.data.lstrip("?!") for row in made.keyboard for key in row} <= {each.action for each in card.buttons}


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(texts)
def test_any_text_is_told(text: str) -> None:
    told(text)


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(cards)
def test_any_card_is_a_message_that_telegram_takes(card: Card) -> None:
    shown_as_is(card)


@settings(max_examples=60, derandomize=True)
@given(texts_with_names)
def test_no_name_of_a_file_is_a_link_to_a_stranger(text: str) -> None:
    """TG-75: in the words of people and agents, in titles and in facts; no character is changed for it."""
    card = Card(
        title=text[:100],
        fields=(Field(label="File", value=text),),
        sections=tuple(Section(title="calc.py", body=text, look=look) for look in Look),
        footer=text,
    )
    assert plain(text).text == text.strip()
    for made in (plain(text), prose(text, MESSAGE_ENTITIES), render(card).text):
        taken(made)
        names_alone(made)


@pytest.mark.proof
@pytest.mark.timeout(900)
@settings(max_examples=2_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(texts)
def test_many_more_texts_are_told(text: str) -> None:
    told(text)


@pytest.mark.proof
@pytest.mark.timeout(900)
@settings(max_examples=1_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(cards)
def test_many_more_cards_are_messages_that_telegram_takes(card: Card) -> None:
    shown_as_is(card)
