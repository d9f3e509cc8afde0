"""Cards that ask a person, and what they become once somebody has answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from bot.messenger import Button, Card, Look, Section, Style, Tone
from bot.views import say
from bot.views.inputs import editable, shown
from bot.views.parts import PREFILL_LIMIT, button, data, facts, run_name, sections, shortened
from runner.masking import clean
from runner.model import Answer, Approval, ApprovalState, AskKind, Execution, Question, handle

CARD_LIMIT = 2_800  # characters of an input on a card: with the rest it fits a Slack section (3,000) and a Telegram
# message (4,096). Beyond it the card shows the beginning, and its only button leads to the whole (rule 7)
CHOICES_SHOWN = 8  # buttons of one question; more are typed or come from the free answer

_VERDICTS = {
    ApprovalState.APPROVED: ("✓", "Approved", Tone.GOOD),
    ApprovalState.DENIED: ("✗", "Denied", Tone.BAD),
    ApprovalState.ANSWERED: ("✓", "Answered", Tone.GOOD),
    ApprovalState.EXPIRED: ("–", "Expired", Tone.NEUTRAL),  # noqa: RUF001 - a dash as a sign
    ApprovalState.WITHDRAWN: ("–", "Withdrawn", Tone.NEUTRAL),  # noqa: RUF001 - a dash as a sign
}


def approval(asked: Approval, execution: Execution, *, whole: bool = False) -> Card:
    """Ask a person. The key is `ask:<id>`.

    Unless `whole`, an input above CARD_LIMIT is cut, and the card then has only the button that shows all of it.
    """
    body = _content(asked, execution)
    fitting = body if whole else _cut(body)
    complete = fitting == body
    return Card(
        title=f"◆ {_title(asked)}",
        key=f"ask:{asked.id}",
        tone=Tone.WAITING,
        fields=facts(
            ("Run", run_name(execution)),
            ("Project", execution.project or ""),
            ("Why it asks", say.line(asked.reason, 200)),
            ("Note", ", ".join(say.line(label, 40) for label in asked.labels)),
            ("For this run", say.line(asked.suggested_rule, 200) if complete else ""),
            ("Expires", say.clock(asked.expires_at) if asked.expires_at else ""),
        ),
        sections=sections(*fitting, *(() if complete else (_cut_note(body),))),
        buttons=_buttons(asked, execution)
        if complete
        else button("Full view", f"view {asked.id}", Style.PRIMARY, key="v"),
        footer=_footer(asked, complete=complete),
        data=data("approval", approval=asked, execution_id=execution.id, complete=complete),
    )


def decided(asked: Approval, execution: Execution, who: str) -> Card:
    """Show what became of an approval; takes the place of the card that asked and has no buttons."""
    sign, verdict, tone = _VERDICTS.get(asked.state, ("◆", "Open", Tone.WAITING))
    answer = asked.answer
    waited = (asked.answered_at - asked.asked_at).total_seconds() if asked.answered_at else 0.0
    return Card(
        title=f"{sign} {verdict}: {_title(asked)}",
        key=f"ask:{asked.id}",
        tone=tone,
        fields=facts(
            ("Run", run_name(execution)),
            ("By", who if asked.answered_by else ""),
            ("At", say.clock(asked.answered_at) if asked.answered_at else ""),
            ("After", say.duration(waited) if asked.answered_at else ""),
            ("For this run", say.line(answer.rule.pattern, 200) if answer and answer.rule else ""),
        ),
        sections=sections(*_cut(_outcome(asked, answer, execution))),
        footer=f"`revoke {handle(answer.rule.id)}` takes the rule back." if answer and answer.rule else "",
        data=data("decided", approval=asked, execution_id=execution.id, by=who, waited_seconds=waited),
    )


def inbox(waiting: Sequence[tuple[Approval, Execution]], now: datetime) -> Card:
    """List what waits for a person, oldest first."""
    rows = [
        f"◆ {handle(asked.id)}  {_title(asked)}\n   {run_name(execution)}, {say.ago(asked.asked_at, now)}"
        for asked, execution in waiting
    ]
    return Card(
        title=f"Inbox: {say.plural(len(rows), 'question')}" if rows else "Inbox",
        tone=Tone.WAITING if rows else Tone.NEUTRAL,
        sections=sections(Section(body=shortened(rows) or "Nothing waits for an answer.")),
        buttons=tuple(
            made
            for asked, _ in waiting[:CHOICES_SHOWN]
            for made in button(f"View {handle(asked.id)}", f"view {asked.id}")
        ),
        data=data("inbox", approvals=[asked for asked, _ in waiting]),
    )


def _title(asked: Approval) -> str:
    match asked.kind:
        case AskKind.STEP:
            return say.line(asked.title or asked.tool, 90)
        case AskKind.QUESTION:
            first = asked.questions[0] if asked.questions else None
            return say.line(first.header or first.text, 90) if first else "Question"
        case AskKind.PLAN:
            return "Plan"
        case _:
            assert_never(asked.kind)


def _content(asked: Approval, execution: Execution) -> tuple[Section, ...]:
    match asked.kind:
        case AskKind.STEP:
            return shown(asked.tool, asked.input, execution.worktree)
        case AskKind.QUESTION:
            many = len(asked.questions) > 1
            return tuple(_question(q, f"{n}: " if many else "") for n, q in enumerate(asked.questions, 1))
        case AskKind.PLAN:
            plan = asked.input.get("plan")
            if isinstance(plan, str):
                return (Section(body=clean(plan), look=Look.PROSE),)
            return shown(asked.tool, asked.input, execution.worktree)
        case _:
            assert_never(asked.kind)


def _question(question: Question, number: str) -> Section:
    rows = [clean(question.text)]
    rows += [
        f"  {index}. {clean(choice.label)}" + (f": {clean(choice.description)}" if choice.description else "")
        for index, choice in enumerate(question.choices, 1)
    ]
    if question.multiple:
        rows.append("  (several may be chosen)")
    return Section(title=f"{number}{clean(question.header)}".strip(": "), body="\n".join(rows))


def _buttons(asked: Approval, execution: Execution) -> tuple[Button, ...]:
    match asked.kind:
        case AskKind.STEP:
            return _step_buttons(asked)
        case AskKind.QUESTION:
            return _question_buttons(asked)
        case AskKind.PLAN:
            return (
                *button("Start", f"approve {asked.id}", Style.PRIMARY, key="a"),
                *button("Change", f"deny {asked.id}", key="c", asks="What should be different?"),
                *button("Cancel", f"cancel {execution.id}", Style.DANGER, key="x"),
            )
        case _:
            assert_never(asked.kind)


def _step_buttons(asked: Approval) -> tuple[Button, ...]:
    text = editable(asked)
    once = button("This run", f"approve {asked.id} --run", key="r") if asked.suggested_rule else ()
    edit = button("Edit", f"approve {asked.id} --edit", key="e", asks="What should run instead?", prefill=text)
    return (
        *button("Approve", f"approve {asked.id}", Style.PRIMARY, key="a"),
        *(edit if text and len(text) <= PREFILL_LIMIT else ()),
        *button("Deny", f"deny {asked.id}", Style.DANGER, key="d"),
        *button("Deny + why", f"deny {asked.id}", Style.DANGER, key="w", asks="What should the agent read?"),
        *once,
    )


def _question_buttons(asked: Approval) -> tuple[Button, ...]:
    single = len(asked.questions) == 1 and not asked.questions[0].multiple
    choices = asked.questions[0].choices if single else ()
    pick = tuple(
        made
        for number, choice in enumerate(choices[:CHOICES_SHOWN], 1)
        for made in button(clean(choice.label), f"answer {asked.id} #{number}", Style.PRIMARY, key=str(number))
    )
    many = len(asked.questions) > 1
    prefill = "; ".join(f"{number}: " for number in range(1, len(asked.questions) + 1)) if many else ""
    free = button("Other…" if pick else "Answer…", f"answer {asked.id}", key="o", asks=_how(asked), prefill=prefill)
    return (*pick, *free, *button("No answer", f"deny {asked.id}", Style.DANGER, key="d"))


def _how(asked: Approval) -> str:
    if len(asked.questions) > 1:
        return "Answers by number, for example 1: first; 2: second"
    if asked.questions and asked.questions[0].multiple:
        return "Choices by name or number, with commas"
    return "Your answer"


def _footer(asked: Approval, *, complete: bool) -> str:
    short = handle(asked.id)
    if not complete:
        return f"`view {short}` shows all of it."
    if asked.kind is AskKind.QUESTION:
        return f"`answer {short} …` · plain text goes to the agent as a remark."
    return f"`approve {short}` · `deny {short} reason` · plain text goes to the agent as a remark."


def _outcome(asked: Approval, answer: Answer | None, execution: Execution) -> tuple[Section, ...]:
    content = _content(asked, execution)
    if answer is None:
        return content
    if answer.input is not None:
        changed = {name: new for name, new in answer.input.items() if new != asked.input.get(name)}
        before = {name: asked.input[name] for name in changed if name in asked.input}
        content = (
            *(_titled("Approved instead", section) for section in shown(asked.tool, changed, execution.worktree)),
            *(_titled("Asked", section) for section in shown(asked.tool, before, execution.worktree)),
        )
    note = Section(title="Said to the agent", body=clean(answer.note))
    chosen = tuple(
        Section(title=clean(question), body=clean(", ".join(labels))) for question, labels in answer.choices.items()
    )
    return (*chosen, note, *(() if chosen else content))


def _titled(word: str, section: Section) -> Section:
    return Section(title=f"{word}: {section.title}" if section.title else word, body=section.body, look=section.look)


def _cut(whole: tuple[Section, ...]) -> tuple[Section, ...]:
    """Keep the first CARD_LIMIT characters of all sections together."""
    left = CARD_LIMIT
    kept = []
    for section in whole:
        if left <= 0:
            break
        kept.append(Section(title=section.title, body=section.body[:left], look=section.look))
        left -= len(section.body) + len(section.title)
    return tuple(kept)


def _cut_note(whole: tuple[Section, ...]) -> Section:
    count = sum(len(section.body) for section in whole)
    return Section(
        title="Not all of it", body=f"This is the beginning of {count:,} characters. Look at all before deciding."
    )
