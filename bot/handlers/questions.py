"""Commands that answer an approval, and those about the rules that answers grant."""

from __future__ import annotations

from typing import assert_never

from bot import commands, views
from bot.handlers import find
from bot.handlers.answers import chosen, edited_input
from bot.messenger import Card
from runner.core import Core
from runner.errors import BadInput
from runner.model import Actor, Answer, Approval, AskKind, Rule, Scope, Verdict, handle

Command = commands.Approve | commands.Deny | commands.Answer | commands.Rules | commands.Revoke


class QuestionHandlers:
    """Answers of people. Who may answer is checked by the core, at this moment."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, actor: Actor, command: Command) -> Card:
        """Carry out one command."""
        match command:
            case commands.Approve():
                card = await self._approve(actor, command)
            case commands.Deny():
                asked, why = await find.approval_and_text(self._core, actor, command.handle, command.reason)
                card = await self._answer(actor, asked, Answer(approve=False, note=why))
            case commands.Answer():
                asked, text = await find.approval_and_text(self._core, actor, command.handle, command.text)
                card = await self._answer(actor, asked, Answer(approve=True, choices=chosen(asked, text)))
            case commands.Rules():
                execution = await find.run(self._core, actor.origin, command.handle)
                card = views.rules(await self._core.runs.view(execution.id))
            case commands.Revoke():
                card = await self._revoke(actor, command)
            case _:
                assert_never(command)
        return card

    async def _approve(self, actor: Actor, command: commands.Approve) -> Card:
        asked = await find.approval(self._core, actor, command.handle)
        if asked.kind is AskKind.QUESTION:
            raise BadInput("A question needs a choice or a text.", hint=f"`answer {handle(asked.id)} …`")
        edit = None if command.edit is None else edited_input(asked, command.edit)
        rule = None if command.rule is None else Rule(pattern=command.rule, verdict=Verdict.ALLOW, scope=Scope.RUN)
        return await self._answer(actor, asked, Answer(approve=True, input=edit, rule=rule))

    async def _answer(self, actor: Actor, asked: Approval, answer: Answer) -> Card:
        settled = await self._core.approvals.answer(actor, asked.id, answer)
        execution = await self._core.runs.find(settled.execution_id)
        return views.decided(settled, execution, actor.person.name)

    async def _revoke(self, actor: Actor, command: commands.Revoke) -> Card:
        rule = await self._core.rules.find(command.rule)
        await self._core.rules.revoke(actor, rule.id)
        return views.note("The rule is taken back", "The next such step is asked about again.", rule_id=rule.id)
