"""The watch while a question waits: reminders, votes, turns, parking, the freeze. On a real core over SQLite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.messenger import Card
from bot.watch import Watch
from runner.model import Answer, Execution, Origin, Rule, Scope, Verdict
from tests.bot.desk import Board, Desk, desk, watching
from tests.bot.test_watch import asks, live
from tests.fakes import Turn

USERS = {name: {"role": "approver", "terminal": name} for name in ("ada", "bob")}
SOON = 0.001  # minutes


def fact(card: Card | None, label: str) -> str:
    """Return the value of a field, empty without one."""
    return next((field.value for field in card.fields if field.label == label), "") if card else ""


def places(board: Board, key: str) -> set[str]:
    """Return the channels that a card was shown in."""
    return {origin.channel for origin, card in board.shown if card.key == key}


async def begun(ada: Desk) -> tuple[Execution, str]:
    """Begin a run that asks; return it and the key of the question's card."""
    await ada.says("do Build it")
    run = await ada.newest()
    return run, f"ask:{(await ada.stage.question(run)).id}"


async def test_a_reminder_is_made_to_be_noticed_and_says_how_long_the_question_waits(tmp_path: Path) -> None:
    """TERM-11: it comes with the card that takes the old one's place, and with none of the later ones."""
    board = Board()
    section = {"remind_minutes": (SOON,)}
    async with desk(tmp_path, asks, approvals=section) as ada, watching(ada.stage, board):
        run, key = await begun(ada)
        await board.until(lambda now: key in now and now[key].nudge)
        assert board.cards[key].nudge.startswith("Still waiting (")
        assert "make all" in board.cards[key].nudge
        assert board.cards[key].buttons
        assert fact(board.cards[key], "Reminded")
        await ada.says("deny")
        await ada.stage.end(run)
        cards = await board.until(lambda now: not now[key].buttons)
        assert not cards[key].nudge


async def test_an_escalation_shows_the_question_at_the_place_of_whose_turn_it_becomes(tmp_path: Path) -> None:
    """TERM-12: and the decision is shown there too."""
    board = Board()
    section = {"on_call": ("ada", "bob"), "escalate_minutes": 0.02, "remind_minutes": ()}
    async with desk(tmp_path, asks, approvals=section, users=USERS) as ada, watching(ada.stage, board):
        run, key = await begun(ada)
        await board.until(lambda now: key in now)
        assert places(board, key) == {"ada"}
        await board.until(lambda now: now[key].nudge and "now for bob" in now[key].nudge)
        assert places(board, key) == {"ada", "bob"}
        board.shown.clear()
        await ada.says("deny")
        await ada.stage.end(run)
        await board.until(lambda now: not now[key].buttons and places(board, key) == {"ada", "bob"})


async def test_a_vote_is_counted_on_the_card_and_told_to_whoever_comes_later(tmp_path: Path) -> None:
    """TERM-10, CMD-19: where two have to approve, the first one's name stands on the open card."""
    board, late = Board(), Board()
    async with desk(tmp_path, asks, approvals={"quorum": 2}) as ada, watching(ada.stage, board):
        run, key = await begun(ada)
        await ada.says("approve")
        cards = await board.until(lambda now: fact(now.get(key), "Approved") == "1 of 2: ada")
        assert cards[key].buttons
        async with watching(ada.stage, late) as watch:
            await watch.catch_up(ada.origin)
            assert fact(late.cards[key], "Approved") == "1 of 2: ada"
        bob = await ada.stage.person("bob")
        await ada.stage.core.approvals.answer(bob, key.removeprefix("ask:"), Answer(approve=True))
        await ada.stage.end(run)
        cards = await board.until(lambda now: not now[key].buttons)
        assert (fact(cards[key], "By"), fact(cards[key], "Approved by")) == ("", "2 of 2: ada, bob")


async def test_a_terminal_that_comes_is_told_of_questions_that_its_person_is_wanted_for(tmp_path: Path) -> None:
    """TERM-12: wherever the run was begun."""
    board = Board()
    section = {"approvers": ("bob",)}
    async with desk(tmp_path, asks, approvals=section, users=USERS) as ada:
        _, key = await begun(ada)
        watch = Watch(ada.stage.core, [board])
        await watch.catch_up(replace(ada.origin, channel="carol"))
        assert board.shown == []
        await watch.catch_up(replace(ada.origin, channel="bob"))
        assert [card.key for _, card in board.shown] == [key]
        await ada.says("stop")


async def test_a_parked_run_says_that_no_process_is_held(tmp_path: Path) -> None:
    board = Board()
    async with desk(tmp_path, asks, approvals={"hot_wait_minutes": 0}) as ada, watching(ada.stage, board):
        run, key = await begun(ada)
        await board.until(lambda now: key in now and "no process is held" in fact(live(now, run.id), "State"))
        assert board.cards[key].buttons
        await ada.says("stop")


async def test_a_freeze_is_told_wherever_something_is_live_and_so_is_the_release(tmp_path: Path) -> None:
    """TERM-13: the cards of open questions and live runs say so while it lasts."""
    board = Board()
    async with desk(tmp_path, asks) as ada, watching(ada.stage, board):
        run, key = await begun(ada)
        await board.until(lambda now: key in now)
        await ada.stage.core.switch.freeze(ada.stage.actor, "the release goes out")
        cards = await board.until(
            lambda now: "freeze" in now and fact(now[key], "Frozen") and fact(live(now, run.id), "Frozen")
        )
        assert "by ada (the release goes out)" in fact(cards[key], "Frozen")
        assert cards[key].buttons
        assert "frozen" in cards["freeze"].title
        await ada.stage.core.switch.release(ada.stage.actor)
        cards = await board.until(
            lambda now: (
                "Released" in now["freeze"].title
                and not (fact(now[key], "Frozen") or fact(live(now, run.id), "Frozen"))
            )
        )
        assert cards[key].buttons
        await ada.says("deny")
        await ada.stage.end(run)


async def test_a_rule_that_is_taken_back_leaves_the_card_of_the_live_run(tmp_path: Path) -> None:
    """With its button."""
    board = Board()

    async def asks_twice(turn: Turn) -> str:
        await asks(turn)
        await turn.step("Bash", {"command": "make other"})
        return "done"

    async with desk(tmp_path, asks_twice) as ada, watching(ada.stage, board):
        run, key = await begun(ada)
        rule = Rule(pattern="Bash(make all)", verdict=Verdict.ALLOW, scope=Scope.RUN)
        await ada.stage.core.approvals.answer(
            ada.stage.actor, key.removeprefix("ask:"), Answer(approve=True, rule=rule)
        )
        cards = await board.until(lambda now: (card := live(now, run.id)) and "revoke" in str(card.buttons))
        granted = next(b for b in cards[f"run:{run.id}"].buttons if b.action.startswith("revoke "))
        await ada.stage.question(run, 2)
        await ada.stage.core.rules.revoke(ada.stage.actor, granted.action.removeprefix("revoke "))
        await board.until(lambda now: (card := live(now, run.id)) and "revoke" not in str(card.buttons))
        await ada.says("deny")
        await ada.stage.end(run)


async def test_a_question_is_shown_on_the_product_where_its_run_was_begun_and_nowhere_else(tmp_path: Path) -> None:
    terminal, slack = Board(), Board(name="slack")
    async with desk(tmp_path, asks) as ada, watching(ada.stage, terminal, slack):
        ada.origin = Origin(messenger="slack", channel="C1", thread="1.0")
        run, key = await begun(ada)
        await slack.until(lambda now: key in now)
        await ada.says("deny")
        await ada.stage.end(run)
        await slack.until(lambda now: not now[key].buttons)
        assert not terminal.shown
