"""A person's own page: what needs them, what runs, what came of their runs, what Signoff knows of them.

No text here depends on the time of looking, so a page that is drawn again is equal unless something has happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.messenger import Button, Card, Look, Section, Style
from bot.views import overview, say
from bot.views.approvals import approval
from bot.views.parts import button, data, facts, run_name, sections
from bot.views.runs import brief
from runner.approvals import Waiting
from runner.entitlement import Directory
from runner.model import Delegation, Execution, Freeze, Person, Role, State, handle, value
from runner.people import PRODUCTS

ASKED_SHOWN = 5  # questions with all their buttons; the inbox has the others
RUNS_SHOWN = 8  # live runs: a row of buttons and its menu open as many
RESULTS_SHOWN = 5


@value
class Seen:
    """What a page is made of. `waiting` are the questions this person may answer, the oldest first.

    `live` are the runs that have begun and not ended, the newest first; `ended` the newest of this person that have.
    `products` are those this person is known in, `offered` the chat products that they could link.
    """

    person: Person
    directory: Directory
    waiting: tuple[Waiting, ...] = ()
    live: tuple[Execution, ...] = ()
    pending: int = 0
    ended: tuple[Execution, ...] = ()
    frozen: Freeze | None = None
    products: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()


def home(seen: Seen) -> tuple[Card, ...]:
    """Compose the page, the most pressing first."""
    at_work = sum(execution.state is State.RUNNING for execution in seen.live)
    return (
        *((overview.frozen(seen.frozen, seen.directory, at_work),) if seen.frozen else ()),
        _needs_me(seen.waiting),
        *(_asked(each, seen) for each in seen.waiting[:ASKED_SHOWN]),
        _running(seen.live, seen.pending),
        *_results(seen.ended),
        _settings(seen),
    )


def stranger(identity: str, messenger: str = "slack") -> tuple[Card, ...]:
    """Tell somebody whom Signoff does not know how to be let in. `identity` is what a chat product calls them."""
    how = f"To be let in, ask an admin to add your member ID {say.line(identity, 40)} to `users` in config.toml."
    link = f"Whom Signoff knows elsewhere can link this account: say `link {messenger}` there."
    return (Card(title="Signoff does not know you", footer=f"{how} {link}"),)


def welcome(person: Person) -> Card:
    """Greet somebody in three lines, with what they most likely want first."""
    lines = [
        f"Hello {say.line(person.name, 40)}. Say what is to be done, and an agent does it in a copy of the project.",
        "It asks you before it does anything that cannot be undone; the result is yours to merge.",
        "`help` lists all words; they also work as `/new`, `/run`, `/inbox`.",
    ]
    return Card(
        title="Signoff",
        sections=(Section(body="\n".join(lines), look=Look.HINT),),
        buttons=(
            *button("New task", "new", Style.PRIMARY),
            *button("Tasks", "tasks"),
            *button("Inbox", "inbox"),
            *button("Help", "help"),
        ),
        data=data("welcome", person=person),
    )


def _needs_me(waiting: Sequence[Waiting]) -> Card:
    count = len(waiting)
    if not count:
        return Card(title="Needs me", sections=(Section(body="Nothing waits for you."),))
    more = f" {count - ASKED_SHOWN} more are in the inbox." if count > ASKED_SHOWN else ""
    return Card(
        title=f"Needs me: {say.plural(count, 'question')}",
        sections=sections(Section(body=f"The oldest first.{more}" if count > 1 else "")),
        buttons=button("Inbox", "inbox", Style.PRIMARY if more else Style.PLAIN) if count > 1 else (),
    )


def _asked(each: Waiting, seen: Seen) -> Card:
    """Ask as everywhere; only that there is no thread here, in which plain text would reach the agent."""
    card = approval(each.approval, each.execution, directory=seen.directory, frozen=seen.frozen)
    return replace(card, footer=f"`view {handle(each.approval.id)}` shows it among the messages.")


def _running(live: Sequence[Execution], pending: int) -> Card:
    rows = [_row(execution) for execution in live[:RUNS_SHOWN]]
    more = len(live) - len(rows)
    rows += [f"… and {say.plural(more, 'run')} more"] if more > 0 else []
    rows += [f"○ {say.plural(pending, 'run')} not begun yet"] if pending else []
    opening = tuple(
        made
        for execution in live[:RUNS_SHOWN]
        for made in button(f"View {handle(execution.id)}", f"status {execution.id}")
    )
    return Card(
        title="Running",
        sections=(Section(body="\n".join(rows) or "Nothing runs now."),),
        buttons=(*opening, *(button("All runs", "runs") if more > 0 or pending else ())),
        footer="" if rows else "`do PROMPT` begins a run.",
    )


def _row(execution: Execution) -> str:
    """Say in two lines what runs, where, and since when."""
    state = "waits for an answer" if execution.state is State.WAITING else execution.state.value
    facts_of = (execution.project or "", state, f"since {_short(execution.started_at or execution.created_at)}")
    return (
        f"{say.STATE_SIGNS[execution.state]} {run_name(execution)}\n   {' · '.join(part for part in facts_of if part)}"
    )


def _results(ended: Sequence[Execution]) -> tuple[Card, ...]:
    if not ended:
        return ()
    return (
        Card(title="My last results", buttons=button("All of mine", "runs --mine")),
        *(brief(execution) for execution in ended[:RESULTS_SHOWN]),
    )


def _settings(seen: Seen) -> Card:
    person, directory = seen.person, seen.directory
    lent = [each for each in directory.delegations if each.from_id == person.id]
    borrowed = [each for each in directory.delegations if each.to_id == person.id]
    lends = person.role.rank >= Role.APPROVER.rank
    return Card(
        title="My settings",
        fields=facts(
            ("Name", say.line(person.name, 40)),
            ("Role", person.role.value),
            ("Known in", ", ".join(seen.products)),
            ("Questions reach me", f"in {PRODUCTS[person.preferred]} too" if person.preferred in PRODUCTS else ""),
            ("Answers for me", _listed(lent, [each.to_id for each in lent], directory)),
            ("I answer for", _listed(borrowed, [each.from_id for each in borrowed], directory)),
        ),
        buttons=(
            *(_lending() if lends else ()),
            *(button("Take back", "delegate off") if lent else ()),
            *(made for each in seen.offered for made in button(f"Add {PRODUCTS[each]}", f"link {each}")),
            *button("People", "people"),
        ),
    )


def _lending() -> tuple[Button, ...]:
    return button("Delegate…", "delegate", asks="Who may answer for you, and for how long? For example: bob 8h")


def _listed(delegations: Sequence[Delegation], others: Sequence[str], directory: Directory) -> str:
    return "; ".join(
        f"{say.line(directory.name(other) or 'somebody', 40)} until {_moment(each.ends_at)}"
        for each, other in zip(delegations, others, strict=True)
    )


def _short(at: datetime) -> str:
    return f"{at.day} {at:%b} {at:%H:%M} UTC"


def _moment(at: datetime) -> str:
    """Say a moment that stays true whenever it is read."""
    return f"{at:%a} {at.day} {at:%b}, {at:%H:%M} UTC"
