"""A person's own page: pure, and the same at whatever time it is looked at."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from bot import commands, views
from bot.messenger import Card
from bot.slack.rendering.lint import lint_view
from bot.slack.rendering.surfaces import home as surface
from bot.views.home import ASKED_SHOWN, RUNS_SHOWN
from runner.approvals import Waiting
from runner.entitlement import Directory
from runner.model import Delegation, Person, Role, State
from tests.bot.questions import FREEZE
from tests.bot.sample import COMMAND, DONE, EDIT, EXECUTION, FAILED, PLAN, QUESTION, START, ident

ADA = Person(id=ident("pppppp"), name="ada", role=Role.APPROVER, created_at=START)
BOB = Person(id=ident("bbbbbb"), name="bob", role=Role.OPERATOR, created_at=START)
LENT = Delegation(id=ident("dddddd"), from_id=ADA.id, to_id=BOB.id, starts_at=START, ends_at=START + timedelta(days=2))
PEOPLE = Directory(people={ADA.id: ADA, BOB.id: BOB}, delegations=(LENT,))
ASKED = tuple(
    Waiting(approval=replace(asked, id=ident(f"a7c2d{number}")), execution=EXECUTION)
    for number, asked in enumerate((COMMAND, EDIT, QUESTION))
)
BUSY = views.Seen(
    person=ADA,
    directory=PEOPLE,
    waiting=ASKED,
    live=(EXECUTION, replace(EXECUTION, id=ident("w3f9x2"), state=State.WAITING)),
    pending=2,
    ended=(DONE, FAILED, replace(DONE, state=State.STOPPED), replace(DONE, merged_commit="c" * 40)),
)
EMPTY = views.Seen(person=BOB, directory=Directory(people={BOB.id: BOB}))


def titles(cards: Iterable[Card]) -> list[str]:
    return [card.title for card in cards]


def said(cards: Iterable[Card]) -> str:
    return "\n".join(
        "\n".join((card.title, *(f"{f.label}: {f.value}" for f in card.fields), *(s.body for s in card.sections)))
        for card in cards
    )


def test_the_page_tells_what_is_pressing_first() -> None:
    """SLACK-11: needs me, running, last results, my settings."""
    found = titles(views.home(BUSY))
    assert found[0] == "Needs me: 3 questions"
    assert [found.index(each) for each in ("Running", "My last results", "My settings")] == [4, 5, 10]
    assert titles(views.home(replace(BUSY, frozen=FREEZE)))[0] == "■ Everything is frozen"


def test_a_question_has_the_buttons_that_it_has_everywhere() -> None:
    """SLACK-11: it is answered where it is seen."""
    shown = views.home(BUSY)[1]
    elsewhere = views.approval(ASKED[0].approval, EXECUTION, directory=PEOPLE)
    assert shown.buttons == elsewhere.buttons
    assert [button.label for button in shown.buttons][:2] == ["Approve", "Edit"]


def test_what_is_too_much_is_counted_and_said_where_it_is() -> None:
    many = replace(BUSY, waiting=ASKED * 3, live=(EXECUTION,) * 12)
    cards = views.home(many)
    assert sum(card.key.startswith("ask:") for card in cards) == ASKED_SHOWN
    assert f"{9 - ASKED_SHOWN} more are in the inbox." in said(cards)
    assert f"… and {12 - RUNS_SHOWN} runs more" in said(cards)
    assert "○ 2 runs not begun yet" in said(cards)


def test_nothing_on_the_page_depends_on_the_time_of_looking() -> None:
    """SLACK-11: it is a function of what has happened; times that tick would be drawn again and again."""
    assert list(inspect.signature(views.home).parameters) == ["seen"]
    assert "ago" not in said(views.home(BUSY)).split()
    assert "just now" not in said(views.home(BUSY))
    consumed = replace(EXECUTION, usage=replace(EXECUTION.usage, turns=99, output_tokens=9_999))
    assert views.home(replace(BUSY, live=(consumed, BUSY.live[1]))) == views.home(BUSY)


def test_settings_are_what_this_person_may_change() -> None:
    mine = views.home(BUSY)[-1]
    assert ("Answers for me", "bob until Tue 3 Mar, 12:00 UTC") in [(f.label, f.value) for f in mine.fields]
    assert [button.label for button in mine.buttons] == ["Delegate…", "Take back", "People"]
    theirs = views.home(replace(BUSY, person=BOB))[-1]
    assert ("I answer for", "ada until Tue 3 Mar, 12:00 UTC") in [(f.label, f.value) for f in theirs.fields]
    assert [button.label for button in theirs.buttons] == ["People"]


def test_every_button_of_the_page_is_a_command_that_a_phone_shows_whole() -> None:
    for card in views.home(replace(BUSY, frozen=FREEZE)):
        for button in card.buttons:
            assert len(button.label) <= views.LABEL_LIMIT
            commands.parse(f"{button.action} bob 8h" if button.asks else button.action)


def test_a_busy_page_fits_slack() -> None:
    """SLACK-11: five questions, eight runs and five results are within the limits of a view."""
    plans = tuple(Waiting(approval=replace(PLAN, id=ident(f"p{n:05}")), execution=EXECUTION) for n in range(2))
    full = replace(BUSY, waiting=(*ASKED, *plans), live=(EXECUTION,) * 12, ended=(FAILED,) * 5, frozen=FREEZE)
    view = surface(views.home(full))
    assert lint_view(view) == ()
    assert "My settings" in str(view), "nothing had to be left out"


def test_an_empty_page_says_how_to_begin() -> None:
    cards = views.home(EMPTY)
    assert titles(cards) == ["Needs me", "Running", "My settings"]
    assert cards[1].footer == "`do PROMPT` begins a run."


def test_a_stranger_is_told_in_one_line_how_to_be_let_in() -> None:
    """SLACK-4: and sees nothing else."""
    (card,) = views.stranger("UEVE\n<!channel>")
    assert card.footer.startswith("To be let in, ask an admin to add your member ID UEVE")
    assert "\n" not in card.footer
    assert card.buttons == ()
