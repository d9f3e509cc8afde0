"""The grammar of decisions: answers to several, rules, roles, delegation, the freeze."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import commands
from bot.commands import parse, render
from bot.views import ACTION_LIMIT
from runner.errors import BadInput, SignoffError, UnknownCommand
from runner.model import Role, new_id


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("approve k3f9x2 --run 2", commands.Approve(handle="k3f9x2", rule="2")),
        ("approve K3F9X2 m2p4q8 a7c2", commands.Approve(handle="k3f9x2", more=("m2p4q8", "a7c2"))),
        ("approve k3f9x2 —alike", commands.Approve(handle="k3f9x2", alike=True)),
        ('approve --second "Ada L"', commands.Approve(second="Ada L")),
        ("deny k3f9x2 --alike not today", commands.Deny(handle="k3f9x2", reason="not today", alike=True)),
        ("deny --alike", commands.Deny(alike=True)),
        ("deny --alike-ish", commands.Deny(reason="--alike-ish")),
        ("deny -- --alike", commands.Deny(reason="--alike")),
        ("inbox --all", commands.Inbox(everything=True)),
        ("rules --task tidy", commands.Rules(task="tidy")),
        ("rule K3F9X2 --grant --days 7", commands.RuleFrom(handle="k3f9x2", days=7, grant=True)),
        (
            "rule Bash(pytest (-q) --lf *) --task tidy —refuse",
            commands.RuleNew(pattern="Bash(pytest (-q) --lf *)", task="tidy", refuse=True),
        ),
        ("rule --project demo -- Bash(a", commands.RuleNew(pattern="Bash(a", project="demo")),
        ('rule "Bash(a (b) c)" --task tidy', commands.RuleNew(pattern="Bash(a (b) c)", task="tidy")),
        ("rule Read --task tidy", commands.RuleNew(pattern="Read", task="tidy")),
        ("role Bob Approver", commands.GiveRole(name="Bob", role=Role.APPROVER)),
        ("delegate bob 90M", commands.Delegate(name="bob", span=timedelta(minutes=90))),
        ("delegate off 2w", commands.Delegate(name="off", span=timedelta(weeks=2))),
        ("delegate OFF", commands.DelegateOff()),
        ("freeze", commands.Freeze()),
        ("freeze the database burns", commands.Freeze(why="the database burns")),
    ],
)
def test_forms(text: str, command: commands.Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("approve k3f9x2 m2p4q8 --run", BadInput, "one question"),
        ("approve k3f9x2 m2p4q8 --alike", BadInput, "one question"),
        ("approve --second", BadInput, "without its value"),
        ("approve --alke", BadInput, "--alike"),
        ("inbox --mine", BadInput, "--all"),
        ("rules k3f9x2 --task tidy", BadInput, "either a run"),
        ("rule", BadInput, "Which rule"),
        ("rule Bash(pytest *)", BadInput, "which task or project"),
        ("rule k3f9x2 --refuse", BadInput, "which task or project"),
        ("rule k3f9x2 --task", BadInput, "without its value"),
        ("rule Bash --task a --project b", BadInput, "not for both"),
        ("rule Bash --task a --days 99999999999", BadInput, "3,650 days"),
        ("role", BadInput, "Who?"),
        ("role bob", BadInput, "Which role?"),
        ("role bob aprover", BadInput, "`approver`"),
        ("role bob king", BadInput, "viewer|operator|approver|admin"),
        ("delegate bob", BadInput, "For how long?"),
        ("delegate bob soon", BadInput, "`soon` is not a time"),
        ("delegate bob 9999999999999w", BadInput, "not a time"),
        ("relase", UnknownCommand, "release"),
        ("release now", BadInput, "`now`"),
    ],
)
def test_a_mistake_is_named_with_the_right_form(text: str, error: type[SignoffError], words: str) -> None:
    """CMD-3: unknown words name the nearest one, wrong forms the right one."""
    with pytest.raises(error) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_rule_is_written_as_people_write_it() -> None:
    made = commands.RuleNew(pattern="Bash(pytest *)", task="tidy", grant=True)
    assert render(made) == "rule Bash(pytest *) --task tidy --grant"


@pytest.mark.parametrize(
    "command",
    [
        commands.Approve(handle=new_id(), alike=True),
        commands.Approve(handle=new_id(), rule="1"),
        commands.Approve(handle=new_id(), second="ada.lovelace"),
        commands.Deny(handle=new_id(), alike=True),
        commands.RuleFrom(handle=new_id(), days=3650, grant=True),
        commands.Revoke(rule=new_id()),
    ],
)
def test_what_buttons_say_fits_them(command: commands.Command) -> None:
    """CMD-10: with whole ids."""
    assert len(render(command).encode()) <= ACTION_LIMIT
