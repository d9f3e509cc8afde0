"""Pieces that the readers of several commands share: names, handles, and the error that shows the right form."""

from __future__ import annotations

import re

from bot.commands.scan import Scanner
from bot.commands.table import TABLE
from runner.errors import BadInput

_LETTERS = r"[0-9a-hjkmnp-tv-z]"  # the alphabet of ids
_HANDLE = re.compile(rf"{_LETTERS}{{6,26}}|(?=[0-9]*[a-z])(?=[a-z]*[0-9]){_LETTERS}{{4,5}}")
_ANY_HANDLE = re.compile(rf"{_LETTERS}{{4,26}}")


def sure_handle(handle: str) -> bool:
    """Whether a word in the place of a handle cannot be ordinary text: it mixes letters and digits."""
    return any(c.isdigit() for c in handle) and any(c.isalpha() for c in handle)


def looks_like_handle(word: str) -> bool:
    """Whether `word` is taken for a handle when text may stand in the same place."""
    return _HANDLE.fullmatch(word.lower()) is not None


def read_name(scanner: Scanner, word: str, problem: str) -> str:
    """Read the name that the command `word` needs. Raises BadInput with the problem if there is none."""
    name = scanner.word()
    if not name or not (name[0].isalnum() or name[0] in "_."):
        raise wrong(word, problem)
    return name


def read_handle(scanner: Scanner) -> str:
    """Read a handle where nothing else may stand but options; leaves what is none."""
    word = scanner.peek().lower()
    return scanner.word().lower() if _ANY_HANDLE.fullmatch(word) else ""


def read_handle_and_text(scanner: Scanner) -> tuple[str, str]:
    """Read an optional handle and then text. ` -- ` says that no handle follows."""
    handle = read_likely_handle(scanner)
    return handle, scanner.rest()


def read_likely_handle(scanner: Scanner) -> str:
    """Read a handle where text may stand as well."""
    return scanner.word().lower() if looks_like_handle(scanner.peek()) else ""


def wrong(word: str, problem: str) -> BadInput:
    """Make the error for a command in a wrong form, with the right form and an example."""
    entry = TABLE[word]
    example = f" For example: `{entry.examples[0]}`" if entry.examples else ""
    return BadInput(problem, hint=f"The form is `{entry.form}`.{example}")
