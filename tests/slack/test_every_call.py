"""Each call of Slack fails in each way, twice in a row, in a day's work: nothing is lost, and nothing comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.ports import ExecutionQuery
from tests.fakes import ActingAgent
from tests.products.acting import act
from tests.products.logs import faults
from tests.slack.day import Day
from tests.slack.quick import quick

# All methods of the Web API that the front end uses; auth.test is asked before anything else is there.
METHODS = frozenset(
    {
        *("chat.postMessage", "chat.update", "chat.postEphemeral", "conversations.open", "agents.sessions.setStatus"),
        *("views.open", "views.update", "views.publish", "reactions.add"),
        *("files.getUploadURLExternal", "files.completeUploadExternal"),
    }
)
_OTHERS = {"auth.test", "apps.connections.open", "conversations.replies", "conversations.history", "files.info"}
_SAMPLE = {("chat.postMessage", "lost")}
_WAYS = {"limited": (429, False), "refused": (500, False), "lost": (500, True)}


def _marks(method: str, way: str) -> list[pytest.MarkDecorator]:
    """Keep a sample for every run."""
    return [] if (method, way) in _SAMPLE else [pytest.mark.proof]


@pytest.mark.parametrize(
    ("method", "way"),
    [pytest.param(method, way, marks=_marks(method, way)) for method in sorted(METHODS) for way in _WAYS],
)
async def test_a_call_that_fails_twice_costs_nothing(
    tmp_path: Path, method: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SLACK-5: a limit, an error of Slack and an answer that was lost, on each kind of call."""
    async with quick(tmp_path, ActingAgent(act)) as ws:
        status, lost = _WAYS[way]
        ws.slack.fail(method, status=status, times=2, lost=lost)
        await Day(ws).passes()
        used = {call.method for call in ws.slack.calls}
        assert used - _OTHERS <= METHODS
        assert method in used
        assert method != "views.update" or len(ws.slack.called("views.open")) == 1, "the form was filled after all"
        assert len((await ws.scene.core.store.executions.list(ExecutionQuery(limit=9))).items) == 3
        assert await ws.scene.core.store.tasks.find("t0")
    assert not faults(caplog)
