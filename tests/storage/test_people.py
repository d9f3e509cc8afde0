"""People, identities and projects."""

from __future__ import annotations

import asyncio

import pytest

from runner.model import Access, AuditEntry, Dirty, Person, Project, Role, new_id
from runner.ports import Batch
from storage.store import SqlStore
from tests.storage.making import NOON, NOTHING, change


def person(name: str = "Ada", role: Role = Role.VIEWER) -> Person:
    return Person(id=new_id(), name=name, role=role, created_at=NOON)


async def test_a_person_is_known_by_every_identity_and_by_id(store: SqlStore) -> None:
    ada = await store.people.enrol(person(), "terminal", "ada")
    assert await store.people.known("terminal", "ada") == ada
    assert await store.people.known("slack", "ada") is None
    assert await store.people.person(ada.id) == ada
    assert await store.people.person("nobody") is None


async def test_a_person_has_all_their_identities_and_nobody_elses(store: SqlStore) -> None:
    """HEAR-3: who they are in another product."""
    ada = await store.people.enrol(person(), "terminal", "ada")
    eve = await store.people.enrol(person("Eve"), "slack", "U2")
    await store.people.link(ada.id, "slack", "U1", NOTHING)
    assert await store.people.identities(ada.id) == [("slack", "U1"), ("terminal", "ada")]
    assert await store.people.identities(eve.id) == [("slack", "U2")]
    assert await store.people.identities("nobody") == []


async def test_an_identity_that_is_known_enrols_nobody(store: SqlStore) -> None:
    ada = await store.people.enrol(person(), "slack", "U1")
    assert await store.people.enrol(person("Eve", Role.ADMIN), "slack", "U1") == ada
    assert await store.people.people() == [ada]


async def test_twenty_messages_of_a_stranger_make_one_person(store: SqlStore) -> None:
    met: set[str] = set()

    async def greet() -> None:
        met.add((await store.people.enrol(person(), "slack", "U1")).id)

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(greet())
    assert len(met) == 1
    assert len(await store.people.people()) == 1


async def test_a_role_changes_with_its_audit_entry(store: SqlStore) -> None:
    ada = await store.people.enrol(person(), "terminal", "ada")
    entry = AuditEntry(at=NOON, person_id="root", action="person.role", subject=ada.id, details={"to": "admin"})
    assert await store.people.set_role(ada.id, Role.ADMIN, Batch(audit=(entry,)))
    found = await store.people.person(ada.id)
    assert found is not None
    assert found.role is Role.ADMIN
    assert not await store.people.set_role("nobody", Role.ADMIN, Batch(audit=(entry,)))
    assert await store.feed.audit(subject=ada.id) == [entry]


async def test_a_project_is_saved_replaced_and_found_without_regard_to_case(store: SqlStore) -> None:
    first = Project(name="Shop", path="/src/shop", access=Access.READ, copy=(".env",), dirty=Dirty.BLOCK)
    await store.people.save_project(first, Batch(changes=(change("project.added"),)))
    assert await store.people.project("SHOP") == first
    second = Project(name="shop", path="/src/other", setup="make", from_config=True)
    await store.people.save_project(second, NOTHING)
    assert await store.people.projects() == [second]
    assert await store.people.project("nothing") is None


async def test_projects_are_listed_by_name(store: SqlStore) -> None:
    for name in ("b", "C", "a"):
        await store.people.save_project(Project(name=name, path="/"), NOTHING)
    assert [project.name for project in await store.people.projects()] == ["a", "b", "C"]


@pytest.mark.parametrize(("name", "known"), [("SHOP", True), ("shops", False)])
async def test_a_project_is_removed_once(store: SqlStore, name: str, known: bool) -> None:
    await store.people.save_project(Project(name="shop", path="/"), NOTHING)
    assert await store.people.remove_project(name, Batch(changes=(change("project.removed"),))) is known
    assert await store.feed.newest() == int(known)
    assert len(await store.people.projects()) == int(not known)
