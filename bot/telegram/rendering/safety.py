"""The one place where foreign text becomes part of a Telegram message: it can neither ping, nor act, nor hide.

Texts are sent with entities and without a parse mode, so nothing in them is markup. But Telegram looks for mentions,
commands, tags and addresses in every text by itself, also in bold words and quotes; only in code it does not. What is
changed, and nothing else:

- What hides becomes visible: `runner.masking.visible`.
- A zero-width space goes behind the `@` of what Telegram could take for a mention, and behind the `/` of what it could
  take for a command. Mail and web addresses stay as they are: nobody is called by them. So do tags such as `#12`.
- Telegram turns a tab into one space: it becomes four. It drops three combining marks: they are composed or shown.

The rules of detection are those of TDLib's MessageEntity.cpp, which Telegram's servers follow; tests ask it.
"""

from __future__ import annotations

import re
import unicodedata

from runner.masking import visible

STOP = "\u200b"  # keeps its place and shows nothing; Telegram neither drops it nor looks beyond it
_TAB = " " * 4
_DROPPED = re.compile("([^\u030a\u0333\u033f]?)([\u030a\u0333\u033f])")
# An address in which Telegram finds neither a mention nor a command, so that it stays one that can be pressed.
_ADDRESS = r"(?<!\S)https?://(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,60}[A-Za-z0-9])?\.){1,8}[a-z]{2,8}/[A-Za-z0-9/_.~%@+-]*"
_LIVE = re.compile(
    rf"(?P<address>{_ADDRESS})"
    r"|(?<![A-Za-z0-9_])@(?=[A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_/<>])/(?=[A-Za-z0-9_]{1,64}(?![A-Za-z0-9_/<>]))"
)


def shown(text: str) -> str:
    """Return a text as Telegram will show it, with all that hides made visible."""
    text = visible(text).replace("\t", _TAB)
    return text if text.isascii() else _DROPPED.sub(_composed, text)


def stops(text: str) -> list[int]:
    """Return the places (indices of characters) at which a STOP keeps a shown text from calling anybody."""
    return [found.end() for found in _LIVE.finditer(text) if found["address"] is None]


def harmless(text: str) -> str:
    """Return a shown text in which nothing is a mention or a command. Twice is the same as once."""
    at = stops(text)
    return (
        "".join(text[start:end] + STOP for start, end in zip([0, *at], at, strict=False)) + text[at[-1] if at else 0 :]
    )


def _composed(found: re.Match[str]) -> str:
    whole = unicodedata.normalize("NFC", found[0])
    return whole if len(whole) == 1 and found[1] else f"{found[1]}\u27e8U+{ord(found[2]):04X}\u27e9"
