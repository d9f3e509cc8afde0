"""Interpreters: which programs they are, and where they get their own program from."""

from __future__ import annotations

import re

from runner.shell.values import Command, Word

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "rbash", "csh", "tcsh"})
INTERPRETERS = SHELLS | frozenset(
    {"python", "python2", "python3", "perl", "ruby", "node", "nodejs", "php", "lua", "deno", "bun", "osascript", "pwsh"}
    | {"awk", "gawk", "mawk", "tclsh", "Rscript", "julia", "groovy", "guile", "expect"}
)
_VERSIONED = re.compile(r"[0-9.]+$")
_CODE_OPTIONS = {"php": "r", "perl": "eE", "ruby": "e", "node": "ep", "nodejs": "ep", "bun": "e", "lua": "e"}
_CODE_WORDS = frozenset({"--eval", "--print", "--command", "-Command", "eval"})


def interpreter(program: str) -> str:
    """Name the interpreter a program is (`python3.11` is `python`), or nothing."""
    base = _VERSIONED.sub("", program)
    return next((name for name in (program, base) if name in INTERPRETERS), "")


def program_source(command: Command) -> tuple[str, Word | None, tuple[Word, ...]]:
    """Tell where an interpreter gets its program from.

    Returns "text" with the code, "file" with the operand, "module" with its name, or "stdin"; and the words after it.
    """
    name = interpreter(command.program)
    letters = "c" if name in SHELLS or name.startswith("python") else _CODE_OPTIONS.get(name, "")
    words = command.arguments
    index = 0
    while index < len(words):
        text = words[index].text
        rest = words[index + 1 :]
        if text in _CODE_WORDS or (_is_cluster(text) and any(letter in text[1:] for letter in letters)):
            return _code(text, letters, rest)
        if text == "-m" and name.startswith("python"):
            return "module", rest[0] if rest else None, rest[1:]
        if text in {"-s", "-"}:
            return "stdin", None, rest
        if text == "--":
            return ("file", rest[0], rest[1:]) if rest else ("stdin", None, ())
        if not text.startswith(("-", "+")):
            kind = "text" if name.endswith("awk") else "file"
            return ("stdin", None, rest) if text in {"/dev/stdin", "/proc/self/fd/0"} else (kind, words[index], rest)
        index += (
            2 if text in {"-o", "+o", "-O", "+O", "--rcfile", "--init-file", "-W", "-X", "-r", "-I", "-F", "-v"} else 1
        )
    return "stdin", None, ()


def _is_cluster(text: str) -> bool:
    return len(text) > 1 and text[0] == "-" and text[1] != "-"


def _code(option: str, letters: str, rest: tuple[Word, ...]) -> tuple[str, Word | None, tuple[Word, ...]]:
    """Take the code of `-c CODE`, `-lc CODE`, `-cCODE`, `-c -- CODE`."""
    if _is_cluster(option):
        place = min(option.index(letter) for letter in letters if letter in option)
        attached = option[place + 1 :]
        if len(attached) > 2:
            return "text", Word(text=attached), rest
    while rest and rest[0].text in {"--", "-e", "-x", "-u", "-l", "-i"}:
        rest = rest[1:]
    return "text", rest[0] if rest else None, rest[1:]
