"""Forms, over the real libraries and a workspace that refuses what Slack refuses."""

from __future__ import annotations

import asyncio
import copy
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.forms.fields import Input
from bot.slack.forms.clerk import Clerk
from bot.slack.heard import Place, Submitted
from runner.model import ApprovalState, Role
from runner.ports import ExecutionQuery, Store
from runner.tasks import TaskDraft
from tests.fakes import ActingAgent, Turn
from tests.products.acting import TWO
from tests.servers.slack import StrictSlack
from tests.servers.slack.world import User, View
from tests.slack.workspace import Workspace, configured, serving, workspace


class Hanging:
    """A store that never answers."""

    @property
    def tasks(self) -> Self:
        return self

    async def find(self, _name: str) -> None:
        await asyncio.Event().wait()


async def idle(turn: Turn) -> str:
    """Say what the agent was told."""
    return f"heard: {turn.text}"


async def questions(turn: Turn) -> str:
    """Ask two questions, and say the answers."""
    answer = await turn.step("AskUserQuestion", TWO)
    assert answer is not None
    return "; ".join(f"{question} {', '.join(said)}" for question, said in answer.choices.items())


def fields(view: View) -> list[str]:
    """Name the fields and buttons of a form."""
    return [block["block_id"] for block in view.blocks if block["type"] in {"input", "actions"}]


async def with_fields(ws: Workspace, user: User, *names: str) -> View:
    """Wait until a form has exactly these fields and buttons."""
    async with ws.patience():
        while (view := ws.slack.modal(user)) is None or fields(view) != list(names):
            await ws.moment()
    return view


async def further(ws: Workspace, form: View) -> None:
    """Wait until a form shows the further options."""
    async with ws.patience():
        while "turns" not in fields(form):
            await ws.moment()


async def saved(ws: Workspace, name: str) -> Any:
    """Wait until there is a task of this name."""
    async with ws.patience():
        while (task := await ws.scene.core.store.tasks.find(name)) is None:
            await ws.moment()
    return task


async def test_a_new_task_is_made_in_a_form_whose_fields_follow_its_prompt(tmp_path: Path) -> None:
    """SLACK-8: variables become fields while one types, and what was typed elsewhere stays."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        form = await with_fields(ws, ws.ada, "name", "prompt", "more")
        await ws.slack.act(form, "name", "fix")
        for typed in ("Fix {{", "Fix {{module", "Fix {{module}}"):
            assert (await ws.slack.act(form, "prompt", typed)) is not None
        await with_fields(ws, ws.ada, "name", "prompt", "variable:module", "more")
        await ws.slack.act(form, "variable:module", "calc")
        await ws.slack.act(form, "prompt", "Fix {{module}} of {{who}}")
        await with_fields(ws, ws.ada, "name", "prompt", "variable:module", "variable:who", "more")
        assert len(ws.slack.called("views.update")) == 3, "a key that changes no field costs no call"
        await ws.slack.act(form, "more", "more")
        await further(ws, form)
        assert (await ws.slack.submit(form, {"turns": "7", "priority": "high", "plan": ["on"]})).ok
        task = await saved(ws, "fix")
        await ws.told(ws.ada, "Saved fix")
        assert (task.prompt, task.variables) == ("Fix {{module}} of {{who}}", {"module": "calc"})
        assert (task.options.limits.turns, task.options.plan, task.priority.value) == (7, True, "high")


@pytest.mark.proof
async def test_keys_that_come_before_our_change_is_seen_are_not_lost(tmp_path: Path) -> None:
    """SLACK-8: what was typed into an older state of the form still gets its fields, beside the further options."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        form = await ws.form(ws.ada)
        await ws.slack.act(form, "prompt", "Fix it")
        typed = copy.deepcopy(ws.slack.deliveries.sent[-1])
        await ws.slack.act(form, "more", "more")
        await further(ws, form)
        typed.payload["view"]["state"]["values"]["prompt"]["prompt"]["value"] = "Fix {{module}}"
        assert (await ws.slack.redeliver(typed)).ok
        async with ws.patience():
            while "variable:module" not in fields(form):
                await ws.moment()
        assert "turns" in fields(form)


async def test_what_is_wrong_is_said_at_the_field_and_the_form_stays_open(tmp_path: Path) -> None:
    """SLACK-8: nothing is stored of a form that is not in order; mended, it is carried out once."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        await ws.scene.core.tasks.define(ws.scene.actor, TaskDraft(name="taken", prompt="x"))
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        form = await ws.form(ws.ada)
        await ws.slack.submit(form, {"name": "two words", "prompt": "Fix {{it"})
        assert set(form.errors) == {"name", "prompt"}
        await ws.slack.submit(form, {"name": "taken", "prompt": "Fix it"})
        assert form.errors == {"name": "There is a task “taken” already."}
        await ws.slack.submit(form, {"name": "free"})
        assert ws.slack.modal(ws.ada) is None
        assert (await ws.slack.redeliver()).ok
        await saved(ws, "free")
        await ws.told(ws.ada, "Saved free")
        async with ws.patience():
            while await ws.scene.core.store.arrivals.waiting("slack"):
                await ws.moment()
        assert len(ws.slack.ephemerals) == 1


async def test_what_goes_wrong_after_a_form_was_sent_is_told_with_its_text(tmp_path: Path) -> None:
    """SLACK-9: also where Slack does not show it to one person alone: then it is among their messages."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        await ws.scene.core.tasks.define(ws.scene.actor, TaskDraft(name="fix", prompt="x"))
        for answer in (200, 500):
            await ws.slack.command(ws.ada, ws.ops, "/task", "edit fix")
            form = await ws.form(ws.ada)
            await ws.scene.core.tasks.delete(ws.scene.actor, "fix")
            if answer == 500:
                ws.slack.fail("chat.postEphemeral", status=500)
            assert (await ws.slack.submit(form, {"prompt": f"A long text, {answer}"})).ok
            assert ws.slack.modal(ws.ada) is None
            if answer == 200:
                told = await ws.told(ws.ada, "A long text, 200")
                await ws.scene.core.tasks.define(ws.scene.actor, TaskDraft(name="fix", prompt="x"))
            else:
                told = await ws.until(ws.slack.dm(ws.ada), lambda m: "A long text, 500" in ws.said(m))
            assert "There is no task" in ws.said(told)


@pytest.mark.proof
async def test_a_form_that_cannot_be_looked_over_in_time_is_taken(tmp_path: Path) -> None:
    """SLACK-9: the acknowledgement waits a second for the store, and no longer."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        fields_ = {"name": Input(now=("fix",)), "prompt": Input(now=("Fix it",))}
        place = Place(user="UADA", channel="COPS")
        sent = Submitted(key="k", place=place, form="new_task", memory="new", fields=fields_)
        core = replace(ws.scene.core, store=cast("Store", Hanging()))
        async with asyncio.timeout(2):
            assert await Clerk(AsyncWebClient(), core).check(sent) == {}


async def test_an_edit_begins_with_what_is_there_and_changes_what_was_changed(tmp_path: Path) -> None:
    """SLACK-8: the same command as in words."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        draft = TaskDraft(name="fix", prompt="Fix {{it}}", variables={"it": "all"}, turns=7, tags=("ci",))
        await ws.scene.core.tasks.define(ws.scene.actor, draft)
        await ws.slack.command(ws.ada, ws.ops, "/task", "edit fix")
        form = await with_fields(ws, ws.ada, "name", "prompt", "variable:it", "more")
        await ws.slack.act(form, "more", "more")
        await further(ws, form)
        await ws.slack.submit(form)
        assert form.errors == {"name": "Nothing was changed yet."}
        await ws.slack.submit(form, {"name": "mend", "variable:it": None, "turns": None})
        task = await saved(ws, "mend")
        assert (task.prompt, task.variables, task.options.limits.turns) == ("Fix {{it}}", {"it": ""}, None)
        assert task.tags == ("ci",)


async def test_a_run_asks_for_the_values_that_are_missing_and_lives_in_a_thread(tmp_path: Path) -> None:
    """SLACK-8: a complete command needs no form; an incomplete one asks for the rest, and begins in a thread."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        draft = TaskDraft(name="fix", prompt="Fix {{it}} on {{branch=main}}", project="calculator")
        await ws.scene.core.tasks.define(ws.scene.actor, draft)
        await ws.slack.command(ws.ada, ws.ops, "/task", "run fix --priority high")
        form = await with_fields(ws, ws.ada, "it", "branch")
        assert form.inputs["branch", "branch"]["value"] == "main"
        await ws.slack.submit(form, {"it": "the parser"})
        head = await ws.until(ws.ops, lambda m: 'run fix it="the parser" --priority high' in ws.said(m))
        await ws.until(ws.ops, lambda m: "heard: Fix the parser on main" in ws.said(m), thread=head.ts)
        await ws.slack.command(ws.ada, ws.ops, "/task", "run fix it=all")
        head = await ws.until(ws.ops, lambda m: "run fix it=all" in ws.said(m))
        await ws.until(ws.ops, lambda m: "heard: Fix all on main" in ws.said(m), thread=head.ts)
        assert len(ws.slack.called("views.open")) == 1


@pytest.mark.proof
async def test_the_button_of_a_saved_task_asks_as_well(tmp_path: Path) -> None:
    """SLACK-8: a button is a command; typed in a message, which opens nothing, its answer has the button."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        draft = TaskDraft(name="fix", prompt="Fix {{it}}", project="calculator")
        await ws.scene.core.tasks.define(ws.scene.actor, draft)
        await ws.slack.command(ws.ada, ws.ops, "/task", "show fix")
        await ws.press(ws.ada, await ws.told(ws.ada, "Fix {{it}}"), "Run")
        form = await with_fields(ws, ws.ada, "it")
        assert await ws.slack.close(form) is None
        direct = ws.slack.dm(ws.ada)
        said = await ws.slack.say(ws.ada, direct, "run fix --priority high")
        card = await ws.until(direct, lambda m: "fix needs it" in ws.said(m), thread=said.message.ts)
        await ws.press(ws.ada, card, "Fill in")
        form = await with_fields(ws, ws.ada, "it")
        await ws.slack.submit(form, {"it": "all"})
        await ws.until(direct, lambda m: "heard: Fix all" in ws.said(m), thread=said.message.ts)
        (run,) = (await ws.scene.core.store.executions.list(ExecutionQuery(limit=9))).items
        assert run.priority.value == "high"


@pytest.mark.proof
async def test_a_message_opens_nothing_but_its_answer_has_a_button_that_does(tmp_path: Path) -> None:
    """SLACK-8: Slack opens forms for presses and commands only; strangers get no button."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        direct = ws.slack.dm(ws.ada)
        said = await ws.slack.say(ws.ada, direct, "new tidy --turns 7")
        card = await ws.until(direct, lambda m: "A new task" in ws.said(m), thread=said.message.ts)
        await ws.press(ws.ada, card, "Fill in")
        form = await ws.form(ws.ada)
        assert form.inputs["name", "name"]["value"] == "tidy"
        await ws.slack.submit(form, {"prompt": "Tidy up"})
        await ws.until(direct, lambda m: "Saved tidy" in ws.said(m), thread=said.message.ts)
        said = await ws.slack.say(ws.ada, direct, "edit tidy")
        card = await ws.until(direct, lambda m: "Edit tidy" in ws.said(m), thread=said.message.ts)
        eve = ws.slack.user("UEVE", "Eve")
        await ws.slack.say(eve, ws.slack.dm(eve), "new")
        await ws.told(eve, "does not know you")
        assert len(ws.slack.messages(ws.slack.dm(eve))) == 1


async def test_several_questions_are_answered_in_one_form(tmp_path: Path) -> None:
    """SLACK-8: one form for all questions of the agent, one answer."""
    async with workspace(tmp_path, ActingAgent(questions)) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "Ask me")
        thread = begun.message.ts
        card = await ws.until(ws.ops, lambda m: "Which database?" in ws.said(m), thread=thread)
        await ws.press(ws.bob, card, "Answer…")
        form = await with_fields(ws, ws.bob, "one:1", "other:1", "any:2", "other:2")
        await ws.slack.submit(form, {"one:1": "2"})
        assert form.errors == {"any:2": "Choose, or write an answer."}
        await ws.slack.submit(form, {"any:2": ["1", "2"], "other:2": "speed"})
        said = "Which database? PostgreSQL; What besides? tests, docs, speed"
        await ws.until(ws.ops, lambda m: said in ws.said(m), thread=thread)


async def test_whoever_may_not_is_told_so_and_no_form_opens(tmp_path: Path) -> None:
    """SLACK-8: strangers and those without the right see no form, at the command and at the button."""
    users = {"ada": {"role": "admin", "slack": "UADA"}, "bob": {"role": "viewer", "slack": "UBOB"}}
    async with workspace(tmp_path, ActingAgent(questions), users=users) as ws:
        await ws.scene.core.tasks.define(ws.scene.actor, TaskDraft(name="fix", prompt="{{it}}", project="calculator"))
        eve = ws.slack.user("UEVE", "Eve")
        ws.ops.members.add(eve.id)
        begun = await ws.slack.mention(ws.ada, ws.ops, "Ask me")
        card = await ws.until(ws.ops, lambda m: "Which database?" in ws.said(m), thread=begun.message.ts)
        for line, right in (("new", "save a task"), ("edit fix", "edit a task"), ("run fix", "run a task")):
            await ws.slack.command(ws.bob, ws.ops, "/task", line)
            await ws.told(ws.bob, f"To {right} takes the role {Role.OPERATOR.value}")
        await ws.press(ws.bob, card, "Answer…")
        await ws.told(ws.bob, "takes the role")
        await ws.slack.command(eve, ws.ops, "/task", "new")
        await ws.told(eve, "does not know you")
        await ws.press(eve, card, "Answer…")
        async with ws.patience():
            while sum(m.ephemeral_to == eve.id for m in ws.slack.ephemerals) < 2:
                await ws.moment()
        assert not ws.slack.called("views.open")
        (asked,) = await ws.scene.core.store.approvals.open()
        assert asked.state is ApprovalState.OPEN


async def test_a_trigger_that_is_too_late_is_told_so(tmp_path: Path) -> None:
    """SLACK-8: Slack gives three seconds to open a form; whoever was not served in time is asked to do it again."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        ws.slack.fail("views.open", status=200, error="expired_trigger_id")
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        await ws.told(ws.ada, "Do it again")
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        await ws.form(ws.ada)


@pytest.mark.proof
async def test_a_form_that_slack_limits_is_filled_as_soon_as_it_may_be(tmp_path: Path) -> None:
    """SLACK-8: an update that Slack refuses for a while is made after the while; a closed form is left alone."""
    async with workspace(tmp_path, ActingAgent(idle)) as ws:
        ws.slack.fail("views.update", status=429, retry_after=1)
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        form = await ws.form(ws.ada)
        await ws.slack.act(form, "prompt", "{{a}}")
        await ws.slack.close(form)
        await ws.slack.command(ws.ada, ws.ops, "/task", "new")
        await with_fields(ws, ws.ada, "name", "prompt", "more")
        (call, *_) = [each for each in ws.slack.called("views.update") if each.error == "ratelimited"]
        assert call


@pytest.mark.proof
async def test_a_form_that_was_sent_before_a_death_is_carried_out_after_it(tmp_path: Path) -> None:
    """SLACK-9: what was acknowledged is stored, and means the same when it is read again."""
    async with StrictSlack() as slack:
        ada = slack.user("UADA", "Ada")
        ops = slack.channel("COPS", ada)
        settings = configured(tmp_path, slack)
        async with serving(tmp_path, settings, ActingAgent(idle)) as scene:
            await slack.connected(2)
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            await slack.command(ada, ops, "/task", "new")
            await slack.submit(await ws.form(ada), {"name": "kept", "prompt": "Fix it"})
            sent = json.dumps(slack.deliveries.sent[-1].payload)
            await saved(ws, "kept")
            await ws.told(ada, "Saved kept")
            await scene.core.tasks.delete(scene.actor, "kept")
        with closing(sqlite3.connect(tmp_path / "state" / "signoff.db")) as database, database:
            newest = "(SELECT MAX(seq) FROM arrivals)"
            database.execute(f"UPDATE arrivals SET done_at = NULL, payload = ? WHERE seq = {newest}", (sent,))
        async with serving(tmp_path, settings, ActingAgent(idle)) as scene:
            await slack.connected(2)
            again = Workspace(slack=slack, scene=scene, ada=ada, bob=ada, ops=ops)
            assert (await saved(again, "kept")).prompt == "Fix it"
        assert slack.violations == []
