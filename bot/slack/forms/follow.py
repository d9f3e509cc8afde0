"""Follows what people type and press in open forms: variables become fields, and `More` becomes the further options.

What is typed counts only as a whole, so of all that waits only the newest of a form is looked at. Nothing of it is
stored: the form itself holds it, and brings it along when it is sent.
"""

from __future__ import annotations

import asyncio
import logging

from bot.forms.task import EDIT, NEW, PROMPT, drafted, started
from bot.slack.forms.inputs import read_inputs
from bot.slack.forms.task import MORE, with_more, with_variables
from bot.slack.forms.windows import Shown, Windows
from bot.slack.heard import Typed
from runner.errors import SignoffError
from runner.model import Json
from runner.tasks import TaskDraft, Tasks

_KNOWN = 200  # forms whose newest state is remembered
_OWN = ("type", "callback_id", "title", "submit", "close", "private_metadata")  # of a view, what we gave it

log = logging.getLogger(__name__)


class Follower:
    """Keeps forms of tasks up to what is typed in them."""

    def __init__(self, windows: Windows, tasks: Tasks) -> None:
        self._windows = windows
        self._tasks = tasks
        self._newest: dict[tuple[str, str], Typed] = {}
        self._news = asyncio.Event()
        self._shown: dict[str, Shown] = {}

    def took(self, changed: Typed) -> None:
        """Take what was typed or pressed in a form; returns at once."""
        if changed.view.get("callback_id") in {NEW, EDIT} and changed.action in {PROMPT, MORE}:
            self._newest[str(changed.view.get("id")), changed.action] = changed
            self._news.set()
        else:
            log.debug("slack.dropped: typed where nothing follows")

    async def run(self) -> None:
        """Change the forms until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._newest:
                changed = self._newest.pop(next(iter(self._newest)))
                try:
                    await self._follow(changed)
                except Exception:  # one form that cannot be changed must not keep the others as they are
                    log.exception("slack.form %s", changed.key)

    async def _follow(self, changed: Typed) -> None:
        """Change a form as we know it; where Slack knows it otherwise, as what was typed knows it.

        What was typed before our last change came knows an older state than we do.
        """
        view = changed.view
        listed = view.get("blocks")
        told = Shown(
            id=str(view.get("id")),
            hash=str(view.get("hash", "")),
            blocks=tuple(each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else (),
        )
        known = self._shown.get(told.id, told)
        for shown in [known] if known.hash == told.hash else [known, told]:
            blocks = await self._blocks(changed, shown)
            if [block.get("block_id") for block in blocks] == [block.get("block_id") for block in shown.blocks]:
                return
            own: Json = {name: view[name] for name in _OWN if name in view}
            updated = await self._windows.update(shown, {**own, "blocks": blocks})
            if updated is not None:
                self._shown[updated.id] = updated
                if len(self._shown) > _KNOWN:
                    del self._shown[next(iter(self._shown))]
                return

    async def _blocks(self, changed: Typed, shown: Shown) -> list[Json]:
        """Return the blocks that the form should have."""
        memory = str(changed.view.get("private_metadata", "")).split(" ", 2)[-1]
        if changed.action == MORE:
            return with_more(shown.blocks, await self._before(str(changed.view.get("callback_id")), memory))
        fields = read_inputs(changed.view)
        return with_variables(shown.blocks, fields[PROMPT].text if PROMPT in fields else "")

    async def _before(self, form: str, memory: str) -> TaskDraft:
        """Return what the further options are now."""
        try:
            if form == NEW:
                return started(memory)
            return drafted(await self._tasks.show(memory.removeprefix("edit ")))
        except SignoffError as error:
            log.info("slack.form: %s", error)
            return TaskDraft()
