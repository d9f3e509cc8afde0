"""Read a whole command line: its own commands and, level by level, those that they start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from runner.shell.tree import MAX_BYTES, MAX_COMMANDS, read_line
from runner.shell.values import Command, Script, Word
from runner.shell.wrappers import Inner, inner_commands

MAX_DEPTH = 8  # commands that start commands that start commands ...
_BREAKS = re.compile(r"[;&|\n(){}`<>]+|\$\(")
_MAX_FRAGMENTS = 300
_TOO_MUCH = "it is nested too deeply or too long"


def parse(line: str, variables: Mapping[str, str] | None = None) -> Script:
    """Read a bash command line into every command it could run.

    `variables` are values known beforehand (HOME, PWD). Never raises: what cannot be read comes back as a `problem`
    together with the commands that could be recognised in the ruins.
    """
    known = {name: Word(text=text) for name, text in (variables or {}).items()}
    reader = _Reader()
    commands = reader.text(line, known, ())
    return Script(commands=commands, problem=reader.problem)


class _Reader:
    """Follows commands into the commands they start, within one budget for the whole line."""

    def __init__(self) -> None:
        self.problem = ""
        self._budget = MAX_COMMANDS
        self._characters = 2 * MAX_BYTES  # of the line and of all texts inside it that are read again

    def text(self, line: str, variables: Mapping[str, Word], around: tuple[Command, ...]) -> tuple[Command, ...]:
        """Read text as a shell would; `around` are the commands that hand it over, outermost first."""
        self._characters -= len(line)
        script = read_line(line, variables) if self._characters > 0 else Script(problem=_TOO_MUCH)
        guessed = bool(around) and around[-1].guessed
        if script.problem and not guessed:
            self.problem = self.problem or script.problem
        commands = script.commands
        if script.problem:
            commands = (*commands, *_fragments(line))
        found: list[Command] = []
        for command in commands:
            placed = _placed(command, around) if around else command
            found.extend(self._follow(placed, variables, around))
        return tuple(found)

    def _follow(self, command: Command, variables: Mapping[str, Word], around: tuple[Command, ...]) -> list[Command]:
        self._budget -= 1
        if self._budget < 0 or len(around) > MAX_DEPTH:
            self.problem = self.problem or _TOO_MUCH
            return [command]
        found: list[Command] = []
        carries = False
        for inner in inner_commands(command):
            carries = carries or inner.carries
            found.extend(self._enter(inner, command, variables, around))
        return [replace(command, carries=carries), *found]

    def _enter(
        self, inner: Inner, command: Command, variables: Mapping[str, Word], around: tuple[Command, ...]
    ) -> list[Command]:
        outer = (*around, replace(command, guessed=command.guessed or inner.guessed))
        if inner.text is not None:
            values = {**variables, **_positional(inner.positional)}
            found = list(self.text(inner.text.text, values, outer))
            return found if inner.text.known else [_unsure(one) for one in found]
        started = Command(words=inner.words, directory=inner.directory, upstream=command.upstream, feed=command.feed)
        return self._follow(_placed(started, outer), variables, outer)


def _unsure(command: Command) -> Command:
    """Mark a command that was read out of a text that may be another when it runs."""
    return replace(command, words=tuple(replace(word, known=False) for word in command.words))


def _positional(words: tuple[Word, ...]) -> dict[str, Word]:
    """Values of $0, $1 ... and $@ of `sh -c TEXT ZERO ONE ...`."""
    values = {str(index): replace(word, known=False) for index, word in enumerate(words)}
    if len(words) > 1:
        rest = words[1:]
        both = Word(text=" ".join(word.text for word in rest), known=False, opaque=any(word.opaque for word in rest))
        values |= {"@": both, "*": both}
    return values


def _placed(command: Command, around: tuple[Command, ...]) -> Command:
    """Put a nested command where its starters stand: directory, input, wrappers."""
    outer = around[-1]
    return replace(
        command,
        directory=(*outer.directory, *command.directory),
        upstream=tuple(dict.fromkeys((*outer.upstream, *command.upstream))),
        feed=command.feed or (None if outer.feed is None or outer.carries else outer.feed),
        wrappers=tuple(one.program for one in around),
        guessed=outer.guessed,
    )


def _fragments(line: str) -> list[Command]:
    """Pick what looks like commands out of text that cannot be parsed."""
    cleaned = re.sub(r"[{},]", " ", re.sub(r"\\(.)", r"\1", line)).replace("'", "").replace('"', "")
    found: list[Command] = []
    for piece in [*_BREAKS.split(cleaned), *_BREAKS.split(line)][:_MAX_FRAGMENTS]:
        words = tuple(Word(text=part, known=False) for part in piece.split()[:40])
        words = words[next((i for i, word in enumerate(words) if word.text not in _KEYWORDS), 0) :]
        if words:
            found.append(Command(words=words))
    return found


_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "in", "case", "esac", "!", "coproc"}
)
