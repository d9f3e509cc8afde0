"""Commands that answer questions: one, several at once, or all of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from bot import commands, views
from bot.handlers import find
from bot.handlers.answers import chosen, edited_input, seconded
from bot.messenger import Card
from runner.core import Core
from runner.errors import BadInput, SignoffError
from runner.model import Actor, Answer, Approval, ApprovalState, AskKind, Execution, Rule, Scope, Verdict, handle

Command = commands.Approve | commands.Deny | commands.Answer


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
                answer = Answer(approve=False, note=why)
                card = await (self._alike if command.alike else self._answer)(actor, asked, answer)
            case commands.Answer():
                asked, text = await find.approval_and_text(self._core, actor, command.handle, command.text)
                card = await self._answer(actor, asked, Answer(approve=True, choices=chosen(asked, text)))
            case _:
                assert_never(command)
        return card

    async def _approve(self, actor: Actor, command: commands.Approve) -> Card:
        asked = await find.approval(self._core, actor, command.handle)
        if command.more:
            others = [await self._core.approvals.find(short) for short in command.more]
            runs = [(each, await self._core.runs.find(each.execution_id)) for each in (asked, *others)]
            return await self._answer_all(actor, runs, Answer(approve=True))
        _check_approvable(asked)
        if command.alike:
            return await self._alike(actor, asked, Answer(approve=True))
        return await self._answer(actor, asked, await self._one_answer(asked, command))

    async def _one_answer(self, asked: Approval, command: commands.Approve) -> Answer:
        """Make the answer that a command gives to one question. Raises BadInput, NotFound."""
        answer = Answer(approve=True)
        if command.edit is not None:
            return replace(answer, input=edited_input(asked, command.edit))
        if command.second is not None:
            return replace(answer, input=seconded(asked, command.second, await self._core.approvals.names()))
        if command.rule is not None:
            return replace(answer, rule=Rule(pattern=command.rule, verdict=Verdict.ALLOW, scope=Scope.RUN))
        return answer

    async def _answer(self, actor: Actor, asked: Approval, answer: Answer) -> Card:
        """Answer one question. Where more people have to approve, the card still asks, and shows who has approved."""
        settled, execution = await self._settle(actor, asked, answer)
        directory = await self._core.approvals.names()
        if settled.state is ApprovalState.OPEN:
            frozen = await self._core.switch.frozen()
            return views.approval(settled, execution, directory=directory, frozen=frozen)
        return views.decided(settled, execution, directory, proposal=await self._core.rules.proposal(settled))

    async def _alike(self, actor: Actor, asked: Approval, answer: Answer) -> Card:
        """Answer all open steps of one kind in one project.

        A question that has none like it is answered alone, and so is one that this person cannot answer: they hear why
        before any other is touched.
        """
        alike = await self._core.approvals.alike(actor, asked)
        if len(alike) < 2 or asked.id not in {each.approval.id for each in alike}:
            return await self._answer(actor, asked, answer)
        return await self._answer_all(actor, [(each.approval, each.execution) for each in alike], answer)

    async def _answer_all(self, actor: Actor, asked: Sequence[tuple[Approval, Execution]], answer: Answer) -> Card:
        """Answer several questions, each on its own: what one of them meets does not keep the others from it.

        Nobody answers by the dozen what the cards did not show whole (rule 7).
        """
        settled: list[tuple[Approval, Execution]] = []
        problems: list[tuple[Approval, SignoffError]] = []
        for approval, execution in {approval.id: (approval, execution) for approval, execution in asked}.values():
            try:
                _check_approvable(approval)
                _check_seen(approval, execution)
                settled.append(await self._settle(actor, approval, answer))
            except SignoffError as error:
                problems.append((approval, error))
        return views.several(settled, problems, await self._core.approvals.names())

    async def _settle(self, actor: Actor, asked: Approval, answer: Answer) -> tuple[Approval, Execution]:
        settled = await self._core.approvals.answer(actor, asked.id, answer)
        return settled, await self._core.runs.find(settled.execution_id)


def _check_approvable(asked: Approval) -> None:
    if asked.kind is AskKind.QUESTION:
        raise BadInput("A question needs a choice or a text.", hint=f"`answer {handle(asked.id)} …`")


def _check_seen(asked: Approval, execution: Execution) -> None:
    if not views.fits(asked, execution):
        raise BadInput("Its card shows only the beginning.", hint=f"`view {handle(asked.id)}` shows all of it.")
