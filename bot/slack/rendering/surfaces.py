"""Modals and the App Home: views of Slack that are no messages."""

from __future__ import annotations

from collections.abc import Sequence

from bot.measure import head, units
from bot.messenger import Card
from bot.slack.rendering.cards import compose, line
from bot.slack.rendering.safety import plain
from bot.views import say
from runner.model import Json

ASK = "ask"  # callback id of the modal that asks for a text
TEXT = "text"  # block id and action id of its input: state.values.text.text.value

METADATA = 3_000  # characters that a form can remember (Slack)
_TITLE, _LABEL, _INPUT = 24, 2_000, 3_000  # characters (Slack)
_HOME_BLOCKS = 98  # of Slack's 100: one says what is missing
_CARD_WEIGHT = 5_000  # of one card on the App Home
_ELSEWHERE = "in the chat"


def text_modal(title: str, label: str, prefill: str, private_metadata: str) -> Json:
    """Ask for a text of several lines. `private_metadata` comes back with it; ValueError above 3,000 characters.

    A prefill that Slack could not take whole is not offered at all: nobody should send half a text unawares.
    """
    element: dict[str, object] = {"type": "plain_text_input", "action_id": TEXT, "multiline": True}
    if prefill and units(prefill) <= _INPUT:
        element["initial_value"] = prefill
    asked = {"type": "input", "block_id": TEXT, "label": plain(label, _LABEL), "element": element}
    return form(ASK, title, "Send", private_metadata, [asked])


def form(kind: str, title: str, submit: str, private_metadata: str, blocks: Sequence[Json]) -> Json:
    """Make a modal that can be sent. `kind` and `private_metadata` come back with it; ValueError above the limit."""
    if units(private_metadata) > METADATA:
        raise ValueError(f"private_metadata of a modal has more than {METADATA:,} characters")
    return {
        "type": "modal",
        "callback_id": kind,
        "title": plain(title, _TITLE),
        "submit": plain(submit, _TITLE),
        "close": plain("Not now", _TITLE),
        "private_metadata": private_metadata,
        "blocks": list(blocks),
    }


def loading_modal(title: str = "Signoff") -> Json:
    """Hold a place: opened at once, since Slack allows three seconds, and then filled by an update."""
    return {
        "type": "modal",
        "title": plain(title, _TITLE),
        "close": plain("Close", _TITLE),
        "blocks": list(line("One moment …").blocks),
    }


def home(cards: Sequence[Card]) -> Json:
    """Set cards below each other as the App Home, the first ones first; what does not fit is counted at the end."""
    blocks: list[Json] = []
    first = 0
    for number, card in enumerate(cards):
        made = compose(card, _CARD_WEIGHT, where=_ELSEWHERE, first=first)
        apart: list[Json] = [{"type": "divider"}] if blocks else []
        if len(blocks) + len(apart) + len(made.blocks) > _HOME_BLOCKS:
            blocks += line(f"… {say.plural(len(cards) - number, 'card')} more {_ELSEWHERE}").blocks
            break
        blocks += [*apart, *made.blocks]
        first += sum(len(block["elements"]) for block in made.blocks if block["type"] == "actions")
    return {"type": "home", "blocks": blocks or list(line("Nothing here yet.").blocks)}


def notice(title: str, text: str) -> Json:
    """Say something in a modal, such as why a press did nothing."""
    blocks = list(line(head(text, _INPUT)).blocks)
    return {"type": "modal", "title": plain(title, _TITLE), "close": plain("Close", _TITLE), "blocks": blocks}
