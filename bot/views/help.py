"""Help: all commands, short enough for a phone, and one command whole."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands import Entry
from bot.messenger import Card, Look, Section
from bot.views.parts import data, sections

_GROUPS = {
    "Tasks": {
        "do": "run a prompt",
        "new": "save a task",
        "run": "run a task",
        "list": "list tasks",
        "show": "show a task",
        "edit": "change a task",
        "delete": "delete a task",
        "search": "find by words",
    },
    "Runs": {
        "runs": "list runs",
        "status": "how it stands",
        "view": "show it whole",
        "log": "step by step",
        "say": "tell the agent",
        "stop": "stop for now",
        "resume": "go on",
        "cancel": "end for good",
        "retry": "run it again",
    },
    "Questions": {
        "inbox": "what waits for me",
        "approve": "let it happen",
        "deny": "refuse, say why",
        "answer": "answer the agent",
        "rule": "decide in advance",
        "rules": "what was granted",
        "revoke": "take a rule back",
    },
    "Results": {
        "diff": "what has changed",
        "report": "get the report",
        "merge": "take the changes",
        "discard": "drop the changes",
    },
    "People": {
        "people": "who is here",
        "role": "who may do what",
        "delegate": "lend my answers",
        "prefer": "where I am asked",
        "link": "add Slack, Telegram",
        "unlink": "give one up",
    },
    "More": {
        "project": "the repositories",
        "freeze": "halt every agent",
        "release": "end the freeze",
        "help": "one word in detail",
    },
}
_WIDTH = 8  # characters of the longest word


def help_all(entries: Sequence[Entry]) -> Card:
    """List all commands in lines that a phone does not break: 30 characters of code."""
    return Card(
        title="What you can say",
        sections=tuple(
            Section(
                title=group,
                body="\n".join(f"{word:<{_WIDTH}}  {about}" for word, about in words.items()),
                look=Look.CODE,
            )
            for group, words in _GROUPS.items()
        ),
        footer="`help WORD` tells more. While a run is live, plain text goes to its agent.",
        data=data("help", commands=[{"word": e.word, "form": e.form, "about": e.about} for e in entries]),
    )


def help_one(entry: Entry) -> Card:
    """Explain one command whole."""
    return Card(
        title=f"{entry.word}: {entry.about}",
        sections=sections(
            Section(body=entry.form),
            Section(body=entry.details, look=Look.HINT),
            Section(title="Options", body="\n".join(f"--{option.name}: {option.about}" for option in entry.options)),
            Section(title="Examples", body="\n".join(f"`{each}`" for each in entry.examples), look=Look.HINT),
        ),
        data=data("help", word=entry.word, form=entry.form, about=entry.about, examples=entry.examples),
    )
