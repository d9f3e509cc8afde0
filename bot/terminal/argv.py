"""Words from a shell as one command line of the grammar, without losing what the shell's quotes kept together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.commands import TABLE, quoted
from bot.commands.options import Kind

_OPTION = re.compile(r"--([A-Za-z][\w-]*)(=?)(.*)", re.DOTALL)
_VARIABLE = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VERBATIM = {"edit", "run"}  # options of `approve`: all that follows is theirs, as it stands


def command_line(words: Sequence[str]) -> str:
    """Join words so that the grammar reads each option and variable whole.

    A word with white space in it can only be text for the agent. It goes to the end, so that options may stand behind
    it as people are used to from other programs.
    """
    named = 4 if list(words[:2]) == ["project", "add"] else 1
    head = [quoted(word) if at == 3 else word for at, word in enumerate(words[:named])]
    rest, text = list(words[named:]), list[str]()
    while rest:
        word = rest.pop(0)
        option, variable = _OPTION.fullmatch(word), _VARIABLE.fullmatch(word)
        if word == "--" or (option and words[0] == "approve" and option[1] in _VERBATIM):
            return " ".join([*head, word, *text, *rest])
        if option:
            head.append(f"--{option[1]}={quoted(option[3])}" if option[2] else word)
            if rest and not option[2] and _takes_value(words[0], option[1]):
                head.append(quoted(rest.pop(0)))
        elif variable:
            head.append(f"{variable[1]}={quoted(variable[2]) if variable[2] else ''}")
        else:
            (text if text or re.search(r"\s", word) else head).append(word)
    return " ".join([*head, "--", *text] if text else head)


def _takes_value(command: str, option: str) -> bool:
    entry = TABLE.get(command)
    known = entry.options if entry else ()
    switches = {name for one in known if one.kind is Kind.SWITCH for name in (one.name, f"no-{one.name}")}
    return option not in switches
