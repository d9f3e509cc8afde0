"""The chat, driven by keys, on a real server."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bot.messenger import Button, Card, Section
from bot.terminal.chat import Offer
from tests.terminal.cards import DECIDED, QUESTION, RESULT, RUN, RUN_OVER
from tests.terminal.sitting import sitting

ENTER, TAB, ESC, RIGHT, DOWN, UP = "\r", "\t", "\x1b", "\x1b[C", "\x1b[B", "\x1b[A"
ALT = ESC


async def test_what_is_typed_is_carried_out_and_its_cards_are_printed() -> None:
    async with sitting() as seat:
        seat.type("echo hello" + ENTER)
        await seat.heard("echo hello")
        await seat.sees_printed("hello ─")


async def test_a_live_card_is_redrawn_in_place_and_its_time_goes_on() -> None:
    async with sitting() as seat:
        await seat.show(RUN)
        await seat.sees_above("Elapsed  1s")
        await seat.clock.advance(71)
        await seat.sees_above("Elapsed  1m 12s")
        await seat.show(replace(RUN, sections=(Section(title="Steps", body="✓ Edit calc.py"),)))
        await seat.sees_above("✓ Edit calc.py")
        assert len(seat.chat.stage.cards) == 1


async def test_a_finished_run_leaves_its_place_to_its_result() -> None:
    async with sitting() as seat:
        await seat.show(RUN)
        await seat.daemon.server.show(seat.daemon.origin(), RUN_OVER)
        await seat.show(RESULT)
        await seat.sees_printed("The sign was wrong.")
        assert not seat.chat.stage.live
        await seat.daemon.server.show(seat.daemon.origin(), replace(RESULT, files=()))
        seat.type("echo after" + ENTER)
        await seat.sees_printed("after ─")
        assert seat.printed("The sign was wrong.") == 1


async def test_a_question_is_answered_with_tab_arrows_and_enter() -> None:
    async with sitting() as seat:
        await seat.show(QUESTION)
        seat.type(TAB + RIGHT + RIGHT + ENTER)
        await seat.heard("deny 0002")


async def test_escape_gives_the_focus_back_and_presses_nothing() -> None:
    async with sitting() as seat:
        await seat.show(QUESTION)
        seat.type(TAB)
        await seat.sees(lambda: seat.chat.stage.focus == 0)
        seat.type(ESC)
        await seat.sees(lambda: seat.chat.stage.focus is None)
        seat.type("echo typed" + ENTER)
        await seat.heard("echo typed")
        assert seat.daemon.desk.texts == ["echo typed"]


async def test_typing_takes_the_focus_back_and_loses_no_letter() -> None:
    async with sitting() as seat:
        await seat.show(QUESTION)
        seat.type(TAB + "deny no network" + ENTER)
        await seat.heard("deny no network")


async def test_alt_and_a_letter_presses_at_once() -> None:
    async with sitting() as seat:
        await seat.show(QUESTION)
        seat.type(ALT + "a")
        await seat.heard("approve 0002")


async def test_alt_and_a_letter_of_no_button_types_nothing() -> None:
    """A press meant for a card that is not there yet must not become a command."""
    async with sitting() as seat:
        seat.type(ALT + "v" + "echo after" + ENTER)
        await seat.heard("echo after")


async def test_the_end_of_a_run_does_not_hide_what_its_result_offers() -> None:
    """Whichever of the two cards comes last."""
    async with sitting() as seat:
        result = replace(RESULT, buttons=(Button(label="Merge", action="merge 0001", key="m"),))
        await seat.daemon.server.show(seat.daemon.origin(), result)
        await seat.sees_above("[M]erge")
        over = replace(RUN_OVER, buttons=(Button(label="Details", action="log 0001", key="l"),))
        await seat.daemon.server.show(seat.daemon.origin(), over)
        await seat.daemon.server.show(seat.daemon.origin(), Card(title="Something else"))
        await seat.sees_printed("Something else ─")
        assert "[M]erge" in seat.chat.draw(99, 30)


async def test_a_card_that_has_just_come_to_the_front_cannot_be_pressed_yet() -> None:
    async with sitting() as seat:
        await seat.daemon.server.show(seat.daemon.origin(), QUESTION)
        await seat.sees_above("Bash: pytest -q")
        seat.type(ALT + "a" + TAB + ENTER)
        await seat.sees(lambda: seat.chat.stage.focus == 0)
        await seat.sees(lambda: "not pressed" in seat.chat.toolbar())
        await seat.clock.advance(1)
        seat.type(RIGHT + RIGHT + ENTER)
        await seat.heard("deny 0002")
        assert seat.daemon.desk.texts == ["deny 0002"]


async def test_an_edit_begins_with_the_command_and_sends_the_changed_one() -> None:
    """TERM-9: the text to edit is there."""
    async with sitting() as seat:
        await seat.show(QUESTION)
        seat.type("half a thought")
        await seat.sees(lambda: seat.chat.typed == "half a thought")
        seat.type("\x03")
        seat.type(ALT + "e")
        await seat.sees(lambda: "What should run instead?" in seat.chat.question())
        seat.type(" -x" + ENTER)
        await seat.heard("approve 0002 --edit pytest -q tests/test_calc.py -x")


async def test_escape_cancels_what_a_button_asked_for() -> None:
    """TERM-9: nothing is sent."""
    async with sitting() as seat:
        await seat.show(QUESTION)
        seat.type(ALT + "w")
        await seat.sees(lambda: bool(seat.chat.question()))
        seat.type("never mind" + ESC)
        await seat.sees(lambda: not seat.chat.question())
        seat.type("echo free" + ENTER)
        await seat.heard("echo free")
        assert seat.daemon.desk.texts == ["echo free"]


async def test_the_oldest_question_stays_in_front_and_arrows_turn_to_others() -> None:
    second = replace(QUESTION, key="ask:0003", title="◆ Write notes.md", buttons=QUESTION.buttons[2:3])
    async with sitting() as seat:
        await seat.show(RUN)
        await seat.show(QUESTION)
        await seat.show(second)
        assert seat.chat.stage.front == QUESTION
        seat.type(TAB + DOWN)
        await seat.sees(lambda: seat.chat.stage.front == second)
        seat.type(UP)
        await seat.sees(lambda: seat.chat.stage.front == QUESTION)


async def test_a_decided_question_is_printed_and_loses_its_buttons() -> None:
    async with sitting() as seat:
        await seat.show(QUESTION)
        await seat.daemon.server.show(seat.daemon.origin(), DECIDED)
        await seat.sees_printed("Approved: Bash: pytest -q")
        assert not seat.chat.stage.cards


async def test_a_reminder_is_a_line_of_its_own_and_the_question_stays_in_its_place() -> None:
    """TERM-11: what is only redrawn above the prompt is easily overlooked."""
    async with sitting() as seat:
        await seat.show(QUESTION)
        await seat.daemon.server.show(
            seat.daemon.origin(), replace(QUESTION, nudge="Still waiting (30 min): \x1b[2JBash: pytest -q")
        )
        await seat.sees_printed("◆ Still waiting (30 min): ⟨U+001B⟩[2JBash: pytest -q")
        assert [card.key for card in seat.chat.stage.questions] == [QUESTION.key]


async def test_a_question_that_changes_in_front_keeps_the_finger_on_its_button_and_has_to_be_looked_at() -> None:
    """TERM-14: a vote may add a button before the one that has the focus."""
    more = Button(label="As bob", action="approve 0002 --second bob", key="s")
    voted = replace(QUESTION, buttons=(QUESTION.buttons[0], more, *QUESTION.buttons[1:]))
    async with sitting() as seat:
        await seat.show(QUESTION)
        seat.type(TAB + RIGHT + RIGHT)
        await seat.sees(lambda: seat.chat.stage.focus == 2)
        await seat.daemon.server.show(seat.daemon.origin(), voted)
        await seat.sees(lambda: seat.chat.stage.focus == 3)
        seat.type(ENTER)
        await seat.sees(lambda: "not pressed" in seat.chat.toolbar())
        await seat.clock.advance(1)
        seat.type(ENTER)
        await seat.heard("deny 0002")
        assert seat.daemon.desk.texts == ["deny 0002"]


async def test_buttons_go_with_what_they_would_answer_or_take_back() -> None:
    """TERM-15: of a list whose questions are answered, or whose rule is revoked, elsewhere or here."""
    rules = Card(
        title="Rules",
        buttons=(Button(label="✗ one", action="revoke 00rule1"), Button(label="✗ two", action="revoke 00rule2")),
    )
    inbox = Card(
        title="Inbox",
        buttons=(
            Button(label="Approve 2", action="approve aaaaaa bbbbbb"),
            Button(label="View", action="view 0000cccccc"),
        ),
    )
    async with sitting() as seat:
        await seat.daemon.server.show(seat.daemon.origin(), rules)
        await seat.sees_above("[✗ one]  [✗ two]")
        gone = Card(title="Taken back", data={"kind": "note", "rule_id": "00rule1"})
        await seat.daemon.server.show(seat.daemon.origin(), gone)
        await seat.sees_printed("Taken back ─")
        assert [button.label for card in seat.chat.stage.cards for button in card.buttons] == ["✗ two"]
        await seat.daemon.server.show(seat.daemon.origin(), inbox)
        await seat.sees_above("[Approve 2]")
        answered = Card(title="2 answered", data={"kind": "several", "approvals": [{"id": "00000000bbbbbb"}]})
        await seat.daemon.server.show(seat.daemon.origin(), answered)
        await seat.sees_printed("2 answered ─")
        assert [button.label for card in seat.chat.stage.cards for button in card.buttons] == ["View"]
        frozen = Card(title="Frozen", buttons=(Button(label="Release", action="release", key="z"),))
        await seat.daemon.server.show(seat.daemon.origin(), frozen)
        await seat.sees_above("[Z] Release")
        await seat.daemon.server.show(seat.daemon.origin(), Card(title="On", key="freeze", data={"kind": "released"}))
        await seat.sees_printed("On ─")
        assert not seat.chat.stage.cards


async def test_a_decided_question_may_offer_a_rule_and_cannot_be_answered_any_more() -> None:
    """TERM-15: what it offers can be pressed until something else comes."""
    offering = replace(DECIDED, buttons=(Button(label="See the rule", action="rule 0002", key="u"),))
    async with sitting() as seat:
        await seat.show(QUESTION)
        await seat.daemon.server.show(seat.daemon.origin(), offering)
        await seat.sees_printed("Approved: Bash: pytest -q")
        assert not seat.chat.stage.questions
        await seat.clock.advance(1)
        seat.type(ALT + "u")
        await seat.heard("rule 0002")


async def test_a_question_too_long_for_the_screen_is_printed_whole_first() -> None:
    long = replace(QUESTION, sections=(Section(body="\n".join(f"line {number}" for number in range(60))),))
    async with sitting() as seat:
        await seat.show(long)
        await seat.sees_printed("line 59")
        await seat.sees_above("(shown whole above)")
        assert "[A]pprove" in seat.chat.draw(99, 30)
        assert seat.printed("line 30 ") == 1


async def test_an_enter_typed_before_the_prompt_was_there_sends_the_line() -> None:
    """A terminal that is not read yet turns Enter into a line feed."""
    async with sitting() as seat:
        seat.type("echo early\n")
        await seat.heard("echo early")


async def test_several_lines_are_sent_as_one_text() -> None:
    async with sitting() as seat:
        await seat.sees_printed("what you can say")
        await seat.clock.advance(1)
        seat.type("echo one" + ESC + ENTER + "two\nthree" + ENTER)
        await seat.heard("echo one\ntwo\nthree")
        seat.type("\x1b[200~echo pasted\nlines\x1b[201~" + ENTER)
        await seat.heard("echo pasted\nlines")


async def test_ids_that_buttons_carry_are_shown_as_handles() -> None:
    """People know a run or a question by the six last characters."""
    whole = "01jbcdefghjkmnpqrstvwxyz23"
    async with sitting() as seat:
        await seat.show(replace(QUESTION, buttons=(replace(QUESTION.buttons[0], action=f"approve {whole}"),)))
        seat.type(ALT + "a")
        await seat.heard(f"approve {whole}")
        await seat.sees_printed("> approve wxyz23")


async def test_control_c_clears_the_line() -> None:
    async with sitting() as seat:
        seat.type("wrong\x03echo right" + ENTER)
        await seat.heard("echo right")
        assert seat.daemon.desk.texts == ["echo right"]


async def test_names_are_completed() -> None:
    async with sitting() as seat:
        seat.type("run fix")
        await seat.sees_printed("fix-tests")
        seat.type(TAB)
        await seat.sees(lambda: seat.chat.typed == "run fix-tests")
        seat.type(ENTER)
        await seat.heard("run fix-tests")


async def test_history_is_kept_in_a_private_file(tmp_path: Path) -> None:
    history = tmp_path / "state" / "history"
    async with sitting(history=history) as seat:
        seat.type("echo once" + ENTER)
        await seat.heard("echo once")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    async with sitting(history=history) as seat:
        seat.type(UP)
        await seat.sees(lambda: seat.chat.typed == "echo once")
        seat.type(" more" + ENTER)
        await seat.heard("echo once more")


async def test_a_picture_goes_with_the_text(tmp_path: Path) -> None:
    picture = tmp_path / "a screen.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n....")
    async with sitting() as seat:
        seat.type(f'/image "{picture}" echo look' + ENTER)
        await seat.heard("echo look")
        assert [image.media_type for image in seat.daemon.desk.heard[0].images] == ["image/png"]
        seat.type("/image /nowhere.png echo look" + ENTER)
        await seat.sees_printed("Cannot read the picture")


async def test_errors_of_the_daemon_are_shown_and_the_chat_goes_on() -> None:
    async with sitting() as seat:
        seat.type("fail" + ENTER)
        await seat.sees_printed("There is no such thing.")
        seat.type("echo on" + ENTER)
        await seat.heard("echo on")


async def test_offered_commands_stand_in_the_prompt_one_after_another_while_nothing_is_going_on() -> None:
    async with sitting(
        greeting="Welcome!", offers=(Offer(line="echo one", why="First."), Offer(line="echo two"))
    ) as seat:
        await seat.sees_printed("Welcome!")
        await seat.sees(lambda: seat.chat.typed == "echo one")
        assert seat.chat.question() == "First."
        await seat.show(RUN)
        seat.type(ENTER)
        await seat.sees_printed("one ─")
        assert seat.chat.typed == ""
        await seat.daemon.server.show(seat.daemon.origin(), RUN_OVER)
        await seat.sees(lambda: seat.chat.typed == "echo two")


async def test_the_chat_comes_back_to_a_daemon_that_was_restarted() -> None:
    async with sitting() as seat:
        await seat.show(RUN)
        await seat.daemon.restart()
        await seat.sees_printed("The connection to the daemon is lost.")
        await seat.sees(lambda: "no daemon" in seat.chat.toolbar())
        await seat.clock.advance(1)
        await seat.sees(lambda: "no daemon" not in seat.chat.toolbar())
        await seat.sees_printed("The daemon is back")
        seat.type("echo again" + ENTER)
        await seat.heard("echo again")


@pytest.mark.parametrize("columns", [20, 60, 200])
async def test_every_width_is_drawn(columns: int) -> None:
    async with sitting(columns=columns) as seat:
        await seat.show(RUN)
        await seat.show(QUESTION)
        seat.type("echo fits" + ENTER)
        await seat.heard("echo fits")


class TestLeaving:
    """Nobody loses a run by leaving without noticing."""

    async def test_with_a_daemon_control_d_just_leaves(self) -> None:
        async with sitting() as seat:
            await seat.show(RUN)
            seat.type("\x04")

    async def test_alone_it_can_be_thought_better_of(self) -> None:
        async with sitting(alone=True) as seat:
            await seat.show(RUN)
            seat.type("\x04")
            await seat.sees(lambda: "1 run is live" in seat.chat.question())
            seat.type("x")
            await seat.sees(lambda: not seat.chat.question())
            await seat.daemon.server.show(seat.daemon.origin(), RUN_OVER)
            await seat.sees(lambda: not seat.chat.stage.live)

    async def test_alone_it_waits_for_the_end_of_the_runs(self) -> None:
        async with sitting(alone=True) as seat:
            await seat.show(RUN)
            seat.type("\x04w")
            await seat.sees(lambda: "leaving when" in seat.chat.toolbar())
            await seat.daemon.server.show(seat.daemon.origin(), RUN_OVER)

    async def test_alone_it_stops_the_runs_and_leaves_when_they_have_stopped(self) -> None:
        async with sitting(alone=True) as seat:
            await seat.show(RUN)
            seat.type("\x04s")
            await seat.heard("stop 0001")
            await seat.daemon.server.show(seat.daemon.origin(), RUN_OVER)
