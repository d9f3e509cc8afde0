"""Each call of Telegram fails in each way, twice in a row, in a day's work: nothing is lost, and nothing comes twice.

With one exception that is of Telegram's making: a bot cannot look what it has posted, so that a message or a file whose
answer was lost is posted again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import leaks
from tests.telegram.chats import Mode
from tests.telegram.day import Day
from tests.telegram.quick import JSON, World, world

POSTS = {"sendMessage", "sendDocument", "sendPhoto"}
# All methods of the Bot API that the front end uses, and the download of a file.
METHODS = frozenset(
    {
        *POSTS,
        *("editMessageText", "answerCallbackQuery", "setMessageReaction", "getFile", "download", "createForumTopic"),
        *("setMyCommands", "getMe", "getUpdates", "deleteWebhook", "setWebhook", "getWebhookInfo"),
    }
)
WAYS: dict[str, dict[str, Any]] = {
    "limited": {"status": 429},
    "broken": {"status": 500},
    "gateway": {"status": 502},
    "forbidden": {"status": 403},
    "dropped": {"dropped": True},
    "lost": {"lost": True},
}
_SAMPLE = {("sendMessage", "lost"), ("getFile", "dropped"), ("answerCallbackQuery", "broken")}
_FATAL = {"bot.delivery.outbox", "bot.attendant"}  # what is logged as an error there was lost


def _mode(method: str) -> Mode:
    return "webhook" if method in {"setWebhook", "getWebhookInfo"} else "polling"


def _times(method: str, way: str) -> int:
    """Twice in a row, but a lost answer only once: each may cost another copy. Who is shut out waits for an hour."""
    once = {"lost": POSTS, "forbidden": {*POSTS, "editMessageText"}}
    return 1 if method in once.get(way, ()) else 2


@pytest.mark.parametrize(
    ("method", "way"),
    [
        pytest.param(method, way, marks=[] if (method, way) in _SAMPLE else [pytest.mark.proof])
        for method in sorted(METHODS)
        for way in WAYS
    ],
)
async def test_a_call_that_fails_twice_costs_nothing(
    tmp_path: Path, method: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-10: a limit, an error, a page for people, a refusal, no connection and a lost answer, on each kind of call."""
    caplog.set_level(logging.INFO)
    async with world(tmp_path, mode=_mode(method), reports=JSON) as there:
        # Who shuts us out for an hour has forgotten a form: that is for the room, where none is filled in.
        where = there.room.id if way == "forbidden" and method in {"sendMessage", "editMessageText"} else None
        there.tg.fail(method, **WAYS[way], times=_times(method, way), chat=where)
        await _lived(there, method, way)
        assert leaks(caplog, there.tg.token) == []
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR" and each.name in _FATAL] == []


async def _lived(there: World, method: str, way: str) -> None:
    twice = method in POSTS and way == "lost"
    async with there.serving(ActingAgent(act)) as t:
        await t.reaches(lambda: t.tg.called("getUpdates") or t.tg.webhooks.url)
        refused = method == "answerCallbackQuery" and way == "forbidden"  # that is the one way not to be tried again
        await Day(t).passes(most=2 if twice else 1, spins=refused)
        used = {call.method for call in t.tg.calls} | {"download"}
        assert used <= METHODS
        assert method in used
        assert len(await t.runs()) == 5
        assert await t.scene.core.store.tasks.find("t0")
        if way == "lost" and "the same already" in str(t.tg.violations):
            t.tg.forgive("the same already")  # an edit whose answer was lost is made again
        if (method, way) == ("answerCallbackQuery", "lost"):
            t.tg.forgive("answered before")
