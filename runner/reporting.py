"""Make a report of an execution: gather what it says, set it, write the file."""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

from runner import worktree as trees
from runner.errors import ProjectError, SignoffError
from runner.model import Diff, Execution, Report, new_id
from runner.ports import Clock, Files, Store
from runner.reports import Material, ReportDoc, build, file_name, render, to_picture

_PICTURE = "report-page-1.png"

log = logging.getLogger(__name__)


class Reporting:
    """Reports as files."""

    def __init__(self, *, store: Store, clock: Clock, files: Files, zone: ZoneInfo) -> None:
        self._zone = zone
        self._store = store
        self._clock = clock
        self._files = files

    async def make(self, execution: Execution, name: str) -> Report:
        """Write the report in one format. Raises ReportError, StorageError."""
        document = await self._document(execution, await self.diff(execution))
        return await self._write(execution, document, name)

    async def make_all(self, execution: Execution, difference: Diff) -> tuple[tuple[Report, ...], str]:
        """Write the reports that the execution wants, with what it changed.

        What cannot be made is left out, and said in a sentence.
        """
        made: list[Report] = []
        if not execution.reports:
            return (), ""
        document = await self._document(execution, difference)
        for name in execution.reports:
            try:
                made.append(await self._write(execution, document, name))
            except SignoffError as error:
                log.warning("report.failed %s %s: %s", execution.id, name, error)
                return tuple(made), f"The {name} report could not be made: {error.message}"
        return tuple(made), ""

    async def _document(self, execution: Execution, difference: Diff) -> ReportDoc:
        return build(await self._material(execution, difference), now=self._clock.now(), zone=self._zone)

    async def _write(self, execution: Execution, document: ReportDoc, name: str) -> Report:
        data = await render(document, name)
        path = await self._files.write(execution.id, file_name(name), data)
        return Report(
            id=new_id(),
            execution_id=execution.id,
            format=name,
            path=str(path),
            size=len(data),
            picture=await self._picture(execution, data) if name == "pdf" else "",
            created_at=self._clock.now(),
        )

    async def _picture(self, execution: Execution, pdf: bytes) -> str:
        """Draw the first page, for chat products; a report without a picture is a report all the same."""
        try:
            return str(await self._files.write(execution.id, _PICTURE, await to_picture(pdf)))
        except SignoffError as error:
            log.warning("report.undrawn %s: %s", execution.id, error)
            return ""

    async def _material(self, execution: Execution, difference: Diff) -> Material:
        store = self._store.executions
        return Material(
            execution=execution,
            task=await self._store.tasks.get(execution.task_id) if execution.task_id else None,
            steps=tuple(await store.steps(execution.id)),
            messages=tuple(await store.messages(execution.id)),
            approvals=tuple(await self._store.approvals.of(execution.id)),
            people={person.id: person.name for person in await self._store.people.people()},
            patch=difference.patch,
            diff_files=difference.files,
        )

    async def diff(self, execution: Execution) -> Diff:
        """Return what the execution changed; empty when its worktree is gone."""
        project = await self._store.people.project(execution.project or "")
        if project is None or not execution.worktree:
            return Diff()
        try:
            return await trees.diff(await trees.find(project, execution))
        except ProjectError:
            return Diff()
