"""The App Home: what needs somebody is there before they ask, and it stays true without a storm of requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.slack.rendering.lint import lint_view
from runner.model import Role
from tests.fakes import MAKE, ActingAgent, asks
from tests.servers.slack import StrictSlack
from tests.servers.slack.world import User, View
from tests.slack.workspace import Workspace, configured, serving, workspace


def words(view: View) -> str:
    """Return everything a home says and carries."""
    return json.dumps(view.content, ensure_ascii=False)


async def home(ws: Workspace, user: User, condition: Callable[[str], object]) -> View:
    """Wait until a person's home is as wanted."""
    async with ws.patience():
        while (shown := ws.slack.home(user)) is None or not condition(words(shown)):
            await ws.moment()
    assert lint_view({"type": "home", "blocks": _bare(shown.blocks)}) == ()
    return shown


def _bare(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: part for name, part in block.items() if name != "block_id"} for block in blocks]


def labelled(view: View, label: str) -> str:
    """Return the action id of the button with this label. Raises LookupError."""
    for block in view.blocks:
        for element in block["elements"] if block["type"] == "actions" else ():
            if element["type"] == "button" and element["text"]["text"] == label:
                return str(element["action_id"])
    raise LookupError(f"no button {label!r} in {words(view)}")


async def test_a_question_is_answered_on_the_home_and_told_of_in_the_direct_messages(tmp_path: Path) -> None:
    """SLACK-11: who opens it sees what needs them; a press there counts, and the home shows what came of it."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        assert (await ws.slack.open_home(ws.ada, "messages")).ok
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)
        assert ws.slack.home(ws.ada) is None, "only the home tab opens the home"
        assert (await ws.slack.open_home(ws.ada)).ok
        shown = await home(ws, ws.ada, lambda said: "Needs me: 1 question" in said)
        assert MAKE["command"] in words(shown)
        assert "admin" in words(shown)
        ack = await ws.slack.act(shown, labelled(shown, "Approve"))
        assert ack
        assert ack.ok
        await ws.until(ws.slack.dm(ws.ada), lambda m: "Approved" in ws.said(m))
        await ws.until(ws.ops, lambda m: "ran make all" in ws.said(m), thread=begun.message.ts)
        over = await home(ws, ws.ada, lambda said: "My last results" in said)
        assert "Nothing waits for you" in words(over)
        assert "Build it: completed" in words(over)


@pytest.mark.proof
async def test_a_home_changes_when_somebody_else_acts(tmp_path: Path) -> None:
    """SLACK-11: a question that somebody else has answered does not stay on the home."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        await ws.slack.open_home(ws.bob)
        await home(ws, ws.bob, lambda said: "Nothing waits for you" in said)
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)
        await home(ws, ws.bob, lambda said: "Needs me: 1 question" in said)
        await ws.press(ws.ada, question, "Deny")
        await home(ws, ws.bob, lambda said: "Nothing waits for you" in said)


@pytest.mark.proof
async def test_a_text_that_a_button_of_the_home_needs_is_asked_for_in_a_form(tmp_path: Path) -> None:
    """SLACK-3: on the home as on a card."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        await ws.slack.open_home(ws.bob)
        await home(ws, ws.bob, lambda said: "My settings" in said)
        await ws.slack.open_home(ws.ada)
        shown = await home(ws, ws.ada, lambda said: "My settings" in said)
        await ws.slack.act(shown, labelled(shown, "Delegate…"))
        form = await ws.form(ws.ada)
        await ws.slack.submit(form, {"text": "bob 8h"})
        await ws.until(ws.slack.dm(ws.ada), lambda m: "bob may answer for you" in ws.said(m))
        await home(ws, ws.ada, lambda said: "Answers for me" in said)
        await home(ws, ws.bob, lambda said: "I answer for" in said)


async def test_a_stranger_sees_how_to_be_let_in_and_nothing_else(tmp_path: Path) -> None:
    """SLACK-4: the home of somebody whom nobody has let in."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        eve = ws.slack.user("UEVE", "Eve")
        await ws.slack.open_home(eve)
        shown = await home(ws, eve, lambda said: "does not know you" in said)
        assert "UEVE" in words(shown)
        assert "actions" not in words(shown)
        assert "calculator" not in words(shown)


@pytest.mark.proof
async def test_a_storm_of_changes_makes_few_requests_and_ends_with_the_truth(tmp_path: Path) -> None:
    """SLACK-11: what changes often is drawn seldom; what looks the same is not drawn at all."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        for user in (ws.ada, ws.bob):
            await ws.slack.open_home(user)
            await home(ws, user, lambda said: "My settings" in said)
        before = len(ws.slack.called("views.publish"))
        for number in range(200):
            role = Role.OPERATOR if number % 2 == 0 else Role.ADMIN
            await ws.scene.core.people.set_role(ws.scene.actor, "bob", role)
        await home(ws, ws.bob, lambda said: "admin" in said)
        await asyncio.sleep(1)
        calls = ws.slack.called("views.publish")[before:]
        assert {call.args["user_id"] for call in calls} == {"UBOB"}, "nothing changed on the home of Ada"
        assert len(calls) <= 3


@pytest.mark.proof
async def test_looking_again_at_what_has_not_changed_makes_no_request(tmp_path: Path) -> None:
    """SLACK-11: times that pass are no change, and neither is a look."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)
        await ws.slack.open_home(ws.ada)
        await home(ws, ws.ada, lambda said: "Needs me: 1 question" in said)
        await asyncio.sleep(1.2)
        before = len(ws.slack.called("views.publish"))
        await ws.slack.open_home(ws.ada)
        await asyncio.sleep(1.5)
        assert len(ws.slack.called("views.publish")) == before


async def test_homes_are_kept_true_after_a_restart(tmp_path: Path) -> None:
    """SLACK-11: who had opened their home before need not open it again."""
    async with StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        ops = slack.channel("COPS", ada)
        settings = configured(tmp_path, slack)
        async with serving(tmp_path, settings, ActingAgent(asks)) as scene:
            await slack.connected(2)
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            await slack.open_home(ada)
            await home(ws, ada, lambda said: "Nothing waits for you" in said)
        async with serving(tmp_path, settings, ActingAgent(asks)) as scene:
            await slack.connected(2)
            await slack.mention(ada, ops, "do --project calculator Build it")
            await home(ws, ada, lambda said: "Needs me: 1 question" in said)
        assert slack.violations == []


@pytest.mark.parametrize(
    ("status", "error", "lost"),
    [
        (429, "", False),
        pytest.param(500, "", False, marks=pytest.mark.proof),
        pytest.param(500, "", True, marks=pytest.mark.proof),
        pytest.param(200, "hash_conflict", False, marks=pytest.mark.proof),
    ],
    ids=["limited", "refused", "answer lost", "conflict"],
)
@pytest.mark.proof
async def test_a_home_that_could_not_be_drawn_is_drawn_later_with_what_is_new_then(
    tmp_path: Path, status: int, error: str, lost: bool
) -> None:
    """SLACK-11: Slack stumbles, and the home is true all the same."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        ws.slack.fail("views.publish", status=status, error=error, lost=lost, retry_after=2)
        await ws.slack.open_home(ws.bob)
        async with ws.patience():
            while not ws.slack.called("views.publish"):
                await ws.moment()
        await ws.scene.core.people.set_role(ws.scene.actor, "bob", Role.OPERATOR)
        shown = await home(ws, ws.bob, lambda said: "operator" in said)
        assert "Lend" not in words(shown), "an operator has no right to lend"


@pytest.mark.proof
async def test_a_workspace_without_a_home_tab_is_left_alone(tmp_path: Path) -> None:
    """SLACK-11: what Slack will never take is not sent again and again."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        ws.slack.fail("views.publish", status=200, error="not_enabled", times=99)
        await ws.slack.open_home(ws.ada)
        async with ws.patience():
            while not ws.slack.called("views.publish"):
                await ws.moment()
        await asyncio.sleep(2.5)
        assert len(ws.slack.called("views.publish")) == 1


@pytest.mark.proof
async def test_a_run_that_is_begun_on_the_home_lives_in_a_thread_and_a_continued_one_in_its_own(
    tmp_path: Path,
) -> None:
    """SLACK-2: also where a press has no thread of its own."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)
        await ws.press(ws.ada, question, "Approve")
        await ws.until(ws.ops, lambda m: "ran make all" in ws.said(m), thread=begun.message.ts)
        await ws.slack.open_home(ws.ada)
        shown = await home(ws, ws.ada, lambda said: "Build it: completed" in said)
        await ws.slack.act(shown, labelled(shown, "Retry"))
        direct = ws.slack.dm(ws.ada)
        head = await ws.until(direct, lambda m: "/task retry" in ws.said(m))
        await ws.until(direct, lambda m: m.text.startswith("Approve?"), thread=head.ts)
        await ws.slack.act(shown, labelled(shown, "Follow up"))
        await ws.slack.submit(await ws.form(ws.ada), {"text": "now the docs"})
        await ws.until(
            ws.ops, lambda m: m.text.startswith("Approve?") and "now the docs" in m.text, thread=begun.message.ts
        )


@pytest.mark.proof
async def test_a_run_that_is_looked_at_elsewhere_is_shown_as_it_is(tmp_path: Path) -> None:
    """SLACK-11: what the home opens among the messages changes with the run."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        question = await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)
        await ws.slack.open_home(ws.ada)
        shown = await home(ws, ws.ada, lambda said: "Needs me: 1 question" in said)
        (run,) = await ws.scene.core.store.executions.live()
        await ws.slack.act(shown, labelled(shown, f"View {run.id[-6:]}"))
        copy = await ws.until(ws.slack.dm(ws.ada), lambda m: "waits for an answer" in ws.said(m))
        await ws.press(ws.ada, question, "Approve")
        await ws.until(ws.slack.dm(ws.ada), lambda m: m.ts == copy.ts and "completed" in ws.said(m))


@pytest.mark.proof
async def test_the_home_of_whoever_pressed_is_redrawn_before_those_of_others(tmp_path: Path) -> None:
    """SLACK-11: a press is answered where it was made, at once."""
    async with workspace(tmp_path, ActingAgent(asks)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "do --project calculator Build it")
        await ws.until(ws.ops, lambda m: m.text.startswith("Approve?"), thread=begun.message.ts)
        await ws.slack.open_home(ws.bob)
        await home(ws, ws.bob, lambda said: "Needs me: 1 question" in said)
        await ws.slack.open_home(ws.ada)
        shown = await home(ws, ws.ada, lambda said: "Needs me: 1 question" in said)
        before = len(ws.slack.called("views.publish"))
        await ws.slack.act(shown, labelled(shown, "Approve"))
        for user in (ws.ada, ws.bob):
            await home(ws, user, lambda said: "Nothing waits for you" in said)
        assert ws.slack.called("views.publish")[before].args["user_id"] == "UADA"
