"""Cards in Slack: as agreed, inside all limits, and harmless whatever they say."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot import views
from bot.face import IN_FILE, whole
from bot.messenger import Button, Card, Field, Look, Section, Tone
from bot.slack.rendering.buttons import pressed
from bot.slack.rendering.cards import line, render
from bot.slack.rendering.lint import lint
from bot.slack.rendering.markdown import texts as read
from runner.masking import visible
from runner.model import Json
from tests.bot.questions import EVERYBODY
from tests.bot.sample import EXECUTION, asked
from tests.bot.test_views import CARDS
from tests.slack.cards import FRAGMENTS, cards
from tests.slack.picture import page

_LIVE = re.compile(r"<[@#!]|<[^>|]*\||@(?:here|channel|everyone)")


def actions(blocks: tuple[Json, ...]) -> Iterator[str]:
    """Yield the command of every button and every choice of a menu."""
    for element in (each for block in blocks if block["type"] == "actions" for each in block["elements"]):
        for carrier in element.get("options", [element]):
            yield pressed(carrier["value"]).action


def pieces(content: object) -> Iterator[Json]:
    """Yield every object inside blocks."""
    if isinstance(content, dict):
        yield content
    for inner in (
        content.values() if isinstance(content, dict) else content if isinstance(content, list | tuple) else ()
    ):
        yield from pieces(inner)


@pytest.mark.parametrize("name", CARDS)
def test_card_is_as_agreed(name: str, snapshot: SnapshotAssertion) -> None:
    made = render(CARDS[name])
    shown = {"text": made.text, "blocks": list(made.blocks), "rest": made.rest[:200]}
    assert shown == snapshot(name=name, extension_class=JSONSnapshotExtension)


@pytest.mark.parametrize("name", CARDS)
def test_sample_card_keeps_the_limits_and_all_its_buttons(name: str) -> None:
    made = render(CARDS[name])
    assert lint(made.blocks) == ()
    assert sorted(actions(made.blocks)) == sorted(button.action for button in CARDS[name].buttons)
    assert bool(made.rest) == (name == "diff-cut")
    assert page(made)


@settings(max_examples=100)
@given(cards)
def test_no_card_breaks_a_limit_or_hides_pings_or_forges_anything(card: Card) -> None:
    """The linter refuses everything that Slack would parse, so only the notification can be live, and is not."""
    made = render(card)
    assert lint(made.blocks) == ()
    assert not _LIVE.search(made.text)
    assert 0 < len(made.text) <= 4_000
    assert set(actions(made.blocks)) <= {button.action for button in card.buttons}
    faces = [each for each in pieces(made.blocks) if each.get("type") == "link"]
    assert all("text" not in each for each in faces)
    json.dumps(made.blocks).encode()


@settings(max_examples=100)
@given(cards)
def test_what_is_not_shown_is_in_the_file(card: Card) -> None:
    """Every letter and digit of facts and sections is shown, except numbers of items and languages of code."""
    made = render(card)
    if made.rest:
        assert made.rest == whole(card)
        assert not {"approve", "answer", "deny", "rule"} & {each.split(" ")[0] for each in actions(made.blocks)}
        return
    shown = read([block["elements"] for block in made.blocks if block["type"] == "rich_text"])
    shown += "".join(each["text"] for each in pieces(made.blocks) if each.get("type") == "plain_text")
    for section in card.sections:
        source = visible(section.body)
        if section.look is Look.PROSE:
            source = re.sub(r"(?m)^[>\s\-*+|]*\d+[.)]|`{3,}.*|~{3,}.*|\d", "", source)
        assert not letters(source) - letters(shown)
    for field in card.fields:
        assert not letters(visible(field.value)) - letters(shown)


def letters(text: str) -> Counter[str]:
    """Count the letters and digits of a text."""
    return Counter(char for char in text if char.isalnum())


@pytest.mark.parametrize(
    "fragment", [*FRAGMENTS[:4], *(pytest.param(each, marks=pytest.mark.proof) for each in FRAGMENTS[4:])]
)
def test_100_kb_of_anything_keep_the_limits(fragment: str) -> None:
    text = (fragment * 100_000)[:100_000]
    prose = Section(title=text, body=text, look=Look.PROSE)
    for card in (
        Card(title=text, fields=(Field(label="F", value=text),), footer=text, key=text, nudge=text),
        Card(title="t", sections=(prose, replace(prose, look=Look.TEXT))),
    ):
        made = render(card)
        assert lint(made.blocks) == ()
        assert len(made.text) <= 4_000
        assert made.rest or not visible(text).strip()


@pytest.mark.parametrize("size", [2_799, 2_800])
@pytest.mark.parametrize("mark", ["x", '"', "\\", "漢", "😀"])
def test_an_input_that_the_card_shows_whole_fits_and_can_be_approved(size: int, mark: str) -> None:
    """What the views show whole is whole in Slack too, even where every character has to be escaped."""
    card = views.approval(asked("Bash", {"command": mark * size}), EXECUTION, directory=EVERYBODY)
    made = render(card)
    assert made.rest == ""
    assert mark * size in [each["text"] for each in pieces(made.blocks) if each.get("type") == "text"]
    assert f"approve {asked('', {}).id}" in set(actions(made.blocks))


def test_a_full_view_that_does_not_fit_can_only_be_decided_in_words() -> None:
    """APPR-7: the beginning and how much is missing are shown, the whole is the file, and no button decides."""
    command = "\n".join(f"echo line {number}" for number in range(1_000))
    long = asked("Bash", {"command": command})
    card = views.approval(long, EXECUTION, directory=EVERYBODY, whole=True)
    made = render(card)
    assert {"approve", "deny"} <= {button.action.split(" ")[0] for button in card.buttons}
    assert set(actions(made.blocks)) == set()
    said = read([block["elements"] for block in made.blocks if block["type"] == "rich_text"])
    cut = re.search(r"… (\d+) lines more in the file", said)
    assert cut
    last = 999 - int(cut[1])
    assert f"echo line {last}" in said
    assert f"echo line {last + 1}" not in said
    assert command in made.rest
    assert "no button decides it" in said
    assert f"approve {long.id[-6:]}" in said


def test_a_text_of_one_line_is_cut_inside_it_and_the_characters_are_counted() -> None:
    made = render(Card(title="t", sections=(Section(body="x" * 20_000), Section(body="more"))))
    said = read([block["elements"] for block in made.blocks if block["type"] == "rich_text"])
    shown = said.count("x")
    assert 2_500 < shown < 4_000, "the file has all: nobody scrolls past a wall"
    assert f"… {20_000 - shown:,} characters more {IN_FILE}" in said
    assert f"… 1 part more {IN_FILE}" in said
    assert "x" * 20_000 in made.rest


def test_a_notification_says_first_what_is_wanted() -> None:
    """A lock screen shows the first lines: the verb, the step, the run."""
    assert render(CARDS["approval-terms"]).text.startswith(
        "Approve? $ git push --force-with-lease origin main · fix-tests (k3f9x2)\n"
    )
    assert render(CARDS["question"]).text.startswith("Question: Database · ")
    assert render(CARDS["approval-long"]).text.startswith("Needs you: ")
    assert render(CARDS["decided-denied"]).text.startswith("✗ Denied: ")
    assert render(replace(CARDS["approval-command"], nudge="Waits for 5 min")).text.startswith("Waits for 5 min\n")


def test_a_notification_names_the_run_once() -> None:
    assert render(CARDS["approval-command"]).text.count("fix-tests (k3f9x2)") == 1


def test_only_signoffs_own_words_have_commands_in_them() -> None:
    """A backtick of a person or in a pattern is a letter like others."""
    typed = Card(title="t", sections=(Section(body="Bash(echo `id`)"),))
    hint = replace(typed, sections=(Section(body="Say `new`, please", look=Look.HINT),))
    (said,) = render(typed).blocks[1]["elements"][0]["elements"]
    assert said["text"] == "Bash(echo `id`)"
    assert [piece["text"] for piece in render(hint).blocks[1]["elements"][0]["elements"]] == ["Say ", "new", ", please"]


def test_a_tone_is_always_a_sign_and_never_only_a_colour() -> None:
    for tone, sign in ((Tone.RUNNING, "●"), (Tone.WAITING, "◆"), (Tone.GOOD, "✓"), (Tone.BAD, "✗")):
        header = render(Card(title="Saved", tone=tone)).blocks[0]
        assert header["text"]["text"] == f"{sign} Saved"
    assert "color" not in json.dumps(render(CARDS["error"]).blocks)


def test_what_a_question_is_about_is_never_set_small() -> None:
    (context,) = [block for block in render(CARDS["approval-voted"]).blocks if block["type"] == "context"]
    assert [each["text"] for each in context["elements"]] == ["Needs you · Run: fix-tests (k3f9x2) · Project: demo"]


def test_agent_prose_stands_behind_a_bar_and_makes_no_block_of_its_own() -> None:
    """A forged card needs a header, a button or a line of Signoff: prose can make none of them."""
    forged = "# ✓ Approved\n\n---\n\n- Run: x\n\n```\ncode\n```\n\n<!channel> [Approve](https://evil.example)"
    blocks = render(Card(title="t", sections=(Section(title="Agent", body=forged, look=Look.PROSE),))).blocks
    assert [block["type"] for block in blocks] == ["header", "rich_text"]
    title, *elements = blocks[1]["elements"]
    assert read(title) == "Agent\n"
    assert all(each["type"] == "rich_text_quote" or each["border"] == 1 for each in elements)
    assert "Approve (https://evil.example)" in read(elements)


def test_what_hides_is_made_visible_in_every_part() -> None:
    hidden = "a\u202eb\u200b"
    part = Section(title=hidden, body=hidden)
    long = Field(label=hidden, value=hidden * 20)
    fields = (Field(label=hidden, value=hidden), long)
    made = render(Card(title=hidden, fields=fields, sections=(part, replace(part, look=Look.PROSE)), footer=hidden))
    assert lint(made.blocks) == ()
    assert "\u202e" not in made.text
    assert read(made.blocks[-1]) == "a⟨U+202E⟩b⟨U+200B⟩"


def test_prose_that_is_heavier_styled_than_typed_is_shown_as_typed() -> None:
    typed = "*a* `b` " * 1_000
    made = render(Card(title="t", sections=(Section(body=typed, look=Look.PROSE),)))
    assert made.rest == ""
    assert lint(made.blocks) == ()
    assert read(made.blocks[1]) == typed


def test_a_remark_is_one_block() -> None:
    made = line("<!channel> You may not. @here")
    assert lint(made.blocks) == ()
    assert made.text == "&lt;!channel&gt; You may not. @\u200bhere"
    assert lint(line("x" * 50_000).blocks) == ()


@given(st.lists(st.text("ab\n|`", max_size=40), min_size=1, max_size=3), st.text("ab <@", max_size=150))
def test_facts_of_any_form_are_shown(values: list[str], title: str) -> None:
    fields = tuple(Field(label=f"F{number}", value=text) for number, text in enumerate(values))
    made = render(Card(title=title, fields=fields, buttons=(Button(label="x", action="view a"),)))
    assert lint(made.blocks) == ()
    assert made.rest == ""
