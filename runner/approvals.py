"""Questions to people: look at them, answer them once.

The asking side is `runner.gate`. An answer is written together with the state of its execution, on the condition that
the approval is still open: the first valid answer wins, and everybody else hears who was faster. Who may answer is
asked at this moment (`runner.entitlement`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runner import journal
from runner.advance import Advance
from runner.entitlement import Directory, Right, right
from runner.errors import Ambiguous, BadInput, NotFound, SignoffError, WrongState
from runner.lifecycle import Answered, Case, Event, check_open
from runner.model import (
    Actor,
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    ChangeKind,
    Execution,
    Json,
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
from runner.policy import PolicyContext, judge, validate_pattern
from runner.ports import Batch, Clock, Store

INBOX = 500  # open questions that an inbox looks through, oldest first


@value
class Waiting:
    """A question as it stands in a person's inbox. `why_not` says why this person cannot answer it."""

    approval: Approval
    execution: Execution
    why_not: str = ""


class Approvals:
    """Approvals as people meet them."""

    def __init__(self, store: Store, clock: Clock, advance: Advance) -> None:
        self._store = store
        self._clock = clock
        self._advance = advance

    async def find(self, short: str) -> Approval:
        """Return the approval with this handle, or the one open approval of the run with this handle.

        Raises BadInput, NotFound, Ambiguous.
        """
        short = short.strip().lower()
        if not 4 <= len(short) <= 26 or not short.isalnum():
            raise BadInput(
                f"`{short[:40]}` is not the id of a question.", hint="`inbox` lists what waits for an answer."
            )
        found = list(await self._store.approvals.find(short))
        if not found:
            for execution in await self._store.executions.find(short):
                found += [a for a in await self._store.approvals.of(execution.id) if a.state is ApprovalState.OPEN]
        if not found:
            raise NotFound(f"There is no question `{short}`.", hint="`inbox` lists what waits for an answer.")
        if len(found) > 1:
            listed = ", ".join(f"{handle(a.id, 8)} ({a.title})" for a in found)
            raise Ambiguous(f"`{short}` fits several questions: {listed}.", hint="Give more characters.")
        return found[0]

    async def inbox(self, actor: Actor) -> Sequence[Waiting]:
        """Return the open questions of all projects, oldest first, and which of them this person may answer."""
        require(actor.person, Role.VIEWER, "look at the inbox")
        directory = await self._directory()
        waiting = []
        for approval in await self._store.approvals.open(limit=INBOX):
            execution = await self._store.executions.get(approval.execution_id)
            if execution is not None:
                why_not = _why_not(actor, approval, execution, directory)
                waiting.append(Waiting(approval=approval, execution=execution, why_not=why_not))
        return waiting

    async def alike(self, actor: Actor, approval: Approval) -> Sequence[Waiting]:
        """Return the open steps of one kind in one project that this person may answer, the given one included."""
        return [
            each
            for each in await self.inbox(actor)
            if not each.why_not
            and each.approval.kind is approval.kind is AskKind.STEP
            and (each.approval.project, each.approval.signature) == (approval.project, approval.signature)
        ]

    async def answer(self, actor: Actor, approval_id: str, answer: Answer) -> Approval:
        """Give the answer to an approval, if nobody was faster, and return the approval as it is then.

        It is still open then if more people have to approve. A rule in the answer is named by its pattern, or by a
        number among the approval's offers (`1` is the narrowest), or left empty for the widest. Raises NotAllowed,
        NotFound, AlreadyAnswered, WrongState, BadInput (edited input that policy refuses).
        """
        asked = await self._get(approval_id)
        await self._check(asked)
        directory = await self._directory()

        def reaction(case: Case) -> tuple[Event, Batch]:
            approval = next((each for each in case.open if each.id == approval_id), asked)
            granted = right(actor.person, approval, case.execution.person_id, directory)
            completed = self._completed(actor, approval, case.execution, answer)
            event = Answered(
                approval_id=approval_id,
                answer=completed,
                by=actor.person.id,
                name=actor.person.name,
                on_behalf_of=granted.on_behalf_of,
            )
            return event, self._written(actor, approval, completed, granted)

        try:
            decision = await self._advance.react(asked.execution_id, reaction)
        except WrongState:
            await self._check(await self._get(approval_id))  # says who was faster
            raise
        return next(each for each in (*decision.settle, *decision.amend) if each.id == approval_id)

    async def names(self) -> Directory:
        """Return everybody, for cards that name people."""
        return await self._directory()

    async def _directory(self) -> Directory:
        people = {person.id: person for person in await self._store.people.people()}
        return Directory(people=people, delegations=await self._store.people.delegations(self._clock.now()))

    async def _get(self, approval_id: str) -> Approval:
        approval = await self._store.approvals.get(approval_id)
        if approval is None:
            raise NotFound("There is no such question.", hint="`inbox` lists what waits for an answer.")
        return approval

    async def _check(self, approval: Approval) -> None:
        by = await self._store.people.person(approval.answered_by) if approval.answered_by else None
        check_open(approval, by.name if by else "somebody")

    def _completed(self, actor: Actor, approval: Approval, execution: Execution, answer: Answer) -> Answer:
        """Check an answer against its question and fill in what the front end left out. Raises BadInput."""
        if answer.input is not None:
            self._check_edit(approval, execution, answer.input)
        if approval.kind is AskKind.QUESTION and answer.approve:
            _check_choices(approval, answer)
        if answer.rule is None:
            return answer
        if approval.terms.quorum > 1:
            raise BadInput("A step that several have to approve is approved once.", hint="Approve it without a rule.")
        pattern = _offered(approval, answer.rule.pattern)
        validate_pattern(pattern)
        rule = Rule(
            id=new_id(),
            pattern=pattern,
            verdict=Verdict.ALLOW,
            scope=Scope.RUN,
            scope_id=execution.conversation_id,
            created_by=actor.person.id,
            created_at=self._clock.now(),
        )
        return replace(answer, rule=rule)

    def _check_edit(self, approval: Approval, execution: Execution, edited: Json) -> None:
        """An edited input must still be an input of the tool, and must not be one that nothing may unlock."""
        if approval.kind is not AskKind.STEP:
            raise BadInput("Only the input of a step can be edited.")
        unknown = [key for key in edited if key not in approval.input]
        if unknown:
            known = ", ".join(approval.input)
            raise BadInput(f"{approval.tool} was not asked with `{unknown[0]}`.", hint=f"It has: {known}.")
        context = PolicyContext(worktree=execution.worktree, home=str(Path.home()), now=self._clock.now())
        ruling = judge(ToolCall(tool=approval.tool, input=edited), context)
        if ruling.verdict is Verdict.REFUSE:
            raise BadInput(f"The edited step is refused: {ruling.reason}.", hint="The question is still open.")

    def _written(self, actor: Actor, approval: Approval, answer: Answer, granted: Right) -> Batch:
        """What is written with an answer: its audit entry, and the rule it grants."""
        entry = journal.entry(
            actor,
            ChangeKind.APPROVAL,
            f"approval.{'approved' if answer.approve else 'denied'}",
            approval.id,
            self._clock.now(),
            tool=approval.tool,
            shown=dict(approval.input),
            edited=dict(answer.input) if answer.input is not None else None,
            note=answer.note,
            rule=answer.rule.pattern if answer.rule else "",
            choices={question: list(labels) for question, labels in answer.choices.items()},
            on_behalf_of=granted.on_behalf_of or "",
            quorum=approval.terms.quorum,
        )
        return replace(entry, changes=(), rules=(answer.rule,) if answer.rule else ())


def _why_not(actor: Actor, approval: Approval, execution: Execution, directory: Directory) -> str:
    try:
        right(actor.person, approval, execution.person_id, directory)
    except SignoffError as error:
        return error.message
    voted = any(vote.person_id == actor.person.id for vote in approval.votes)
    return "You have approved it; others have to as well." if voted else ""


def _offered(approval: Approval, pattern: str) -> str:
    """Return the pattern that an answer means: an offer by its number, the widest, or the pattern itself."""
    if pattern.isascii() and pattern.isdigit() and 1 <= int(pattern) <= len(approval.offers):
        return approval.offers[int(pattern) - 1]
    pattern = pattern or next(reversed(approval.offers), "")
    if not pattern:
        raise BadInput("No narrow rule fits this step.", hint="Approve it once, or name a pattern.")
    return pattern


def _check_choices(approval: Approval, answer: Answer) -> None:
    questions = {q.text for q in approval.questions}
    missing = [text for text in questions if not answer.choices.get(text)]
    if missing:
        raise BadInput(f"Still without an answer: {missing[0]}", hint="Every question needs a choice or a text.")
