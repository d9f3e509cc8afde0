"""Read a command line piece by piece, without ever touching the text that follows the pieces.

Words end at white space, also at the non-breaking and zero-width kinds that phones insert. Values may be quoted with
straight or typographic quotes. Positions only move forward and every step is a compiled expression, so reading takes
time linear in the length of what is read.
"""

from __future__ import annotations

import re

from runner.errors import BadInput

_BLANK = r"\s\u200b\u2060\ufeff"  # inside a class of characters
_DASH = r"(?:--|[\u2014\u2013])"  # keyboards turn two hyphens into an em or en dash
_SPACE = re.compile(rf"[{_BLANK}]*")
_WORD = re.compile(rf"[^{_BLANK}]+")
_OPTION = re.compile(rf"{_DASH}([A-Za-z][\w-]*)(=?)")
_VARIABLE = re.compile(r"([A-Za-z_]\w*)=")
_TAG = re.compile(rf"#(\w[\w./-]*)(?=[{_BLANK}]|$)")
_END = re.compile(rf"(?:--|\u2014)(?=[{_BLANK}]|$)")
_BRACKETED = re.compile(rf"[\w*][^{_BLANK}(]*\(.*\)(?=[{_BLANK}]|$)", re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")
_QUOTED = {
    '"': re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL),
    "'": re.compile(r"'([^']*)'"),
    "\u201c": re.compile(r"\u201c([^\u201c\u201d\"]*)[\u201c\u201d\"]"),
    "\u201e": re.compile(r"\u201e([^\u201c\u201d\"]*)[\u201c\u201d\"]"),
    "\u2018": re.compile(r"\u2018([^\u2018\u2019']*)[\u2018\u2019']"),
}
_PLAIN = re.compile(rf"[^{_BLANK}\"'\u201c\u201d\u201e\u2018\u2019]+")


class Scanner:
    """A text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip()

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._text)

    def word(self) -> str:
        """Read the next word as it stands; empty at the end."""
        return self._take(_WORD.match(self._text, self._at))

    def peek(self) -> str:
        """Return the next word without reading it."""
        match = _WORD.match(self._text, self._at)
        return match.group() if match else ""

    def rest(self) -> str:
        """Read all that is left, verbatim but for white space at both ends. A lone `--` before it is dropped."""
        self.ended()
        text = self._text[self._at :].rstrip()
        self._at = len(self._text)
        return text

    def ended(self) -> bool:
        """Read a lone `--`, which says that plain text follows."""
        return self._matched(_END) is not None

    def option(self) -> str | None:
        """Read the name of an option, so that its value can be read next; None if no option follows."""
        match = _OPTION.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        if not match.group(2):
            self._skip()
        return match.group(1).lower()

    def switch(self, name: str) -> bool:
        """Read the option `name` where it stands alone; leaves everything else, which may be text."""
        match = _OPTION.match(self._text, self._at)
        alone = match is not None and match.group() == self.peek() and match.group(1).lower() == name
        if alone:
            self.word()
        return alone

    def bracketed(self) -> str:
        """Read `Word(…)` up to the last closing bracket at the end of a word, with the blanks inside."""
        return self._take(_BRACKETED.match(self._text, self._at))

    def tag(self) -> str | None:
        """Read `#tag`."""
        match = self._matched(_TAG)
        return match.group(1) if match else None

    def variable(self) -> tuple[str, str] | None:
        """Read `name=value`. Raises BadInput for an unclosed quote."""
        match = _VARIABLE.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match.group(1), "" if self.done else self._value()

    def value(self) -> str:
        """Read the value of an option: quoted, or up to the next white space; `""` is an empty one.

        Raises BadInput if there is none, or for an unclosed quote.
        """
        if self.done or _OPTION.match(self._text, self._at):
            raise BadInput("An option without its value.", hint='`--name value`; write `""` for nothing.')
        return self._value()

    def _value(self) -> str:
        quote = self._text[self._at : self._at + 1]
        if quote not in _QUOTED:
            return self.word()
        match = _QUOTED[quote].match(self._text, self._at)
        if match is None:
            raise BadInput(
                f"The quote that begins at {_excerpt(self._text[self._at : self._at + 40])} is not closed.",
                hint="Close it, or leave it out.",
            )
        self._take(match)
        return _ESCAPED.sub(r"\1", match.group(1)) if quote == '"' else match.group(1)

    def _matched(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        self._take(match)
        return match

    def _take(self, match: re.Match[str] | None) -> str:
        if match is not None:
            self._at = match.end()
        self._skip()
        return match.group() if match else ""

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        if match is not None:
            self._at = match.end()


def quoted(text: str) -> str:
    """Write a value so that `Scanner.value` reads exactly this text."""
    if _PLAIN.fullmatch(text) and not _OPTION.match(text) and not _END.match(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _excerpt(text: str) -> str:
    line = text.splitlines()[0]
    return f"`{line[:20]}…`" if len(line) > 20 else f"`{line}`"
