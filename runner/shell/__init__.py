"""Read bash command lines: which commands could a line run, with which words?"""

from __future__ import annotations

from runner.shell.interpreters import INTERPRETERS, SHELLS, interpreter, program_source
from runner.shell.parse import MAX_DEPTH, parse
from runner.shell.tree import MAX_BYTES, MAX_COMMANDS, MAX_NESTING
from runner.shell.values import Command, Redirect, Script, Word
from runner.shell.wrappers import after_options, found_by_find

__all__ = [
    "INTERPRETERS",
    "MAX_BYTES",
    "MAX_COMMANDS",
    "MAX_DEPTH",
    "MAX_NESTING",
    "SHELLS",
    "Command",
    "Redirect",
    "Script",
    "Word",
    "after_options",
    "found_by_find",
    "interpreter",
    "parse",
    "program_source",
]
