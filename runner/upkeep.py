"""Tidy up at the daemon's start: worktrees that no run needs any more, left behind by a crash."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from runner import worktree as trees
from runner.errors import ProjectError
from runner.model import Project
from runner.ports import Store

log = logging.getLogger(__name__)


class Upkeep:
    """Removes what nobody needs; the newest state of everything removed stays under its backup ref."""

    def __init__(self, *, store: Store, root: Path) -> None:
        self._store = store
        self._root = root

    async def run(self) -> None:
        """Prune the worktrees of all projects once. A project that cannot be looked at is left for the next time."""
        for project in await self._store.people.projects():
            try:
                for pruned in await trees.prune(project, self._root, await self._needed(project)):
                    log.info("worktree.pruned %s: its state is kept as %s", pruned.handle, pruned.backup)
            except ProjectError as error:
                log.info("worktree.unpruned %s: %s", project.name, error)

    async def _needed(self, project: Project) -> set[str]:
        """Return the worktrees on disk that belong to a run whose work was neither merged nor discarded."""
        folder = self._root.resolve() / trees.folder_name(project.name)
        if not folder.is_dir():
            return set()
        needed = set()
        for path in await asyncio.to_thread(lambda: sorted(folder.iterdir())):
            known = await self._store.executions.find(path.name)
            if any(not e.merged_commit and e.discarded_at is None for e in known):
                needed.add(path.name)
        return needed
