"""Put the core together. Knows every part of it, and none of the store's or the front ends' modules."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from runner import asking
from runner.advance import Advance
from runner.agents.keeper import SessionKeeper
from runner.approvals import Approvals
from runner.beside import beside
from runner.changes import Bell
from runner.conclusion import Conclusion
from runner.corrections import Corrections
from runner.dispatch import LocalDispatcher
from runner.errors import BadInput, ConfigError
from runner.execution import Driver
from runner.foresight import Foresight
from runner.freeze import KillSwitch
from runner.gate import Gates
from runner.model import Scope
from runner.people import People
from runner.policy import validate_pattern
from runner.ports import Agent, Clock, Files, Store
from runner.preview import Previewer
from runner.projects import Projects
from runner.reporting import Reporting
from runner.review import Review
from runner.rules import Rules
from runner.runs import Runs
from runner.settings import Settings
from runner.tasks import Tasks
from runner.timekeeper import Timekeeper
from runner.upkeep import Upkeep
from runner.workspace import Workspaces, rules_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Core:
    """The use cases, and what front ends follow."""

    tasks: Tasks
    runs: Runs
    corrections: Corrections
    approvals: Approvals
    rules: Rules
    switch: KillSwitch
    review: Review
    projects: Projects
    people: People
    store: Store
    changes: Bell
    clock: Clock
    settings: Settings
    dispatcher: LocalDispatcher
    timekeeper: Timekeeper
    foresight: Foresight
    upkeep: Upkeep


@asynccontextmanager
async def build(
    *, settings: Settings, store: Store, bell: Bell, files: Files, clock: Clock, agents: Sequence[Agent]
) -> AsyncIterator[Core]:
    """Put a core together over a store whose commits ring `bell`; kept agents end with the context.

    Raises ConfigError for rules that are no rules.
    """
    check_rules(settings)
    asking.check(settings)
    keepers: Mapping[str, SessionKeeper] = {
        agent.name: SessionKeeper(
            agent, clock, keep_seconds=settings.worker.keep_seconds, most=settings.worker.keep_most
        )
        for agent in agents
    }
    core = _connect(settings=settings, store=store, bell=bell, files=files, clock=clock, keepers=keepers)
    await core.projects.read_config(settings)
    async with beside(*(keeper.run() for keeper in keepers.values())):
        yield core


def _connect(
    *,
    settings: Settings,
    store: Store,
    bell: Bell,
    files: Files,
    clock: Clock,
    keepers: Mapping[str, SessionKeeper],
) -> Core:
    advance = Advance(store, clock)
    reporting = Reporting(store=store, clock=clock, files=files, zone=settings.zone)
    switch = KillSwitch(store, clock, bell)
    driver = Driver(
        gates=Gates(store=store, clock=clock, changes=bell, advance=advance, switch=switch),
        hot_wait=settings.approvals.hot_wait_minutes * 60,
        workspaces=Workspaces(store=store, settings=settings, keepers=keepers),
        conclusion=Conclusion(advance=advance, clock=clock, reporting=reporting),
    )
    dispatcher = LocalDispatcher(
        slots=settings.worker.slots, store=store, clock=clock, changes=bell, advance=advance, driver=driver
    )
    advance.wake = switch.wake = dispatcher.wake
    previewer = Previewer(scratch=settings.previews, clock=clock) if settings.approvals.preview else None
    tasks = Tasks(store, clock, settings)
    projects = Projects(store, clock)
    runs = Runs(
        store=store, clock=clock, files=files, settings=settings, advance=advance, tasks=tasks, projects=projects
    )
    return Core(
        tasks=tasks,
        runs=runs,
        corrections=Corrections(store=store, clock=clock, runs=runs),
        approvals=Approvals(store, clock, advance),
        rules=Rules(store, clock, settings),
        switch=switch,
        review=Review(store=store, clock=clock, runs=runs, reporting=reporting),
        projects=projects,
        people=People(store.people, clock, settings),
        store=store,
        changes=bell,
        clock=clock,
        settings=settings,
        dispatcher=dispatcher,
        foresight=Foresight(store=store, clock=clock, changes=bell, switch=switch, previewer=previewer),
        timekeeper=Timekeeper(store=store, clock=clock, advance=advance, switch=switch),
        upkeep=Upkeep(store=store, root=settings.worktrees),
    )


def check_rules(settings: Settings) -> None:
    """Check the rules of the configuration. Raises ConfigError with all that are no rules."""
    sections = [("policy", settings.policy)] + [(f"projects.{n}", s) for n, s in settings.projects.items()]
    problems = []
    for name, section in sections:
        for rule in rules_of(section, Scope.GLOBAL):
            try:
                validate_pattern(rule.pattern)
            except BadInput as error:
                problems.append(f"{name}.{rule.verdict.value}: {error}")
    if problems:
        raise ConfigError("configuration", problems)
