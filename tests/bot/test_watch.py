"""The watch: what people see without asking, on a real core over SQLite; the agent plays a part."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from bot.messenger import Card, Tone
from runner.model import Origin, State, handle
from tests.bot.desk import Board, Desk, desk, ended, watching
from tests.fakes import Turn

MAKE = {"command": "make all"}
SLACK = Origin(messenger="slack", channel="C1", thread="1.0")


async def asks(turn: Turn) -> str:
    """Ask for one command."""
    answer = await turn.step("Bash", MAKE)
    return "built" if answer and answer.approve else "left it"


async def done(turn: Turn) -> str:
    """Change a file and end."""
    await turn.write("notes.txt", "x\n")
    return "written"


async def caught_up(ada: Desk) -> None:
    """Wait until Slack's place in the feed is its end."""
    feed = ada.stage.core.store.feed
    async with asyncio.timeout(10):
        async for _ in ada.stage.core.changes.follow(every=0.05):
            if await feed.cursor("watch:slack") == await feed.newest():
                return


def live(cards: dict[str, Card], execution_id: str) -> Card | None:
    """Return the run card."""
    return cards.get(f"run:{execution_id}")


async def test_a_run_is_shown_from_its_start_over_its_question_to_its_result(tmp_path: Path) -> None:
    """One card a run, one a question, one a result; a decided question loses its buttons."""
    board = Board()
    async with desk(tmp_path, asks) as ada, watching(ada.stage, board):
        await ada.says("do Build it")
        run = await ada.newest()
        question = await ada.stage.question(run)
        cards = await board.until(lambda now: f"ask:{question.id}" in now)
        assert cards[f"ask:{question.id}"].buttons
        await ada.presses(cards[f"ask:{question.id}"], "Approve")
        cards = await board.until(lambda now: f"result:{run.id}" in now and ended(live(now, run.id)))
    assert list(cards) == [f"run:{run.id}", f"ask:{question.id}", f"result:{run.id}"]
    assert not cards[f"ask:{question.id}"].buttons
    assert cards[f"ask:{question.id}"].title.startswith("✓ Approved")
    assert not cards[f"run:{run.id}"].live
    assert cards[f"result:{run.id}"].tone is Tone.GOOD
    assert [file.name for file in cards[f"result:{run.id}"].files] == [f"report-{handle(run.id)}.json"]


async def test_a_report_made_meanwhile_does_not_bring_the_result_early(tmp_path: Path) -> None:
    board = Board(name="slack")
    async with desk(tmp_path, asks) as ada, watching(ada.stage, board):
        ada.origin = SLACK
        await ada.says("do Build it")
        run = await ada.newest()
        await ada.stage.question(run)
        assert (await ada.says("report json")).files
        await caught_up(ada)
        assert f"result:{run.id}" not in board.cards
        await ada.says("deny")
        await board.until(lambda now: f"result:{run.id}" in now)


async def test_only_the_messenger_and_place_of_origin_hear_of_a_run(tmp_path: Path) -> None:
    terminal, slack = Board(), Board(name="slack")
    async with desk(tmp_path, done) as ada, watching(ada.stage, terminal, slack):
        ada.origin = SLACK
        await ada.says("do Write")
        run = await ada.newest()
        await slack.until(lambda now: f"result:{run.id}" in now)
        assert {origin for origin, _ in slack.shown} == {SLACK}
        assert terminal.shown == []


async def test_a_chat_product_gets_after_a_restart_what_happened_meanwhile(tmp_path: Path) -> None:
    """CMD-12: the stored place in the feed moves only after a card was shown; what was missed comes, nothing older."""
    first, second, third = (Board(name="slack") for _ in range(3))
    async with desk(tmp_path, done) as ada:
        ada.origin = SLACK
        await ada.says("do Before anybody watched")
        await ada.stage.end(await ada.newest())
        async with watching(ada.stage, first):
            await ada.says("do Watched")
            seen = await ada.newest()
            await first.until(lambda now: f"result:{seen.id}" in now)
            await caught_up(ada)
        assert {card.key.partition(":")[2] for _, card in first.shown} == {seen.id}
        await ada.says("do Missed")
        missed = await ada.stage.end(await ada.newest())
        async with watching(ada.stage, second):
            await second.until(lambda now: f"result:{missed.id}" in now)
            await caught_up(ada)
        assert {card.key.partition(":")[2] for _, card in second.shown} == {missed.id}
        async with watching(ada.stage, third):
            await ada.says("do Last")
            last = await ada.newest()
            await third.until(lambda now: f"result:{last.id}" in now)
        assert missed.id not in {card.key.partition(":")[2] for _, card in third.shown}


async def test_a_terminal_that_comes_is_told_what_is_live_and_what_waits(tmp_path: Path) -> None:
    board = Board()

    async def asks_twice(turn: Turn) -> str:
        await turn.step("Bash", {"command": "make first"})
        return await asks(turn)

    async with desk(tmp_path, asks_twice) as ada:
        await ada.says("do First")
        over = await ada.newest()
        for number in (1, 2):
            await ada.stage.question(over, number)
            await ada.says("deny")
        await ada.stage.end(over)
        await ada.says("do Second")
        run = await ada.newest()
        await ada.stage.question(run)
        await ada.says("deny")
        question = await ada.stage.question(run, 2)
        async with watching(ada.stage, board) as watch:
            await watch.catch_up(ada.origin)
            assert list(board.cards) == [f"run:{run.id}", f"ask:{question.id}"]
            await watch.catch_up(replace(ada.origin, channel="bob"))
            await watch.catch_up(SLACK)
            assert {origin for origin, _ in board.shown} == {ada.origin}
        await ada.says("deny")


async def test_progress_is_joined_and_never_delays_a_question(tmp_path: Path) -> None:
    """CMD-14: hundreds of steps are a handful of cards; the question that follows them is shown all the same."""
    board = Board()
    steps = 150

    async def busy(turn: Turn) -> str:
        for number in range(steps):
            await turn.say(f"step {number}")
        return await asks(turn)

    async with desk(tmp_path, busy) as ada, watching(ada.stage, board):
        clock = ada.stage.core.clock
        began = clock.monotonic()
        await ada.says("do Much")
        run = await ada.newest()
        question = await ada.stage.question(run)
        await board.until(lambda now: f"ask:{question.id}" in now)
        drawn = sum(card.key == f"run:{run.id}" for _, card in board.shown)
        turns = 4  # created, started and the like are not joined with progress
        assert drawn <= (clock.monotonic() - began) / board.redraw_seconds + turns
        assert drawn < steps
        await ada.says("deny")
        await ada.stage.end(run)


async def test_a_card_that_cannot_be_shown_stops_neither_the_watch_nor_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = Board(), Board(name="slack", broken=True)
    async with desk(tmp_path, done) as ada, watching(ada.stage, good, bad):
        home = ada.origin
        with caplog.at_level(logging.ERROR):
            ada.origin = SLACK
            await ada.says("do Lost")
            await ada.stage.end(await ada.newest())
            ada.origin = home
            await ada.says("do Seen")
            seen = await ada.newest()
            await good.until(lambda now: f"result:{seen.id}" in now)
        assert "while showing" in caplog.text
        bad.broken = False
        ada.origin = SLACK
        await ada.says("do Again")
        again = await ada.newest()
        await bad.until(lambda now: f"result:{again.id}" in now)


async def test_merging_rewrites_the_result_card_without_its_buttons(tmp_path: Path) -> None:
    board = Board()
    async with desk(tmp_path, done) as ada, watching(ada.stage, board):
        await ada.says("do Write")
        run = await ada.newest()
        cards = await board.until(lambda now: f"result:{run.id}" in now)
        await ada.presses(cards[f"result:{run.id}"], "Merge")
        cards = await board.until(lambda now: "Merged" in {f.label for f in now[f"result:{run.id}"].fields})
        assert {"Merge", "Discard"}.isdisjoint(button.label for button in cards[f"result:{run.id}"].buttons)


async def test_a_stopped_run_is_no_longer_live_and_offers_to_go_on(tmp_path: Path) -> None:
    board = Board()

    async def waits(turn: Turn) -> str:
        return await turn.remark()

    async with desk(tmp_path, waits) as ada, watching(ada.stage, board):
        await ada.says("do Wait")
        run = await ada.stage.until(await ada.newest(), lambda e: e.session)
        await ada.says("stop")
        await ada.stage.until(run, lambda e: e.state is State.STOPPED)
        cards = await board.until(lambda now: (card := live(now, run.id)) and not card.live)
        assert {"Resume", "Cancel"} <= {button.label for button in cards[f"run:{run.id}"].buttons}
