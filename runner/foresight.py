"""Try out what is asked, so that people see on the card what a step would do before they decide."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from runner.errors import SignoffError
from runner.freeze import KillSwitch
from runner.model import Approval, ApprovalState, AskKind, Change, ChangeKind, ToolCall
from runner.ports import Batch, Changes, Clock, Store
from runner.preview import Previewer

log = logging.getLogger(__name__)

_TRIED = frozenset({"Bash", "Edit", "MultiEdit", "Write", "NotebookEdit"})


class Foresight:
    """Adds a preview to every open question about a step. Without a previewer it does nothing."""

    def __init__(
        self, *, store: Store, clock: Clock, changes: Changes, switch: KillSwitch, previewer: Previewer | None
    ) -> None:
        self._store = store
        self._clock = clock
        self._changes = changes
        self._switch = switch
        self._previewer = previewer

    async def run(self) -> None:
        """Follow what is asked until cancelled. What was asked before a restart is made up for."""
        if self._previewer is None:
            return
        await self._previewer.sweep()
        newest = ""  # ids are ordered by time
        async with asyncio.TaskGroup() as group:
            async for _ in self._changes.follow(every=30.0, routine=False):
                for approval in await self._store.approvals.open(after=newest):
                    newest = approval.id
                    if approval.preview is None and approval.kind is AskKind.STEP and approval.tool in _TRIED:
                        group.create_task(self._try(self._previewer, approval), name=f"preview {approval.id}")

    async def _try(self, previewer: Previewer, approval: Approval) -> None:
        try:
            await self._add(previewer, approval)
        except SignoffError as error:  # a question without a preview is still a question
            log.warning("foresight.failed %s: %s", approval.id, error)

    async def _add(self, previewer: Previewer, approval: Approval) -> None:
        await self._switch.passed()
        execution = await self._store.executions.get(approval.execution_id)
        if execution is None or not execution.worktree:
            return
        call = ToolCall(tool=approval.tool, input=approval.input, tool_use_id=approval.tool_use_id)
        preview = await previewer.preview(Path(execution.worktree), call)
        now = await self._store.approvals.get(approval.id)
        if now is None or now.state is not ApprovalState.OPEN:
            return  # decided meanwhile: the card of a decision does not change any more
        news = Change(
            kind=ChangeKind.APPROVAL,
            event="approval.previewed",
            execution_id=approval.execution_id,
            subject_id=approval.id,
            at=self._clock.now(),
        )
        await self._store.approvals.write(Batch(previews={approval.id: preview}, changes=(news,)))
