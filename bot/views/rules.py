"""Cards about rules that people made: in force, proposed, granted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.messenger import Button, Card, Field, Section, Style, Tone
from bot.views import say
from bot.views.parts import button, data, facts, sections, shortened
from runner.entitlement import Directory
from runner.masking import clean
from runner.model import Rule, Scope, Verdict, handle
from runner.policy import Replay
from runner.rules import Proposal

BUTTONS_SHOWN = 8  # rules that have a button; the others are taken back by a word
AGAINST_SHOWN = 8  # decisions that a proposed rule would have reversed

_VERBS = {Verdict.ALLOW: "allow", Verdict.ASK: "ask", Verdict.REFUSE: "refuse"}


def rules(title: str, rules: Sequence[Rule], now: datetime, directory: Directory) -> Card:
    """Show rules in force, each with a button that takes it back."""
    rows = [_row(number, rule, now, directory) for number, rule in enumerate(rules, 1)]
    return Card(
        title=say.line(title, 140),
        sections=sections(Section(body=shortened(rows) or "No rule was made here.")),
        buttons=revoking(rules),
        footer="`revoke HANDLE` takes a rule back: the next such step is asked about again." if rules else "",
        data=data("rules", rules=rules),
    )


def proposal(proposal: Proposal, now: datetime, *, grant: str, scope_name: str) -> Card:
    """Show a standing rule before it is made, and what it would have changed. `grant` is the command that makes it."""
    rule, replay = proposal.rule, proposal.replay
    against = [f"{say.ago(one.asked_at, now)}: {say.line(one.title, 90)}" for one in replay.against[:AGAINST_SHOWN]]
    more = len(replay.against) - len(against)
    opposite = "denied" if rule.verdict is Verdict.ALLOW else "approved"
    made = button("Make rule", grant, Style.PRIMARY, key="m") if grant else ()
    return Card(
        title=f"A rule for {say.line(scope_name, 60)}?",
        tone=Tone.WAITING,
        fields=(*_facts(rule, now), *facts(("Because", _equal(proposal)))),
        sections=sections(
            Section(title="What it would have changed", body=replayed(replay)),
            Section(
                title=f"People {opposite} these",
                body="\n".join([*against, *([f"… and {more} more"] if more > 0 else [])]),
            ),
        ),
        buttons=made,
        footer="" if made or not grant else f"`{grant}` makes it.",
        data=data("proposal", rule=rule, decisions=proposal.decisions, replay=replay, scope_name=scope_name),
    )


def granted(rule: Rule, scope_name: str) -> Card:
    """Say that a standing rule is in force."""
    return Card(
        title=f"✓ Rule in force for {say.line(scope_name, 60)}",
        key=f"rule:{rule.id}",
        tone=Tone.GOOD,
        fields=_facts(rule, rule.created_at),
        buttons=button("Revoke", f"revoke {rule.id}", Style.DANGER, key="k"),
        footer=f"`revoke {handle(rule.id)}` takes it back.",
        data=data("granted", rule=rule, scope_name=scope_name),
    )


def rules_section(rules: Sequence[Rule]) -> Section:
    """List the rules that were granted for a run."""
    rows = [f"{n}. {say.line(rule.pattern, 160)}  ({handle(rule.id)})" for n, rule in enumerate(rules, 1) if rule.id]
    return Section(title="Allowed for this run", body="\n".join(rows))


def revoking(rules: Sequence[Rule], most: int = BUTTONS_SHOWN) -> tuple[Button, ...]:
    """Make a button for each rule that a person made, by its number; beyond the first ones the words do the same."""
    made = [(number, rule) for number, rule in enumerate(rules, 1) if rule.id]
    return tuple(
        found for number, rule in made[:most] for found in button(f"Revoke {number}", f"revoke {rule.id}", Style.DANGER)
    )


def replayed(replay: Replay) -> str:
    """Say in one line what a rule would have changed."""
    if not replay.changed:
        return f"In {replay.days} days it would have spared nobody a question ({replay.considered} looked at)."
    against = len(replay.against)
    open_ = replay.changed - replay.agreed - against
    parts = [f"{replay.agreed} as people did"]
    parts += [f"{against} against what people said"] if against else []
    parts += [f"{open_} that nobody answered"] if open_ else []
    said = f"It would have decided {replay.changed} of {say.plural(replay.considered, 'question')}"
    return f"{said} in {replay.days} days: {', '.join(parts)}."


def _row(number: int, rule: Rule, now: datetime, directory: Directory) -> str:
    who = say.line(directory.name(rule.created_by), 40)
    by = f"by {who}" if who else ""
    made = say.ago(rule.created_at, now) if rule.created_at else ""
    until = f"until {say.moment(rule.expires_at, now)}" if rule.expires_at else ""
    more = ", ".join(part for part in (_reach(rule), " ".join(p for p in (by, made) if p), until) if part)
    return (
        f"{number}. {_VERBS[rule.verdict].capitalize()} {say.line(rule.pattern, 160)}  ({handle(rule.id)})\n   {more}"
    )


def _reach(rule: Rule) -> str:
    match rule.scope:
        case Scope.PROJECT:
            return f"in project {clean(rule.scope_id)}"
        case Scope.GLOBAL:
            return "everywhere"
        case _:
            return f"for this {rule.scope.value}"


def _facts(rule: Rule, now: datetime | None) -> tuple[Field, ...]:
    until = say.moment(rule.expires_at, now or rule.expires_at) if rule.expires_at else ""
    return facts((_VERBS[rule.verdict].capitalize(), say.line(rule.pattern, 200)), ("Until", until))


def _equal(proposal: Proposal) -> str:
    return f"the last {proposal.decisions} decisions were equal" if proposal.decisions else ""
