"""Forms of Telegram over a real core and a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from bot import commands
from bot.handlers.answers import chosen
from bot.telegram.forms.clerk import ENDED, TelegramClerk
from bot.telegram.forms.outcomes import By, Carry, Closed, Outcome, Shown, Told, Unsure
from bot.telegram.forms.progress import parse_action
from bot.telegram.rendering.cards import render
from runner.errors import NotAllowed, NotFound, WrongState
from runner.model import Answer, Draft, Origin, Role
from runner.ports import DraftStore
from runner.runs import RunOptions
from runner.tasks import TaskDraft
from tests.core.clock import HandClock
from tests.core.stage import Stage, settings_in, stage
from tests.fakes import ActingAgent, Turn, asks
from tests.products.acting import TWO
from tests.telegram.forms.asked import action, labels, said

ADA, BOB = "111", "222"
DIRECT = Origin(messenger="telegram", channel=ADA)
GROUP = Origin(messenger="telegram", channel="-100")


_ARRIVALS = count(1)


def by(identity: str = ADA) -> By:
    """Come with a new arrival."""
    return By(identity=identity, arrival=str(next(_ARRIVALS)))


async def questions(turn: Turn) -> str:
    """Ask two questions, and say the answers."""
    answer = await turn.step("AskUserQuestion", TWO)
    assert answer is not None
    return "; ".join(f"{question} {', '.join(given)}" for question, given in answer.choices.items())


async def idle(turn: Turn) -> str:
    """Say what the agent was told."""
    return turn.text


class Raced:
    """A store in which somebody else is always faster: what one has got is gone a moment later."""

    def __init__(self, drafts: DraftStore) -> None:
        self._drafts = drafts

    async def get(self, draft_id: str) -> Draft | None:
        found = await self._drafts.get(draft_id)
        await self._drafts.remove(draft_id)
        return found

    async def end(self, draft: Draft) -> bool:
        return await self._drafts.end(draft)


class Desk:
    """A clerk, and the messages that show what it says."""

    def __init__(self, scene: Stage, clock: HandClock | None = None) -> None:
        self.scene = scene
        self.clock = clock or HandClock()
        self.drafts = scene.core.store.drafts
        self.clerk = TelegramClerk(scene.core, self.drafts, self.clock)

    async def begin(self, line: str, origin: Origin = DIRECT, *, asks: str = "", prefill: str = "") -> Draft:
        """Begin a form."""
        draft = await self.clerk.offered(self.scene.actor.person, origin, by(), line, asks=asks, prefill=prefill)
        assert draft is not None
        return draft

    async def newest(self, draft: Draft) -> Draft:
        """Return a draft as it is stored."""
        found = await self.drafts.get(draft.id)
        assert found is not None
        return found

    async def press(self, draft: Draft, label: str, identity: str = ADA) -> Outcome:
        """Press a button of the message."""
        card = await self.clerk.screen(await self.newest(draft))
        outcome = await self.clerk.pressed(action(card, label), by(identity))
        assert outcome is not None
        return outcome

    async def type(self, text: str, origin: Origin = DIRECT, reply_to: Draft | None = None) -> Outcome | Unsure | None:
        """Send a text, or answer the message of a draft."""
        if reply_to is not None:
            return await self.clerk.answered(reply_to.id, text, by())
        return await self.clerk.typed(origin, by(), text)

    async def says(self, draft: Draft) -> str:
        """Return what the message says."""
        card = await self.clerk.screen(await self.newest(draft))
        assert len(render(card).text.text) <= 4_096
        return said(card)


def carried(outcome: Outcome | Unsure | None) -> str:
    """Return the line of a form that is done."""
    assert isinstance(outcome, Carry)
    return outcome.line


async def test_a_form_goes_on_after_a_restart(tmp_path: Path) -> None:
    """TG-41: nothing of it is in our memory; its message is known again."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new")
        assert isinstance(await desk.type("fix"), Shown)
        assert isinstance(await desk.type("Fix {{it}}"), Shown)
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene, desk.clock)
        assert "Name: fix" in await desk.says(draft)
        assert isinstance(await desk.type("all", reply_to=draft), Shown)
        outcome = await desk.press(draft, "Save")
        assert commands.parse(carried(outcome)) == commands.New(
            draft=TaskDraft(name="fix", prompt="Fix {{it}}", variables={"it": "all"})
        )
        assert isinstance(outcome, Carry)
        assert "Prompt: Fix {{it}}" in said(outcome.card)
        assert not outcome.card.buttons
        assert "prompt: Fix {{it}}" in outcome.back


async def test_a_press_that_comes_twice_does_nothing_twice(tmp_path: Path) -> None:
    """TG-41: what is done is forgotten; until then a death in between repeats it."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new tidy")
        await desk.type("Tidy up")
        save = action(await desk.clerk.screen(await desk.newest(draft)), "Save")
        outcome = await desk.clerk.pressed(save, by())
        assert isinstance(outcome, Carry)
        assert outcome.line == "new tidy Tidy up"
        assert carried(await desk.clerk.pressed(save, by())) == "new tidy Tidy up", "nobody has said that it is done"
        await desk.clerk.done(outcome.draft, by())
        assert await desk.clerk.pressed(save, by()) == Told(text="This form is over.")
        assert await desk.type("more", reply_to=draft) is None
        assert await desk.clerk.pressed("new", by()) is None


@pytest.mark.parametrize("label", ["Cancel"])
async def test_of_two_presses_at_the_same_moment_one_counts(tmp_path: Path, label: str) -> None:
    """TG-41: whoever comes second is told that the form is over, although it was there a moment ago."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new tidy")
        await desk.type("Tidy up")
        newest = await desk.newest(draft)
        read = parse_action(action(await desk.clerk.screen(newest), label))
        assert read is not None
        late = TelegramClerk(scene.core, cast("DraftStore", Raced(desk.drafts)), desk.clock)
        assert await late.act(newest, read, by()) == Told(text="This form is over.")


async def test_a_form_is_its_own_persons(tmp_path: Path) -> None:
    """TG-41: others are told whose it is, and change nothing."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new", GROUP)
        assert await desk.press(draft, "Cancel", BOB) == Told(text="This form is ada's.")
        assert await desk.clerk.answered(draft.id, "x", by(BOB)) == Told(text="This form is ada's.")
        assert await desk.newest(draft) == draft
        assert await desk.type("fix", GROUP) is None, "in a group a text is for a form only as a reply"
        assert "Reply to this message" in await desk.says(draft)
        assert isinstance(await desk.type("fix", GROUP, draft), Shown)


async def test_a_text_is_for_the_newest_form_that_waits_for_one(tmp_path: Path) -> None:
    """TG-41: in a private chat, within an hour, unless it answers another message or is a command."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new")
        assert await desk.type("/runs") is None
        assert await desk.clerk.answered("99", "go on", by()) is None
        await desk.clock.move(minutes=59)
        assert isinstance(await desk.type("fix"), Shown)
        await desk.clock.move(minutes=60)
        assert isinstance(await desk.type("Fix it"), Unsure), "nobody can know any more what it is for"
        assert await desk.type("runs") is None, "a whole command is one"
        assert isinstance(await desk.type("Fix it", reply_to=draft), Shown)
        assert await desk.type("thanks") is None, "the summary waits for no text"
        assert not await desk.clerk.waits(await desk.newest(draft))


async def test_a_name_that_is_taken_is_said_when_it_is_given_and_when_it_is_saved(tmp_path: Path) -> None:
    """TG-40: what only the store knows is looked up as well."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        await scene.core.tasks.define(scene.actor, TaskDraft(name="taken", prompt="x"))
        draft = await desk.begin("new")
        await desk.type("taken")
        assert "There is a task “taken” already." in await desk.says(draft)
        assert "step 1 of 2" in await desk.says(draft)
        await desk.type("free")
        await desk.type("Fix it")
        await scene.core.tasks.define(scene.actor, TaskDraft(name="free", prompt="x"))
        assert isinstance(await desk.press(draft, "Save"), Shown)
        assert "There is a task “free” already." in await desk.says(draft)
        await desk.type("other")
        assert carried(await desk.press(draft, "Save")) == "new other Fix it"


async def test_a_form_whose_task_is_gone_says_so_and_gives_back_what_was_written(tmp_path: Path) -> None:
    """TG-42: also the text that came too late."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        await scene.core.tasks.define(scene.actor, TaskDraft(name="fix", prompt="x"))
        draft = await desk.begin("edit fix")
        await desk.press(draft, "Name")
        await desk.type("mend")
        await desk.press(draft, "Prompt")
        await scene.core.tasks.delete(scene.actor, "fix")
        outcome = await desk.type("A long text", reply_to=draft)
        assert isinstance(outcome, Closed)
        assert "There is no task `fix`" in said(outcome.card)
        assert "name: mend\nA long text" in said(outcome.card)
        assert (await desk.newest(draft)).kind == ENDED


async def test_an_old_form_is_over(tmp_path: Path) -> None:
    """TG-42: after a day without a change it is begun again, with what was written in it."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new")
        await desk.type("fix")
        await desk.clock.move(timedelta(hours=24))
        outcome = await desk.type("Fix it", reply_to=draft)
        assert isinstance(outcome, Closed)
        assert "more than 24 hours" in said(outcome.card)
        assert "name: fix" in said(outcome.card)
        cancelled = await desk.press(await desk.begin("new"), "Cancel")
        assert isinstance(cancelled, Closed)
        assert await desk.drafts.newest("telegram", ADA, ADA, "form") is None
        assert draft.id in outcome.card.key


async def test_a_form_of_a_later_signoff_is_over(tmp_path: Path) -> None:
    """TG-42: what we cannot read is ended, and no press raises."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new")
        odd = replace(draft, content={"owner": "ada", "form": "dance"})
        await desk.drafts.save(odd)
        assert not (await desk.clerk.screen(odd)).buttons
        assert isinstance(await desk.type("x", reply_to=draft), Closed)


async def test_a_run_is_offered_the_values_of_earlier_runs(tmp_path: Path) -> None:
    """TG-40: a complete command needs no form; an incomplete one asks, and offers what it was last."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle)) as scene:
        desk = Desk(scene)
        await scene.project()
        draft_ = TaskDraft(name="fix", prompt="Fix {{it}} on {{branch=main}}", project="calculator")
        await scene.core.tasks.define(scene.actor, draft_)
        for text in ("a", "b", "a"):
            await scene.end(await scene.core.runs.run(scene.actor, "fix", {"it": text}, RunOptions()))
        offered = desk.clerk.offered
        assert await offered(scene.actor.person, DIRECT, by(), "run fix it=x") is None
        assert await offered(scene.actor.person, DIRECT, by(), "run nothing") is None
        draft = await desk.begin("run fix --priority high")
        assert labels(await desk.clerk.screen(draft))[:2] == ["Use: a", "Use: b"]
        await desk.press(draft, "Use: b")
        assert "branch: main" in await desk.says(draft)
        assert carried(await desk.press(draft, "Run now")) == "run fix it=b --priority high"
        filled = await desk.begin("run fix", asks="Values", prefill="it= branch=dev")
        assert "branch: dev" in await desk.says(filled)


async def test_questions_are_answered_and_a_form_ends_when_somebody_was_faster(tmp_path: Path) -> None:
    """TG-40: one answer for all that the agent asks."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(questions)) as scene:
        desk = Desk(scene)
        await scene.project()
        run = await scene.do("Ask me")
        asked = await scene.question(run)
        line = f"answer {asked.id}"
        draft = await desk.begin(line, GROUP, asks="Answers", prefill="1: ; 2: ")
        late = await desk.begin(line, asks="Answers", prefill="1: ; 2: ")
        await desk.press(draft, "2 PostgreSQL")
        await desk.press(draft, "☐ 1 tests")
        await desk.press(draft, "Other…")
        assert isinstance(await desk.type("speed", GROUP, draft), Shown)
        await desk.press(draft, "Done")
        command = commands.parse(carried(await desk.press(draft, "Send")))
        assert isinstance(command, commands.Answer)
        choices = chosen(asked, command.text)
        await scene.core.approvals.answer(scene.actor, asked.id, Answer(approve=True, choices=choices))
        ended = await scene.end(run)
        assert ended.summary == "Which database? PostgreSQL; What besides? tests, speed"
        outcome = await desk.clerk.act(late, "x", by())
        assert isinstance(outcome, Closed)
        assert "already" in said(outcome.card)
        with pytest.raises(WrongState):
            await desk.begin(line, asks="Answers")


async def test_whoever_may_not_is_told_so_and_no_form_begins(tmp_path: Path) -> None:
    """TG-40: the same roles as in words."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(questions)) as scene:
        desk = Desk(scene)
        await scene.project()
        await scene.core.tasks.define(scene.actor, TaskDraft(name="fix", prompt="{{it}}"))
        asked = await scene.question(await scene.do("Ask me"))
        eve = (await scene.person("eve", Role.VIEWER)).person
        offered = desk.clerk.offered
        for line, right in (("new", "save a task"), ("edit fix", "edit a task"), ("run fix", "run a task")):
            with pytest.raises(NotAllowed, match=right):
                await offered(eve, DIRECT, by(BOB), line)
        with pytest.raises(NotAllowed):
            await offered(eve, DIRECT, by(BOB), f"answer {asked.id}", asks="Answers")
        with pytest.raises(NotFound):
            await offered(scene.actor.person, DIRECT, by(), "edit nothing")
        assert await desk.drafts.newest("telegram", ADA, BOB, "form", "text") is None


async def test_a_button_that_needs_a_text_asks_for_it(tmp_path: Path) -> None:
    """TG-40: the old text can be copied, and what comes back completes the command, once."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(asks)) as scene:
        desk = Desk(scene)
        await scene.project()
        question = await scene.question(await scene.do("Build it."))
        draft = await desk.begin(f"approve {question.id} --edit", asks="What should run instead?", prefill="make all")
        card = await desk.clerk.screen(draft)
        assert (card.title, card.sections[0].body) == ("What should run instead?", "make all")
        assert await desk.clerk.waits(draft)
        assert isinstance(await desk.type(" "), Shown)
        assert carried(await desk.type("make -n\nall")) == f"approve {question.id} --edit make -n\nall"
        await desk.clerk.done(draft, by())
        assert await desk.clerk.act(draft, "make", by()) == Told(text="This form is over.")
        cancelled = await desk.press(await desk.begin("say x", GROUP, asks="What?"), "Cancel")
        assert isinstance(cancelled, Closed)


async def test_a_text_can_become_a_task(tmp_path: Path) -> None:
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        draft = await desk.begin("new", prefill="Mend {{it}}")
        assert "step 1 of 3" in await desk.says(draft)
        await desk.type("mend")
        await desk.press(draft, "Keep it")
        await desk.press(draft, "Skip")
        assert carried(await desk.press(draft, "Save")) == "new mend Mend {{it}}"


async def test_long_texts_are_kept_whole_and_shown_in_part(tmp_path: Path) -> None:
    """TG-42: the message of a form fits Telegram whatever stands in it."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        prompt = "Fix it. " * 5_000
        await scene.core.tasks.define(scene.actor, TaskDraft(name="fix", prompt=prompt.strip(), tags=("x" * 900,)))
        draft = await desk.begin("edit fix")
        await desk.says(draft)
        await desk.press(draft, "Prompt")
        assert "the first 1,500 of 39,999 characters" in await desk.says(draft)
        await desk.type(prompt + "y")
        outcome = await desk.press(draft, "Save")
        assert carried(outcome) == f"edit fix {prompt}y"
        assert isinstance(outcome, Carry)
        assert len(render(outcome.card).text.text) <= 4_096
