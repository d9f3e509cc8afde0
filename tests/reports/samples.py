"""Executions to make reports of: an ordinary one and nasty ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from runner.model import (
    AgentOptions,
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    Author,
    Choice,
    DiffFile,
    Execution,
    Goal,
    Message,
    Question,
    Reason,
    Rule,
    State,
    Step,
    StepKind,
    StepStatus,
    Task,
    Usage,
    Verdict,
    digest,
)
from runner.reports import Material, ReportDoc, build

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)
ADA, GRACE = "01k00000000000000000ada000", "01k000000000000000grace000"
PEOPLE = {ADA: "Ada Lovelace", GRACE: "Grace Hopper"}
RUN = "01kaaaaaaaaaaaaaaaaaf3k9mq"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def approval(number: int, *, asked: float = 30, waited: float = 45, **changes: object) -> Approval:
    """An approved command; every field can be replaced."""
    tool_input = changes.pop("input", {"command": "pytest -q", "description": "Run the tests"})
    tool = str(changes.pop("tool", "Bash"))
    values: dict[str, object] = {
        "id": f"01kaaaaaaaaaaaaaaaaaapp{number:03}",
        "execution_id": RUN,
        "kind": AskKind.STEP,
        "tool": tool,
        "tool_use_id": f"toolu_{number}",
        "input": tool_input,
        "input_digest": digest(tool, tool_input),  # type: ignore[arg-type]
        "title": "Run pytest -q",
        "asked_at": at(asked),
        "answered_at": at(asked + waited),
        "answered_by": ADA,
        "state": ApprovalState.APPROVED,
        "answer": Answer(approve=True),
    }
    return Approval(**(values | changes))  # type: ignore[arg-type]


def step(number: int, *, began: float, took: float | None = 2.0, **changes: object) -> Step:
    """A command that ran; every field can be replaced."""
    values: dict[str, object] = {
        "id": f"01kaaaaaaaaaaaaaaaaaast{number:03}",
        "execution_id": RUN,
        "attempt": 1,
        "kind": StepKind.COMMAND,
        "tool": "Bash",
        "title": "Run pytest -q",
        "input": {"command": "pytest -q"},
        "output": "..F.                                             [100%]\n1 failed, 3 passed in 0.31s\n",
        "status": StepStatus.OK,
        "started_at": at(began),
        "finished_at": at(began + took) if took is not None else None,
    }
    return Step(**(values | changes))  # type: ignore[arg-type]


def message(number: int, author: Author, text: str, *, said: float, person_id: str | None = None) -> Message:
    return Message(
        id=f"01kaaaaaaaaaaaaaaaaaamg{number:03}",
        execution_id=RUN,
        author=author,
        text=text,
        person_id=person_id,
        created_at=at(said),
    )


def execution(**changes: object) -> Execution:
    """An execution that met its goal; every field can be replaced."""
    values: dict[str, object] = {
        "id": RUN,
        "conversation_id": RUN,
        "person_id": ADA,
        "prompt": PROMPT,
        "task_id": "01kaaaaaaaaaaaaaaaaaatask0",
        "task_name": "fix-failing-test",
        "title": "Fix the rounding in invoice totals",
        "variables": {"module": "billing", "api_key": "hunter2hunter2"},
        "project": "shop",
        "options": AgentOptions(agent="claude", model="claude-sonnet-5"),
        "goal": Goal(sentence="All tests of billing pass", test_command="pytest -q tests/billing"),
        "state": State.COMPLETED,
        "reason": Reason.GOAL_MET,
        "attempt": 1,
        "base_branch": "main",
        "branch": f"task/{RUN[-6:]}",
        "commit": "9f2c1e7ab34d5f60718293a4b5c6d7e8f9012345",
        "test_exit": 0,
        "test_output": "....                                             [100%]\n4 passed in 0.29s\n",
        "usage": Usage(
            turns=7,
            input_tokens=4_210,
            output_tokens=3_120,
            cache_read_tokens=81_400,
            cache_write_tokens=12_000,
            cost_usd=0.1834,
        ),
        "summary": SUMMARY,
        "created_at": at(-3),
        "started_at": at(0),
        "finished_at": at(342),
    }
    return Execution(**(values | changes))  # type: ignore[arg-type]


PROMPT = """The test tests/billing/test_totals.py::test_rounding fails since Monday.
Find out why, fix the cause in billing and leave the other modules alone."""

SUMMARY = """The totals were rounded per line and then added, so three lines of 0.335 came to **1.02**, not **1.00**.

- `billing/totals.py` now adds first and rounds once, half to even, as the accounts do
- the test for it covers *two* currencies

See [the bookkeeping rules](https://example.org/rounding) for why half to even."""

PATCH = """diff --git a/billing/totals.py b/billing/totals.py
index 3f1c2d4..8a9b0c1 100644
--- a/billing/totals.py
+++ b/billing/totals.py
@@ -1,9 +1,10 @@
 \"\"\"Totals of invoices.\"\"\"

-from decimal import Decimal
+from decimal import ROUND_HALF_EVEN, Decimal

 CENT = Decimal("0.01")


 def total(lines: list[Decimal]) -> Decimal:
-    return sum((line.quantize(CENT) for line in lines), Decimal(0))
+    whole = sum(lines, Decimal(0))
+    return whole.quantize(CENT, rounding=ROUND_HALF_EVEN)
diff --git a/tests/billing/test_totals.py b/tests/billing/test_totals.py
new file mode 100644
index 0000000..7b1e2f3
--- /dev/null
+++ b/tests/billing/test_totals.py
@@ -0,0 +1,5 @@
+from billing.totals import total
+
+
+def test_rounding() -> None:
+    assert str(total([D("0.335")] * 3)) == "1.00"
diff --git a/docs/logo.png b/docs/logo.png
index 1111111..2222222 100644
Binary files a/docs/logo.png and b/docs/logo.png differ
"""

FILES = (
    DiffFile(path="billing/totals.py", added=3, removed=2),
    DiffFile(path="tests/billing/test_totals.py", added=5, status="added"),
    DiffFile(path="docs/logo.png", status="modified", binary=True),
)

APPROVALS = (
    approval(1, title="Run pytest -q", reason="Commands are asked for in this project", labels=("runs code",)),
    approval(
        2,
        asked=110,
        waited=64,
        tool="Edit",
        title="Edit billing/totals.py",
        input={
            "file_path": "billing/totals.py",
            "old_string": "    return sum((line.quantize(CENT) for line in lines), Decimal(0))",
            "new_string": "    whole = sum(lines, Decimal(0))\n    return whole.quantize(CENT)",
        },
        answer=Answer(
            approve=True,
            input={
                "file_path": "billing/totals.py",
                "old_string": "    return sum((line.quantize(CENT) for line in lines), Decimal(0))",
                "new_string": "    whole = sum(lines, Decimal(0))\n"
                "    return whole.quantize(CENT, rounding=ROUND_HALF_EVEN)",
            },
            rule=Rule(pattern="Edit(billing/**)", verdict=Verdict.ALLOW),
        ),
    ),
    approval(
        3,
        asked=190,
        waited=7.4,
        title="Run git push --force origin main",
        input={"command": "git push --force origin main"},
        labels=("network", "rewrites history"),
        state=ApprovalState.DENIED,
        answered_by=GRACE,
        answer=Answer(approve=False, note="Never force-push. I merge the branch myself."),
    ),
    approval(
        4,
        asked=240,
        waited=20,
        kind=AskKind.QUESTION,
        tool="AskUserQuestion",
        title="",
        input={},
        questions=(
            Question(
                text="Which rounding do the accounts use?",
                header="Rounding",
                choices=(Choice(label="Half up"), Choice(label="Half to even"), Choice(label="Down")),
            ),
            Question(text="Anything else to keep in mind?"),
        ),
        state=ApprovalState.ANSWERED,
        answer=Answer(
            approve=True,
            choices={
                "Which rounding do the accounts use?": ("Half to even",),
                "Anything else to keep in mind?": ("Swiss francs are rounded to 0.05",),
            },
        ),
    ),
)

STEPS = (
    step(
        1,
        began=4,
        took=0.2,
        kind=StepKind.TOOL,
        tool="Read",
        title="Read billing/totals.py",
        input={"file_path": "billing/totals.py"},
        output="",
    ),
    step(2, began=76, took=3.1, status=StepStatus.FAILED),
    step(
        3,
        began=175,
        took=0.4,
        kind=StepKind.FILE,
        tool="Edit",
        title="Edit billing/totals.py",
        input={"file_path": "billing/totals.py"},
        output="The file was updated.",
    ),
    step(
        4,
        began=198,
        took=0.0,
        title="Run git push --force origin main",
        input={"command": "git push --force origin main"},
        status=StepStatus.REFUSED,
        output="",
    ),
    step(
        5,
        began=300,
        took=2.4,
        title="Run the tests",
        output="4 passed in 0.29s\nSLACK_BOT_TOKEN=xoxb-1234567890-abcdefghij\n",
    ),
)

MESSAGES = (
    message(1, Author.PERSON, PROMPT, said=-3, person_id=ADA),
    message(2, Author.AGENT, "I will look at `billing/totals.py` first, then run the tests.", said=2),
    message(3, Author.PERSON, "Mind the Swiss francs as well.", said=150, person_id=GRACE),
    message(4, Author.AGENT, SUMMARY, said=340),
)


def ordinary(**changes: object) -> Material:
    """A run that met its goal, with a yes, an edited yes, a no and an answer."""
    values: dict[str, object] = {
        "execution": execution(),
        "task": Task(
            id="01kaaaaaaaaaaaaaaaaaatask0",
            owner_id=ADA,
            name="fix-failing-test",
            prompt="Fix {{module}}",
            description="Finds the cause of a failing test",
            created_at=at(-9000),
            updated_at=at(-9000),
        ),
        "steps": STEPS,
        "messages": MESSAGES,
        "approvals": APPROVALS,
        "people": PEOPLE,
        "patch": PATCH,
        "diff_files": FILES,
    }
    return Material(**(values | changes))  # type: ignore[arg-type]


def report(**changes: object) -> ReportDoc:
    """The report of the ordinary run, with parts of its material replaced."""
    return build(ordinary(**changes), now=at(350), zone=ZONE)


HOSTILE = (
    "<script>alert(1)</script><img src=http://127.0.0.1/x onerror=alert(1)>\n"
    "</pre></details></main><h1>Approved by Grace</h1>{{ 7*7 }}{% raw %}\n"
    "[click](javascript:alert(1)) ![x](file:///etc/passwd) <https://evil.example>\n"
    "```\n````\n## Decisions\n| a | b |\n\u202etxt.exe\u2066 zero\u200bwidth \x1b[31mred\x1b[0m \x00 bell\x07\n"
    "emoji 👨\u200d👩\u200d👧 🎉 ❤️, العربية نص طويل, עברית, 漢字仮名交じり文"
)


def nasty() -> Material:
    """Everything an agent or a program can throw at a report, all at once."""
    wide = "x" * 5_000
    lines = [f"+line {number} of the generated file with some text in it" for number in range(5_000)]
    patch = (
        "diff --git a/gen/data.py b/gen/data.py\nnew file mode 100644\n--- /dev/null\n+++ b/gen/data.py\n"
        f"@@ -0,0 +1,{len(lines)} @@\n" + "\n".join(lines) + "\n"
        'diff --git "a/na\\303\\257ve <b>.txt" "b/na\\303\\257ve <b>.txt"\n'
        '--- "a/na\\303\\257ve <b>.txt"\n+++ "b/na\\303\\257ve <b>.txt"\n'
        f"@@ -1 +1,2 @@\n---- a/old\n+<script>alert(1)</script>\n+{wide}\n"
    )
    big = "".join(
        f"2026-11-21 09:00:{number % 60:02} INFO worker {number} did a thing and another\n" for number in range(1_800)
    )
    return ordinary(
        execution=execution(
            title=f"نص {HOSTILE}"[:200],
            prompt=f"{HOSTILE}\n{wide}",
            summary=f"# Heading\n{HOSTILE}\n\n1. one\n   - two\n\n| a | b |\n|---|---|\n| {wide} | 2 |\n",
            state=State.FAILED,
            reason=Reason.CHECK_FAILED,
            error=f"pytest failed\n{HOSTILE}",
            hint="Look at the output of the tests.",
            test_exit=1,
            test_output=big + "FAILED tests/test_a.py::test_b - AssertionError: <b>no</b>\n",
            project=HOSTILE[:120],
            branch="task/" + "y" * 120,
        ),
        steps=(
            step(1, began=5, title=f"Run {HOSTILE}", output=big),
            step(2, began=9, title=wide, output=wide * 4, status=StepStatus.INTERRUPTED, took=None),
        ),
        messages=(message(1, Author.AGENT, HOSTILE, said=3),),
        approvals=tuple(
            approval(
                number,
                asked=10 * number,
                title=HOSTILE if number == 1 else f"Run step {number}",
                input={"command": HOSTILE, "<b>name</b>": [1, {"deep": HOSTILE}]},
                state=ApprovalState.DENIED,
                answer=Answer(approve=False, note=HOSTILE),
            )
            for number in range(1, 4)
        ),
        patch=patch,
        diff_files=(
            DiffFile(path="gen/data.py", added=5_000, status="added"),
            DiffFile(path="naïve <b>.txt", added=2, removed=1),
        ),
    )


def nasty_report() -> ReportDoc:
    return build(nasty(), now=at(350), zone=ZONE)
