"""One person with accounts in several chat products: invitations, moves, the ways back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from runner.errors import BadInput, NotAllowed, NotFound
from runner.model import ChangeKind, Origin, Role
from runner.people import WRONG_CODES
from runner.ports import Batch
from tests.core.clock import HandClock
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, asks

NOTHING = Batch()
USERS = {
    "ada": {"role": "admin", "terminal": "ada", "slack": "UADA"},
    "bob": {"role": "approver", "slack": "UBOB", "terminal": "bob"},
    "cyd": {"role": "operator", "telegram": "33"},
}


@asynccontextmanager
async def scene(folder: Path, **sections: Any) -> AsyncIterator[tuple[Stage, HandClock]]:
    """Open a core that does nothing, on a clock that stands still."""
    clock = HandClock()
    settings = settings_in(folder, **{"users": USERS, **sections})
    async with stage(folder, settings, ActingAgent(asks), work=False, clock=clock) as opened:
        yield opened, clock


async def refused(stage: Stage, secret: str, identity: str = "7", messenger: str = "telegram") -> NotAllowed:
    """Return the error that a code meets."""
    with pytest.raises(NotAllowed) as caught:
        await stage.core.people.redeem(messenger, identity, secret)
    return caught.value


async def test_a_code_makes_an_account_the_person_with_their_role_and_is_nowhere_stored(tmp_path: Path) -> None:
    """PERSON-1: only its digest, and the log tells who did what."""
    async with scene(tmp_path) as (at, _):
        people = at.core.people
        secret = await people.invite(at.actor, "telegram")
        assert re.fullmatch(r"[0-9a-f]{32}", secret)
        digest = sha256(secret.encode()).hexdigest()
        kept = await at.core.store.people.invitation(digest)
        assert kept is not None
        assert kept.person_id == at.actor.person.id
        assert await people.redeem("telegram", "7", f" {secret.upper()} ") == at.actor.person
        assert await people.known("telegram", "7", "Somebody") == at.actor.person
        log = await at.core.store.feed.audit(subject=at.actor.person.id)
        assert [entry.action for entry in log] == ["person.linked", "person.invited"]
        assert log[0].details["identity"] == "telegram:7"
        told = [c for c in await at.core.store.feed.after(0) if c.kind is ChangeKind.PERSON]
        assert [change.event for change in told] == ["person.invited", "person.linked"]
        for word in (secret, digest):
            assert word not in str((log, told))


async def test_wrong_used_and_late_codes_are_answered_in_the_same_words(tmp_path: Path) -> None:
    """PERSON-2: nobody learns in which way a code is wrong."""
    async with scene(tmp_path) as (at, clock):
        used = await at.core.people.invite(at.actor, "telegram")
        await at.core.people.redeem("telegram", "7", used)
        earlier = await at.core.people.invite(at.actor, "telegram")
        fresh = await at.core.people.invite(at.actor, "telegram")
        late = await at.core.people.invite(at.actor, "slack")
        met = [await refused(at, code, "9") for code in ("0" * 32, used, earlier, late, "")]
        await clock.move(minutes=10)
        met += [await refused(at, late, "U7", "slack"), await refused(at, fresh, "8")]
        assert len({str(error).replace("slack", "telegram") for error in met}) == 1
        assert "`link telegram`" in met[0].hint


async def test_a_code_that_comes_again_from_the_account_it_linked_changes_nothing(tmp_path: Path) -> None:
    """PERSON-7: also when it is over; not once the account is unlinked, or somebody else's."""
    async with scene(tmp_path) as (at, clock):
        people = at.core.people
        secret = await people.invite(at.actor, "telegram")
        await people.redeem("telegram", "7", secret)
        await people.prefer(at.actor, "telegram")
        written = len(await at.core.store.feed.audit(subject=at.actor.person.id))
        await clock.move(minutes=60)
        assert (await people.redeem("telegram", "7", secret)).id == at.actor.person.id
        assert len(await at.core.store.feed.audit(subject=at.actor.person.id)) == written
        assert (await people.known("telegram", "7", "")).preferred == "telegram"
        eve = await at.person("eve", Role.VIEWER)
        await people.redeem("telegram", "7", await people.invite(eve, "telegram"))
        assert "links nothing" in str(await refused(at, secret))
        assert (await people.known("telegram", "7", "")).name == "eve"
        await people.unlink(eve, "telegram")
        assert "links nothing" in str(await refused(at, secret))


async def test_after_five_wrong_codes_an_account_has_to_wait_and_no_other_has(tmp_path: Path) -> None:
    """PERSON-2: also with the right one, for ten minutes."""
    async with scene(tmp_path) as (at, clock):
        for _ in range(WRONG_CODES):
            assert "links nothing" in str(await refused(at, "0" * 32))
            await clock.move(minutes=1)
        secret = await at.core.people.invite(at.actor, "telegram")
        assert "Wait" in (await refused(at, secret)).hint
        assert "links nothing" in str(await refused(at, "0" * 32, "8"))
        await clock.move(minutes=6)
        assert await at.core.people.redeem("telegram", "7", secret) == at.actor.person


async def test_an_account_that_the_configuration_gives_to_another_is_not_taken(tmp_path: Path) -> None:
    """PERSON-3: whether they have shown up or not; one's own may be taken."""
    async with scene(tmp_path) as (at, _):
        ada = at.actor
        secret = await at.core.people.invite(ada, "telegram")
        assert "cyd" in str(await refused(at, secret, "33"))
        await at.core.people.known("telegram", "33", "")
        assert "cyd" in str(await refused(at, secret, "33"))
        own = await at.core.people.invite(ada, "slack")
        assert await at.core.people.redeem("slack", "UADA", own) == ada.person
        assert await at.core.people.redeem("telegram", "7", secret) == ada.person, "a refusal uses nothing up"


async def test_an_account_moves_with_a_trace_and_never_gets_more_than_the_inviter_has(tmp_path: Path) -> None:
    """PERSON-3: whose it was stays, with their name in the log."""
    async with scene(tmp_path) as (at, _):
        people = at.core.people
        eve = await at.person("eve", Role.ADMIN)
        vic = await at.person("vic", Role.VIEWER)
        await people.redeem("telegram", "7", await people.invite(eve, "telegram"))
        await people.prefer(eve, "telegram")
        linked = await people.redeem("telegram", "7", await people.invite(vic, "telegram"))
        assert (linked, (await people.known("telegram", "7", "")).role) == (vic.person, Role.VIEWER)
        kept = await at.core.store.people.person(eve.person.id)
        assert kept == replace(eve.person, preferred=""), "who has no account there any more cannot prefer it"
        moved = (await at.core.store.feed.audit(subject=vic.person.id))[0]
        assert moved.details["moved_from"] == eve.person.id
        assert moved.details["moved_from_name"] == "eve"


async def test_the_last_account_of_the_last_admin_is_not_moved_to_somebody_else(tmp_path: Path) -> None:
    """PERSON-4: nobody could undo it. An admin whom nobody can be any more does not count as one."""
    async with scene(tmp_path) as (at, _):
        people = at.core.people
        vic = await at.person("vic", Role.VIEWER)
        eve = await at.person("eve", Role.ADMIN)
        await people.redeem("slack", "U9", await people.invite(eve, "slack"))
        await at.core.store.people.unlink("terminal", "eve", NOTHING)
        await at.core.store.people.set_role(at.actor.person.id, Role.VIEWER, NOTHING)
        code = await people.invite(vic, "slack")
        assert "only admin" in str(await refused(at, code, "U9", "slack"))
        await at.core.store.people.set_role(at.actor.person.id, Role.ADMIN, NOTHING)
        assert await people.redeem("slack", "U9", code) == vic.person
        with pytest.raises(BadInput, match="only admin"):
            await people.set_role(at.actor, "ada", Role.VIEWER)


async def test_unlinking_leaves_a_way_in_and_says_what_comes_back(tmp_path: Path) -> None:
    """PERSON-4: never the last account, and never so that the configuration would make two of one."""
    async with scene(tmp_path) as (at, _):
        people, ada = at.core.people, at.actor
        await people.known("slack", "UADA", "")
        assert await people.unlink(ada, "slack")
        assert await people.identities(ada.person) == [("terminal", "ada")]
        assert await people.known("slack", "UADA", "") == ada.person, "it came back as the same person"
        with pytest.raises(NotFound):
            await people.unlink(ada, "telegram")
        await people.redeem("telegram", "7", await people.invite(ada, "telegram"))
        assert not await people.unlink(ada, "telegram")
        cyd = replace(ada, person=await people.known("telegram", "33", ""))
        with pytest.raises(BadInput, match="only place"):
            await people.unlink(cyd, "telegram")
        await people.redeem("slack", "UCYD", await people.invite(cyd, "slack"))
        with pytest.raises(BadInput, match="somebody else"):
            await people.unlink(cyd, "telegram")
        actions = [entry.action for entry in await at.core.store.feed.audit(subject=ada.person.id)]
        assert actions.count("person.unlinked") == 2


async def test_a_preference_needs_an_account_and_ends_with_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as (at, _):
        people, ada = at.core.people, at.actor
        for messenger, error in (("telegram", NotFound), ("terminal", BadInput), ("fax", BadInput)):
            with pytest.raises(error):
                await people.prefer(ada, messenger)
        with pytest.raises(BadInput):
            await people.invite(ada, "terminal")
        await people.redeem("telegram", "7", await people.invite(ada, "telegram"))
        assert (await people.prefer(ada, "telegram")).preferred == "telegram"
        assert (await people.known("terminal", "ada", "")).preferred == "telegram"
        await people.unlink(ada, "telegram")
        assert (await people.known("terminal", "ada", "")).preferred == ""
        assert (await people.prefer(ada, "")).preferred == ""


async def test_a_name_means_whoever_of_that_name_can_be_met(tmp_path: Path) -> None:
    """PERSON-3: a person whose only account went to somebody of the same name is history."""
    async with scene(tmp_path) as (at, _):
        people = at.core.people
        bob = await people.known("slack", "UBOB", "")
        there = replace(
            await at.person("x"), person=replace(bob, id="1" * 26), origin=Origin(messenger="slack", channel="UBOB")
        )
        await at.core.store.people.enrol(there.person, "telegram", "9")
        await people.redeem("slack", "UBOB", await people.invite(there, "slack"))
        assert await people.find("bob") == there.person
        assert (await people.products())[bob.id] == ()


async def test_two_accounts_that_use_one_code_at_once_are_one(tmp_path: Path) -> None:
    """PERSON-1: the other hears what everybody hears."""
    async with scene(tmp_path) as (at, _):
        secret = await at.core.people.invite(at.actor, "telegram")
        met: list[str] = []

        async def use(identity: str) -> None:
            try:
                met.append((await at.core.people.redeem("telegram", identity, secret)).name)
            except NotAllowed as error:
                met.append(error.message)

        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(use(str(number)))
        assert sorted(met) == ["This code links nothing."] * 3 + ["ada"]
