"""Which run or which question is meant: by its handle, or by what there is in the channel."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands import sure_handle
from bot.views.say import line
from runner.approvals import Waiting
from runner.core import Core
from runner.errors import Ambiguous, NotFound
from runner.model import Actor, Approval, Execution, Origin, State, handle

LIVE = (State.PENDING, State.RUNNING, State.WAITING)
ENDED = (State.STOPPED, State.COMPLETED, State.FAILED, State.CANCELLED)


async def run(core: Core, origin: Origin, short: str, states: Sequence[State] = ()) -> Execution:
    """Return the run with this handle, or the newest one of the channel in these states.

    Raises BadInput, NotFound, Ambiguous.
    """
    return await (core.runs.find(short) if short else core.runs.latest(origin, states=states))


async def run_and_text(
    core: Core, origin: Origin, short: str, text: str, states: Sequence[State] = ()
) -> tuple[Execution, str]:
    """Like `run`, where the word in the place of a handle may have been the first word of a text."""
    if not short:
        return await run(core, origin, "", states), text
    try:
        return await core.runs.find(short), text
    except NotFound:
        if sure_handle(short):
            raise
        return await run(core, origin, "", states), f"{short} {text}".strip()


async def approval(core: Core, actor: Actor, short: str) -> Approval:
    """Return the approval with this handle, or the only one that is open in the channel.

    Guessing between several would answer a question nobody looked at. Raises BadInput, NotFound, Ambiguous.
    """
    if short:
        return await core.approvals.find(short)
    waiting = _here(actor.origin, await core.approvals.inbox(actor))
    if not waiting:
        raise NotFound("No question waits for an answer here.", hint="`inbox` lists those of all channels.")
    if len(waiting) > 1:
        listed = "\n".join(f"{handle(asked.id)}  {line(asked.title or asked.tool, 60)}" for asked in waiting)
        raise Ambiguous(f"{len(waiting)} questions wait here.\n{listed}", hint="Name the one you mean by its id.")
    return waiting[0]


async def approval_and_text(core: Core, actor: Actor, short: str, text: str) -> tuple[Approval, str]:
    """Like `approval`, where the word in the place of a handle may have been the first word of a text."""
    if not short:
        return await approval(core, actor, ""), text
    try:
        return await core.approvals.find(short), text
    except NotFound:
        if sure_handle(short):
            raise
        return await approval(core, actor, ""), f"{short} {text}".strip()


def _here(origin: Origin, waiting: Sequence[Waiting]) -> list[Approval]:
    """Keep what belongs to the channel; in a thread only its own questions, if it has any."""
    channel = [
        (each.approval, place)
        for each in waiting
        if (place := each.execution.origin) and (place.messenger, place.channel) == (origin.messenger, origin.channel)
    ]
    thread = [asked for asked, place in channel if origin.thread and place.thread == origin.thread]
    return thread or [asked for asked, _ in channel]
