"""Commands about rules: what is in force, what a rule would do, putting it in force, taking it back."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from bot import commands, views
from bot.commands import sure_handle
from bot.handlers import find
from bot.messenger import Card
from bot.views.parts import run_name
from runner.core import Core
from runner.errors import BadInput, NotFound, WrongState
from runner.model import Actor, Approval, ApprovalState, Rule, Scope, Verdict, handle
from runner.rules import Proposal

Command = commands.Rules | commands.RuleFrom | commands.RuleNew | commands.Revoke


class RuleHandlers:
    """Rules of a run, and the standing ones of tasks and projects."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, actor: Actor, command: Command) -> Card:
        """Carry out one command."""
        match command:
            case commands.Rules():
                card = await self._rules(actor, command)
            case commands.RuleFrom():
                card = await self._suggested(actor, command)
            case commands.RuleNew():
                card = await self._new(actor, command)
            case commands.Revoke():
                rule = await self._core.rules.find(command.rule)
                await self._core.rules.revoke(actor, rule.id)
                card = views.note("The rule is taken back", f"`{rule.pattern}` is asked about again.", rule_id=rule.id)
            case _:
                assert_never(command)
        return card

    async def _rules(self, actor: Actor, command: commands.Rules) -> Card:
        if command.task or command.project:
            scopes = await self._scopes(command.task, command.project)
            rules = await self._core.rules.standing(*scopes)
            title = " and ".join([f"{scope.value} {name}" for scope, name in _named(command.task, command.project)])
        else:
            execution = await find.run(self._core, actor.origin, command.handle)
            rules = (await self._core.runs.view(execution.id)).rules
            title = run_name(execution)
        directory = await self._core.approvals.names()
        return views.rules(f"Rules of {title}", rules, self._core.clock.now(), directory)

    async def _suggested(self, actor: Actor, command: commands.RuleFrom) -> Card:
        asked = await self._decision(command.handle)
        proposal = await self._core.rules.proposal(asked)
        if proposal is None:
            raise BadInput(
                "No rule suggests itself: there are too few equal decisions, or people were not of one mind, or a "
                "rule for this is in force, or several people have to decide.",
                hint="`rule PATTERN --task NAME` makes one of your own.",
            )
        if command.days:
            rule = proposal.rule
            rule = await self._core.rules.draft(rule.pattern, rule.verdict, rule.scope, rule.scope_id, command.days)
            proposal = replace(proposal, rule=rule)
        line = commands.render(replace(command, handle=asked.id, grant=True))
        return await self._proposed(actor, proposal, line, granted=command.grant)

    async def _new(self, actor: Actor, command: commands.RuleNew) -> Card:
        ((scope, scope_id),) = await self._scopes(command.task, command.project)
        verdict = Verdict.REFUSE if command.refuse else Verdict.ALLOW
        rule = await self._core.rules.draft(command.pattern, verdict, scope, scope_id, command.days)
        proposal = Proposal(rule=rule, decisions=0, replay=await self._core.rules.replay(rule))
        line = commands.render(replace(command, grant=True))
        return await self._proposed(actor, proposal, line, granted=command.grant)

    async def _proposed(self, actor: Actor, proposal: Proposal, line: str, *, granted: bool) -> Card:
        """Show a rule with its replay, or put it in force. `line` is the command that does so."""
        scope_name = await self._scope_name(proposal.rule)
        if granted:
            return views.granted(await self._core.rules.grant(actor, proposal.rule), scope_name)
        return views.proposal(proposal, self._core.clock.now(), grant=line, scope_name=scope_name)

    async def _decision(self, short: str) -> Approval:
        """Return the decided question with this handle. Raises NotFound, Ambiguous, WrongState."""
        try:
            asked = await self._core.approvals.find(short)
        except NotFound as error:
            if sure_handle(short):
                raise
            raise NotFound(error.message, hint="A pattern needs `--task NAME` or `--project NAME`.") from error
        if asked.state is ApprovalState.OPEN:
            raise WrongState(f"`{handle(asked.id)}` is not decided yet.", hint="A rule comes from decisions.")
        return asked

    async def _scopes(self, task: str | None, project: str | None) -> list[tuple[Scope, str]]:
        """Find a task by name and a project, and return them as rules know them. Raises NotFound, ProjectError."""
        scopes = [(Scope.TASK, (await self._core.tasks.show(task)).id)] if task else []
        if project:
            scopes.append((Scope.PROJECT, (await self._core.projects.get(project)).name))
        return scopes

    async def _scope_name(self, rule: Rule) -> str:
        if rule.scope is not Scope.TASK:
            return f"project {rule.scope_id}"
        task = await self._core.store.tasks.get(rule.scope_id)
        return f"task {task.name}" if task else "a task that is gone"


def _named(task: str | None, project: str | None) -> list[tuple[Scope, str]]:
    return [(scope, name) for scope, name in ((Scope.TASK, task), (Scope.PROJECT, project)) if name]
