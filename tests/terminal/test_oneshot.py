"""One-shot commands: what they print and their exit status; and the chat without a screen."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot import views
from bot.messenger import Card
from bot.terminal.client import connect
from bot.terminal.display import Lines, Redrawn, Terminal
from bot.terminal.oneshot import Exit, Oneshot, sets_to_work
from bot.terminal.plain import PlainChat
from runner.errors import NoDaemon, NotFound
from tests.terminal.cards import DECIDED, QUESTION, RESULT, RUN, RUN_OVER
from tests.terminal.daemon import Daemon, serving
from tests.terminal.sitting import HandClock

TERMINAL = Terminal(width=80, height=24, colour=False, redraws=False)
FAILED = replace(RESULT, data={"kind": "result", "execution": {"id": "0001", "state": "failed"}})


async def once(daemon: Daemon, line: str, *, later: tuple[Card, ...] = (), wait: bool = True) -> tuple[Exit, str, str]:
    """Carry out a line; the daemon pushes the cards of `later` behind its answer. Returns status, text, document."""
    out = io.StringIO()

    async def push() -> None:
        await daemon.desk.arrived.wait()
        for card in later:
            await daemon.server.show(daemon.origin(), card)

    async with connect(daemon.path, watch=True) as client, asyncio.TaskGroup() as group, asyncio.timeout(10):
        oneshot = Oneshot(client, Lines(out, TERMINAL))
        group.create_task(push())
        status = await oneshot.run(line, wait=wait)
    return status, out.getvalue(), oneshot.document()


async def test_a_command_prints_its_cards_and_succeeds() -> None:
    async with serving() as daemon:
        status, text, document = await once(daemon, "echo hello")
    assert status is Exit.OK
    assert "hello" in text
    assert json.loads(document) == {"images": []}


async def test_several_cards_make_a_list_in_the_document() -> None:
    async with serving() as daemon:
        daemon.desk.answers["both"] = lambda: (Card(title="a", data={"a": 1}), Card(title="b", data={"b": 2}))
        assert json.loads((await once(daemon, "both"))[2]) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("line", ["fail", "error"])
async def test_an_error_card_is_status_1(line: str) -> None:
    async with serving() as daemon:
        daemon.desk.answers["error"] = lambda: (views.error(NotFound("There is no such thing.")),)
        status, text, document = await once(daemon, line)
    assert status is Exit.ERROR
    assert "There is no such thing." in text
    assert json.loads(document)["message"] == "There is no such thing."


async def test_without_waiting_a_run_is_only_begun() -> None:
    async with serving() as daemon:
        daemon.desk.answers["run fix"] = lambda: (RUN,)
        status, _, document = await once(daemon, "run fix", wait=False)
    assert status is Exit.OK
    assert json.loads(document)["execution"]["state"] == "running"


@pytest.mark.parametrize(("result", "expected"), [(RESULT, Exit.OK), (FAILED, Exit.RUN_FAILED)])
async def test_waiting_ends_with_the_run_and_says_how_it_went(result: Card, expected: Exit) -> None:
    async with serving() as daemon:
        daemon.desk.answers["run fix"] = lambda: (RUN,)
        status, text, document = await once(daemon, "run fix", later=(RUN, RUN_OVER, result))
    assert status is expected
    assert text.count("✓ Read calc.py") >= 1
    assert "The sign was wrong." in text
    assert json.loads(document)["kind"] == "result"


async def test_waiting_ends_with_status_3_when_somebody_is_asked() -> None:
    async with serving() as daemon:
        daemon.desk.answers["run fix"] = lambda: (RUN,)
        status, text, document = await once(daemon, "run fix", later=(QUESTION,))
    assert status is Exit.WAITS
    assert "pytest -q tests/test_calc.py" in text
    assert json.loads(document)["kind"] == "approval"


async def test_an_answer_is_followed_to_the_end_and_not_stopped_by_its_own_question() -> None:
    async with serving() as daemon:
        daemon.live = [RUN, QUESTION]
        daemon.desk.answers["approve 0002"] = lambda: (DECIDED,)
        status, _, document = await once(daemon, "approve 0002", later=(RUN, RUN_OVER, RESULT))
    assert status is Exit.OK
    assert json.loads(document)["kind"] == "result"


async def test_an_end_that_comes_before_the_reply_is_not_missed() -> None:
    async with serving() as daemon:
        daemon.live = [RUN_OVER, RESULT]
        daemon.desk.answers["run fix"] = lambda: (RUN,)
        status, _, _ = await once(daemon, "run fix")
    assert status is Exit.OK


async def test_a_daemon_that_goes_away_is_named() -> None:
    async with serving() as daemon, connect(daemon.path, watch=True) as client:
        oneshot = Oneshot(client, None)
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(_raises_no_daemon(oneshot))
            await daemon.desk.arrived.wait()
            await daemon.restart()
        assert await asked


async def _raises_no_daemon(oneshot: Oneshot) -> bool:
    with pytest.raises(NoDaemon):
        await oneshot.run("wait", wait=True)
    return True


@pytest.mark.parametrize(
    ("line", "works"),
    [
        ("run fix", True),
        ("do it", True),
        ("approve", True),
        ("say go on", True),
        ("list", False),
        ("log", False),
        ("?", False),
    ],
)
def test_only_what_makes_an_agent_work_is_waited_for(line: str, works: bool) -> None:
    assert sets_to_work(line) is works


async def test_on_a_terminal_the_live_card_is_redrawn_in_its_place() -> None:
    out, clock = io.StringIO(), HandClock()
    display = Redrawn(out, replace(TERMINAL, redraws=True), clock)
    display.show(RUN, last=False)
    rows = out.getvalue().count("\n")
    await clock.advance(5)
    display.tick()
    assert f"\x1b[{rows}F\x1b[0J" in out.getvalue()
    assert "Elapsed  5s" in out.getvalue()
    display.end()
    display.show(RESULT, last=True)
    assert out.getvalue().count("The sign was wrong.") == 1


class TestPlainChat:
    """A chat from a pipe runs its lines in order."""

    async def chat(self, daemon: Daemon, *lines: str, alone: bool = False) -> str:
        out = io.StringIO()

        async def typed() -> AsyncIterator[str]:
            for line in lines:
                yield f"{line}\n"

        async with connect(daemon.path, watch=True) as client, asyncio.timeout(10):
            await PlainChat(client, HandClock(), Lines(out, TERMINAL)).run(typed(), alone=alone)
        return out.getvalue()

    async def test_each_line_waits_for_the_answer_to_the_one_before(self) -> None:
        async with serving() as daemon:
            text = await self.chat(daemon, "echo one", "", "fail", "/image /nowhere.png look", "echo two")
        assert daemon.desk.texts == ["echo one", "fail", "echo two"]
        places = [text.index(part) for part in ("one", "There is no such thing.", "Cannot read the picture", "two")]
        assert places == sorted(places)

    async def test_alone_it_stays_until_the_runs_have_ended(self) -> None:
        async with serving() as daemon:
            daemon.desk.answers["run fix"] = lambda: (RUN,)
            async with asyncio.TaskGroup() as group:
                talking = group.create_task(self.chat(daemon, "run fix", alone=True))
                await daemon.desk.arrived.wait()
                await daemon.server.show(daemon.origin(), RUN_OVER)
                await daemon.server.show(daemon.origin(), RESULT)
            assert "✓ Read calc.py" in talking.result()
