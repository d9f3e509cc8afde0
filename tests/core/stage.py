"""What scenario tests stand on: a real core over SQLite and git, with the real CLI or an agent that plays a part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.__main__ import claude_config, working
from runner.agents.claude import ClaudeAgent
from runner.changes import Bell
from runner.clock import SystemClock
from runner.core import Core, build
from runner.demo import repository
from runner.model import Actor, Approval, ApprovalState, Execution, Origin, Person, Role, State, new_id
from runner.ports import Agent, Clock
from runner.runs import RunOptions
from runner.settings import Settings, load
from storage.files import DiskFiles
from storage.store import open_store
from tests.copies import copied

KEY = "sk-ant-test-of-the-core-0123456789"


def settings_in(folder: Path, **sections: Any) -> Settings:
    """Make settings whose state lives in this folder."""
    sections.setdefault("worker", {"slots": 2, "drain_seconds": 5})
    sections.setdefault("reports", {"formats": ("json",)})
    return load(overrides={"storage": {"directory": str(folder / "state")}, **sections})


@dataclass
class Stage:
    """A core at work, and somebody who uses it."""

    core: Core
    actor: Actor
    folder: Path
    repository: Path = field(init=False)

    def __post_init__(self) -> None:
        self.repository = self.folder / "calculator"

    async def project(self, **settings: str) -> None:
        """Make the demo's repository and add it as the project `calculator`."""
        if not self.repository.exists():
            await asyncio.to_thread(copied, repository.create, self.repository)
        await self.core.projects.add(self.actor, "calculator", str(self.repository), settings)

    async def furnish(self) -> None:
        """Add that project where none is yet."""
        if not await self.core.store.people.projects():
            await self.project()

    async def do(self, prompt: str, **options: Any) -> Execution:
        """Run an ad-hoc prompt."""
        return await self.core.runs.do(self.actor, prompt, RunOptions(**options))

    async def until(
        self, execution: Execution, condition: Callable[[Execution], object], *, seconds: float = 30
    ) -> Execution:
        """Wait until the execution meets a condition, and return it."""
        async with asyncio.timeout(seconds):
            async for _ in self.core.changes.follow(execution.id):
                now = await self.core.runs.find(execution.id)
                if condition(now):
                    return now
        raise AssertionError

    async def person(self, name: str, role: Role = Role.APPROVER) -> Actor:
        """Enrol somebody else who uses this core."""
        fresh = Person(id=new_id(), name=name, role=role, created_at=self.core.clock.now())
        person = await self.core.store.people.enrol(fresh, "terminal", name)
        return Actor(person=person, origin=Origin(messenger="terminal", channel=name))

    async def parked(self, execution: Execution) -> Execution:
        """Wait until an execution is parked."""
        return await self.until(execution, lambda e: e.state is State.WAITING and e.worker is None)

    async def end(self, execution: Execution) -> Execution:
        """Wait for the end of an execution."""
        return await self.until(execution, lambda e: e.state.final)

    async def question(self, execution: Execution, number: int = 1) -> Approval:
        """Wait for the n-th question of an execution, and return it open."""
        asked: Sequence[Approval] = ()
        async with asyncio.timeout(30):
            async for _ in self.core.changes.follow(execution.id):
                asked = await self.core.store.approvals.of(execution.id)
                if len(asked) >= number and asked[number - 1].state is ApprovalState.OPEN:
                    break
                now = await self.core.runs.find(execution.id)
                assert not now.state.final, f"ended without asking: {now.error} {now.hint}"
        now = await self.core.runs.find(execution.id)
        assert now.state is State.WAITING
        return asked[number - 1]


_MIGRATED: list[bytes] = []  # a database with the schema and nothing else, once there is one


async def _migrated(path: Path) -> None:
    """Lay an empty database where none is: to migrate one takes longer than many tests."""
    if path.exists():
        return
    if not _MIGRATED:
        async with open_store(str(path)):
            pass
        _MIGRATED.append(await asyncio.to_thread(path.read_bytes))
        return
    await asyncio.to_thread(path.write_bytes, _MIGRATED[0])


@asynccontextmanager
async def stage(
    folder: Path,
    settings: Settings,
    *agents: Agent,
    work: bool = True,
    role: Role = Role.ADMIN,
    clock: Clock | None = None,
) -> AsyncIterator[Stage]:
    """Open a core in a folder; without agents given, Claude Code as configured. Opening again is a restart."""
    settings.storage.directory.mkdir(parents=True, exist_ok=True)
    if not settings.storage.url:
        await _migrated(Path(settings.database))
    bell = Bell()
    clock = clock or SystemClock()
    async with (
        open_store(settings.database, on_change=bell.ring, lock=True) as store,
        build(
            settings=settings,
            store=store,
            bell=bell,
            files=DiskFiles(settings.files),
            clock=clock,
            agents=agents or (ClaudeAgent(claude_config(settings)),),
        ) as core,
    ):
        person = await store.people.enrol(
            Person(id="0" * 26, name="ada", role=role, created_at=clock.now()), "terminal", "ada"
        )
        actor = Actor(person=person, origin=Origin(messenger="terminal", channel="ada"))
        if not work:
            yield Stage(core=core, actor=actor, folder=folder)
            return
        async with working(core):
            yield Stage(core=core, actor=actor, folder=folder)


def with_model(folder: Path, url: str, **sections: Any) -> Settings:
    """Make settings whose Claude Code talks to a scripted model."""
    key = folder / "key"
    key.write_text(KEY, "utf-8")
    claude = {"base_url": url, "api_key": f"file:{key}", "max_retries": 1}
    return settings_in(folder, agents={"claude": claude}, **sections)
