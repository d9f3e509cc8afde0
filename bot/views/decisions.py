"""What a question becomes once it is settled."""

from __future__ import annotations

from collections.abc import Sequence

from bot.messenger import Button, Card, Section, Style, Tone
from bot.views import conditions, say
from bot.views.approvals import content, cut, title, titled
from bot.views.inputs import shown
from bot.views.parts import button, data, facts, run_name, sections, shortened
from bot.views.rules import replayed
from runner.entitlement import Directory
from runner.errors import SignoffError
from runner.masking import clean
from runner.model import Answer, Approval, ApprovalState, Execution, Json, OnExpiry, Scope, Verdict, handle
from runner.rules import Proposal

_VERDICTS = {
    ApprovalState.APPROVED: ("✓", "Approved", Tone.GOOD),
    ApprovalState.DENIED: ("✗", "Denied", Tone.BAD),
    ApprovalState.ANSWERED: ("✓", "Answered", Tone.GOOD),
    ApprovalState.EXPIRED: ("–", "Timed out", Tone.NEUTRAL),  # noqa: RUF001 - a dash as a sign
    ApprovalState.WITHDRAWN: ("–", "Withdrawn", Tone.NEUTRAL),  # noqa: RUF001 - a dash as a sign
}
_OPEN = ("◆", "Open", Tone.WAITING)
_ORDINALS = ("", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")


def decided(asked: Approval, execution: Execution, directory: Directory, *, proposal: Proposal | None = None) -> Card:
    """Show what became of an approval; takes the place of the card that asked, and nothing on it answers any more.

    With a `proposal` it offers to look at the standing rule that equal decisions suggest.
    """
    sign, verdict, tone = _VERDICTS.get(asked.state, _OPEN)
    answer = asked.answer
    by = conditions.on_behalf(asked.answered_by, asked.on_behalf_of, directory)
    voters = _voters(asked, directory)
    waited = (asked.answered_at - asked.asked_at).total_seconds() if asked.answered_at else 0.0
    return Card(
        title=f"{sign} {verdict}: {title(asked)}",
        key=f"ask:{asked.id}",
        tone=tone,
        fields=facts(
            ("By", "" if voters else by),
            ("At", say.clock(asked.answered_at) if asked.answered_at else ""),
            ("After", say.duration(waited) if asked.answered_at else ""),
            ("Approved by", voters),
            ("For this run", say.line(answer.rule.pattern, 200) if answer and answer.rule else ""),
            ("Run", run_name(execution)),
            ("Project", execution.project or ""),
        ),
        sections=sections(
            *cut(_outcome(asked, answer, execution)),
            Section(title="What became of it", body=_became(asked)),
            _suggestion(proposal),
        ),
        buttons=_suggestion_button(asked, proposal),
        footer=_footer(asked, answer, proposal),
        data=data(
            "decided",
            approval=asked,
            execution_id=execution.id,
            by=directory.name(asked.answered_by),
            waited_seconds=waited,
            proposal=proposal.rule if proposal else None,
        ),
    )


def several(
    settled: Sequence[tuple[Approval, Execution]],
    problems: Sequence[tuple[Approval, SignoffError]],
    directory: Directory,
) -> Card:
    """Say what became of several questions that were answered at once."""
    failed = f", {len(problems)} not" if problems else ""
    bad = [f"✗ {handle(asked.id)}  {title(asked)}\n   {say.line(error.message, 200)}" for asked, error in problems]
    return Card(
        title=f"{'✓' if settled else '✗'} {say.plural(len(settled), 'question')} answered{failed}",
        tone=Tone.BAD if problems else Tone.GOOD,
        sections=sections(
            Section(body=shortened([_row(asked, execution, directory) for asked, execution in settled])),
            Section(title="Not answered", body=shortened(bad)),
        ),
        data=data(
            "several",
            approvals=[asked for asked, _ in settled],
            problems=[{"id": asked.id, "message": error.message, "hint": error.hint} for asked, error in problems],
        ),
    )


def _row(asked: Approval, execution: Execution, directory: Directory) -> str:
    sign, verdict, _ = _VERDICTS.get(asked.state, _OPEN)
    counted = conditions.votes(asked, directory, _newest_input(asked))
    how = f"approved {counted}" if asked.state is ApprovalState.OPEN and counted else verdict.lower()
    return f"{sign} {handle(asked.id)}  {title(asked)}\n   {how} · {run_name(execution)}"


def _newest_input(asked: Approval) -> Json | None:
    return asked.votes[-1].input if asked.votes else None


def _voters(asked: Approval, directory: Directory) -> str:
    if asked.state is not ApprovalState.APPROVED or asked.terms.quorum < 2 or asked.answer is None:
        return ""
    return conditions.votes(asked, directory, asked.answer.input)


def _outcome(asked: Approval, answer: Answer | None, execution: Execution) -> tuple[Section, ...]:
    body = content(asked, execution)
    if answer is None or asked.state is ApprovalState.EXPIRED:
        return body
    if answer.input is not None:
        changed = {name: new for name, new in answer.input.items() if new != asked.input.get(name)}
        previous = {name: asked.input[name] for name in changed if name in asked.input}
        dropped = {name: old for name, old in asked.input.items() if name not in answer.input}
        body = (
            *(titled("Approved instead", section) for section in shown(asked.tool, changed, execution.worktree)),
            *(titled("Asked", section) for section in shown(asked.tool, {**previous, **dropped}, execution.worktree)),
        )
    note = Section(title="Said to the agent", body=clean(answer.note))
    chosen = tuple(
        Section(title=clean(question), body=clean(", ".join(labels))) for question, labels in answer.choices.items()
    )
    return (*chosen, note, *(() if chosen else body))


def _became(asked: Approval) -> str:
    """Say what the state alone does not tell."""
    expired = ""
    if asked.state is ApprovalState.EXPIRED:
        stop = asked.terms.on_expiry is OnExpiry.STOP
        expired = (
            "Nobody answered in time: the run stops."
            if stop
            else ("Nobody answered in time. The agent is told so, and that nobody denied it.")
        )
    return "\n".join(part for part in (expired, clean(asked.outcome)) if part)


def _suggestion(proposal: Proposal | None) -> Section:
    if proposal is None:
        return Section(body="")
    number = _ORDINALS[proposal.decisions] if proposal.decisions < len(_ORDINALS) else f"{proposal.decisions}th"
    scope = "this task" if proposal.rule.scope is Scope.TASK else f"project {clean(proposal.rule.scope_id)}"
    word = "Always allow" if proposal.rule.verdict is Verdict.ALLOW else "Always refuse"
    return Section(
        title=f"{number} equal decision: make it a rule?",
        body=f"{word} {say.line(proposal.rule.pattern, 160)} in {scope}. {replayed(proposal.replay)}",
    )


def _suggestion_button(asked: Approval, proposal: Proposal | None) -> tuple[Button, ...]:
    return button("See the rule", f"rule {asked.id}", Style.PLAIN, key="u") if proposal else ()


def _footer(asked: Approval, answer: Answer | None, proposal: Proposal | None) -> str:
    if proposal:
        return f"`rule {handle(asked.id)}` shows what it would have changed."
    return f"`revoke {handle(answer.rule.id)}` takes the rule back." if answer and answer.rule else ""
