"""What a proposed rule would have changed, had it been in force when people were asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from runner.model import Rule, ToolCall, Verdict, value
from runner.policy.context import PolicyContext
from runner.policy.verdict import judge

_ANSWERS = {Verdict.ALLOW: True, Verdict.REFUSE: False}


@value
class Replayed:
    """One question of the past, and what was said to it.

    `approved` is None where nobody said yes or no to exactly this step: it expired, was withdrawn, or was approved
    with another input. `call` is the step as it was judged. `context` is where it ran, with the rules that are in
    force today and without the proposed one.
    """

    call: ToolCall
    approved: bool | None
    asked_at: datetime
    title: str
    context: PolicyContext


@value
class Replay:
    """What a rule would have done in the last `days` days, of `considered` questions.

    `changed` questions would not have been asked: an allow rule would have let them pass, a refuse rule refused them.
    In `agreed` of these a person said the same; `against` are those where a person said the opposite, newest first.
    For the rest nobody answered.
    """

    considered: int
    changed: int
    agreed: int
    against: tuple[Replayed, ...]
    days: int


def replay(history: Iterable[Replayed], rule: Rule, *, now: datetime, days: int = 30) -> Replay:
    """Judge past questions again, with a rule and without it.

    Questions asked more than `days` days before `now` are left out. A question that the other rules decide today, the
    deny floor and the warnings that a rule cannot lift are left as they are: a rule is credited with nothing that it
    would not do. Rules that ask spare nobody a question and change nothing.
    """
    since = now - timedelta(days=days)
    recent = [one for one in history if since <= one.asked_at <= now]
    changed = [one for one in recent if _changes(one, rule, now)]
    meant = _ANSWERS.get(rule.verdict)
    against = [one for one in changed if one.approved is not None and one.approved is not meant]
    return Replay(
        considered=len(recent),
        changed=len(changed),
        agreed=sum(one.approved is meant for one in changed),
        against=tuple(sorted(against, key=lambda one: one.asked_at, reverse=True)),
        days=days,
    )


def _changes(one: Replayed, rule: Rule, now: datetime) -> bool:
    """Whether today this step is asked without the rule, and decided with it."""
    today = replace(one.context, now=now)
    if judge(one.call, today).verdict is not Verdict.ASK:
        return False
    return judge(one.call, replace(today, rules=(*today.rules, rule))).verdict is not Verdict.ASK
