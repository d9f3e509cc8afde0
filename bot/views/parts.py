"""What cards are made of: buttons that fit, values for scripts, rows of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from bot.messenger import Button, Field, Section, Style
from bot.views.say import STATE_SIGNS, ago, line
from runner.masking import clean_json
from runner.model import Execution, Json, State, handle

ACTION_LIMIT = 64  # bytes of a button's command line: Telegram's callback_data is the tightest
LABEL_LIMIT = 12  # characters that a phone shows when three buttons share a row
ROWS_SHOWN = 30  # rows of a list on one card; pages have 20
PREFILL_LIMIT = 2_000  # characters offered for editing: below the 3,000 of a Slack input


def button(
    label: str, action: str, style: Style = Style.PLAIN, *, key: str = "", asks: str = "", prefill: str = ""
) -> tuple[Button, ...]:
    """Make a button, or none if its action is too long to be carried: the words in the footer do the same."""
    if len(action.encode("utf-8", "replace")) > ACTION_LIMIT:
        return ()
    short = label if len(label) <= LABEL_LIMIT else label[: LABEL_LIMIT - 1] + "…"
    return (Button(label=short, action=action, style=style, key=key, asks=asks, prefill=prefill[:PREFILL_LIMIT]),)


def facts(*pairs: tuple[str, str]) -> tuple[Field, ...]:
    """Make fields of those pairs that have a value."""
    return tuple(Field(label=label, value=content) for label, content in pairs if content)


def sections(*given: Section) -> tuple[Section, ...]:
    """Keep the sections that say something."""
    return tuple(section for section in given if section.body.strip())


def data(kind: str, **content: object) -> Json:
    """Make a card's content for scripts: whole ids, ISO times, secrets masked. `kind` says which keys follow."""
    return clean_json({"kind": kind, **{name: plain(item) for name, item in content.items()}})


def plain(content: object) -> object:
    """Turn a value into what JSON knows. Pictures are named by type and size only."""
    if isinstance(content, Enum):
        return content.value
    if isinstance(content, datetime):
        return content.isoformat()
    if isinstance(content, bytes):
        return f"{len(content)} bytes"
    if is_dataclass(content) and not isinstance(content, type):
        return {field.name: plain(getattr(content, field.name)) for field in fields(content)}
    if isinstance(content, Mapping):
        return {str(name): plain(item) for name, item in content.items()}
    if isinstance(content, list | tuple):
        return [plain(item) for item in content]
    return content


def run_name(execution: Execution) -> str:
    """Name a run for people: its title and its handle."""
    return f"{line(execution.title or execution.prompt, 60)} ({handle(execution.id)})"


def run_rows(executions: Sequence[Execution], now: datetime) -> str:
    """List runs, one a line; of a long list only the first ROWS_SHOWN."""
    rows = [
        f"{STATE_SIGNS[execution.state]} {handle(execution.id)}  {line(execution.title or execution.prompt, 50)}"
        f"  {_state_word(execution.state)}, {ago(execution.created_at, now)}"
        for execution in executions
    ]
    return shortened(rows)


def shortened(rows: Sequence[str]) -> str:
    """Join the first ROWS_SHOWN rows of a list and say how many more there are."""
    more = len(rows) - ROWS_SHOWN
    return "\n".join([*rows[:ROWS_SHOWN], *([f"… and {more} more"] if more > 0 else [])])


def _state_word(state: State) -> str:
    return "waiting" if state is State.WAITING else state.value
