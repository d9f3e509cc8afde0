"""Rules that people make: for a run with an answer, or standing ones for a task or a project.

A standing rule is proposed after several equal decisions, with a replay of what it would have changed in the last days.
It ends by itself. Steps for which the configuration demands particular or several people are asked all the same
(`runner.gate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from runner import journal
from runner.errors import Ambiguous, BadInput, NotFound
from runner.model import (
    Actor,
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    ChangeKind,
    Execution,
    Role,
    Rule,
    Scope,
    ToolCall,
    Verdict,
    handle,
    new_id,
    value,
)
from runner.people import require
from runner.policy import PolicyContext, Replay, Replayed, replay, validate_pattern
from runner.ports import Clock, Store
from runner.settings import Settings

REPLAYED_DAYS = 30
LONGEST_DAYS = 3_650
_STANDING = (Scope.TASK, Scope.PROJECT)
_VERDICTS = {ApprovalState.APPROVED: Verdict.ALLOW, ApprovalState.DENIED: Verdict.REFUSE}


@value
class Proposal:
    """A standing rule that would spare people a question, and what it would have done. `decisions` were all equal."""

    rule: Rule
    decisions: int
    replay: Replay


class Rules:
    """Rules as people meet them."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    async def standing(self, *scopes: tuple[Scope, str]) -> Sequence[Rule]:
        """Return the rules in force of these tasks (by id) and projects (by name)."""
        now = self._clock.now()
        return [r for r in await self._store.approvals.rules(*scopes) if r.expires_at is None or r.expires_at > now]

    async def draft(self, pattern: str, verdict: Verdict, scope: Scope, scope_id: str, days: int = 0) -> Rule:
        """Make a standing rule without putting it in force. `days` of 0 takes the configured ones.

        Raises BadInput for a pattern that is none or a scope that is not a task or a project.
        """
        validate_pattern(pattern)
        if scope not in _STANDING or not scope_id:
            raise BadInput("A standing rule is for a task or a project.", hint="Name one: `--task` or `--project`.")
        if not 0 <= days <= LONGEST_DAYS:
            raise BadInput(f"A standing rule holds for 1 to {LONGEST_DAYS:,} days.", hint="For example `--days 30`.")
        now = self._clock.now()
        lasting = timedelta(days=days or self._settings.approvals.rule_days)
        return Rule(
            id=new_id(),
            pattern=pattern,
            verdict=verdict,
            scope=scope,
            scope_id=scope_id,
            created_at=now,
            expires_at=now + lasting,
        )

    async def grant(self, actor: Actor, rule: Rule) -> Rule:
        """Put a standing rule in force. Raises NotAllowed."""
        require(actor.person, Role.APPROVER, "make a standing rule")
        made = journal.entry(
            actor,
            ChangeKind.RULE,
            "rule.granted",
            rule.id,
            self._clock.now(),
            pattern=rule.pattern,
            verdict=rule.verdict.value,
            scope=f"{rule.scope.value} {rule.scope_id}",
            until=rule.expires_at.isoformat() if rule.expires_at else "",
        )
        signed = replace(rule, created_by=actor.person.id)
        await self._store.approvals.write(replace(made, rules=(signed,)))
        return signed

    async def revoke(self, actor: Actor, rule_id: str) -> None:
        """Take a rule back; the next such step is asked about again. Raises NotAllowed, NotFound."""
        require(actor.person, Role.APPROVER, "revoke a rule")
        now = self._clock.now()
        rule = await self._store.approvals.rule(rule_id)
        named = {"pattern": rule.pattern, "scope": f"{rule.scope.value} {rule.scope_id}"} if rule else {}
        entry = journal.entry(actor, ChangeKind.RULE, "rule.revoked", rule_id, now, **named)
        if not await self._store.approvals.revoke(rule_id, now, entry):
            raise NotFound("This rule is not in force.", hint="`rules` lists those that are.")

    async def find(self, short: str) -> Rule:
        """Return the rule in force whose id ends in this. Raises NotFound, Ambiguous."""
        found = await self._store.approvals.find_rules(short) if len(short) >= 4 else ()
        if not found:
            raise NotFound(f"No rule `{short[:40]}` is in force.", hint="`rules` lists those that are.")
        if len(found) > 1:
            listed = ", ".join(f"{handle(rule.id, 8)} ({rule.pattern})" for rule in found)
            raise Ambiguous(f"`{short}` fits several rules: {listed}.", hint="Give more characters.")
        return found[0]

    async def replay(self, rule: Rule) -> Replay:
        """Say what a rule would have changed in the last 30 days."""
        now = self._clock.now()
        since = now - timedelta(days=REPLAYED_DAYS)
        own = {"task_id": rule.scope_id} if rule.scope is Scope.TASK else {"project": rule.scope_id}
        decided = await self._store.approvals.decided(since=since, **own)
        runs: dict[str, Execution | None] = {}
        for each in decided:
            if each.execution_id not in runs:
                runs[each.execution_id] = await self._store.executions.get(each.execution_id)
        past = [self._replayed(a, run) for a in decided if (run := runs[a.execution_id]) is not None]
        return replay(past, rule, now=now, days=REPLAYED_DAYS)

    async def proposal(self, approval: Approval) -> Proposal | None:
        """Return the rule that a decision suggests, or None: too few equal ones, or the person was not of one mind."""
        wanted = self._settings.approvals.propose_after
        verdict = _VERDICTS.get(approval.state)
        special = approval.terms.quorum > 1 or approval.terms.approvers or not approval.terms.requester_may
        if not wanted or verdict is None or approval.kind is not AskKind.STEP or not approval.offers or special:
            return None
        latest = await self._latest(approval, wanted)
        if len(latest) < wanted or any(_plain(each) is not _plain(approval) for each in latest):
            return None
        scope = (Scope.TASK, approval.task_id) if approval.task_id else (Scope.PROJECT, approval.project)
        rule = await self.draft(approval.offers[-1], verdict, scope[0], scope[1])
        if any(known.pattern == rule.pattern for known in await self.standing(scope)):
            return None
        return Proposal(rule=rule, decisions=len(latest), replay=await self.replay(rule))

    async def _latest(self, approval: Approval, count: int) -> Sequence[Approval]:
        """Return the newest decisions on this kind of step in the task, or in the project of an ad-hoc run."""
        since = self._clock.now() - timedelta(days=REPLAYED_DAYS)
        own = {"task_id": approval.task_id} if approval.task_id else {"project": approval.project}
        decided = await self._store.approvals.decided(since=since, **own)
        return [each for each in decided if each.signature == approval.signature][:count]

    def _replayed(self, approval: Approval, execution: Execution) -> Replayed:
        return Replayed(
            call=ToolCall(tool=approval.tool, input=approval.input),
            approved=_plain(approval),
            asked_at=approval.asked_at,
            title=approval.title,
            context=PolicyContext(
                worktree=execution.worktree, home=str(Path.home()), now=self._clock.now(), cwd=execution.worktree
            ),
        )


def _plain(approval: Approval) -> bool | None:
    """What a person said to exactly this step; None where it was approved with another input."""
    answer = approval.answer or Answer(approve=False)
    return None if answer.input is not None else answer.approve
