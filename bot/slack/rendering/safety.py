"""The one place where foreign text becomes part of a Slack message: it can neither ping, nor format, nor hide.

Texts go into elements that Slack never parses (`plain_text`, and `text` inside `rich_text`). The only parsed text is
the notification line of a message: it is escaped. `bot.slack.rendering.lint` holds every message to this.
"""

from __future__ import annotations

import json
import re

from bot.measure import EMPTY, one_line, units
from runner.masking import visible
from runner.model import Json

_AT = re.compile(r"@(?=\w)")
_URL = re.compile(r"https?://[!-~]{3,2000}")
_NO_URL = re.compile(r"[<>\"'`|\\^{}]")
_AFTER_URL = ".,;:!?)]*_~"


def weight(content: object) -> int:
    """Count what content takes in a message: its JSON in UTF-16 units, which is never less than its text.

    Slack's limit for all blocks counts text "with a buffer for the containers"; a message of rich text was refused at
    11,341 characters of text (slackapi/bolt-js issues 2509 and 2867), so everything is counted.
    """
    return units(json.dumps(content, ensure_ascii=False, separators=(",", ":")))


def plain(text: str, limit: int) -> Json:
    """Make a text object that is shown as it is, in one line."""
    return {"type": "plain_text", "text": one_line(text, limit), "emoji": False}


def words(text: str, **style: bool) -> Json:
    """Make a piece of rich text that is shown as it is. Styles: bold, italic, strike, code."""
    made: dict[str, object] = {"type": "text", "text": visible(text) or EMPTY}
    on = {name: True for name, wanted in style.items() if wanted}
    return {**made, "style": on} if on else made


def link(url: str, **style: bool) -> Json | None:
    """Make a link whose face is its address; None if the address is not one that people can read and trust."""
    if not _URL.fullmatch(url) or _NO_URL.search(url):
        return None
    on = {name: True for name, wanted in style.items() if wanted}
    return {"type": "link", "url": url, **({"style": on} if on else {})}


def linked(text: str, **style: bool) -> list[Json]:
    """Make pieces of rich text in which web addresses can be pressed; every character is shown."""
    pieces: list[Json] = []
    at = 0
    for found in _URL.finditer(text):
        address = _NO_URL.split(found[0])[0].rstrip(_AFTER_URL)
        made = link(address, **style)
        if made is not None:
            before = text[at : found.start()]
            pieces += [words(before, **style)] if before else []
            pieces.append(made)
            at = found.start() + len(address)
    rest = text[at:]
    return [*pieces, words(rest, **style)] if rest else pieces


def notification(text: str) -> str:
    """Make the text of a message, which Slack parses: nothing in it is a mention, a link with a face, or an entity."""
    escaped = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _AT.sub("@\u200b", escaped)
