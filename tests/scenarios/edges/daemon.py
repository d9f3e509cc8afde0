"""The real daemon, with sparks at the edges: `python -m tests.scenarios.edges.daemon up --config FILE`.

Nothing is composed anew: this is the command line of the product. Only the methods by which the core meets the world
(its ports: store, agent, messenger) are given a spark before and after, which does nothing until a fuse is laid in the
folder of the configuration.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from bot.__main__ import main
from bot.messenger import Card
from bot.terminal.server import TerminalServer
from runner.agents.claude import ClaudeAgent
from runner.model import Execution
from runner.ports import AgentHost, AgentSession, AgentSpec, Batch, Prompt, StepEnded
from storage.database import Unit
from storage.executions import Executions
from tests.scenarios.edges.fuse import Fuse

Name = Callable[..., str]  # names the edge by the arguments of a call; empty for a call that is none
Method = Callable[..., Awaitable[Any]]

_writing: ContextVar[str] = ContextVar("_writing", default="")  # the edge whose transaction goes on


def spark_around(owner: type, method: str, fuse: Fuse, name: Name) -> None:
    """Let sparks fly before and after a method. What returned False has done nothing, and has no after."""
    real: Method = getattr(owner, method)

    @functools.wraps(real)
    async def sparking(*args: Any, **kwargs: Any) -> Any:
        edge = name(*args, **kwargs)
        if not edge:
            return await real(*args, **kwargs)
        fuse.spark(f"{edge}, before")
        token = _writing.set(edge)
        try:
            result = await real(*args, **kwargs)
        finally:
            _writing.reset(token)
        if result is not False:
            fuse.spark(f"{edge}, after")
        return result

    setattr(owner, method, sparking)


def spark_within(fuse: Fuse) -> None:
    """Let a spark fly when a transaction has written everything and has not committed."""
    publish = Unit.publish

    @functools.wraps(publish)
    async def sparking(self: Unit) -> Any:
        changes = await publish(self)
        if changes or self.noted or _writing.get() == "delivery":  # a claim that found nothing writes nothing
            fuse.spark(f"{_writing.get()}, written")
        return changes

    setattr(Unit, "publish", sparking)  # noqa: B010 - mypy knows that methods are not to be assigned


def spark_at_claims(fuse: Fuse) -> None:
    """Let a spark fly after a claim that took something."""
    claim = Executions.claim

    @functools.wraps(claim)
    async def sparking(self: Executions, *args: Any) -> Execution | None:
        token = _writing.set("claim")
        try:
            taken = await claim(self, *args)
        finally:
            _writing.reset(token)
        if taken is not None:
            fuse.spark("claim, after")
        return taken

    setattr(Executions, "claim", sparking)  # noqa: B010 - the same


def spark_in_sessions(fuse: Fuse) -> None:
    """Let sparks fly in sessions, and in what they tell their hosts."""
    open_session = ClaudeAgent.open
    reached: set[tuple[type, str]] = set()  # methods that have their sparks: their classes are known late

    def around(owner: type, method: str, name: Name) -> None:
        if (owner, method) not in reached:
            reached.add((owner, method))
            spark_around(owner, method, fuse, name)

    def turn(_: AgentSession, prompt: Prompt | None, host: AgentHost) -> str:
        around(type(host), "saw", lambda _, event: "step's end" if isinstance(event, StepEnded) else "")
        return "" if prompt else "turn"

    @functools.wraps(open_session)
    async def sparking(self: ClaudeAgent, spec: AgentSpec) -> AgentSession:
        if spec.session:
            fuse.spark("resume, before")
        session = await open_session(self, spec)
        around(type(session), "run", turn)
        if spec.session:
            fuse.spark("resume, after")
        return session

    setattr(ClaudeAgent, "open", sparking)  # noqa: B010 - the same


def transition(_: Executions, before: Execution, after: Execution, batch: Batch) -> str:
    """Name the edge that a change of an execution is."""
    if batch.open:
        return "row"
    if any(change.event == "execution.parked" for change in batch.changes):
        return "parking"
    if any(approval.answered_by for approval in batch.settle):
        return "tap"
    return "end" if after.state.final and not before.state.final else ""


def shown(_: TerminalServer, __: object, card: Card) -> str:
    """Name the edge that showing a card is."""
    if not card.key.startswith("ask:"):
        return ""
    return "card" if card.buttons else "card rewritten"


def lay_out(fuse: Fuse) -> None:
    """Give every edge its sparks."""
    spark_around(Executions, "transition", fuse, transition)
    spark_around(Executions, "record", fuse, lambda _, __, batch, **___: "delivery" if batch.deliver else "")
    spark_within(fuse)
    spark_at_claims(fuse)
    spark_around(TerminalServer, "show", fuse, shown)
    spark_in_sessions(fuse)


if __name__ == "__main__":
    lay_out(Fuse(Path(sys.argv[sys.argv.index("--config") + 1]).parent))
    sys.exit(main())
