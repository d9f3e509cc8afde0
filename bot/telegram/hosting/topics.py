"""Where chats have topics: one for each task, in which its runs go on. Others stay where they were said."""

from __future__ import annotations

import logging

from bot import commands
from bot.telegram.heard import NAME, TOPIC, Place
from bot.telegram.hosting.inside import Line
from runner.core import Core
from runner.errors import SignoffError, StoreAway
from runner.model import Execution, Origin, Task
from runner.ports import ExecutionQuery

_LOOKED_AT = 20  # newest runs of a task among which its topic is looked for

log = logging.getLogger(__name__)


class Topics:
    """Finds the topic of a task, or makes it. Nothing is remembered: the runs of the task know where they were."""

    def __init__(self, core: Core, line: Line) -> None:
        self._core = core
        self._line = line

    async def of(self, place: Place, line: str) -> str | None:
        """Return the thread of the topic in which a command's run goes on; None: where it was said."""
        if not place.forum:
            return None
        task = await self._task(line)
        if task is None:
            return None
        origin = Origin(messenger=NAME, channel=place.channel)
        known = (await self._core.runs.list(ExecutionQuery(task_id=task.id, origin=origin, limit=_LOOKED_AT))).items
        found = next((run.origin.thread for run in known if _in_topic(run) and run.origin), None)
        return found or await self._line.topic(place.channel, task.name)

    async def _task(self, line: str) -> Task | None:
        """Return the saved task that a command runs, if it runs one."""
        try:
            command = commands.parse(line)
            return await self._core.tasks.show(command.name) if isinstance(command, commands.Run) else None
        except StoreAway:
            raise
        except SignoffError:
            return None  # what is wrong is said when the command is carried out


def _in_topic(run: Execution) -> bool:
    return run.origin is not None and (run.origin.thread or "").startswith(TOPIC)
