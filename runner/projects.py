"""The use cases about projects: add, show, list, remove; and which project a run is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from rapidfuzz import process

from runner import journal
from runner.errors import BadInput, NotFound, ProjectError
from runner.model import Access, Actor, AuditEntry, ChangeKind, Dirty, Project, Role
from runner.people import require
from runner.ports import Batch, Clock, Store
from runner.settings import ProjectSection, Settings
from runner.worktree import inspect

_Word = TypeVar("_Word", Access, Dirty)

_KEYS = ("base", "access", "copy", "setup", "test", "dirty")


class Projects:
    """Git repositories by name."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, actor: Actor, name: str, path: str, settings: Mapping[str, str]) -> Project:
        """Add a project, or change the one of this name. Raises NotAllowed, BadInput, ProjectError."""
        require(actor.person, Role.ADMIN, "add a project")
        unknown = [key for key in settings if key not in _KEYS]
        if unknown:
            raise BadInput(f"A project has no setting `{unknown[0]}`.", hint=f"Known: {', '.join(_KEYS)}.")
        project = Project(
            name=name,
            path=str(Path(path).expanduser().absolute()),
            base_branch=settings.get("base", ""),
            access=_word(Access, settings.get("access", "write"), "access"),
            copy=tuple(settings.get("copy", "").split()),
            setup=settings.get("setup", ""),
            test_command=settings.get("test", ""),
            dirty=_word(Dirty, settings.get("dirty", "warn"), "dirty"),
        )
        await inspect(project)
        entry = journal.entry(actor, ChangeKind.PROJECT, "project.saved", name, self._clock.now(), path=project.path)
        await self._store.people.save_project(project, entry)
        return project

    async def remove(self, actor: Actor, name: str) -> Project:
        """Forget a project; its repository is not touched. Raises NotAllowed, NotFound, BadInput."""
        require(actor.person, Role.ADMIN, "remove a project")
        project = await self.get(name)
        if project.from_config:
            raise BadInput(f"`{name}` stands in config.toml.", hint="Take it out there and restart.")
        entry = journal.entry(actor, ChangeKind.PROJECT, "project.removed", name, self._clock.now())
        await self._store.people.remove_project(name, entry)
        return project

    async def list(self) -> Sequence[Project]:
        """Return all projects by name."""
        return await self._store.people.projects()

    async def show(self, name: str) -> tuple[Project, str]:
        """Return a project and one line about the state of its repository. Raises NotFound."""
        project = await self.get(name)
        try:
            state = await inspect(project)
        except ProjectError as error:
            return project, str(error)
        return project, state.line

    async def get(self, name: str) -> Project:
        """Return a project by name. Raises NotFound, naming the nearest."""
        project = await self._store.people.project(name)
        if project is not None:
            return project
        known = [p.name for p in await self._store.people.projects()]
        match = process.extractOne(name, known, score_cutoff=55)
        hint = f"Did you mean `{match[0]}`?" if match else f"Known: {', '.join(known) or 'none yet'}."
        raise NotFound(f"There is no project `{name}`.", hint=hint)

    async def only(self) -> Project:
        """Return the one project there is. Raises BadInput if there is none, or more than one."""
        projects = await self.list()
        if len(projects) == 1:
            return projects[0]
        if not projects:
            raise BadInput("There is no project yet.", hint="`project add NAME PATH` adds a git repository.")
        names = ", ".join(p.name for p in projects)
        raise BadInput("Which project is it for?", hint=f"Add `--project NAME`; known: {names}.")

    async def read_config(self, settings: Settings) -> None:
        """Take over the projects of the configuration; forget those that stood there before and do not any more."""
        wanted = {name: _from_section(name, section) for name, section in settings.projects.items()}
        for project in await self.list():
            if project.from_config and project.name not in wanted:
                await self._store.people.remove_project(project.name, self._configured("project.removed", project))
        for project in wanted.values():
            if await self._store.people.project(project.name) != project:
                await self._store.people.save_project(project, self._configured("project.saved", project))

    def _configured(self, action: str, project: Project) -> Batch:
        """Write down what the configuration changed; nobody did it, so no person is named."""
        details = {"path": project.path, "from": "configuration"}
        now = self._clock.now()
        return Batch(audit=(AuditEntry(at=now, person_id="", action=action, subject=project.name, details=details),))


def _from_section(name: str, section: ProjectSection) -> Project:
    return Project(
        name=name,
        path=str(section.path.absolute()),
        base_branch=section.base,
        access=section.access,
        copy=section.copy_files,
        setup=section.setup,
        test_command=section.test,
        dirty=section.dirty,
        from_config=True,
    )


def _word(words: type[_Word], given: str, key: str) -> _Word:
    try:
        return words(given)
    except ValueError as error:
        raise BadInput(f"{key} cannot be `{given}`.", hint=f"Known: {', '.join(words)}.") from error
