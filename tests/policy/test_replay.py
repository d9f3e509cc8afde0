"""A replay tells what a proposed rule would have changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from runner.model import Rule, Scope, ToolCall, Verdict
from runner.policy import Replayed, judge, replay
from tests.policy.stage import NOW, bash, context, edit, rule

PYTEST = rule("Bash(pytest *)", scope=Scope.PROJECT)


def asked(
    call: ToolCall, approved: bool | None, *rules: Rule, days_ago: float = 1, worktree: str = "/srv/work/run"
) -> Replayed:
    """A question of the past."""
    place = replace(context(*rules), worktree=worktree)
    return Replayed(
        call=call, approved=approved, asked_at=NOW - timedelta(days=days_ago), title="a step", context=place
    )


def test_an_allow_rule_spares_the_questions_it_covers() -> None:
    """POL-17: considered, changed, agreed and against, each counted as it is meant."""
    denied = asked(bash("pytest -k slow"), approved=False)
    history = [
        asked(bash("pytest -q"), approved=True),
        denied,
        asked(bash("pytest -x"), approved=None),
        asked(bash("make"), approved=True),
    ]
    result = replay(history, PYTEST, now=NOW)
    assert (result.considered, result.changed, result.agreed, result.against, result.days) == (4, 3, 1, (denied,), 30)


def test_a_refuse_rule_contradicts_those_who_approved() -> None:
    """POL-17: for a rule that refuses, a yes speaks against it and a no for it."""
    approved = asked(bash("curl https://a.org"), approved=True)
    history = [approved, asked(bash("curl https://b.org"), approved=False), asked(edit("a.py"), approved=False)]
    result = replay(history, rule("Bash(curl *)", Verdict.REFUSE), now=NOW)
    assert (result.considered, result.changed, result.agreed, result.against) == (3, 2, 1, (approved,))


def test_a_rule_is_credited_with_nothing_that_it_would_not_do() -> None:
    """POL-17: floor, warnings, stricter rules, and rules that decide already leave nothing to change."""
    ask = rule("Bash(pytest *)", Verdict.ASK)
    history = [
        asked(bash("pytest && make"), approved=True),
        asked(bash("pytest > uv.lock"), approved=True),
        asked(bash("pytest -q"), True, ask),
        asked(bash("pytest -q"), True, rule("Bash(pytest -q)")),
        asked(bash("pytest; sudo ls"), approved=True),
    ]
    assert replay(history, PYTEST, now=NOW).changed == 0


def test_a_rule_that_asks_spares_nobody_a_question() -> None:
    """POL-17: what was asked is asked with it, too."""
    history = [asked(bash("pytest -q"), approved=True)]
    assert replay(history, replace(PYTEST, verdict=Verdict.ASK), now=NOW).changed == 0


def test_each_question_is_judged_where_its_run_stood() -> None:
    """POL-17: the same path is inside one worktree and outside another."""
    inside = asked(edit("/srv/work/a/src/x.py"), approved=True, worktree="/srv/work/a")
    outside = asked(edit("/srv/work/a/src/x.py"), approved=False, worktree="/srv/work/b")
    assert replay([inside, outside], rule("Edit(src/**)"), now=NOW).changed == 1


def test_only_the_last_days_count() -> None:
    """POL-17: the edge belongs to them, what is older does not, and neither does a clock that ran ahead."""
    history = [asked(bash("pytest"), approved=True, days_ago=days) for days in (-0.1, 0, 7, 7.1, 30)]
    assert replay(history, PYTEST, now=NOW, days=7).considered == 2
    assert replay(history, PYTEST, now=NOW).considered == 4


def test_a_rule_that_has_expired_changes_nothing() -> None:
    """POL-17: rules are taken as they are at the moment of the replay, not of the question."""
    history = [asked(bash("pytest"), approved=True, days_ago=3)]
    later = replace(PYTEST, expires_at=NOW + timedelta(days=1))
    assert replay(history, later, now=NOW).changed == 1
    assert replay(history, replace(PYTEST, expires_at=NOW), now=NOW).changed == 0
    assert replay(history, later, now=NOW + timedelta(days=2)).changed == 0


def test_contradictions_are_shown_newest_first() -> None:
    """POL-17: whoever reads only the first few reads the latest."""
    history = [asked(bash("pytest"), approved=False, days_ago=days) for days in (5, 1, 3)]
    found = replay(history, PYTEST, now=NOW).against
    assert [(NOW - one.asked_at).days for one in found] == [1, 3, 5]


CALLS = st.sampled_from([bash(line) for line in ("pytest -q", "make", "ls", "rm a", "sudo ls", "pytest > x")])
HISTORY = st.lists(st.tuples(CALLS, st.sampled_from([True, False, None])), max_size=12)
VERDICTS = st.sampled_from([Verdict.ALLOW, Verdict.ASK, Verdict.REFUSE])


@given(history=HISTORY, verdict=VERDICTS, pattern=st.sampled_from(["Bash(pytest *)", "Bash", "Bash(make)", "Edit"]))
def test_a_replay_counts_what_judging_says(
    history: list[tuple[ToolCall, bool | None]], verdict: Verdict, pattern: str
) -> None:
    """POL-17: the figures are those of asking `judge` about each step, with the rule and without it."""
    proposed = rule(pattern, verdict)
    result = replay([asked(call, said) for call, said in history], proposed, now=NOW)
    before = [judge(call, context()).verdict for call, _ in history]
    after = [judge(call, context(proposed)).verdict for call, _ in history]
    changed = [
        said
        for (_, said), old, new in zip(history, before, after, strict=True)
        if old is Verdict.ASK and new is not Verdict.ASK
    ]
    assert (result.considered, result.changed) == (len(history), len(changed))
    assert result.agreed == sum(said is (verdict is Verdict.ALLOW) for said in changed)
    assert len(result.against) == sum(said is (verdict is Verdict.REFUSE) for said in changed)
