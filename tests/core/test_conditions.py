"""Who answers, how many have to, and what happens if nobody does: scenarios on a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.asking import Asking
from runner.errors import AlreadyAnswered, BadInput, ConfigError, NotAllowed, WrongState
from runner.model import Answer, Approval, ApprovalState, Execution, Role, Rule, Scope, State, Verdict, handle
from runner.settings import ApprovalsSection, Conditions, Quiet
from tests.core.clock import MONDAY, HandClock
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, Turn, asks

YES, NO = Answer(approve=True), Answer(approve=False)
OTHER = Answer(approve=True, input={"command": "make one"})
USERS = {name: {"role": "approver", "terminal": name} for name in ("ada", "bob", "eve")}


@asynccontextmanager
async def asked(
    folder: Path, clock: HandClock | None = None, **approvals: Any
) -> AsyncIterator[tuple[Stage, Execution, Approval]]:
    """Run something of ada's that asks for `make all`, on these conditions."""
    settings = settings_in(folder, users=USERS, approvals=approvals, timezone="UTC")
    async with stage(folder, settings, ActingAgent(asks), clock=clock or HandClock()) as scene:
        await scene.project()
        run = await scene.do("Build it.")
        yield scene, run, await scene.question(run)


async def test_a_quorum_of_two_takes_two_people(tmp_path: Path) -> None:
    """APPR-14: one vote leaves it open, a second one of the same person changes nothing, another's ends it."""
    async with asked(tmp_path, quorum=2) as (scene, run, question):
        bob = await scene.person("bob")
        answer = scene.core.approvals.answer
        voted = await answer(bob, question.id, YES)
        assert (voted.state, [vote.person_id for vote in voted.votes]) == (ApprovalState.OPEN, [bob.person.id])
        with pytest.raises(AlreadyAnswered, match="approved by bob"):
            await answer(bob, question.id, YES)
        assert (await answer(scene.actor, question.id, YES)).state is ApprovalState.APPROVED
        assert (await scene.end(run)).summary == "ran make all"


async def test_votes_for_different_inputs_do_not_add_up(tmp_path: Path) -> None:
    """APPR-3, APPR-14: an edit is a vote for another input; what two people approved is what runs."""
    async with asked(tmp_path, quorum=2) as (scene, run, question):
        bob, eve = await scene.person("bob"), await scene.person("eve")
        answer = scene.core.approvals.answer
        await answer(bob, question.id, OTHER)
        assert (await answer(scene.actor, question.id, YES)).state is ApprovalState.OPEN
        assert (await answer(eve, question.id, OTHER)).state is ApprovalState.APPROVED
        assert (await scene.end(run)).summary == "ran make one"


async def test_one_denial_denies_and_no_rule_comes_of_a_vote(tmp_path: Path) -> None:
    """APPR-14: a veto needs no majority."""
    async with asked(tmp_path, quorum=2) as (scene, run, question):
        bob = await scene.person("bob")
        rule = Rule(pattern="Bash(make *)", verdict=Verdict.ALLOW, scope=Scope.RUN)
        with pytest.raises(BadInput, match="approved once"):
            await scene.core.approvals.answer(bob, question.id, Answer(approve=True, rule=rule))
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        await scene.core.approvals.answer(bob, question.id, NO)
        assert (await scene.end(run)).summary == "left it: Denied by bob."


async def test_who_began_the_run_may_not_approve_it(tmp_path: Path) -> None:
    """APPR-14: neither with a right of their own nor with a borrowed one."""
    async with asked(tmp_path, requester_may=False) as (scene, run, question):
        bob = await scene.person("bob")
        await scene.core.people.delegate(bob, "ada", timedelta(days=1))
        with pytest.raises(NotAllowed, match="ada began this run"):
            await scene.core.approvals.answer(scene.actor, question.id, YES)
        await scene.core.approvals.answer(bob, question.id, YES)
        assert (await scene.end(run)).summary == "ran make all"


async def test_only_the_named_may_answer_and_a_lent_right_counts_as_theirs(tmp_path: Path) -> None:
    """APPR-14: a delegation holds for its time, and until it is taken back."""
    clock = HandClock()
    async with asked(tmp_path, clock, approvers=["bob"]) as (scene, run, question):
        bob, eve = await scene.person("bob"), await scene.person("eve", Role.OPERATOR)
        answer = scene.core.approvals.answer
        for stranger in (scene.actor, eve):
            with pytest.raises(NotAllowed, match="Only bob may answer"):
                await answer(stranger, question.id, YES)
        await scene.core.people.delegate(bob, "eve", timedelta(hours=1))
        await clock.move(hours=2)
        with pytest.raises(NotAllowed):
            await answer(eve, question.id, YES)
        await scene.core.people.delegate(bob, "eve", timedelta(hours=1))
        assert await scene.core.people.end_delegations(bob) == 1
        with pytest.raises(NotAllowed):
            await answer(eve, question.id, YES)
        await scene.core.people.delegate(bob, "eve", timedelta(hours=1))
        settled = await answer(eve, question.id, YES)
        assert (settled.answered_by, settled.on_behalf_of) == (eve.person.id, bob.person.id)
        assert (await scene.end(run)).summary == "ran make all"


async def test_lender_and_borrower_count_once_together(tmp_path: Path) -> None:
    """APPR-14: one right is one vote, whoever uses it."""
    async with asked(tmp_path, quorum=2, approvers=["ada", "bob", "eve"]) as (scene, _, question):
        bob, op = await scene.person("bob"), await scene.person("op", Role.OPERATOR)
        await scene.core.people.delegate(bob, "op", timedelta(days=1))
        await scene.core.approvals.answer(op, question.id, YES)
        with pytest.raises(AlreadyAnswered, match="approved for bob by op"):
            await scene.core.approvals.answer(bob, question.id, YES)


async def test_a_role_counts_at_the_tap(tmp_path: Path) -> None:
    """APPR-8: who lost the role since the card came cannot answer."""
    async with asked(tmp_path) as (scene, _, question):
        bob = await scene.person("bob")
        await scene.core.people.set_role(scene.actor, "bob", Role.VIEWER)
        with pytest.raises(NotAllowed):
            await scene.core.approvals.answer(bob, question.id, YES)


async def test_reminders_and_escalation_come_at_their_times(tmp_path: Path) -> None:
    """APPR-9: after 10 and 30 minutes it is called to mind, after each 60 it becomes the next one's."""
    clock = HandClock()
    async with asked(tmp_path, clock, on_call=["ada", "bob"]) as (scene, _, question):
        seen = []
        for minutes in (10, 20, 30, 60):
            await clock.move(minutes=minutes)
            await scene.core.timekeeper.tick()
            changes = [c.event for c in await scene.core.store.feed.after(0) if c.subject_id == question.id]
            seen.append((changes[-1], (await scene.core.approvals.find(question.id)).owner))
        assert seen == [
            ("approval.reminded", "ada"),
            ("approval.reminded", "ada"),
            ("approval.escalated", "bob"),
            ("approval.escalated", ""),
        ]


async def test_what_came_due_during_a_downtime_happens_once(tmp_path: Path) -> None:
    """APPR-9: a daemon that was down for a day tells its latest stage, not every missed one."""
    clock = HandClock()
    async with asked(tmp_path, clock, on_call=["ada", "bob"]) as (scene, _, question):
        before = await scene.core.store.feed.newest()
        await clock.move(days=1)
        await scene.core.timekeeper.tick()
        news = [c.event for c in await scene.core.store.feed.after(before) if c.subject_id == question.id]
        assert news == ["approval.escalated"]


async def test_an_expired_question_tells_the_agent_the_truth(tmp_path: Path) -> None:
    """APPR-9: timed out is not denied, and from that moment on an answer comes too late, looked at or not."""
    clock = HandClock()
    async with asked(tmp_path, clock, expire_minutes=60, hot_wait_minutes=1_440) as (scene, run, question):
        await clock.move(minutes=60)
        with pytest.raises(WrongState, match="expired"):
            await scene.core.approvals.answer(scene.actor, question.id, YES)
        await scene.core.timekeeper.tick()
        ended = await scene.end(run)
        assert ended.summary.startswith("left it: Timed out")
        assert "Denied by" not in ended.summary
        (entry,) = await scene.core.store.feed.audit(subject=question.id)
        assert (entry.action, entry.details["verdict"]) == ("approval.expired", "deny")


async def test_expiry_may_stop_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    """APPR-9: the other verdict leaves the decision to a person."""
    clock = HandClock()
    async with asked(tmp_path, clock, expire_minutes=60, on_expiry="stop") as (scene, run, question):
        await clock.move(minutes=61)
        await scene.core.timekeeper.tick()
        await scene.until(run, lambda e: e.state is State.STOPPED)
        assert (await scene.core.approvals.find(question.id)).state is ApprovalState.EXPIRED
        await scene.core.runs.resume(scene.actor, handle(run.id))
        again = await scene.question(run, 2)
        await scene.core.approvals.answer(scene.actor, again.id, YES)
        assert (await scene.end(run)).summary == "ran make all"


async def test_a_freeze_holds_the_step_and_the_times_and_a_release_lets_go(tmp_path: Path) -> None:
    """APPR-15: while frozen an answer is kept, nothing is claimed, nothing expires; afterwards all goes on."""
    clock = HandClock()
    async with asked(tmp_path, clock, expire_minutes=60) as (scene, run, question):
        await scene.core.switch.freeze(scene.actor, "something is odd")
        pending = await scene.do("Build another.")
        await clock.move(hours=5)
        await scene.core.timekeeper.tick()
        moved_before = (await scene.core.approvals.find(question.id)).expires_at
        assert (await scene.core.approvals.find(question.id)).state is ApprovalState.OPEN
        assert (await scene.core.runs.find(pending.id)).state is State.PENDING
        await scene.core.switch.release(scene.actor)
        moved = (await scene.core.approvals.find(question.id)).expires_at
        assert moved is not None
        assert moved_before is not None
        assert moved - moved_before == timedelta(hours=5)
        await scene.until(pending, lambda e: e.state is State.WAITING, seconds=10)  # at once, not at the next look
        await scene.core.switch.freeze(scene.actor, "again")
        await scene.core.approvals.answer(scene.actor, question.id, YES)
        assert (await scene.core.approvals.find(question.id)).delivered_at is None
        await scene.core.switch.release(scene.actor)
        assert (await scene.end(run)).summary == "ran make all"


async def test_a_freeze_that_begins_during_a_look_at_the_clock_keeps_questions_from_expiring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """APPR-15: what was due before it happens; what only its time would have made due does not."""
    clock = HandClock()
    async with asked(tmp_path, clock, remind_minutes=(10,), expire_minutes=60) as (scene, _, question):
        approvals = scene.core.store.approvals
        look = approvals.due

        async def slow(at: datetime, *, limit: int = 100) -> Sequence[Approval]:
            found = await look(at, limit=limit)
            if found:
                await scene.core.switch.freeze(scene.actor, "something is odd")
                await clock.move(hours=5)
            return found

        monkeypatch.setattr(approvals, "due", slow)
        await clock.move(minutes=11)
        async with asyncio.timeout(20):
            while (now := await scene.core.approvals.find(question.id)).state is ApprovalState.OPEN and not now.done:
                await asyncio.sleep(0.01)
        assert (now.state, now.done) == (ApprovalState.OPEN, 1)


async def test_what_one_person_granted_does_not_stand_for_a_special_step(tmp_path: Path) -> None:
    """APPR-16: a rule of the run is passed over where the risk of the step takes two people."""

    async def part(turn: Turn) -> str:
        answers = [await turn.step("Bash", {"command": f"curl https://example.org/{n}"}) for n in range(2)]
        return ",".join("asked" if answer else "ruled" for answer in answers)

    settings = settings_in(tmp_path, users=USERS, approvals={"risk": {"network": {"requester_may": False}}})
    async with stage(tmp_path, settings, ActingAgent(part)) as scene:
        await scene.project()
        bob = await scene.person("bob")
        run = await scene.do("Fetch both.")
        first = await scene.question(run)
        rule = Rule(pattern="Bash(curl *)", verdict=Verdict.ALLOW, scope=Scope.RUN)
        await scene.core.approvals.answer(bob, first.id, Answer(approve=True, rule=rule))
        second = await scene.question(run, 2)
        await scene.core.approvals.answer(bob, second.id, YES)
        assert (await scene.end(run)).summary == "asked,asked"


async def test_three_equal_decisions_propose_a_rule_with_a_replay(tmp_path: Path) -> None:
    """APPR-17: two do not, and a denial among them does not."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        await scene.project()
        proposals = []
        for answer in (YES, YES, YES, NO):
            run = await scene.do("Build it.")
            question = await scene.question(run)
            proposals.append(await scene.core.rules.proposal(await _answered(scene, question, answer)))
            await scene.end(run)
        assert [proposal is not None for proposal in proposals] == [False, False, True, False]
        made = proposals[2]
        assert made is not None
        assert (made.replay.considered, made.replay.changed, made.replay.against) == (3, 3, ())
        assert made.rule.expires_at is not None
        await scene.core.rules.grant(scene.actor, made.rule)
        assert (await scene.end(await scene.do("Build it."))).error == "Unexpected: AssertionError."  # `asks` was not


async def _answered(scene: Stage, question: Approval, answer: Answer) -> Approval:
    return await scene.core.approvals.answer(scene.actor, question.id, answer)


async def test_one_person_on_two_front_ends_is_one_person(tmp_path: Path) -> None:
    """APPR-14: identities of one configured user are linked, so that they count once."""
    users = {"zoe": {"role": "approver", "terminal": "zoe", "slack": "U1", "telegram": "7"}}
    async with stage(tmp_path, settings_in(tmp_path, users=users), ActingAgent(asks)) as scene:
        met = [await scene.core.people.known(*at, "?") for at in (("slack", "U1"), ("telegram", "7"), ("slack", "U1"))]
        assert len({person.id for person in met}) == 1
        with pytest.raises(NotAllowed):
            await scene.core.people.known("slack", "U2", "?")


@pytest.mark.parametrize(
    ("approvals", "problem"),
    [
        ({"approvers": ["nobody"]}, "nobody is nobody in"),
        ({"approvers": ["ada"], "quorum": 2}, "2 people have to approve"),
        ({"approvers": ["ada"], "risk": {"network": {"approvers": ["bob"]}}}, "nobody is among the approvers of all"),
        ({"quiet": {"start": "22:00"}}, "both `start` and `end`"),
        ({"quiet": {"start": "22:00", "end": "22:00"}}, "less than a day"),
    ],
)
async def test_conditions_that_nobody_can_meet_are_refused_at_the_start(
    tmp_path: Path, approvals: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        async with stage(tmp_path, settings_in(tmp_path, users=USERS, approvals=approvals), ActingAgent(asks)):
            pass


BERLIN = ZoneInfo("Europe/Berlin")


def _asking(start: str, end: str, *, weekends: bool = False) -> Asking:
    quiet = Quiet(start=start, end=end, weekends=weekends)
    return Asking(general=ApprovalsSection(quiet=quiet), project=Conditions(), zone=BERLIN)


@pytest.mark.parametrize(
    ("at", "minutes", "expected"),
    [
        (datetime(2026, 11, 23, 23, tzinfo=BERLIN), 10, datetime(2026, 11, 24, 7, 10, tzinfo=BERLIN)),
        (datetime(2026, 11, 23, 21, 55, tzinfo=BERLIN), 10, datetime(2026, 11, 24, 7, 5, tzinfo=BERLIN)),
        (datetime(2026, 11, 27, 21, 55, tzinfo=BERLIN), 10, datetime(2026, 11, 30, 7, 5, tzinfo=BERLIN)),  # a Friday
        (datetime(2027, 3, 27, 12, tzinfo=BERLIN), 1, datetime(2027, 3, 29, 7, 1, tzinfo=BERLIN)),  # clocks change
    ],
)
def test_quiet_hours_and_weekends_do_not_count(at: datetime, minutes: int, expected: datetime) -> None:
    """APPR-9: times move to the hours in which somebody is awake."""
    asking = _asking("22:00", "07:00", weekends=True)
    assert asking.waking(at.astimezone(UTC), timedelta(minutes=minutes)) == expected


@given(
    start=st.integers(0, 20_000),
    minutes=st.integers(0, 3_000),
    window=st.tuples(st.integers(0, 23), st.integers(1, 22)),
)
def test_waking_time_is_what_a_watch_would_count(start: int, minutes: int, window: tuple[int, int]) -> None:
    """APPR-9: compared with counting minute by minute."""
    begin, length = window
    end = (begin + length) % 24
    asking = _asking(f"{begin:02}:00", f"{end:02}:00")
    at = MONDAY + timedelta(minutes=start)
    left, moment = minutes, at
    while left > 0 or _quiet(moment, begin, end):
        if not _quiet(moment, begin, end):
            left -= 1
        moment += timedelta(minutes=1)
        if left == 0 and minutes:
            break
    assert asking.waking(at, timedelta(minutes=minutes)) == moment


def _quiet(at: datetime, begin: int, end: int) -> bool:
    hour = at.astimezone(BERLIN).hour
    return begin <= hour < end if begin < end else hour >= begin or hour < end
