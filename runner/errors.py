"""Every error a person can meet, in one tree.

SignoffError
├── BadInput                    what was typed cannot be used as it stands
│   ├── UnknownCommand          no such word; the nearest one is named
│   ├── EmptyPrompt
│   ├── BadTemplate             unclosed or malformed {{braces}}
│   ├── MissingVariables        a prompt needs values nobody gave
│   └── TooLarge
├── NotFound                    task, execution, approval, project or report does not exist
├── Ambiguous                   a short id fits several things
├── NameTaken
├── NotAllowed                  the role of this person does not reach so far
├── WrongState                  the execution is not in a state in which this can be done
├── AlreadyAnswered             somebody was faster; says who and when
├── ConfigError                 all problems of the configuration at once
├── ProjectError                unknown, not a git repository, no commits, dirty, merge conflict
├── AgentError                  the agent cannot be started or gave up
│   ├── AgentUnavailable        missing or too old program
│   ├── AgentRefused            wrong key, no credit, model unknown
│   └── SessionLost             the conversation to be resumed is gone
├── StorageError                disk full, corrupt or newer database
│   ├── DatabaseInUse           another daemon holds the file
│   └── StoreAway               the database takes nothing for now; what it has keeps
├── ReportError                 a report could not be rendered
└── NoDaemon                    the command needs a running daemon

`message` says what failed and why, `hint` what to do about it; both are shown to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


class SignoffError(Exception):
    """Root of all errors whose text is meant for people."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class BadInput(SignoffError):
    """What was typed cannot be used as it stands."""


class UnknownCommand(BadInput):
    """No command of this name; `nearest` may be what was meant."""

    def __init__(self, word: str, nearest: str | None = None) -> None:
        self.word = word
        self.nearest = nearest
        hint = f"Did you mean `{nearest}`?" if nearest else "`help` lists all commands."
        super().__init__(f"There is no command `{word}`.", hint=hint)


class EmptyPrompt(BadInput):
    """A prompt without any text."""

    def __init__(self) -> None:
        super().__init__("The prompt is empty.", hint="Say what the agent should do.")


class BadTemplate(BadInput):
    """Braces that are unclosed or hold something else than a variable name."""


class MissingVariables(BadInput):
    """The prompt needs values that neither the caller nor the defaults give."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        listed = ", ".join(self.names)
        example = " ".join(f"{name}=…" for name in self.names)
        super().__init__(f"The prompt needs a value for: {listed}.", hint=f"Add {example}.")


class TooLarge(BadInput):
    """A text or file above a stated limit."""


class NotFound(SignoffError):
    """The named thing does not exist (or is not visible to this person)."""


class Ambiguous(SignoffError):
    """A short id or name fits several things."""


class NameTaken(SignoffError):
    """The name belongs to another task or project already."""


class NotAllowed(SignoffError):
    """The person's role, or a rule of the project, forbids it."""


class WrongState(SignoffError):
    """The execution is not in a state in which this can be done."""


class AlreadyAnswered(SignoffError):
    """The approval has its answer; it was given by `by` at `at` (UTC)."""

    def __init__(self, verdict: str, by: str, at: datetime) -> None:
        self.verdict = verdict
        self.by = by
        self.at = at
        when = at.strftime("%H:%M:%S UTC")
        super().__init__(f"Already answered: {verdict} by {by} at {when}.")


class ConfigError(SignoffError):
    """One or more problems of the configuration; `problems` lists all of them."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in self.problems)
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{source}: {count} {noun}\n{listed}")


class ProjectError(SignoffError):
    """A project cannot be used: unknown, no repository, no commits, dirty, in conflict."""


class AgentError(SignoffError):
    """The agent could not be started or gave up."""


class AgentUnavailable(AgentError):
    """The agent's program is missing or too old."""


class AgentRefused(AgentError):
    """The model's service refused: wrong key, no credit, unknown model."""


class SessionLost(AgentError):
    """The conversation that was to be resumed does not exist any more."""


class StorageError(SignoffError):
    """The database or the disk cannot be used."""


class DatabaseInUse(StorageError):
    """Another daemon holds the lock of this database."""


class StoreAway(StorageError):
    """The database cannot be used for now. What it took before keeps: whoever works off what is stored tries again."""


class ReportError(SignoffError):
    """A report could not be rendered."""


class NoDaemon(SignoffError):
    """The command needs a running daemon and there is none."""
