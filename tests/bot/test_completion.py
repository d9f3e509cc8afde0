"""Completion: what may follow what has been typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import Names, complete

NAMES = Names(
    tasks=("fix-tests", "tidy"),
    handles=("k3f9x2", "m2p4q8"),
    approvals=("a7c2d9",),
    projects=("demo", "docs"),
    tags=("ci", "night"),
    people=("ada", "bob"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ap", ["approve"]),
        ("/task ap", ["approve"]),
        ("run ", ["fix-tests", "tidy"]),
        ("run fi", ["fix-tests"]),
        ("stop k", ["k3f9x2"]),
        ("approve ", ["a7c2d9"]),
        ("approve a7c2d9 a", ["a7c2d9"]),
        ("approve a7c2d9 --", ["--edit", "--run", "--second", "--alike"]),
        ("approve a7c2d9 --second b", ["bob"]),
        ("approve a7c2d9 --edit a", []),
        ("deny a7c2d9 --", ["--alike"]),
        ("inbox --", ["--all"]),
        ("rule a", ["a7c2d9"]),
        ("rule a7c2d9 --g", ["--grant"]),
        ("rule Bash --task t", ["tidy", "fix-tests"]),
        ("rules --project do", ["docs"]),
        ("role a", ["ada"]),
        ("role bob v", ["viewer", "approver"]),
        ("delegate b", ["bob"]),
        ("link t", ["telegram"]),
        ("unlink ", ["slack", "telegram"]),
        ("prefer he", ["here"]),
        ("rel", ["release"]),
        ("run tidy --pr", ["--project", "--priority"]),
        ("run tidy --project d", ["demo", "docs"]),
        ("do --priority h", ["high"]),
        ("list #n", ["#night"]),
        ("runs --state fa", ["failed"]),
        ("runs --task ", ["fix-tests", "tidy"]),
        ("report k3f9x2 p", ["pdf"]),
        ("project sh", ["show"]),
        ("project show de", ["demo"]),
        ("help mer", ["merge"]),
        ("nonsense ", []),
        ("run tidy", []),
    ],
)
def test_names_of_the_fitting_kind_are_offered(text: str, expected: list[str]) -> None:
    assert [completion.text for completion in complete(text, NAMES)] == expected


@given(st.text(max_size=60))
def test_a_completion_replaces_only_what_was_typed_last(text: str) -> None:
    for completion in complete(text, NAMES):
        assert 0 <= completion.replaces <= len(text)
        assert not any(c.isspace() for c in text[len(text) - completion.replaces :])
