"""What Telegram makes of a message: TDLib, Telegram's own library, is asked."""

from __future__ import annotations

import json
from typing import Any

import tdjson

from runner.model import Json

_TYPES = {
    "blockquote": "BlockQuote",
    "bold": "Bold",
    "code": "Code",
    "expandable_blockquote": "ExpandableBlockQuote",
    "italic": "Italic",
    "pre": "Pre",
    "strikethrough": "Strikethrough",
    "text_link": "TextUrl",
}
_CALLS = {"textEntityTypeMention", "textEntityTypeMentionName", "textEntityTypeBotCommand"}
_DISGUISE = str.maketrans(dict.fromkeys("*_~|`[]()", "x"))  # the parser shall find nothing of its own


def changes(payload: Json) -> str:
    """Say what Telegram would change of a message; nothing, if it takes it as it is."""
    text = payload["text"].translate(_DISGUISE)
    given = [
        {"@type": "textEntity", "offset": entity["offset"], "length": entity["length"], "type": _type(entity)}
        for entity in payload["entities"]
    ]
    kept = _ask({"@type": "parseMarkdown", "text": {"@type": "formattedText", "text": text, "entities": given}})
    if kept["@type"] == "error":
        return str(kept["message"])
    if kept["text"] != text:
        return f"the text becomes {kept['text']!r}"
    made = [{name: entity[name] for name in ("@type", "offset", "length", "type")} for entity in kept["entities"]]
    return "" if made == given else f"{given} become {made}"


def calls(payload: Json) -> list[str]:
    """List the mentions and commands that Telegram finds outside code."""
    return _found(payload, _CALLS)


def links(payload: Json) -> list[str]:
    """List the addresses of the web that Telegram finds outside code."""
    return _found(payload, {"textEntityTypeUrl"})


def _found(payload: Json, kinds: set[str]) -> list[str]:
    text = payload["text"].encode("utf-16-le")
    literal = [entity for entity in payload["entities"] if entity["type"] in {"code", "pre"}]
    return [
        text[2 * found["offset"] : 2 * (found["offset"] + found["length"])].decode("utf-16-le")
        for found in _ask({"@type": "getTextEntities", "text": payload["text"]})["entities"]
        if found["type"]["@type"] in kinds and not any(_overlap(found, entity) for entity in literal)
    ]


def _overlap(one: Json, other: Json) -> bool:
    return bool(one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"])


def _type(entity: Json) -> Json:
    if entity.get("language"):
        return {"@type": "textEntityTypePreCode", "language": entity["language"]}
    name = f"textEntityType{_TYPES[entity['type']]}"
    return {"@type": name, "url": entity["url"]} if entity["type"] == "text_link" else {"@type": name}


def _ask(request: Json) -> dict[str, Any]:
    answer = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    assert isinstance(answer, dict)
    assert "@type" in answer, request
    return answer


_ask({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
