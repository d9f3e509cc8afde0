"""Follow the feed of changes and show people what concerns them: progress, questions, results.

Each messenger has its own place in the feed. It moves on only after everything up to it was shown, so a crash between
"done" and "posted" shows a card twice at most, under the same key, and loses none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakValueDictionary

from bot import views
from bot.messenger import Card, Messenger
from bot.reach import Reach
from runner.core import Core
from runner.errors import SignoffError
from runner.model import (
    Approval,
    ApprovalState,
    Change,
    ChangeKind,
    Execution,
    Origin,
    Scope,
    State,
    handle,
    new_id,
)
from runner.ports import ExecutionQuery

LIVE = (State.PENDING, State.RUNNING, State.WAITING)
CATCH_UP = 20  # newest live runs shown to a terminal that connects
_CARDS = 8  # live cards that are redrawn within `redraw_seconds`; more take more time, and no more work
_HANDS = 8  # cards that are drawn at a time; questions have as many of their own, so that results do not hold them up
_AHEAD = 16  # batches of changes that are shown at a time: a restart shows them again
_GATHER = 0.05  # seconds: nobody sees the difference, and the agent that an answer lets go on comes before its cards
OPEN_LOOKED_AT = 500  # oldest open questions that a freeze rewrites, or that a terminal which connects may be asked

log = logging.getLogger(__name__)

# What changes a run's state is shown at once, not with the next redrawing.
_TURNS = {
    f"execution.{word}"
    for word in (
        "created",
        "started",
        "stopped",
        "resumed",
        "requeued",
        "parked",
        "completed",
        "failed",
        "cancelled",
        "merged",
        "discarded",
    )
}
_NUDGES = {"approval.reminded", "approval.escalated"}
_ENDS = {f"execution.{word}" for word in ("stopped", "completed", "failed", "cancelled", "merged", "discarded")}
_READ = "message.taken"
_RESULTS = {f"execution.{word}" for word in ("completed", "failed", "cancelled", "merged", "discarded")}


class Watch:
    """Shows changes on all messengers."""

    def __init__(self, core: Core, messengers: Sequence[Messenger]) -> None:
        on = frozenset(messenger.name for messenger in messengers)
        self._lanes = {messenger.name: _Lane(core, messenger, on) for messenger in messengers}

    async def run(self) -> None:
        """Follow the feed until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, lane in self._lanes.items():
                group.create_task(lane.run(), name=f"watch {name}")

    async def catch_up(self, origin: Origin) -> None:
        """Show the live runs and open questions of a channel, oldest first, to somebody who has just come."""
        lane = self._lanes.get(origin.messenger)
        if lane is not None:
            await lane.catch_up(origin)

    async def bring(self, place: Origin, approval_id: str, why: str) -> bool:
        """Show an open question at one more place, made to be noticed by saying why; whether it could be shown."""
        lane = self._lanes.get(place.messenger)
        return lane is not None and await lane.bring(place, approval_id, why)

    async def reached(self, asked: Approval) -> Sequence[Origin]:
        """Return the own places, in all products, of those whom a question is to reach."""
        return [place for lane in self._lanes.values() for place in await lane.reached(asked)]


class _Lane:
    """One messenger's way through the feed."""

    def __init__(self, core: Core, messenger: Messenger, on: frozenset[str]) -> None:
        self._core = core
        self._messenger = messenger
        self._reach = Reach(core, messenger.name, on)
        self._turned: set[str] = set()  # executions whose live card is to be redrawn at once
        self._stale: set[str] = set()  # and those for which that can wait
        self._turn = asyncio.Event()
        self._redraw = asyncio.Event()
        self._drawing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by what is drawn
        self._hands = asyncio.Semaphore(_HANDS)
        self._question_hands = asyncio.Semaphore(_HANDS)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="follow")
            group.create_task(self._paint(), name="paint")

    async def catch_up(self, origin: Origin) -> None:
        place = replace(origin, thread=None)
        shown: set[str] = set()
        for execution in reversed(await self._live(place)):
            async with self._guarded(execution.id):
                await self._show_run(execution.id)
                for asked in await self._core.store.approvals.of(execution.id):
                    if asked.state is ApprovalState.OPEN:
                        shown.add(asked.id)
                        await self._show_approval(asked.id, only=execution.origin)
        directory = await self._core.approvals.names()
        for asked in await self._core.store.approvals.open(limit=OPEN_LOOKED_AT):
            if asked.id not in shown and place in await self._reach.wanted(asked, directory):
                async with self._guarded(asked.id):
                    await self._show_approval(asked.id, only=place)

    async def bring(self, place: Origin, approval_id: str, why: str) -> bool:
        async with self._guarded(approval_id, self._question_hands):
            asked = await self._core.approvals.find(approval_id)
            if asked.state is ApprovalState.OPEN:
                await self._messenger.show(place, replace(await self._question(asked), nudge=why))
                return True
        return False

    async def reached(self, asked: Approval) -> Sequence[Origin]:
        execution = await self._core.runs.find(asked.execution_id)
        return await self._reach.places(asked, execution, await self._core.approvals.names())

    async def _follow(self) -> None:
        """Show what cannot wait and mark what can, change by change."""
        seq = await self._begin()
        if self._remembers:  # what was marked for redrawing before a death is not written down
            self._mark(set(), {execution.id for execution in await self._live()})
        shown: asyncio.Queue[tuple[int, asyncio.Task[None]]] = asyncio.Queue(_AHEAD)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._remember(shown), name="remember")
            async for _ in self._core.changes.follow(gather=_GATHER):
                while changes := await self._core.store.feed.after(seq):
                    seq = changes[-1].seq
                    await shown.put((seq, group.create_task(self._show(changes), name=f"show {seq}")))

    async def _remember(self, shown: asyncio.Queue[tuple[int, asyncio.Task[None]]]) -> None:
        """Move our place in the feed up to what is shown, as is everything before it."""
        while True:
            seq, showing = await shown.get()
            await showing
            if self._remembers and shown.empty():
                await self._core.store.feed.advance(self._reader, seq)

    async def _paint(self) -> None:
        """Redraw live cards: those that took a turn at once, the others as often as the messenger likes."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._paint_turned(), name="turned")
            group.create_task(self._paint_stale(), name="stale")

    async def _paint_turned(self) -> None:
        while True:
            await self._turn.wait()
            self._turn.clear()
            while self._turned:
                await self._repaint(self._turned.pop())

    async def _paint_stale(self) -> None:
        while True:
            await self._redraw.wait()
            self._redraw.clear()
            stale, self._stale = self._stale, set()  # what changes meanwhile waits for the next round
            for execution_id in sorted(stale):
                await self._repaint(execution_id)
            rounds = max(1.0, len(stale) / _CARDS)
            await self._core.clock.sleep(self._messenger.redraw_seconds * rounds)

    async def _repaint(self, execution_id: str) -> None:
        async with self._guarded(execution_id):
            await self._show_run(execution_id)

    @property
    def _reader(self) -> str:
        return f"watch:{self._messenger.name}"

    @property
    def _remembers(self) -> bool:
        """Whether the place in the feed is stored: terminals that come are told by `catch_up` where all stands."""
        return self._messenger.name != "terminal"

    async def _begin(self) -> int:
        newest = await self._core.store.feed.newest()
        stored = await self._core.store.feed.cursor(self._reader) if self._remembers else None
        if stored is None and self._remembers:
            await self._core.store.feed.advance(self._reader, newest)
        return newest if stored is None else stored

    async def _show(self, changes: Sequence[Change]) -> None:
        """Show each thing that changed once, as it is now; the order is that of the last change."""
        approvals = {c.subject_id: None for c in changes if c.kind is ChangeKind.APPROVAL}
        nudged = {c.subject_id for c in changes if c.event in _NUDGES}
        ends = {c.execution_id for c in changes if c.event in _ENDS and c.execution_id}
        turns = {c.execution_id for c in changes if c.event in _TURNS and c.execution_id} - ends
        results = {
            c.execution_id for c in changes if (c.event in _RESULTS or c.event == "report.made") and c.execution_id
        }
        progress = {c.execution_id for c in changes if c.execution_id} - turns - ends
        progress |= await self._concerned([c.subject_id for c in changes if c.kind is ChangeKind.RULE])
        if any(c.kind is ChangeKind.FREEZE for c in changes):
            await self._show_switch()
        self._mark(turns, progress)
        async with asyncio.TaskGroup() as group:  # one that takes long keeps no other waiting
            for approval_id in approvals:
                group.create_task(self._show_question(approval_id, nudged=approval_id in nudged))
            for execution_id in sorted(ends | results):
                group.create_task(self._show_end(execution_id, result=execution_id in results))
            for source, read in self._marks(changes).items():
                group.create_task(self._acknowledge(source, read=read))

    async def _show_question(self, approval_id: str, *, nudged: bool) -> None:
        async with self._guarded(approval_id, self._question_hands):
            await self._show_approval(approval_id, nudged=nudged)

    async def _show_end(self, execution_id: str, *, result: bool) -> None:
        """Redraw the card of a run at once, since nothing follows that would have it redrawn; then show its result."""
        async with self._guarded(execution_id):
            await self._show_run(execution_id)
            if result:
                await self._show_result(execution_id)

    async def _acknowledge(self, source: str, *, read: bool) -> None:
        async with self._guarded(source):
            await self._messenger.acknowledge(source, read=read)

    def _mark(self, turned: set[str], stale: set[str]) -> None:
        """Have live cards redrawn, by somebody else: what people wait for comes first."""
        self._turned |= turned
        self._stale |= stale
        if self._turned:
            self._turn.set()
        if self._stale:
            self._redraw.set()

    def _marks(self, changes: Sequence[Change]) -> dict[str, bool]:
        """Return the messages of this chat product that were taken for an agent, and whether it has read them."""
        sources = [(change.body.get("source") or "", change.event == _READ) for change in changes]
        return {source: read for source, read in sources if source.startswith(f"{self._messenger.name}:")}

    async def _show_run(self, execution_id: str) -> None:
        view = await self._core.runs.view(execution_id)
        if (origin := self._place(view.execution)) is not None:
            card = views.run(view, self._core.clock.now(), frozen=await self._core.switch.frozen())
            await self._messenger.show(origin, card)
            await self._messenger.rewrite(card)

    async def _show_result(self, execution_id: str) -> None:
        view = await self._core.runs.view(execution_id)
        if view.execution.state.final and (origin := self._place(view.execution)) is not None:
            card = views.result(view, self._core.clock.now())
            await self._messenger.show(origin, card)
            await self._messenger.rewrite(card)

    async def _show_approval(self, approval_id: str, *, nudged: bool = False, only: Origin | None = None) -> None:
        """Show a question or what became of it at all its places, or at `only` one.

        They are where its run was begun, those of the people it is to reach, and wherever somebody has looked it up.
        """
        asked = await self._core.approvals.find(approval_id)
        card = await self._question(asked)
        told = replace(card, nudge=views.nudge(asked)) if nudged else card
        if only is not None:
            await self._messenger.show(only, card)
            return
        execution = await self._core.runs.find(asked.execution_id)
        origin, directory = self._place(execution), await self._core.approvals.names()
        for place in (*((origin,) if origin else ()), *await self._reach.places(asked, execution, directory)):
            await self._messenger.show(place, told)
        await self._messenger.rewrite(card)

    async def _question(self, asked: Approval) -> Card:
        """Compose the card of a question, or of what became of it."""
        execution = await self._core.runs.find(asked.execution_id)
        directory = await self._core.approvals.names()
        if asked.state is ApprovalState.OPEN:
            return views.approval(asked, execution, directory=directory, frozen=await self._core.switch.frozen())
        return views.decided(asked, execution, directory, proposal=await self._core.rules.proposal(asked))

    async def _show_switch(self) -> None:
        """Say wherever something is live that everything is frozen, or goes on; the cards of questions change by it."""
        freeze = await self._core.switch.frozen()
        live = await self._live()
        working = sum(execution.state is State.RUNNING for execution in live)
        card = views.frozen(freeze, await self._core.approvals.names(), working) if freeze else views.released()
        for origin in dict.fromkeys(place for execution in live if (place := self._place(execution)) is not None):
            async with self._guarded(f"the freeze in {origin.channel}"):
                await self._messenger.show(origin, card)
        self._stale |= {execution.id for execution in live}
        for asked in await self._core.store.approvals.open(limit=OPEN_LOOKED_AT):
            async with self._guarded(asked.id):
                await self._show_approval(asked.id)

    async def _concerned(self, rules: Iterable[str]) -> set[str]:
        """Return the live runs whose cards list one of these rules, granted or taken back just now."""
        changed = [await self._core.store.approvals.rule(rule_id) for rule_id in rules]
        conversations = {rule.scope_id for rule in changed if rule is not None and rule.scope is Scope.RUN}
        if not conversations:
            return set()
        return {execution.id for execution in await self._live() if execution.conversation_id in conversations}

    async def _live(self, origin: Origin | None = None) -> Sequence[Execution]:
        """Return the newest live runs, of a place or of all."""
        limit = CATCH_UP if origin else OPEN_LOOKED_AT
        return (await self._core.runs.list(ExecutionQuery(states=LIVE, origin=origin, limit=limit))).items

    def _place(self, execution: Execution) -> Origin | None:
        origin = execution.origin
        return origin if origin is not None and origin.messenger == self._messenger.name else None

    @asynccontextmanager
    async def _guarded(self, subject: str, hands: asyncio.Semaphore | None = None) -> AsyncIterator[None]:
        """Let nobody else draw the same; one card that cannot be shown must not stop the watch for everybody.

        A card is read and shown in one go, so an older one never covers a newer.
        """
        drawing = self._drawing.setdefault(subject, asyncio.Lock())
        async with drawing, hands or self._hands:
            try:
                yield
            except SignoffError as error:
                log.warning("cannot show %s on %s: %s", handle(subject), self._messenger.name, error)
            except Exception:  # see above
                log.exception("error %s while showing %s on %s", handle(new_id()), subject, self._messenger.name)
