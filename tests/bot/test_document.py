"""docs/commands.md says what the grammar does."""

from __future__ import annotations

from pathlib import Path

from bot import commands, views
from tests.bot.test_views import CARDS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")


def test_the_table_has_every_command_in_the_words_of_the_help() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `")]
    expected = [f"| `{entry.form.replace('|', chr(92) + '|')}` | {entry.about} |" for entry in commands.ENTRIES]
    assert rows[: len(expected)] == expected


def test_the_limit_of_a_text_is_the_one_in_the_code() -> None:
    assert f"{commands.TEXT_LIMIT:,} characters" in DOCUMENT


def test_every_kind_of_data_is_named() -> None:
    kinds = {(card.data or {})["kind"] for card in [*CARDS.values(), views.note("x")]}
    assert {kind for kind in kinds if f"`{kind}`" not in DOCUMENT} == set()
