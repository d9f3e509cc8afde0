"""Cards about Signoff itself: errors, short confirmations."""

from __future__ import annotations

from bot.messenger import Card, Look, Section, Tone
from bot.views import say
from bot.views.parts import data, sections
from runner.errors import (
    AgentError,
    AlreadyAnswered,
    Ambiguous,
    BadInput,
    ConfigError,
    NameTaken,
    NoDaemon,
    NotAllowed,
    NotFound,
    ProjectError,
    ReportError,
    SignoffError,
    StorageError,
    WrongState,
)

TITLE_LIMIT = 140  # characters: a Slack header takes 150

_HOLDS: tuple[tuple[type[SignoffError], str], ...] = (
    (AlreadyAnswered, "The first answer holds."),
    (AgentError, "What the agent did so far is kept in its worktree."),
    (StorageError, "Everything that was confirmed before is saved."),
    (ReportError, "The run and its branch are untouched; other formats may work."),
    (ProjectError, "The repository was not changed."),
    (NoDaemon, "What the daemon had accepted is kept, and goes on when it is back."),
)
_CHANGES_NOTHING = (BadInput, NotFound, Ambiguous, NameTaken, NotAllowed, WrongState, ConfigError)


def error(problem: SignoffError) -> Card:
    """Say what failed and why, what still holds, and what to do."""
    first, _, more = problem.message.partition("\n")
    long = len(first) > TITLE_LIMIT
    return Card(
        title=f"✗ {say.line(first, TITLE_LIMIT)}",
        tone=Tone.BAD,
        sections=sections(
            Section(body=problem.message if long else more),
            Section(title="What to do", body=problem.hint, look=Look.HINT),
            Section(title="What still holds", body=_still_holds(problem)),
        ),
        data=data("error", error=type(problem).__name__, message=problem.message, hint=problem.hint),
    )


def unexpected(name: str) -> Card:
    """Say that something went wrong that nobody foresaw; `name` finds it in the log."""
    return Card(
        title=f"✗ Unexpected error, id {name}",
        tone=Tone.BAD,
        sections=(
            Section(title="What to do", body=f"Try again. The log of the daemon tells more: search it for {name}."),
            Section(title="What still holds", body="Everything that was confirmed before is saved."),
        ),
        data=data("error", error="Unexpected", message="Unexpected error", hint="", id=name),
    )


def note(title: str, body: str = "", **content: object) -> Card:
    """Confirm something in a line or two."""
    return Card(title=title, sections=sections(Section(body=body)), data=data("note", title=title, **content))


def _still_holds(problem: SignoffError) -> str:
    for kind, text in _HOLDS:
        if isinstance(problem, kind):
            return text
    return "Nothing was changed." if isinstance(problem, _CHANGES_NOTHING) else ""
