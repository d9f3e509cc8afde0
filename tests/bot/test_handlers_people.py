"""People and the kill switch by words."""

from __future__ import annotations

from pathlib import Path

from runner.model import Role, State
from tests.bot.desk import desk, error, kind
from tests.fakes import asks


async def test_an_admin_gives_roles_which_hold_at_the_next_word(tmp_path: Path) -> None:
    """APPR-8: also for a person who has been sitting there all the time."""
    async with desk(tmp_path, asks) as ada:
        await ada.asked()
        bob = await ada.joined("bob", Role.VIEWER)
        assert error(await bob.says("approve")) == "NotAllowed"
        assert kind(await ada.says("role Bob approver")) == "note"
        listed = await bob.says("people")
        assert listed.data is not None
        roles = {person["name"]: person["role"] for person in listed.data["people"]}
        assert (kind(listed), roles) == ("people", {"ada": "admin", "bob": "approver"})
        assert kind(await bob.says("approve")) == "decided"


async def test_who_stands_in_the_configuration_can_be_named_before_they_show_up(tmp_path: Path) -> None:
    """APPR-8: whoever lends them the right, or gives them a role, need not wait for their first word."""
    async with desk(tmp_path, asks, users={"zoe": {"role": "operator", "slack": "UZOE"}}) as ada:
        assert kind(await ada.says("delegate Zoe 8h")) == "note"
        assert kind(await ada.says("role zoe approver")) == "note"
        zoe = await ada.stage.core.people.known("slack", "UZOE", "")
        assert (zoe.name, zoe.role) == ("zoe", Role.APPROVER)
        assert [lent.to_id for lent in await ada.stage.core.people.delegations()] == [zoe.id]


async def test_roles_are_for_admins_and_one_always_stays(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        bob = await ada.joined("bob", Role.APPROVER)
        assert error(await bob.says("role bob admin")) == "NotAllowed"
        assert error(await ada.says("role ada viewer")) == "BadInput"
        assert error(await ada.says("role zoe viewer")) == "NotFound"
        names = await ada.stage.core.people.all()
        assert {person.name: person.role for person in names} == {"ada": Role.ADMIN, "bob": Role.APPROVER}


async def test_who_was_lent_the_right_answers_until_it_is_taken_back(tmp_path: Path) -> None:
    async with desk(tmp_path, asks, worker={"slots": 4}) as ada:
        first, second = await ada.asked(), await ada.asked()
        bob = await ada.joined("bob", Role.OPERATOR)
        assert error(await bob.says("delegate ada 8h")) == "NotAllowed"
        lent = await ada.says("delegate bob 8h")
        assert (kind(lent), "bob" in lent.title) == ("note", True)
        people = await ada.says("people")
        assert people.data is not None
        assert len(people.data["delegations"]) == 1
        settled = await bob.says(f"approve {first.id}")
        assert settled.data is not None
        assert settled.data["approval"]["on_behalf_of"] == ada.person.id
        ended = await ada.says("delegate off")
        assert ended.data is not None
        assert ended.data["count"] == 1
        assert error(await bob.says(f"approve {second.id}")) == "NotAllowed"
        assert "nobody" in (await ada.says("delegate off")).title
        for words in ("delegate ada 1d", "delegate bob 91d", "delegate bob 0m", "delegate zoe 1d"):
            assert error(await ada.says(words)) in {"BadInput", "NotFound"}, words


async def test_a_freeze_holds_what_is_approved_until_the_release(tmp_path: Path) -> None:
    """The status and the open question show it; an operator may freeze, an approver release."""
    async with desk(tmp_path, asks) as ada:
        question = await ada.asked()
        eve, bob = await ada.joined("eve", Role.VIEWER), await ada.joined("bob", Role.OPERATOR)
        assert error(await eve.says("freeze")) == "NotAllowed"
        frozen = await bob.says("freeze the database burns")
        assert (kind(frozen), frozen.data and frozen.data["freeze"]["why"]) == ("frozen", "the database burns")
        assert error(await ada.says("freeze")) == "WrongState"
        status = await ada.says("status")
        assert status.data is not None
        assert status.data["frozen"]["by"] == bob.person.id
        shown = await ada.says("view")
        assert "Frozen" in {field.label for field in shown.fields}
        assert kind(await ada.says("approve")) == "decided"
        assert error(await bob.says("release")) == "NotAllowed"
        run = await ada.stage.core.runs.find(question.execution_id)
        assert not run.state.final
        assert kind(await ada.presses(frozen, "Release")) == "released"
        assert (await ada.stage.end(run)).state is State.COMPLETED
        assert error(await ada.says("release")) == "WrongState"
        again = await ada.says("status")
        assert again.data is not None
        assert again.data["frozen"] is None
