"""Cards that ask a person. What they become once somebody has answered is in `bot.views.decisions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from bot.messenger import Button, Card, Look, Section, Style, Tone
from bot.views import conditions, say
from bot.views.inputs import editable, shown
from bot.views.parts import PREFILL_LIMIT, button, data, facts, run_name, sections
from bot.views.previews import tried
from runner.entitlement import Directory
from runner.masking import clean
from runner.model import Approval, AskKind, Execution, Freeze, Question, Vote, handle

CARD_LIMIT = 2_800  # characters of an input on a card: with the rest it fits a Slack section (3,000) and a Telegram
# message (4,096). Beyond it the card shows the beginning, and its only button leads to the whole (rule 7)
CHOICES_SHOWN = 8  # buttons of one question; more are typed or come from the free answer
_FOLDER_TOOLS = ("Edit", "Write", "MultiEdit", "NotebookEdit")


def approval(
    asked: Approval, execution: Execution, *, directory: Directory, whole: bool = False, frozen: Freeze | None = None
) -> Card:
    """Ask a person. The key is `ask:<id>`.

    Unless `whole`, an input above CARD_LIMIT is cut, and the card then has only the button that shows all of it. Other
    inputs that voters have proposed are content like the one that was asked.
    """
    body = (*content(asked, execution), *_proposals(asked, execution, directory))
    fitting = body if whole else cut(body)
    complete = fitting == body
    return Card(
        title=f"◆ {title(asked)}",
        key=f"ask:{asked.id}",
        tone=Tone.WAITING,
        fields=facts(
            ("Frozen", conditions.frozen(frozen, directory, asked.asked_at)),
            ("Touches", conditions.touches(asked.labels)),
            ("Why it asks", say.line(asked.reason, 200)),
            ("Before", conditions.before(asked.history, asked.asked_at)),
            ("Approved", conditions.votes(asked, directory)),
            ("Who may", conditions.who(asked, execution, directory)),
            ("Turn", conditions.turn(asked)),
            ("Reminded", conditions.reminded(asked)),
            ("Expires", conditions.expiry(asked)),
            ("Run", run_name(execution)),
            ("Project", execution.project or ""),
        ),
        sections=sections(
            *fitting,
            *((*tried(asked.preview, whole=whole), _offers(asked)) if complete else (_cut_note(body),)),
        ),
        buttons=_buttons(asked, execution, directory)
        if complete
        else button("Full view", f"view {asked.id}", Style.PRIMARY, key="v"),
        footer=_footer(asked, complete=complete),
        data=data(
            "approval",
            approval=asked,
            execution_id=execution.id,
            complete=complete,
            owner=asked.owner,
            expires_at=asked.expires_at,
            frozen=frozen,
        ),
    )


def title(asked: Approval) -> str:
    """Name a question in one line."""
    match asked.kind:
        case AskKind.STEP:
            return say.line(asked.title or asked.tool, 90)
        case AskKind.QUESTION:
            first = asked.questions[0] if asked.questions else None
            more = f" + {len(asked.questions) - 1} more" if len(asked.questions) > 1 else ""
            return f"{say.line(first.header or first.text, 80)}{more}" if first else "Question"
        case AskKind.PLAN:
            return "Plan"
        case _:
            assert_never(asked.kind)


def content(asked: Approval, execution: Execution) -> tuple[Section, ...]:
    """Set what was asked, whole."""
    match asked.kind:
        case AskKind.STEP:
            return shown(asked.tool, asked.input, execution.worktree)
        case AskKind.QUESTION:
            if len(asked.questions) == 1:
                return (_question(asked.questions[0], titled=asked.questions[0].header != title(asked)),)
            return tuple(_question(question, f"Question {n}: ") for n, question in enumerate(asked.questions, 1))
        case AskKind.PLAN:
            plan = asked.input.get("plan")
            if isinstance(plan, str):
                return (Section(body=clean(plan), look=Look.PROSE),)
            return shown(asked.tool, asked.input, execution.worktree)
        case _:
            assert_never(asked.kind)


def nudge(asked: Approval) -> str:
    """Say in a line that a question still waits, or whose turn it is now; empty if neither is so."""
    return conditions.nudge(asked, title(asked))


def fits(asked: Approval, execution: Execution) -> bool:
    """Whether all that was asked can be read on a card, so that it may be answered from there."""
    body = content(asked, execution)
    return cut(body) == body


def cut(whole: tuple[Section, ...], limit: int = CARD_LIMIT) -> tuple[Section, ...]:
    """Keep the first characters of all sections together."""
    left = limit
    kept = []
    for section in whole:
        if left <= 0:
            break
        kept.append(Section(title=section.title, body=section.body[:left], look=section.look))
        left -= len(section.body) + len(section.title)
    return tuple(kept)


def titled(word: str, section: Section) -> Section:
    """Say in a section's title whose it is."""
    return Section(title=f"{word}: {section.title}" if section.title else word, body=section.body, look=section.look)


def _proposals(asked: Approval, execution: Execution, directory: Directory) -> tuple[Section, ...]:
    """Set the inputs that voters want instead, whole, each with its voters."""
    made = []
    for group in conditions.proposed(asked):
        count = conditions.votes(asked, directory, group[0].input)
        word = f"Instead ({count})" if count else "Instead"
        proposed = dict(group[0].input or {})
        if proposed.get("description") == asked.input.get("description"):
            proposed.pop("description", None)  # the agent's own words stand with what was asked
        made += [titled(word, section) for section in shown(asked.tool, proposed, execution.worktree)]
    return tuple(made)


def _question(question: Question, number: str = "", *, titled: bool = True) -> Section:
    rows = [clean(question.text)]
    rows += [
        f"  {index}. {clean(choice.label)}" + (f": {clean(choice.description)}" if choice.description else "")
        for index, choice in enumerate(question.choices, 1)
    ]
    if question.multiple:
        rows.append("  (several may be chosen)")
    name = f"{number}{clean(question.header)}".removesuffix(": ") if titled else ""
    return Section(title=name, body="\n".join(rows))


def _buttons(asked: Approval, execution: Execution, directory: Directory) -> tuple[Button, ...]:
    match asked.kind:
        case AskKind.STEP:
            return _step_buttons(asked, directory)
        case AskKind.QUESTION:
            return _question_buttons(asked)
        case AskKind.PLAN:
            return (
                *button("Start", f"approve {asked.id}", Style.PRIMARY, key="a"),
                *button("Change", f"deny {asked.id}", key="c", asks="What should be different?"),
                *button("Cancel run", f"cancel {execution.id}", Style.DANGER, key="x"),
            )
        case _:
            assert_never(asked.kind)


def _step_buttons(asked: Approval, directory: Directory) -> tuple[Button, ...]:
    text = editable(asked)
    edit = button("Edit", f"approve {asked.id} --edit", key="e", asks="What should run instead?", prefill=text)
    return (
        *button("Approve", f"approve {asked.id}", Style.PRIMARY, key="a"),
        *_seconds(asked, directory),
        *(edit if text and len(text) <= PREFILL_LIMIT else ()),
        *button("Deny", f"deny {asked.id}", Style.DANGER, key="d"),
        *button("Deny + why", f"deny {asked.id}", Style.DANGER, key="w", asks="What should the agent read?"),
        *(
            made
            for number, pattern in enumerate(_offered(asked), 1)
            for made in button(f"Allow {_reach(pattern)}", f"approve {asked.id} --run {number}", key=str(number))
        ),
    )


def _seconds(asked: Approval, directory: Directory) -> tuple[Button, ...]:
    """Make a button for each input that a voter has proposed."""
    firsts: Sequence[Vote] = [group[0] for group in conditions.proposed(asked)]
    actions = [f"approve {asked.id} --second {conditions.content(asked, vote)}" for vote in firsts]
    return tuple(
        made
        for vote, action, key in zip(firsts, actions, "snm", strict=False)
        for made in button(f"As {clean(directory.name(vote.person_id))}", action, Style.PRIMARY, key=key)
    )


def _offered(asked: Approval) -> tuple[str, ...]:
    """Return the patterns that may be approved for the run: none where a rule would not spare the next question."""
    return () if conditions.special(asked) else asked.offers


def _offers(asked: Approval) -> Section:
    rows = [f"{number}. Allow {_reach(pattern)}: {clean(pattern)}" for number, pattern in enumerate(_offered(asked), 1)]
    return Section(title="Or for the rest of this run", body="\n".join(rows))


def _reach(pattern: str) -> str:
    """Name how far a pattern reaches, in one word."""
    tool, _, rest = pattern.partition("(")
    argument = rest.removesuffix(")")
    if not argument:
        return "tool"
    if tool in _FOLDER_TOOLS:
        return "folder" if argument.endswith("*") else "file"
    if tool == "WebFetch":
        return "host"
    return "alike" if argument.endswith("*") else "same"


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


def _cut_note(whole: tuple[Section, ...]) -> Section:
    count = sum(len(section.body) for section in whole)
    return Section(
        title="Not all of it", body=f"This is the beginning of {count:,} characters. Look at all before deciding."
    )
