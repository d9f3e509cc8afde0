"""What people type or press, carried out by a real core over SQLite and git; the agent plays a part."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from bot import commands
from bot.handlers import Handlers, lists, people, questions, results, rules, runs, tasks
from bot.messenger import Incoming, Tone
from runner.model import Image, Origin, Role, State, handle
from tests.bot.desk import Desk, desk, error, kind
from tests.fakes import Turn

MAKE = {"command": "make all", "description": "Build"}


async def done(turn: Turn) -> str:
    """End at once."""
    return f"did {turn.text}"


async def asks(turn: Turn) -> str:
    """Ask for one command and say what came of it."""
    answer = await turn.step("Bash", MAKE)
    assert answer is not None
    ran = answer.input["command"] if answer.input else MAKE["command"]
    return f"ran {ran}" if answer.approve else f"left it: {answer.note}"


async def changes(turn: Turn) -> str:
    """Change a file."""
    await turn.write("notes.txt", f"{turn.text}\n")
    return "changed notes.txt"


def test_every_command_has_its_handler() -> None:
    words = (tasks.Command, lists.Command, runs.Command, questions.Command, rules.Command, people.Command)
    parts = (*words, results.Result, results.Project)
    assert {c for part in parts for c in get_args(part)} | {commands.Help} == {*get_args(commands.Command)}


async def test_a_task_is_saved_changed_listed_found_and_deleted(tmp_path: Path) -> None:
    async with desk(tmp_path, done) as ada:
        saved = await ada.says("new tidy #ci --project calculator depth=2 Tidy {{what}} to depth {{depth}}")
        assert (kind(saved), saved.title) == ("task", "Saved tidy")
        assert "Changed" in (await ada.says("edit tidy --turns 5")).title
        shown = await ada.says("show tidy")
        assert {field.label: field.value for field in shown.fields}["Limits"] == "5 turns"
        for text in ("list", "list #ci --mine", "search tidy"):
            listed = await ada.says(text)
            assert listed.data is not None
            assert [task["name"] for task in listed.data["tasks"]] == ["tidy"]
        others = Incoming(person=replace(ada.stage.actor.person, id="1" * 26), origin=ada.origin, text="list --mine")
        (none,) = await ada.handlers.handle(others)
        assert none.data is not None
        assert none.data["tasks"] == []
        assert kind(await ada.says("delete tidy")) == "deleted"
        gone = await ada.says("show tidy")
        assert (kind(gone), gone.tone) == ("error", Tone.BAD)


async def test_a_task_that_is_saved_again_as_it_is_stays_what_it_was(tmp_path: Path) -> None:
    """CMD-21: another content, or another owner, makes it another task, and its name is taken."""
    async with desk(tmp_path, done) as ada:
        line = "new tidy #ci depth=2 Tidy {{what}} to depth {{depth}}"
        first, second = await ada.says(line), await ada.says(line)
        assert (second.title, second.data) == ("Saved tidy", first.data)
        for other in (f"{line} now", line.replace("2", "3"), line.replace("#ci", "")):
            assert error(await ada.says(other)) == "NameTaken", other
        bob = Incoming(person=(await ada.stage.person("bob")).person, origin=ada.origin, text=line)
        (refused,) = await ada.handlers.handle(bob)
        assert error(refused) == "NameTaken"


async def test_lists_go_on_page_by_page_with_a_button(tmp_path: Path) -> None:
    async with desk(tmp_path, done) as ada:
        for number in range(23):
            await ada.says(f"new t{number:02} Do it")
        first = await ada.says("list")
        second = await ada.presses(first, "More")
        assert first.data is not None
        assert second.data is not None
        names = [task["name"] for card in (first, second) for task in (card.data or {})["tasks"]]
        assert sorted(names) == [f"t{number:02}" for number in range(23)]


async def test_a_missing_variable_is_asked_for_with_the_command_prepared(tmp_path: Path) -> None:
    async with desk(tmp_path, done) as ada:
        await ada.says("new fix Fix {{module}} {{how}}")
        card = await ada.says('run fix how="very well" --priority high')
        assert kind(card) == "missing"
        (button,) = card.buttons
        assert button.prefill == 'module= how="very well" --priority high'
        run = await ada.says(f"{button.action} {button.prefill.replace('module=', 'module=calc')}")
        assert kind(run) == "run"
        execution = await ada.newest()
        assert (execution.prompt, execution.priority) == ("Fix calc very well", "high")


async def test_a_run_is_seen_in_lists_log_status_and_whole(tmp_path: Path) -> None:
    async with desk(tmp_path, changes) as ada:
        assert kind(await ada.says("do Write notes")) == "run"
        run = await ada.stage.end(await ada.newest())
        for text in ("runs", "runs --state completed --project calculator", "runs notes", "search notes"):
            listed = await ada.says(text)
            assert listed.data is not None
            assert [item["id"] for item in listed.data["runs"]] == [run.id], text
        assert (await ada.says("runs --state failed")).data == {"kind": "runs", "runs": [], "next": None}
        log = await ada.says("log")
        assert "ada: Write notes" in log.sections[0].body
        assert "agent: changed notes.txt" in log.sections[0].body
        assert kind(await ada.says("status")) == "status"
        assert kind(await ada.says(f"view {handle(run.id)}")) == "result"
        assert kind(await ada.says(f"show {run.id}")) == "result"


async def test_merge_diff_report_and_discard_from_the_buttons_of_the_result(tmp_path: Path) -> None:
    async with desk(tmp_path, changes) as ada:
        await ada.says("do Write notes")
        run = await ada.stage.end(await ada.newest())
        result = await ada.says(f"view {run.id}")
        diff = await ada.presses(result, "Diff")
        assert "+Write notes" in diff.sections[1].body
        report = await ada.says("report json")
        assert await asyncio.to_thread(Path(report.files[0].path).is_file)
        merged = await ada.presses(result, "Merge")
        assert kind(merged) == "merged"
        assert (ada.stage.repository / "notes.txt").read_text("utf-8") == "Write notes\n"
        again = await ada.presses(result, "Discard")
        assert (kind(again), again.tone) == ("error", Tone.BAD)
        await ada.says("do Write more")
        await ada.stage.end(await ada.newest())
        discarded = await ada.says("discard")
        assert kind(discarded) == "discarded"
        assert discarded.fields[0].label == "Backup"


async def approved_by(ada: Desk, text: str) -> str:
    """Start a run that asks, answer with `text` and return the run's summary."""
    await ada.says("do Build it")
    run = await ada.newest()
    await ada.stage.question(run)
    card = await ada.says(text)
    assert kind(card) == "decided", card
    return (await ada.stage.end(run)).summary


async def test_a_step_is_approved_edited_or_denied_by_words(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        assert await approved_by(ada, "approve") == "ran make all"
        assert await approved_by(ada, "approve --edit make test -j 2") == "ran make test -j 2"
        assert await approved_by(ada, "approve --run Bash(make *)") == "ran make all"
        assert "no network, please" in await approved_by(ada, "deny no network, please")
        assert "change the name" in await approved_by(ada, "deny change the name"), "`change` looks like a handle"


async def test_text_after_a_question_is_a_remark_and_never_its_answer(tmp_path: Path) -> None:
    """APPR-10: `yes` steers; the question stays open until it is answered by its own words."""
    async with desk(tmp_path, asks) as ada:
        await ada.says("do Build it")
        run = await ada.newest()
        question = await ada.stage.question(run)
        for text in ("yes", "ok", "yes, approve it", "go ahead please"):
            card = await ada.says(text)
            assert kind(card) == "note", text
            assert "did not answer" in card.sections[0].body
        assert (await ada.stage.core.approvals.find(question.id)).answer is None
        slip = await ada.says("aprove")
        assert (kind(slip), "approve" in slip.sections[0].body) == ("error", True)
        assert kind(await ada.says("help me, please")) == "error", "a line that begins with a command is one"
        form = await ada.says("stop doing that with tabs")
        assert (kind(form), "begin with `say`" in form.sections[0].body) == ("error", True)
        assert kind(await ada.says("approve")) == "decided"


async def test_plain_text_without_a_live_run_names_the_nearest_command(tmp_path: Path) -> None:
    async with desk(tmp_path, done) as ada:
        card = await ada.says("lst")
        assert kind(card) == "error"
        assert "`list`" in card.sections[0].body


async def test_with_several_questions_a_bare_approve_decides_none(tmp_path: Path) -> None:
    """CMD-15: guessing would answer a question nobody looked at."""
    async with desk(tmp_path, asks, worker={"slots": 2}) as ada:
        questions_ = []
        for _ in range(2):
            await ada.says("do Build it")
            questions_.append(await ada.stage.question(await ada.newest()))
        card = await ada.says("approve")
        assert kind(card) == "error"
        for question in questions_:
            assert handle(question.id) in card.title + card.sections[0].body
            assert kind(await ada.says(f"approve {handle(question.id)}")) == "decided"


async def test_in_a_thread_a_bare_deny_means_its_own_question(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        asked_in = {}
        for thread in ("1", "2"):
            ada.origin = Origin(messenger="slack", channel="C1", thread=thread)
            card = await ada.says("do Build it")
            assert card.data is not None
            run = await ada.stage.core.runs.find(card.data["execution"]["id"])
            asked_in[thread] = await ada.stage.question(run)
        ada.origin = Origin(messenger="slack", channel="C1", thread="1")
        decided = await ada.says("deny")
        assert decided.key == f"ask:{asked_in['1'].id}"
        ada.origin = Origin(messenger="slack", channel="C2")
        assert kind(await ada.says("deny")) == "error", "another channel has no question"


async def test_the_full_view_of_a_long_input_has_all_of_it_and_live_buttons(tmp_path: Path) -> None:
    long = {"command": "make " + "all " * 2_000}

    async def asks_long(turn: Turn) -> str:
        answer = await turn.step("Bash", long)
        return "ran" if answer and answer.approve else "left it"

    async with desk(tmp_path, asks_long) as ada:
        await ada.says("do Build it")
        run = await ada.newest()
        question = await ada.stage.question(run)
        card = await ada.says(f"view {question.id}")
        assert card.sections[0].body == long["command"]
        assert kind(await ada.presses(card, "Approve")) == "decided"
        assert (await ada.stage.end(run)).summary == "ran"


async def test_the_second_answer_hears_who_was_faster(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        await ada.says("do Build it")
        question = await ada.stage.question(await ada.newest())
        await ada.says(f"approve {question.id}")
        late = await ada.says(f"deny {question.id} too late")
        assert late.data is not None
        assert late.data["error"] == "AlreadyAnswered"
        assert "ada" in late.title


async def test_an_operator_may_run_but_not_approve(tmp_path: Path) -> None:
    async with desk(tmp_path, done):
        pass
    async with desk(tmp_path / "other", done, role=Role.VIEWER) as eve:
        card = await eve.says("do Build it")
        assert card.data is not None
        assert card.data["error"] == "NotAllowed"


async def test_stop_resume_cancel_and_retry_mean_the_fitting_run_of_the_channel(tmp_path: Path) -> None:
    async def waits(turn: Turn) -> str:
        return f"heard {await turn.remark()}" if turn.text == "Wait" else f"resumed with {turn.text}"

    async with desk(tmp_path, waits) as ada:
        await ada.says("do Wait")
        run = await ada.stage.until(await ada.newest(), lambda e: e.session)
        stopped = await ada.says("stop")
        assert stopped.data is not None
        await ada.stage.until(run, lambda e: e.state is State.STOPPED)
        await ada.says("resume go on with care")
        assert "care" in (await ada.stage.end(run)).summary
        retried = await ada.says("retry")
        assert retried.data is not None
        assert retried.data["execution"]["retry_of"] == run.id
        again = await ada.newest()
        await ada.says("cancel")
        assert (await ada.stage.end(again)).state is State.CANCELLED
        assert kind(await ada.says("cancel")) == "error"


async def test_say_steers_a_live_run_and_follows_up_a_finished_one(tmp_path: Path) -> None:
    """With or without the word while the run is live; afterwards a new run in the same conversation."""

    async def listens(turn: Turn) -> str:
        return f"heard {await turn.remark()}" if turn.text == "Listen" else f"followed {turn.text}"

    async with desk(tmp_path, listens) as ada:
        await ada.says("do Listen")
        run = await ada.newest()
        await ada.stage.until(run, lambda e: e.session)
        assert kind(await ada.says("say the first thing")) == "note"
        assert (await ada.stage.end(run)).summary == "heard the first thing"
        follow = await ada.says(f"say {handle(run.id)} and now the second")
        assert kind(follow) == "run"
        assert (await ada.stage.end(await ada.newest())).summary == "followed and now the second"


async def test_plain_text_steers_the_live_run_of_its_channel_only(tmp_path: Path) -> None:
    """CMD-13: also when its words resemble commands further on."""

    async def listens(turn: Turn) -> str:
        return f"heard {await turn.remark()}"

    async with desk(tmp_path, listens) as ada:
        home = ada.origin
        await ada.says("do Listen")
        run = await ada.newest()
        await ada.stage.until(run, lambda e: e.session)
        ada.origin = Origin(messenger="terminal", channel="elsewhere")
        assert kind(await ada.says("please use run and do")) == "error"
        ada.origin = home
        assert kind(await ada.says("please use run and do")) == "note"
        assert (await ada.stage.end(run)).summary == "heard please use run and do"


async def test_pictures_go_along_with_a_prompt(tmp_path: Path) -> None:
    async def looks(turn: Turn) -> str:
        return f"{len(turn.prompt.images) if turn.prompt else 0} picture"

    async with desk(tmp_path, looks) as ada:
        await ada.says("do What is this?", Image(media_type="image/png", data=b"\x89PNG"))
        assert (await ada.stage.end(await ada.newest())).summary == "1 picture"


async def test_a_question_is_answered_by_its_buttons(tmp_path: Path) -> None:
    async def wonders(turn: Turn) -> str:
        question = {"question": "Which?", "header": "Database", "options": [{"label": "SQLite"}, {"label": "1"}]}
        answer = await turn.step("AskUserQuestion", {"questions": [question]})
        return str(answer.choices if answer else "")

    async with desk(tmp_path, wonders) as ada:
        await ada.says("do Choose")
        run = await ada.newest()
        question = await ada.stage.question(run)
        card = await ada.says(f"view {handle(question.id)}")
        assert kind(await ada.presses(card, "SQLite")) == "decided"
        assert (await ada.stage.end(run)).summary == "{'Which?': ('SQLite',)}"


async def test_projects_are_added_shown_and_removed(tmp_path: Path) -> None:
    async with desk(tmp_path, done) as ada:
        path = ada.stage.repository
        added = await ada.says(f'project add second "{path}" --access read')
        assert (kind(added), added.title) == ("project", "Saved second")
        listed = await ada.says("project")
        assert listed.data is not None
        assert [p["name"] for p in listed.data["projects"]] == ["calculator", "second"]
        assert kind(await ada.says("project show second")) == "project"
        assert kind(await ada.says("project remove second")) == "removed"
        assert kind(await ada.says("project add nowhere /nonexistent")) == "error"


async def test_completion_is_offered_what_there_is(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        await ada.says("new tidy #ci Tidy")
        await ada.says("run tidy")
        run = await ada.newest()
        question = await ada.stage.question(run)
        names = await ada.handlers.names(ada.stage.actor.person)
        assert names == commands.Names(
            tasks=("tidy",),
            handles=(handle(run.id),),
            approvals=(handle(question.id),),
            projects=("calculator",),
            tags=("ci",),
            people=("ada",),
        )
        await ada.says("deny")


async def test_what_nobody_foresaw_becomes_a_card_with_an_id_that_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """CMD-11: never a stack trace in chat."""

    class Torn:
        """A core whose parts are gone."""

        def __getattr__(self, name: str) -> object:
            raise ZeroDivisionError(name)

    async with desk(tmp_path, done) as ada:
        handlers = Handlers(Torn())  # type: ignore[arg-type]  # the point of the test
        incoming = Incoming(person=ada.stage.actor.person, origin=ada.origin, text="status")
        with caplog.at_level(logging.ERROR):
            (card,) = await handlers.handle(incoming)
    assert card.data is not None
    assert card.data["id"] in card.title
    assert card.data["id"] in caplog.text
    assert "Traceback" not in str(card)
    assert "ZeroDivisionError" not in str(card)
