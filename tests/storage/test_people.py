"""People, identities and projects."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from runner.model import Access, AuditEntry, Dirty, Invitation, Person, Project, Role, new_id
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


LATER = NOON + timedelta(minutes=10)


def invitation(owner: Person, digest: str = "d1", messenger: str = "telegram") -> Invitation:
    return Invitation(digest=digest, person_id=owner.id, messenger=messenger, created_at=NOON, expires_at=LATER)


def noted(action: str) -> Batch:
    return Batch(
        changes=(change(action),), audit=(AuditEntry(at=NOON, person_id="", action=action, subject="x", details={}),)
    )


async def test_an_invitation_gives_one_identity_once(store: SqlStore) -> None:
    """PERSON-1: it is used up in the transaction that gives the identity and tells of it, and known as used."""
    ada = await store.people.enrol(person(), "terminal", "ada")
    await store.people.invite(invitation(ada), noted("person.invited"))
    assert await store.people.invitation("d1") == invitation(ada)
    assert await store.people.redeem("d1", "telegram", "7", NOON, noted("person.linked")) == ada
    assert await store.people.known("telegram", "7") == ada
    assert await store.people.identities(ada.id) == [("telegram", "7"), ("terminal", "ada")]
    assert await store.people.invitation("d1") == replace(invitation(ada), used_by="7")
    assert await store.people.redeem("d1", "telegram", "8", NOON, noted("person.linked")) is None
    assert await store.people.known("telegram", "8") is None
    assert [entry.action for entry in await store.feed.audit(subject="x")] == ["person.linked", "person.invited"]


@pytest.mark.parametrize(
    ("digest", "messenger", "at"), [("d2", "telegram", NOON), ("d1", "slack", NOON), ("d1", "telegram", LATER)]
)
async def test_what_is_wrong_or_over_gives_nothing_and_is_not_used_up(
    store: SqlStore, digest: str, messenger: str, at: object
) -> None:
    """PERSON-1: another code, another product, ten minutes later."""
    ada = await store.people.enrol(person(), "terminal", "ada")
    await store.people.invite(invitation(ada), NOTHING)
    assert isinstance(at, type(NOON))
    assert await store.people.redeem(digest, messenger, "7", at, noted("person.linked")) is None
    assert await store.people.identities(ada.id) == [("terminal", "ada")]
    assert await store.people.redeem("d1", "telegram", "7", NOON, NOTHING) == ada


async def test_a_fresh_invitation_takes_the_place_of_the_earlier_one_and_of_what_is_over(store: SqlStore) -> None:
    """PERSON-1: of the same person for the same product."""
    ada = await store.people.enrol(person(), "terminal", "ada")
    bob = await store.people.enrol(person("Bob"), "terminal", "bob")
    for each in (invitation(ada), invitation(ada, "d2", "slack"), invitation(bob, "d3")):
        await store.people.invite(each, NOTHING)
    await store.people.invite(invitation(ada, "d4"), NOTHING)
    assert [bool(await store.people.invitation(f"d{number}")) for number in range(1, 5)] == [False, True, True, True]
    late = replace(invitation(bob, "d5", "slack"), created_at=LATER, expires_at=LATER + timedelta(minutes=10))
    await store.people.invite(late, NOTHING)
    assert [bool(await store.people.invitation(f"d{number}")) for number in range(1, 6)] == [False] * 4 + [True]


async def test_what_was_used_stays_known_for_two_days(store: SqlStore) -> None:
    """PERSON-7: a fresh invitation does not take its place."""
    ada = await store.people.enrol(person(), "terminal", "ada")
    await store.people.invite(invitation(ada), NOTHING)
    await store.people.redeem("d1", "telegram", "7", NOON, NOTHING)
    for number, days, known in ((2, 1, True), (3, 3, False)):
        at = NOON + timedelta(days=days)
        fresh = replace(invitation(ada, f"d{number}"), created_at=at, expires_at=at + timedelta(minutes=10))
        await store.people.invite(fresh, NOTHING)
        assert (await store.people.invitation("d1") is not None) is known


async def test_an_identity_moves_and_whose_it_was_stays(store: SqlStore) -> None:
    """PERSON-3: and prefers it no longer."""
    ada = await store.people.enrol(person(), "terminal", "ada")
    bob = await store.people.enrol(person("Bob"), "telegram", "7")
    assert await store.people.prefer(bob.id, "telegram", NOTHING)
    await store.people.invite(invitation(ada), NOTHING)
    assert await store.people.redeem("d1", "telegram", "7", NOON, NOTHING) == ada
    assert await store.people.known("telegram", "7") == ada
    assert await store.people.person(bob.id) == bob
    assert await store.people.identities(bob.id) == []


async def test_twenty_accounts_with_one_code_are_one_account(store: SqlStore) -> None:
    """PERSON-1: however many come at once."""
    ada = await store.people.enrol(person(), "terminal", "ada")
    await store.people.invite(invitation(ada), NOTHING)
    won: list[Person | None] = []

    async def use(number: int) -> None:
        won.append(await store.people.redeem("d1", "telegram", str(number), NOON, NOTHING))

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(use(number))
    assert [each for each in won if each] == [ada]
    assert len(await store.people.identities(ada.id)) == 2


async def test_an_unlinked_identity_is_nobodys_and_not_preferred_unless_there_is_another(store: SqlStore) -> None:
    ada = await store.people.enrol(person(), "terminal", "ada")
    for identity in ("7", "8"):
        await store.people.link(ada.id, "telegram", identity, NOTHING)
    assert await store.people.prefer(ada.id, "telegram", noted("person.preferred"))
    assert await store.people.person(ada.id) == replace(ada, preferred="telegram")
    assert await store.people.unlink("telegram", "7", NOTHING)
    assert await store.people.person(ada.id) == replace(ada, preferred="telegram")
    assert await store.people.unlink("telegram", "8", NOTHING)
    assert await store.people.person(ada.id) == ada
    assert await store.people.known("telegram", "8") is None
    assert not await store.people.unlink("telegram", "8", noted("person.unlinked"))
    assert not await store.people.prefer("nobody", "slack", noted("person.preferred"))
    assert await store.feed.newest() == 1
