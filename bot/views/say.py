"""How durations, times, money, tokens and long texts are said on a card."""

from __future__ import annotations

from datetime import datetime

from runner.masking import clean
from runner.model import Execution, Reason, State, StepStatus

STATE_SIGNS = {
    State.PENDING: "○",
    State.RUNNING: "●",
    State.WAITING: "◆",
    State.STOPPED: "■",
    State.COMPLETED: "✓",
    State.FAILED: "✗",
    State.CANCELLED: "–",  # noqa: RUF001 - a dash as a sign
}
STEP_SIGNS = {
    StepStatus.RUNNING: "…",
    StepStatus.OK: "✓",
    StepStatus.FAILED: "✗",
    StepStatus.REFUSED: "⊘",
    StepStatus.INTERRUPTED: "–",  # noqa: RUF001 - a dash as a sign
}
_REASONS = {
    Reason.DONE: "done",
    Reason.GOAL_MET: "goal met",
    Reason.LIMIT_REACHED: "a limit was reached",
    Reason.AGENT_FAILED: "the agent failed",
    Reason.AGENT_REFUSED: "the model's service refused",
    Reason.CHECK_FAILED: "a check failed",
    Reason.SETUP_FAILED: "the set-up failed",
    Reason.PERSON: "by a person",
    Reason.INTERNAL: "an error inside Signoff",
}


def duration(seconds: float) -> str:
    """Say a length of time with its two largest units: `0.4s`, `12s`, `1m 12s`, `2h 05m`, `3d 4h`."""
    if seconds < 0.95:
        return f"{max(seconds, 0):.1f}s"
    whole = round(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if days:
        return f"{days}d {hours % 24}h"
    if hours:
        return f"{hours}h {minutes % 60:02}m"
    return f"{minutes}m {whole % 60:02}s" if minutes else f"{whole}s"


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was, in words."""
    seconds = (now - then).total_seconds()
    if seconds < 45:
        return "just now"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length or unit == "minute":
            count = max(1, round(seconds / length))
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def clock(moment: datetime) -> str:
    """Say a moment of the day."""
    return moment.strftime("%H:%M:%S UTC")


def moment(at: datetime, reference: datetime) -> str:
    """Say a moment without its seconds; with the date unless it is that of `reference`."""
    day = "" if at.date() == reference.date() else f"{at:%a} {at.day} {at:%b} "
    return f"{day}{at:%H:%M} UTC"


def minutes(seconds: float) -> str:
    """Say a length of time of an hour or so in minutes, a shorter or longer one as `duration` does."""
    whole = round(seconds / 60)
    return f"{whole} min" if 1 <= whole <= 90 else duration(seconds)


def cost(usd: float) -> str:
    """Say an amount of US dollars, to a hundredth of a cent below ten dollars."""
    return f"${usd:.4f}" if usd < 10 else f"${usd:,.2f}"


def tokens(count: int) -> str:
    """Say a number of tokens: `950`, `12.3k`, `1.2M`."""
    if count < 1_000:
        return str(count)
    return f"{count / 1_000:.1f}k" if count < 999_950 else f"{count / 1_000_000:.1f}M"


def size(count: int) -> str:
    """Say a number of bytes."""
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:.1f} kB" if count < 999_950 else f"{count / 1_000_000:.1f} MB"


def plural(count: int, noun: str) -> str:
    """Say a number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def cut(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters, marked by an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def line(text: str, limit: int = 100) -> str:
    """Make one short, harmless line of a text that an agent may have written."""
    return cut(" ".join(clean(text[: limit * 8]).split()), limit)


def state(execution: Execution, *, frozen: bool = False) -> str:
    """Say where an execution stands, and why if it ended."""
    match execution.state:
        case State.PENDING:
            return "waits for the release" if frozen else "waits for a free worker"
        case State.RUNNING:
            return f"running, {execution.phase.value}" if execution.phase else "running"
        case State.WAITING:
            return "waits for an answer" if execution.worker else "waits for an answer; no process is held"
        case _:
            why = _REASONS[execution.reason] if execution.reason and execution.reason is not Reason.DONE else ""
            return f"{execution.state.value}, {why}" if why else execution.state.value


def elapsed(execution: Execution, now: datetime) -> float:
    """Return the seconds from the first claim to the end, or to now; 0 before."""
    if execution.started_at is None:
        return 0.0
    return ((execution.finished_at or now) - execution.started_at).total_seconds()
