"""Who may do what, and who answers for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.messenger import Card, Section
from bot.views import say
from bot.views.parts import data, sections, shortened
from runner.entitlement import Directory
from runner.model import Delegation, Person


def people(
    people: Sequence[Person], products: Mapping[str, Sequence[str]], delegations: Sequence[Delegation], now: datetime
) -> Card:
    """List people with their roles and the products they are known in, and the delegations in force."""
    directory = Directory(people={person.id: person for person in people})
    ranked = sorted(people, key=lambda person: (-person.role.rank, person.name.casefold()))
    rows = [_row(person, products.get(person.id, ())) for person in ranked]
    lent = [
        f"{_name(each.to_id, directory)} answers for {_name(each.from_id, directory)}"
        f" until {say.moment(each.ends_at, now)}"
        for each in delegations
    ]
    return Card(
        title="People",
        sections=sections(
            Section(body=shortened(rows) or "Nobody has shown up yet."),
            Section(title="Delegations", body=shortened(lent)),
        ),
        footer="`role NAME ROLE` changes a role. `delegate NAME 8h` lends your right to answer.",
        data=data("people", people=ranked, products=products, delegations=delegations),
    )


def _row(person: Person, products: Sequence[str]) -> str:
    known = ", ".join(f"{each} (preferred)" if each == person.preferred else each for each in products)
    return f"{say.line(person.name, 40)}  {person.role.value}" + (f"  {known}" if known else "")


def _name(person_id: str, directory: Directory) -> str:
    return say.line(directory.name(person_id), 40) or "somebody"
