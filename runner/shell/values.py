"""What a command line consists of, as frozen values."""

from __future__ import annotations

from runner.model import value


@value
class Word:
    """One word as the program will get it, quotes removed.

    `known` words are literal. Of the others, `opaque` ones hold a part that nobody can know before it runs (`text`
    then shows that part as it was written); the rest are guesses from assignments in the same line: good enough to
    refuse, never good enough to allow. `made_by` names the programs whose output becomes part of the word.
    """

    text: str
    known: bool = True
    opaque: bool = False
    glob: bool = False  # holds an unquoted *, ? or [
    made_by: tuple[str, ...] = ()


@value
class Redirect:
    """A file (or text, for `<<` and `<<<`) tied to a stream of a command."""

    operator: str
    target: Word

    @property
    def writes(self) -> bool:
        """Whether the target may be created or changed."""
        return ">" in self.operator

    @property
    def text(self) -> bool:
        """Whether the target is the input itself rather than the name of a file."""
        return self.operator.startswith("<<")


@value
class Command:
    """One simple command that could run.

    `words` is empty for bare assignments and redirections. `directory` lists the `cd` words in effect, in order.
    `upstream` names the programs that write into its standard input, `feed` is that input where the line itself
    spells it out. A command that `carries` does nothing but run other commands of the same script. A `guessed` one is
    a string that a program in another language may hand to a shell.
    """

    words: tuple[Word, ...] = ()
    assignments: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    directory: tuple[Word, ...] = ()
    upstream: tuple[str, ...] = ()
    feed: Word | None = None
    multiplies: bool = False  # a function that starts itself more than once, in a pipe or in the background
    wrappers: tuple[str, ...] = ()  # programs that start this one, outermost first
    carries: bool = False
    guessed: bool = False

    @property
    def program(self) -> str:
        """Name of the program without its folder; empty if there is none."""
        return self.words[0].text.rstrip("/").rsplit("/", 1)[-1] if self.words else ""

    @property
    def arguments(self) -> tuple[Word, ...]:
        """All words after the program."""
        return self.words[1:]


@value
class Script:
    """Every command a line could run, nested ones included; `problem` says why a line cannot be read fully.

    With a problem, `commands` are what could be recognised: enough to refuse, never enough to allow.
    """

    commands: tuple[Command, ...] = ()
    problem: str = ""
