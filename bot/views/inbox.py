"""The inbox: everything that waits for a person, over all projects; several of one kind can be answered at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.messenger import Button, Card, Section, Style, Tone
from bot.views import conditions, say
from bot.views.approvals import CARD_LIMIT, content, title, titled
from bot.views.parts import ACTION_LIMIT, button, data, run_name, sections, shortened
from runner.approvals import Waiting
from runner.entitlement import Directory
from runner.model import HANDLE_LENGTH, AskKind, handle

VIEWS_SHOWN = 8  # questions that have a button; the others are opened by a word
AT_ONCE = (ACTION_LIMIT - len("approve")) // (HANDLE_LENGTH + 1)  # handles that the action of a button can carry


def inbox(waiting: Sequence[Waiting], now: datetime, directory: Directory, *, everything: bool = False) -> Card:
    """List what waits for a person, oldest first; with `everything` also what others have to answer, and why.

    Steps of one kind in one project get a button that approves all of them at once, as far as every whole input fits
    on this card. The button names them one by one, so that it never approves what came later and was not shown.
    """
    mine = [each for each in waiting if not each.why_not]
    others = [each for each in waiting if each.why_not]
    groups = _alike(mine)
    listed = mine + (others if everything else [])
    elsewhere = f"For others: {len(others)} more, which `inbox --all` lists." if others and not everything else ""
    return Card(
        title=f"Inbox: {say.plural(len(mine), 'question')}" if mine else "Inbox",
        tone=Tone.WAITING if mine else Tone.NEUTRAL,
        sections=sections(
            Section(body=shortened([_row(each, now, directory) for each in mine]) or "Nothing waits for you."),
            Section(
                title="For others",
                body=shortened([_row(each, now, directory) for each in others]) if everything else "",
            ),
            *(section for group in groups for section in _whole(group)),
        ),
        buttons=(
            *(made for group in groups for made in _at_once(group)),
            *(
                made
                for each in listed[:VIEWS_SHOWN]
                for made in button(f"View {handle(each.approval.id)}", f"view {each.approval.id}")
            ),
        ),
        footer=" ".join(part for part in (elsewhere, _beyond(len(listed))) if part),
        data=data(
            "inbox",
            approvals=[each.approval for each in listed],
            why_not={each.approval.id: each.why_not for each in listed if each.why_not},
        ),
    )


def _row(each: Waiting, now: datetime, directory: Directory) -> str:
    asked = each.approval
    first = (run_name(each.execution), asked.project, say.ago(asked.asked_at, now))
    votes = conditions.votes(asked, directory)
    second = (
        f"turn: {say.line(asked.owner, 40)}" if asked.owner else "",
        f"approved {votes}" if votes else "",
        f"expires {say.moment(asked.expires_at, now)}" if asked.expires_at else "",
        say.line(each.why_not, 160),
    )
    lines = (f"◆ {handle(asked.id)}  {title(asked)}", _joined(first), _joined(second))
    return "\n   ".join(line for line in lines if line)


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)


def _alike(mine: Sequence[Waiting]) -> Sequence[Sequence[Waiting]]:
    """Put steps of one kind in one project together, as many as one button can name and this card can show whole."""
    kinds: dict[tuple[str, str], list[Waiting]] = {}
    for each in mine:
        asked = each.approval
        if asked.kind is AskKind.STEP and asked.signature and not asked.votes:
            kinds.setdefault((asked.project, asked.signature), []).append(each)
    left = CARD_LIMIT
    groups = []
    for alike in kinds.values():
        group: list[Waiting] = []
        for each in alike:
            length = sum(len(section.body) + len(section.title) for section in _titled(each))
            if length <= left and len(group) < AT_ONCE:
                group.append(each)
                left -= length
        if len(group) > 1:
            groups.append(group)
    return groups


def _whole(group: Sequence[Waiting]) -> Iterable[Section]:
    yield Section(
        title=f"{len(group)} of one kind" + (f" in {group[0].approval.project}" if group[0].approval.project else ""),
        body=f"“Approve {len(group)}” approves exactly these:",
    )
    for each in group:
        yield from _titled(each)


def _titled(each: Waiting) -> tuple[Section, ...]:
    return tuple(titled(handle(each.approval.id), section) for section in content(each.approval, each.execution))


def _at_once(group: Sequence[Waiting]) -> tuple[Button, ...]:
    named = " ".join(handle(each.approval.id) for each in group)
    return button(f"Approve {len(group)}", f"approve {named}", Style.PRIMARY)


def _beyond(count: int) -> str:
    return f"Without a button: {count - VIEWS_SHOWN} more, which `view HANDLE` opens." if count > VIEWS_SHOWN else ""
