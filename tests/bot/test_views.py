"""Cards: what people see, held by golden files in `__snapshots__`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot import commands, views
from bot.messenger import Card, Look
from bot.views import say
from bot.views.inputs import editable, shown
from bot.views.parts import plain
from runner.errors import AlreadyAnswered, BadInput, MissingVariables, ProjectError, StorageError
from runner.masking import clean
from runner.model import (
    Access,
    Diff,
    DiffFile,
    Project,
    Reason,
    State,
    ToolCall,
)
from runner.ports import Page
from tests.bot import questions
from tests.bot.questions import EVERYBODY, FREEZE, HOSTILE, VOTED, alike
from tests.bot.sample import (
    APPROVED,
    COMMAND,
    DONE,
    EXECUTION,
    FAILED,
    NOW,
    REPORT,
    START,
    TASK,
    VIEW,
    asked,
)

_DIFF = Diff(
    stat="2 files changed",
    files=(DiffFile(path="src/calc.py", added=1, removed=1), DiffFile(path="logo.png", status="added", binary=True)),
    patch="--- a/src/calc.py\n+++ b/src/calc.py\n@@ -1 +1 @@\n-x\n+y\n",
)
_PROJECT = Project(name="demo", path="/srv/demo", access=Access.READ, copy=(".env",), test_command="pytest -q")
_LONG = asked("Bash", {"command": "echo " + "x" * 5_000})

CARDS: dict[str, Card] = {
    "run-live": views.run(VIEW, NOW),
    "run-pending": views.run(
        replace(
            VIEW, execution=replace(EXECUTION, state=State.PENDING, phase=None, started_at=None), steps=(), rules=()
        ),
        NOW,
    ),
    "run-stopped": views.run(
        replace(
            VIEW, execution=replace(EXECUTION, state=State.STOPPED, phase=None, reason=Reason.PERSON, finished_at=NOW)
        ),
        NOW,
    ),
    "run-done": views.run(replace(VIEW, execution=DONE), NOW),
    "result-done": views.result(replace(VIEW, execution=DONE, reports=(REPORT,)), NOW),
    "result-failed": views.result(replace(VIEW, execution=FAILED), NOW),
    "result-merged": views.result(replace(VIEW, execution=replace(DONE, merged_commit="d" * 40)), NOW),
    "runs": views.runs(Page(items=(EXECUTION, DONE, FAILED), next="c"), NOW, "runs --page c"),
    "runs-none": views.runs(Page(items=()), NOW),
    "log": views.log(VIEW, NOW, {EXECUTION.person_id: "ada"}),
    "run-parked": views.run(
        replace(VIEW, execution=replace(EXECUTION, state=State.WAITING, phase=None, worker=None)), NOW
    ),
    "run-frozen": views.run(
        replace(VIEW, execution=replace(EXECUTION, state=State.PENDING, phase=None)), NOW, frozen=FREEZE
    ),
    "approval-long": views.approval(_LONG, EXECUTION, directory=EVERYBODY),
    "task": views.task(TASK, NOW, "Saved"),
    "task-deleted": views.deleted(TASK),
    "tasks": views.tasks(Page(items=(TASK,), next="c"), NOW, more="list --page c"),
    "search": views.tasks(Page(items=(TASK,)), NOW, found=(DONE,)),
    "missing": views.missing("fix-tests", ("module", "depth"), 'kind="a b"', {"kind": "a b"}),
    "project": views.project(_PROJECT, "main at 1234567, clean"),
    "projects": views.projects([_PROJECT]),
    "projects-none": views.projects([]),
    "project-removed": views.removed(_PROJECT),
    "diff": views.diff(DONE, _DIFF),
    "diff-cut": views.diff(DONE, replace(_DIFF, patch="+x\n" * 10_000)),
    "merged": views.merged(replace(DONE, merged_commit="d" * 40)),
    "discarded": views.discarded(DONE, "refs/signoff/backup/k3f9x2"),
    "report": views.report(DONE, REPORT),
    "help": views.help_all(commands.ENTRIES),
    "help-run": views.help_one(commands.TABLE["run"]),
    "error": views.error(BadInput("There is no option `--x`.", hint="Did you mean `--y`?")),
    "error-answered": views.error(AlreadyAnswered("approved", "ada", START)),
    "error-project": views.error(ProjectError("The merge conflicts in:\n  calc.py", hint="Merge main by hand.")),
    "error-storage": views.error(StorageError("The disk is full.", hint="Make room.")),
    "unexpected": views.unexpected("a1b2c3"),
    "note": views.note("Rule taken back", rule_id="x"),
    **questions.CARDS,
}


@pytest.mark.parametrize("name", CARDS)
def test_card_is_as_agreed(name: str, snapshot: SnapshotAssertion) -> None:
    assert plain(CARDS[name]) == snapshot(name=name, extension_class=JSONSnapshotExtension)


@pytest.mark.parametrize("name", CARDS)
def test_every_card_has_content_for_scripts_and_keeps_to_the_limits_of_chat_products(name: str) -> None:
    """CMD-10: labels of 12 characters, actions of 64 bytes, keys that differ."""
    card = CARDS[name]
    assert json.loads(json.dumps(card.data))["kind"]
    assert 0 < len(card.title) <= 150
    for button in card.buttons:
        assert 0 < len(button.label) <= views.LABEL_LIMIT
        assert len(button.action.encode()) <= views.ACTION_LIMIT
    keys = [button.key for button in card.buttons if button.key]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", CARDS)
def test_every_button_says_a_command_of_the_grammar(name: str) -> None:
    for button in CARDS[name].buttons:
        said = f"{button.action} {button.prefill or 'text'}" if button.asks else button.action
        commands.parse(said)


def test_an_input_above_the_limit_shows_its_beginning_and_only_the_way_to_all_of_it() -> None:
    """CMD-8, APPR-7: what does not fit has no live buttons; the full view has all of the text and the buttons."""
    cut = views.approval(_LONG, EXECUTION, directory=EVERYBODY)
    assert [button.action for button in cut.buttons] == [f"view {_LONG.id}"]
    assert len(cut.sections[0].body) == views.CARD_LIMIT
    whole = views.approval(_LONG, EXECUTION, directory=EVERYBODY, whole=True)
    assert whole.sections[0].body == _LONG.input["command"]
    assert {"Approve", "Deny"} <= {button.label for button in whole.buttons}


def test_another_input_that_a_voter_proposes_is_content_too() -> None:
    """APPR-7: its button is live only where it can be read whole; votes for it are counted apart."""
    card = views.approval(VOTED, EXECUTION, directory=EVERYBODY)
    shown_whole = {section.title: section.body for section in card.sections}
    assert shown_whole["Instead (1 of 2: bob): Command"] == "git push --force-with-lease origin task/k3f9x2"
    (action,) = [button.action for button in card.buttons if button.label == "As bob"]
    assert action.startswith(f"approve {VOTED.id} --second #"), "it names the content, not the person"
    long = replace(VOTED, votes=(replace(VOTED.votes[1], input={"command": "x" * 5_000}),))
    assert [button.label for button in views.approval(long, EXECUTION, directory=EVERYBODY).buttons] == ["Full view"]


def test_a_button_for_several_names_exactly_the_questions_that_the_card_shows_whole() -> None:
    """APPR-3, APPR-7: what comes later, is cut, is no step or is of another project is not among them."""
    long = alike(3, input={"command": "pytest " + "x" * 3_000})
    elsewhere = alike(4, project="other")
    card = views.inbox([alike(1), alike(2), long, elsewhere], NOW, EVERYBODY)
    (several,) = [button.action for button in card.buttons if button.label.startswith("Approve")]
    assert several == "approve a00001 a00002"
    bodies = "\n".join(section.body for section in card.sections)
    assert "pytest -q tests/part1" in bodies.splitlines()
    assert "pytest -q tests/part2" in bodies.splitlines()
    halves = [alike(number, input={"command": "pytest " + "x" * 1_200}) for number in range(1, 4)]
    (several, *_) = [button.action for button in views.inbox(halves, NOW, EVERYBODY).buttons]
    assert several == "approve a00001 a00002"
    voted = [alike(number, votes=VOTED.votes[:1]) for number in (1, 2)]
    assert "Approve 2" not in {button.label for button in views.inbox(voted, NOW, EVERYBODY).buttons}


def test_no_rule_is_offered_where_it_would_not_spare_the_next_question() -> None:
    """Steps that take two people are asked about whatever is granted."""
    assert not [b for b in views.approval(VOTED, EXECUTION, directory=EVERYBODY).buttons if "--run" in b.action]


def test_what_hides_or_steers_is_shown_in_every_part_of_a_question() -> None:
    for card in (
        views.approval(HOSTILE, EXECUTION, directory=EVERYBODY),
        views.inbox([alike(1, input=HOSTILE.input), alike(2, input=HOSTILE.input)], NOW, EVERYBODY),
        views.approval(
            replace(VOTED, votes=(replace(VOTED.votes[1], input=HOSTILE.input),)), EXECUTION, directory=EVERYBODY
        ),
    ):
        texts = [card.title, card.footer, *(field.value for field in card.fields)]
        texts += [part for section in card.sections for part in (section.title, section.body)]
        assert all(text == clean(text) for text in texts)
        assert "abcdefghij1234567890" not in json.dumps(plain(card))
        assert "⟨U+202E⟩" in "".join(texts)


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (0, ""),
        (1, "Still waiting (10 min): $ git push --force-with-lease origin main"),
        (2, "Still waiting (60 min), now for bob: $ git push --force-with-lease origin main"),
        (3, "Still waiting (2h 00m), now for everybody who may: $ git push --force-with-lease origin main"),
    ],
)
def test_a_nudge_says_how_long_a_question_waits_and_for_whom_now(done: int, said: str) -> None:
    assert views.nudge(replace(VOTED, done=done)) == said


def test_a_decided_card_takes_the_place_of_the_card_that_asked_and_has_no_buttons() -> None:
    """CMD-9: it says who decided, when, and what was changed."""
    decided = views.decided(replace(APPROVED, answered_by=questions.ADA.id), EXECUTION, EVERYBODY)
    assert decided.key == views.approval(COMMAND, EXECUTION, directory=EVERYBODY).key
    assert not decided.buttons
    said = {field.label: field.value for field in decided.fields}
    assert (said["By"], said["At"]) == ("ada", "12:00:52 UTC")
    assert [section.body for section in decided.sections] == ["pytest -q", COMMAND.input["command"]]


def test_what_an_agent_still_works_on_cannot_be_merged_or_discarded() -> None:
    working = replace(EXECUTION, diffstat="1 file changed")
    assert views.diff(working, _DIFF).buttons == ()
    stopped = replace(working, state=State.STOPPED)
    assert {button.label for button in views.diff(stopped, _DIFF).buttons} == {"Merge", "Discard"}


def test_secrets_of_agents_are_masked_on_cards_and_in_what_scripts_read() -> None:
    card = views.run(VIEW, NOW)
    assert "a1a1a1a1" not in json.dumps(plain(card))
    assert "[masked]" in json.dumps(plain(card))


def test_what_is_not_shown_exactly_is_not_offered_for_editing() -> None:
    """An edit of masked text would run the mask."""
    secret = asked("Bash", {"command": "curl -H 'Authorization: Bearer abcdefghij1234567890'"})
    assert "abcdefghij1234567890" not in views.approval(secret, EXECUTION, directory=EVERYBODY).sections[0].body
    assert editable(secret) == ""
    assert "Edit" not in {button.label for button in views.approval(secret, EXECUTION, directory=EVERYBODY).buttons}
    assert editable(COMMAND) == COMMAND.input["command"]


def _texts(call: ToolCall) -> Iterator[str]:
    for section in shown(call.tool, call.input):
        yield section.title
        yield section.body


_WORDS = st.text(st.characters(whitelist_categories=["Ll"], max_codepoint=0x17F), min_size=3, max_size=8)


@given(
    st.sampled_from(["Bash", "Edit", "Write", "MultiEdit", "WebFetch", "mcp__x__y", "NotebookEdit", "Grep", "Unheard"]),
    st.dictionaries(
        st.sampled_from(
            ["command", "content", "file_path", "old_string", "new_string", "url", "pattern", "path", "extra"]
        )
        | _WORDS,
        _WORDS | st.lists(_WORDS, max_size=2) | st.dictionaries(_WORDS, _WORDS, max_size=2),
        max_size=6,
    ),
)
def test_nothing_of_an_input_is_left_out(tool: str, content: dict[str, object]) -> None:
    """CMD-16: every text of every input is somewhere on the card, whatever the tool and its keys."""
    said = "\n".join(_texts(ToolCall(tool=tool, input=content)))

    def leaves(item: object) -> Iterator[str]:
        if isinstance(item, dict):
            for inner in item.values():
                yield from leaves(inner)
        elif isinstance(item, list):
            for inner in item:
                yield from leaves(inner)
        else:
            yield str(item)

    for leaf in leaves(content):
        assert leaf in said


def test_an_edit_is_a_diff_with_every_line_of_both_texts() -> None:
    (section,) = shown("Edit", {"file_path": "/w/a.py", "old_string": "a\nb\nc", "new_string": "a\nB\nc"}, "/w")
    assert (section.title, section.look) == ("a.py", Look.DIFF)
    assert section.body.splitlines() == [" a", "-b", "+B", " c"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0s"), (0.42, "0.4s"), (1, "1s"), (59.6, "1m 00s"), (72, "1m 12s"), (7_500, "2h 05m"), (273_600, "3d 4h")],
)
def test_durations_have_two_units(seconds: float, said: str) -> None:
    assert say.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3, "just now"), (50, "1 minute ago"), (180, "3 minutes ago"), (3_700, "1 hour ago"), (200_000, "2 days ago")],
)
def test_times_are_said_relative_to_now(seconds: float, said: str) -> None:
    assert say.ago(NOW - timedelta(seconds=seconds), NOW) == said


def test_money_tokens_and_sizes_are_short() -> None:
    assert [say.cost(0.0123), say.cost(1234.5)] == ["$0.0123", "$1,234.50"]
    assert [say.tokens(950), say.tokens(12_345), say.tokens(999_960)] == ["950", "12.3k", "1.0M"]
    assert [say.size(12), say.size(12_345)] == ["12 bytes", "12.3 kB"]


def test_the_error_card_of_missing_variables_names_them() -> None:
    assert "module" in views.error(MissingVariables(["module"])).title
