"""Cards in Telegram: as agreed, in one message, harmless whatever they say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from bot import views
from bot.face import NOT_ALL, whole
from bot.measure import head, units
from bot.messenger import Attachment, Button, Card, Field, Look, Section, Tone
from bot.telegram.rendering.cards import BEGINNING, answer, line, payload, render
from bot.telegram.rendering.lint import lint
from tests.bot.questions import EVERYBODY
from tests.bot.sample import EXECUTION, asked
from tests.bot.test_views import CARDS
from tests.telegram.gallery import MESSAGES, SHOWN, readable
from tests.telegram.picture import page
from tests.telegram.tdlib import calls, changes


class Readable(SingleFileSnapshotExtension):
    """A message as text, one file each."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.mark.parametrize("name", MESSAGES)
def test_message_is_as_agreed(name: str, snapshot: SnapshotAssertion) -> None:
    assert readable(MESSAGES[name]) == snapshot(name=name, extension_class=Readable)


@pytest.mark.parametrize("name", MESSAGES)
def test_telegram_takes_every_sample_as_it_is(name: str) -> None:
    made = payload(MESSAGES[name])
    assert lint(made) == []
    assert changes(made) == ""
    assert calls(made) == []
    assert page(MESSAGES[name])


@pytest.mark.parametrize("name", SHOWN)
def test_a_sample_that_is_shown_whole_has_all_its_buttons(name: str) -> None:
    made = MESSAGES[name]
    data = [key.data.lstrip("?!") for row in made.keyboard for key in row]
    assert sorted(data) == sorted(button.action for button in SHOWN[name].buttons)
    assert bool(made.rest) == (name in {"diff-cut", "approval-proposals"}), units(made.text.text)


def test_a_full_view_that_does_not_fit_can_only_be_decided_in_words() -> None:
    """The beginning and how much is missing are shown, the whole is the file, and no button decides."""
    command = "\n".join(f"echo line {number}" for number in range(1_000))
    long = asked("Bash", {"command": command})
    card = views.approval(long, EXECUTION, directory=EVERYBODY, whole=True)
    made = render(card)
    said = made.text.text
    cut = re.search(r"… ([\d,]+) lines more in the file", said)
    assert cut
    last = 999 - int(cut[1].replace(",", ""))
    assert f"echo line {last}\n" in said
    assert f"echo line {last + 1}" not in said
    assert units(said) <= BEGINNING
    assert made.rest == whole(card)
    assert NOT_ALL in said
    assert made.keyboard == ()
    assert f"approve {long.id[-6:]}" in said
    assert not made.silent


@pytest.mark.parametrize("mark", ["x", '"', "漢", "&"])
def test_an_input_that_the_card_shows_whole_fits_and_can_be_approved(mark: str) -> None:
    """What the views show whole is whole in Telegram too."""
    card = views.approval(asked("Bash", {"command": mark * 2_800}), EXECUTION, directory=EVERYBODY)
    made = render(card)
    assert made.rest == ""
    assert mark * 2_800 in made.text.text
    assert f"approve {asked('', {}).id}" in {key.data for row in made.keyboard for key in row}


def test_what_is_decided_on_is_never_folded() -> None:
    """A folded quote shows three lines: what a person approves has to be before their eyes."""
    parts = (Section(body="x\n" * 40, look=Look.CODE), Section(body="a\n\nb\n\n" * 20, look=Look.PROSE))
    card = Card(title="t", sections=parts)
    waiting = replace(card, key="ask:a7c2d9", tone=Tone.WAITING)
    assert kinds(card) == {"bold", "expandable_blockquote", "pre"}
    several = replace(card, buttons=(Button(label="Approve 2", action="approve a7c2d9 b7c2d9"),))
    assert kinds(waiting) == kinds(several) == {"bold", "blockquote", "pre"}


def kinds(card: Card) -> set[str]:
    """Name the entities of a card."""
    return {entity.kind for entity in render(card).text.entities}


def test_only_what_has_to_be_noticed_makes_a_sound() -> None:
    loud = {name for name, card in SHOWN.items() if not render(card).silent}
    assert {"approval-command", "question", "plan", "result-failed", "error"} <= loud
    assert not {"run-live", "result-done", "help", "decided-approved", "runs"} & loud
    assert not render(replace(CARDS["run-live"], nudge="Still waiting")).silent
    assert line("x").silent
    assert not line("x", silent=False).silent


def test_only_signoffs_own_words_have_commands_in_them() -> None:
    typed = Card(title="t", sections=(Section(body="Bash(echo `id`)"),))
    hint = Card(title="t", sections=(Section(body="Say `new`, please", look=Look.HINT),))
    assert kinds(typed) == {"bold"}
    assert render(typed).text.text == "t\n\nBash(echo `id`)"
    assert kinds(hint) == {"bold", "code"}
    assert render(hint).text.text == "t\n\nSay new, please"


def test_a_text_of_one_line_is_cut_inside_it_and_the_characters_are_counted() -> None:
    made = render(Card(title="t", sections=(Section(body="x" * 20_000), Section(body="more"))))
    shown = made.text.text.count("x")
    assert 1_000 < shown < BEGINNING
    assert f"… {20_000 - shown:,} characters more in the file\n\n… 1 part more in the file" in made.text.text
    assert "x" * 20_000 in made.rest


def test_many_files_are_counted() -> None:
    files = tuple(Attachment(name=f"f{number}.md", path="/p", size=1_200) for number in range(9))
    said = render(Card(title="t", files=files)).text.text
    assert said.endswith("File: f3.md  1.2 kB\n… and 5 files more")


def test_a_remark_is_short_and_calls_nobody() -> None:
    made = line("@adaname says /stop and " + "x" * 5_000)
    assert made.text.text.startswith("@\u200badaname says /\u200bstop and xx")
    assert units(made.text.text) < 2_010
    assert line(" ").text.text == "\N{EN DASH}"


def test_a_payload_keeps_what_a_press_needs() -> None:
    ask = Button(label="Steer", action="say k3f9x2", asks="What?", prefill="run it")
    made = payload(render(Card(title="t", buttons=(ask,), fields=(Field(label="F", value="v" * 30),))))
    assert made["keyboard"] == [
        [{"text": "Steer", "data": "?say k3f9x2", "style": "", "asks": "What?", "prefill": "run it"}]
    ]
    assert made["entities"] == [
        {"type": "bold", "offset": 0, "length": 1},
        {"type": "bold", "offset": 2, "length": 2},
    ]


def test_facts_that_do_not_fit_are_in_the_file() -> None:
    card = Card(title="t", fields=tuple(Field(label=f"F{number}", value="x" * 100) for number in range(40)))
    made = render(card)
    assert made.rest == whole(card)
    assert lint(payload(made)) == []


def test_facts_of_white_space_take_no_room() -> None:
    """Nor do they make a message longer than Telegram takes."""
    facts = tuple(Field(label=f"Fact {number}", value="\t" * 700) for number in range(3))
    made = render(Card(title="Facts", fields=(*facts, Field(label="Last", value="here")), footer="y" * 2_000))
    assert units(made.text.text) < 1_000
    assert "Last: here" in made.text.text


def test_a_section_for_whose_text_no_room_is_left_is_in_the_file() -> None:
    """What is left of a message may be less than nothing below a long title."""
    parts = (Section(title="t", body="x " * 640), *(Section(title="y" * 150, body="z" * 9_000) for _ in range(40)))
    made = render(Card(title="t", sections=parts))
    assert lint(payload(made)) == []
    assert made.rest
    assert head("xyz", -1) == ""


def test_a_long_answer_is_some_messages_with_the_buttons_below_the_last() -> None:
    """TG-76: whole, inside the limits of each; what an agent wrote, what is edited or decided on is one message."""
    rows = "\n".join(f"{number:03} edit calc.py" for number in range(400))
    card = Card(title="Log", sections=(Section(body=rows),), buttons=(Button(label="Stop", action="stop k3f9x2"),))
    parts = answer(card)
    assert [len(part.keyboard) for part in parts] == [0, 1]
    assert "\n".join(part.text.text for part in parts) == f"Log\n\n{rows}"
    assert all(lint(payload(part)) == [] for part in parts)
    approve = Button(label="Approve", action="approve k3f9x2")
    for other in (
        replace(card, key="run:k3f9x2"),
        replace(card, sections=(Section(body=rows, look=Look.PROSE),)),
        replace(card, buttons=(approve,)),
        replace(card, sections=(Section(body=rows * 3),)),
    ):
        assert answer(other) == (render(other),)
        assert render(other).rest
