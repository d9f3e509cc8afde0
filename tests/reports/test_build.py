"""What a report says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.model import Answer, ApprovalState, Author, DiffFile, Reason, State, StepKind
from runner.reports import wording
from runner.reports.decisions import waiting_seconds
from runner.reports.document import ReportDoc
from tests.reports.samples import ADA, APPROVALS, approval, at, execution, message, report, step


def test_the_verdict_tells_end_reason_changes_tests_and_decisions() -> None:
    outcome = report().outcome

    assert (outcome.tone, outcome.headline) == ("good", "Completed")
    assert outcome.sentence == "The goal is met. 3 files changed. Tests passed. People decided: 2 approved, 1 denied."


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reason", [None, *Reason])
def test_every_end_has_words(state: State, reason: Reason | None) -> None:
    """REP-7: every state with every reason."""
    outcome = report(execution=execution(state=state, reason=reason)).outcome

    assert outcome.headline
    assert outcome.sentence


def test_a_run_in_which_everything_was_denied_says_so() -> None:
    denied = tuple(approval(number, state=ApprovalState.DENIED, answer=Answer(approve=False)) for number in range(2))

    assert "Everything that was asked for was denied." in report(approvals=denied).outcome.sentence


def test_a_decision_tells_who_what_when_and_how_long_it_waited() -> None:
    """REP-5: with the exact input."""
    first, edited, denied, question = report().decisions

    assert (first.answered_by, first.waited_seconds, first.answered_at) == ("Ada Lovelace", 45, at(75))
    assert first.input == {"command": "pytest -q", "description": "Run the tests"}
    assert first.edited_input is None
    assert wording.decided(edited) == "Approved with changes"
    assert edited.rule == "Edit(billing/**)"
    assert (wording.decided(denied), denied.note) == ("Denied", "Never force-push. I merge the branch myself.")
    assert question.questions[0].answers == ("Half to even",)
    assert question.questions[1].answers == ("Swiss francs are rounded to 0.05",)


def test_an_edit_is_told_as_before_and_after_of_what_was_changed_only() -> None:
    before = {"command": "rm -r build", "timeout": 5, "gone": "x"}
    after = {"command": "ls build", "timeout": 5, "new": [1]}

    assert wording.edited_fields(before, after) == (
        ("command", "rm -r build", "ls build"),
        ("gone", "x", ""),
        ("new", "", "[\n  1\n]"),
    )


@pytest.mark.parametrize("state", ApprovalState)
def test_every_state_of_an_approval_has_words_and_a_colour(state: ApprovalState) -> None:
    (decision,) = report(approvals=(approval(1, state=state, answer=None),)).decisions

    assert wording.decided(decision)
    assert wording.tone(decision)


def test_waiting_for_several_people_at_once_counts_once() -> None:
    overlapping = (approval(1, asked=10, waited=30), approval(2, asked=20, waited=5), approval(3, asked=100, waited=10))
    still_open = approval(4, asked=190, answered_at=None, answer=None, state=ApprovalState.OPEN)

    assert waiting_seconds(overlapping, at(200)) == 40
    assert waiting_seconds((*overlapping, still_open), at(200)) == 50


def test_an_unknown_person_is_named_by_the_short_id() -> None:
    assert report(people={}).execution.requested_by == ADA[-6:]


def test_the_timeline_joins_steps_and_talk_in_order_without_prompt_and_summary() -> None:
    timeline = report().timeline

    assert [entry.who or entry.title for entry in timeline] == [
        "claude",
        "Read billing/totals.py",
        "Run pytest -q",
        "Grace Hopper",
        "Edit billing/totals.py",
        "Run git push --force origin main",
        "Run the tests",
    ]
    assert [entry.at for entry in timeline] == sorted(entry.at for entry in timeline)


def test_what_the_agent_said_is_told_once_even_if_it_is_kept_as_step_and_as_message() -> None:
    said = step(1, began=5, kind=StepKind.MESSAGE, title="Looking.", output="")
    timeline = report(steps=(said,), messages=(message(1, Author.AGENT, "Looking.", said=5),)).timeline

    assert [(entry.who, entry.text) for entry in timeline] == [("claude", "Looking.")]


def test_a_running_execution_lasts_until_now() -> None:
    running = execution(state=State.RUNNING, reason=None, finished_at=None)

    assert report(execution=running).execution.duration_seconds == 350


def test_an_execution_that_never_began_has_no_duration() -> None:
    pending = execution(state=State.PENDING, reason=None, started_at=None, finished_at=None)
    doc = report(execution=pending, approvals=(), steps=())

    assert doc.execution.duration_seconds is None
    assert "Duration" not in [fact.label for fact in wording.facts(doc)]


def test_the_title_falls_back_to_the_first_line_of_the_prompt() -> None:
    untitled = execution(title="", task_name="", prompt="\nFix it.\nSoon.")

    assert report(execution=untitled).title == "Fix it."


def test_secrets_are_masked_wherever_they_stand() -> None:
    """REP-6: before any format is made."""
    key = "sk-ant-api03-abcdefghijklmnop"
    leaky = execution(prompt=key, summary=key, title=key, error=key, hint=key, test_output=key, branch=key)
    doc = report(
        execution=leaky,
        steps=(step(1, began=1, title=key, input={"command": key}, output=key),),
        messages=(message(9, Author.AGENT, f"It is {key}", said=2),),
        approvals=(
            replace(
                APPROVALS[0], title=key, reason=key, input={"a": {"b": [key]}}, answer=Answer(approve=False, note=key)
            ),
        ),
        patch=f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{key}\n",
        diff_files=(DiffFile(path="x", added=1),),
    )

    assert key not in repr(doc)
    assert "hunter2hunter2" not in repr(doc)
    assert repr(doc).count("[masked]") >= 13


def test_key_facts_are_told_in_words() -> None:
    facts = {fact.label: fact.text for fact in wording.facts(report())}

    assert facts == {
        "Task": "fix-failing-test",
        "Project": "shop",
        "Asked for by": "Ada Lovelace",
        "Agent": "claude",
        "Model": "claude-sonnet-5",
        "Started": "21 Nov 2026, 10:00 CET",
        "Duration": "5 min 42 s",
        "Waited for people": "2 min 16 s",
        "Turns": "7",
        "Tokens": "101k",
        "Cost": "$0.18",
        "Branch": "task/f3k9mq",
        "Commit": "9f2c1e7ab3",
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (-3, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (7_440, "2 h 4 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (999, "999"), (1_000, "1k"), (12_430, "12.4k"), (999_499, "999k"), (1_234_567, "1.23M")],
)
def test_tokens_have_three_digits(count: int, words: str) -> None:
    assert wording.tokens(count) == words


@pytest.mark.parametrize(("dollars", "words"), [(0.0042, "$0.0042"), (0.1834, "$0.18"), (12, "$12.00")])
def test_small_costs_keep_digits_that_say_something(dollars: float, words: str) -> None:
    assert wording.money(dollars) == words


def test_a_report_of_almost_nothing_can_be_made() -> None:
    """REP-7: no project, no step, no change."""
    doc: ReportDoc = report(
        execution=execution(title="", prompt="x", summary="", test_exit=None, project=None, usage=execution().usage),
        task=None,
        steps=(),
        messages=(),
        approvals=(),
        people={},
        patch="",
        diff_files=(),
    )

    assert (doc.decisions, doc.timeline, doc.changes, doc.tests) == ((), (), (), None)
