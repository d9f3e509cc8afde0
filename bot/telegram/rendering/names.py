"""Names of files and of things in code, which Telegram would take for addresses of the web. Pure.

`calc.py`, `setup.sh` and `logger.info` end like countries and other domains, so Telegram draws them as links to whoever
has such an address, and there is no switch against it. In code it looks for nothing: so they are set as code, which a
touch copies, and no character of a text is changed. Since domains are many and new ones come, every word with a dot in
it is a name, unless it says that it is an address: with a scheme (`https://`), as that of a mailbox, or with an ending
that hardly any file has, such as `.com`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from bot.telegram.rendering.safety import stops

# Endings of the web in what people write, countries included.
_WEB = frozenset(("ai", "co", "com", "de", "dev", "edu", "eu", "gov", "io", "me", "net", "org", "uk", "us"))
_WORD = re.compile(r"[\w.~/\\@#$?=&%+:!-]+")
_RUN = re.compile(r"[\w.~-]+")
_QUAD = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){3}")  # a version of four numbers is an address, too
_MAIL = re.compile(r"(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_BEHIND = ".:?!-=&"  # signs at the end of a word that are not part of a name


def names(text: str) -> list[tuple[int, int]]:
    """Return where names stand, with the path and the line that belong to them: indices of characters, in order."""
    found, at = [], stops(text)
    for word in _WORD.finditer(text):
        said, start = word[0].rstrip(_BEHIND), word.start()
        broken = bisect_right(at, start) < bisect_left(at, start + len(said))
        if "." in said and _named(said, broken=broken):
            found.append((start, start + len(said)))
    return found


def _named(word: str, *, broken: bool) -> bool:
    """Whether a word is or ends in a name, and does not begin with an address of the web.

    `broken` by a stop, it is no address any more, and what stands behind the stop would be one.
    """
    if _MAIL.fullmatch(word) or ("://" in word and not broken):
        return False
    runs = [run.strip(".") for run in _RUN.findall(word)]
    ends = [_ending(run) for run in runs if "." in run]
    return bool(ends) and (broken or ends[0] not in _WEB) and any(end and end not in _WEB for end in ends)


def _ending(run: str) -> str:
    """Return what stands behind the last dot, in small letters; for a number of four parts a zero."""
    head, _, last = run.rpartition(".")
    if _QUAD.fullmatch(run):
        return "0"
    return last.lower() if last.isalpha() and len(last) > 1 and not head.endswith(".") else ""
