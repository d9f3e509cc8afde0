"""Approvals and rules as they are read."""

from __future__ import annotations

from dataclasses import replace

from runner.model import (
    Answer,
    ApprovalState,
    AskKind,
    Change,
    ChangeKind,
    Choice,
    Due,
    Nudge,
    Question,
    Rule,
    Scope,
    State,
    Verdict,
    new_id,
)
from runner.ports import Batch
from storage.store import SqlStore
from tests.storage.making import NOON, NOTHING, answered, approval, asking, change, finish, later, running, stored


async def test_an_approval_is_read_as_it_was_asked_and_answered(store: SqlStore) -> None:
    run = await running(store)
    asked = approval(
        run.id,
        kind=AskKind.QUESTION,
        labels=("network", "deletes"),
        questions=(Question(text="Which?", choices=(Choice(label="a", description="A"),), multiple=True),),
        offers=("Bash(ls *)",),
        timetable=(Due(at=later(3600), nudge=Nudge.EXPIRE),),
        title="t",
        reason="r",
    )
    assert await store.executions.transition(run, replace(run, state=State.WAITING), Batch(open=(asked,)))
    assert await store.approvals.get(asked.id) == asked
    rule = Rule(pattern="Bash(ls *)", verdict=Verdict.ALLOW, scope=Scope.RUN, created_at=NOON)
    given = answered(asked, answer=Answer(approve=True, input={"b": 1, "a": 2}, choices={"Which?": ("a",)}, rule=rule))
    waiting = replace(run, state=State.WAITING)
    assert await store.executions.transition(waiting, replace(run, state=State.RUNNING), Batch(settle=(given,)))
    assert await store.approvals.get(asked.id) == stored(given)
    assert await store.approvals.get("nobody") is None


async def test_open_approvals_are_listed_oldest_first_and_leave_when_answered(store: SqlStore) -> None:
    waiting = [await asking(store) for _ in range(3)]
    assert await store.approvals.open() == [asked for _, asked in waiting]
    assert await store.approvals.open(limit=2) == [asked for _, asked in waiting[:2]]
    run, asked = waiting[0]
    assert await store.executions.transition(run, replace(run, state=State.RUNNING), Batch(settle=(answered(asked),)))
    assert await store.approvals.open() == [asked for _, asked in waiting[1:]]


async def test_all_approvals_of_an_execution_stay_readable_in_order(store: SqlStore) -> None:
    run, first = await asking(store)
    going = replace(run, state=State.RUNNING)
    denied = answered(first, state=ApprovalState.DENIED, answer=Answer(approve=False, note="no"))
    assert await store.executions.transition(run, going, Batch(settle=(denied,)))
    assert await store.executions.transition(going, run, Batch(open=(second := approval(run.id),)))
    await asking(store)
    assert await store.approvals.of(run.id) == [stored(denied), second]


async def test_an_approval_is_found_by_the_end_of_its_id(store: SqlStore) -> None:
    _, asked = await asking(store)
    for length in (4, 6, 8, 12, 26):
        assert await store.approvals.find(asked.id[-length:].upper()) == [asked], length
    for handle in ("", asked.id[-3:], "x" * 27, "%%%%", "____", "a b c", "\x00\x00\x00\x00", "zzzzzz"):
        assert await store.approvals.find(handle) == [], handle


def _rule(**fields: object) -> Rule:
    known: dict[str, object] = {"pattern": "Bash(ls)", "verdict": Verdict.ALLOW, "scope": Scope.RUN, "scope_id": "c1"}
    return Rule(**known | fields)  # type: ignore[arg-type]  # fields by name


async def test_rules_are_those_of_the_scope_that_are_not_revoked(store: SqlStore) -> None:
    run = await running(store)
    wanted = _rule(id=new_id(), created_by="ada", created_at=NOON, expires_at=later(60))
    others = (_rule(id=new_id(), scope_id="c2"), _rule(id=new_id(), scope=Scope.TASK))
    assert await store.executions.record(run, Batch(rules=(wanted, *others)))
    assert await store.approvals.rules((Scope.RUN, "c1")) == [wanted]
    changes = (Change(kind=ChangeKind.RULE, event="rule.revoked", at=NOON),)
    assert await store.approvals.revoke(wanted.id, later(5), Batch(changes=changes))
    assert not await store.approvals.revoke(wanted.id, later(6), Batch(changes=changes))
    assert await store.approvals.rules((Scope.RUN, "c1")) == []
    assert [entry.event for entry in await store.feed.after(1)] == ["rule.revoked"]


async def test_a_rule_without_an_id_gets_one(store: SqlStore) -> None:
    run = await running(store)
    assert await store.executions.record(run, Batch(rules=(_rule(), _rule(pattern="Edit(src/**)"))))
    found = await store.approvals.rules((Scope.RUN, "c1"))
    assert [rule.pattern for rule in found] == ["Bash(ls)", "Edit(src/**)"]
    assert await store.approvals.revoke(found[0].id, NOON, NOTHING)


async def test_an_ended_execution_has_no_open_approval(store: SqlStore) -> None:
    run, asked = await asking(store)
    cancelled = replace(run, state=State.CANCELLED, finished_at=NOON)
    withdrawn = replace(asked, state=ApprovalState.WITHDRAWN)
    assert await store.executions.transition(run, cancelled, Batch(settle=(withdrawn,), changes=(change(),)))
    await finish(store, await running(store))
    assert await store.approvals.open() == []
