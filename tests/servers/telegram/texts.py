"""What a text with its entities becomes at Telegram: TDLib, Telegram's own library, is asked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import tdjson

from tests.servers.telegram.arguments import given
from tests.servers.telegram.world import Payload, Refused, World

TEXT, CAPTION, ENTITIES = 4096, 1024, 100
_BYTES = 1 << 15
_PLAIN = {
    "blockquote": "BlockQuote",
    "bold": "Bold",
    "code": "Code",
    "expandable_blockquote": "ExpandableBlockQuote",
    "italic": "Italic",
    "spoiler": "Spoiler",
    "strikethrough": "Strikethrough",
    "underline": "Underline",
}
_FOUND_BY_TELEGRAM = (  # made by Telegram itself, and ignored when an app sends them
    "bank_card_number",
    "bot_command",
    "cashtag",
    "email",
    "hashtag",
    "mention",
    "phone_number",
    "url",
)
_BLANKS = " \n\t\r"
_DISGUISE = str.maketrans(dict.fromkeys("*_~|`[]()", "x"))  # parseMarkdown shall find nothing of its own


class Formatted(NamedTuple):
    """A text as Telegram keeps it."""

    text: str
    entities: list[Payload]


class Span(NamedTuple):
    """Where an entity is, and what."""

    kind: str
    offset: int
    length: int


def units(text: str) -> int:
    """Count as Telegram counts: in units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_of(world: World, args: Payload) -> Formatted:
    """Read the text of a message."""
    text = given(args, "text", str) or ""
    made = _formatted(world, text, given(args, "entities", list) or [], args)
    if not made.text:
        raise Refused("message text is empty", "an empty text")
    if units(made.text) > TEXT:
        raise Refused("message is too long", f"a text of {units(made.text)} units")
    return made


def caption_of(world: World, args: Payload) -> Formatted:
    """Read the caption of a file, which may be empty."""
    caption = given(args, "caption", str) or ""
    made = _formatted(world, caption, given(args, "caption_entities", list) or [], args)
    if units(made.text) > CAPTION:
        raise Refused("message caption is too long", f"a caption of {units(made.text)} units")
    return made


def url_problem(url: object) -> str:
    """Say what is wrong with an address, as TDLib does; nothing if it is one."""
    link = {"type": "text_link", "offset": 0, "length": 1, "url": url}
    answer = _normalised("x", [_entity(link)])
    return str(answer["message"]) if answer["@type"] == "error" else ""


def _formatted(world: World, text: str, entities: list[Any], args: Payload) -> Formatted:
    if args.get("parse_mode"):
        world.violate(f"parse_mode {args['parse_mode']!r}: only entities are sent")
    if len(text.encode("utf-8", "surrogatepass")) > _BYTES:
        raise Refused("text is too long", f"{len(text)} characters")
    known = [_checked(world, each) for each in entities]
    kept = [each for each in known if each["type"] not in _FOUND_BY_TELEGRAM]
    for each in (each for each in known if each not in kept):
        world.violate(f"an entity of type {each['type']} is ignored: Telegram finds it by itself")
    if len(kept) > ENTITIES:
        world.violate(f"{len(kept)} entities: those after the first {ENTITIES} are ignored")
    return _by_tdlib(world, text, kept[:ENTITIES])


def _checked(world: World, entity: Any) -> Payload:
    if not isinstance(entity, dict) or not all(isinstance(entity.get(key), int) for key in ("offset", "length")):
        raise Refused("can't parse MessageEntity: expected an Object with numbers", f"{entity!r}")
    kind = entity.get("type")
    if kind not in {*_PLAIN, *_FOUND_BY_TELEGRAM, "pre", "text_link", "text_mention", "custom_emoji", "date_time"}:
        raise Refused("can't parse MessageEntity: unsupported type specified", f"type {kind!r}")
    if kind == "date_time" and not re.fullmatch(r"[rR]|[tTdDwW]*", entity.get("date_time_format") or ""):
        raise Refused("invalid date-time format specified", f"{entity}")
    if entity["length"] == 0:
        world.violate(f"an empty entity is dropped: {entity}")
    return entity


def _by_tdlib(world: World, text: str, entities: list[Payload]) -> Formatted:
    answer = _normalised(text, [_entity(each) for each in entities])
    if answer["@type"] == "error":
        raise Refused(str(answer["message"]), f"entities in {text[:60]!r}")
    disguised = text.translate(_DISGUISE)
    kept = _cleaned(text, str(answer["text"]))
    if answer["text"] != disguised:
        world.violate(f"Telegram drops or replaces characters of {text[:60]!r}: \\r, control or bidi characters")
    asked = [Span(str(each["type"]), each["offset"], each["length"]) for each in entities]
    spans = _merged([_span(each) for each in answer["entities"]])
    if crossing := _crossing(asked):
        world.violate(f"entities of {text[:60]!r} cross: {crossing}")
    elif answer["text"] == disguised and Counter(spans) != Counter(_merged(asked)):
        world.violate(f"Telegram changes the entities of {text[:60]!r}: {asked} become {spans}")
    return _trimmed(kept, _kept(entities, spans))


def _kept(entities: list[Payload], spans: list[Span]) -> list[Payload]:
    """Give the spans that TDLib left what else was told about them."""
    made = []
    for span in spans:
        known = [each for each in entities if each["type"] == span.kind]
        over = [each for each in known if each["offset"] < span.offset + span.length]
        source = max(over or known or [{}], key=lambda each: each.get("offset", 0))
        made.append(source | {"type": span.kind, "offset": span.offset, "length": span.length})
    return made


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans of one style that touch: TDLib does so, and cuts a style into pieces around what is inside it."""
    made: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.kind, each.offset)):
        last = made[-1] if made else None
        plain = span.kind in _PLAIN and "blockquote" not in span.kind
        if last and plain and last.kind == span.kind and last.offset + last.length >= span.offset:
            end = max(last.offset + last.length, span.offset + span.length)
            made[-1] = last._replace(length=end - last.offset)
        else:
            made.append(span)
    return made


def _crossing(spans: list[Span]) -> list[Span]:
    """Find two spans of which neither is inside the other, though they share some of the text."""
    for one in spans:
        for other in spans:
            if one.offset < other.offset < one.offset + one.length < other.offset + other.length:
                return [one, other]
    return []


def _cleaned(text: str, clean: str) -> str:
    """Return the text without the characters that TDLib took out of its disguise."""
    made: list[str] = []
    for each in text:
        ahead = clean[len(made) : len(made) + 1]
        if ahead == each.translate(_DISGUISE):
            made.append(each)
        elif ahead == " " and each < " " and each != "\r":
            made.append(" ")
    return "".join(made)


def _trimmed(text: str, entities: Sequence[Payload]) -> Formatted:
    """Take blanks off both ends, and move the entities along."""
    start = units(text) - units(text.lstrip(_BLANKS))
    text = text.strip(_BLANKS)
    end = units(text)
    made = []
    for each in entities:
        first = max(each["offset"] - start, 0)
        last = min(each["offset"] + each["length"] - start, end)
        if last > first:
            made.append(each | {"offset": first, "length": last - first})
    return Formatted(text, made)


def _entity(entity: Payload) -> Payload:
    made = {"@type": "textEntity", "offset": entity["offset"], "length": entity["length"]}
    return made | {"type": _type(entity)}


def _type(entity: Payload) -> Payload:
    kind = entity["type"]
    if kind in _PLAIN:
        return {"@type": f"textEntityType{_PLAIN[kind]}"}
    if kind == "pre" and entity.get("language"):
        return {"@type": "textEntityTypePreCode", "language": entity["language"]}
    if kind == "text_link":
        return {"@type": "textEntityTypeTextUrl", "url": entity.get("url", "")}
    if kind == "text_mention":
        return {"@type": "textEntityTypeMentionName", "user_id": entity.get("user", {}).get("id", 0)}
    if kind == "custom_emoji":
        return {"@type": "textEntityTypeCustomEmoji", "custom_emoji_id": entity.get("custom_emoji_id", 0)}
    if kind == "date_time":
        return {"@type": "textEntityTypeDateTime", "unix_time": entity.get("unix_time", 0)}
    return {"@type": "textEntityTypePre"}


_BACK = {f"textEntityType{name}": kind for kind, name in _PLAIN.items()} | {
    "textEntityTypeCustomEmoji": "custom_emoji",
    "textEntityTypeDateTime": "date_time",
    "textEntityTypeMentionName": "text_mention",
    "textEntityTypePre": "pre",
    "textEntityTypePreCode": "pre",
    "textEntityTypeTextUrl": "text_link",
}


def _span(entity: Payload) -> Span:
    return Span(_BACK[entity["type"]["@type"]], entity["offset"], entity["length"])


def _normalised(text: str, entities: list[Payload]) -> Payload:
    formatted = {"@type": "formattedText", "text": text.translate(_DISGUISE), "entities": entities}
    return _execute({"@type": "parseMarkdown", "text": formatted})


def _execute(request: Payload) -> Payload:
    answer = tdjson.td_execute(json.dumps(request).encode())
    made = json.loads(answer or b"null")
    if not isinstance(made, dict):
        raise TypeError(f"TDLib does not do this at once: {request['@type']}")
    return made


_execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
