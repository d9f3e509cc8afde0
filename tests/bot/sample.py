"""Values with fixed ids and times that the tests of the views show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from runner.model import (
    AgentOptions,
    Answer,
    Approval,
    ApprovalState,
    AskKind,
    Author,
    Choice,
    Execution,
    Goal,
    Json,
    Limits,
    Message,
    Phase,
    Question,
    Reason,
    Report,
    Rule,
    Scope,
    State,
    Step,
    StepKind,
    StepStatus,
    Task,
    Usage,
    Verdict,
    digest,
)
from runner.runs import RunView

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=72)


def ident(short: str) -> str:
    """Make a whole id that ends in `short`."""
    return "0" * (26 - len(short)) + short


EXECUTION = Execution(
    id=ident("k3f9x2"),
    conversation_id=ident("k3f9x2"),
    person_id=ident("pppppp"),
    prompt="Fix the failing test in calc",
    task_id=ident("tttttt"),
    task_name="fix-tests",
    title="fix-tests",
    variables={"module": "calc"},
    project="demo",
    state=State.RUNNING,
    phase=Phase.WORKING,
    epoch=1,
    attempt=1,
    session="s1",
    base_branch="main",
    worktree="/srv/trees/k3f9x2",
    branch="task/k3f9x2",
    usage=Usage(turns=3, input_tokens=12_000, output_tokens=345, cost_usd=0.0123),
    created_at=START - timedelta(seconds=2),
    started_at=START,
)
DONE = replace(
    EXECUTION,
    state=State.COMPLETED,
    phase=None,
    reason=Reason.GOAL_MET,
    finished_at=NOW,
    diffstat="1 file, +2 -1",
    test_exit=0,
    summary="Fixed **add** so that it adds.",
    commit="c" * 40,
)
FAILED = replace(
    DONE,
    state=State.FAILED,
    reason=Reason.CHECK_FAILED,
    test_exit=1,
    test_output="E   assert 3 == 4\n1 failed in 0.01s",
    error="The tests fail.",
    hint="Look at the test output.",
)
TASK = Task(
    id=ident("tttttt"),
    owner_id=ident("pppppp"),
    name="fix-tests",
    prompt="Fix the failing test in {{module}}",
    project="demo",
    description="Repairs a module",
    variables={"module": "calc"},
    options=AgentOptions(model="sonnet", plan=True, limits=Limits(turns=20, cost_usd=2.0)),
    goal=Goal(sentence="All tests pass", test_command="pytest -q"),
    rules=(Rule(pattern="Bash(pytest *)", verdict=Verdict.ALLOW, scope=Scope.TASK),),
    reports=("html", "pdf"),
    tags=("ci",),
    created_at=START,
    updated_at=START,
    run_count=3,
    completed_count=2,
    failed_count=1,
    last_run_at=START - timedelta(hours=3),
)
RULE = Rule(
    id=ident("rrrrrr"),
    pattern="Bash(pytest *)",
    verdict=Verdict.ALLOW,
    scope=Scope.RUN,
    scope_id=EXECUTION.conversation_id,
    created_by=ident("pppppp"),
    created_at=START,
)
REPORT = Report(
    id=ident("fffff2"),
    execution_id=EXECUTION.id,
    format="html",
    path="/srv/files/k3f9x2/report.html",
    size=12_345,
    created_at=NOW,
)


def step(number: int, title: str, status: StepStatus = StepStatus.OK, **more: Any) -> Step:
    """Make one step of the sample run; it took `number` seconds."""
    began = START + timedelta(seconds=number)
    return Step(
        id=ident(f"s{number:05}"),
        execution_id=EXECUTION.id,
        attempt=1,
        kind=more.pop("kind", StepKind.COMMAND),
        title=title,
        status=status,
        started_at=began,
        finished_at=None if status is StepStatus.RUNNING else began + timedelta(seconds=number),
        **more,
    )


STEPS = (
    step(1, "read calc.py", kind=StepKind.FILE),
    step(2, "$ pytest -q", StepStatus.FAILED),
    step(3, "$ rm -rf /", StepStatus.REFUSED),
    step(4, "edit calc.py (+1 -1)", kind=StepKind.FILE),
    step(5, "$ pytest -q"),
    step(6, "$ git status"),
    step(7, "$ pytest -q tests/slow", StepStatus.RUNNING),
)
MESSAGES = (
    Message(
        id=ident("m00001"),
        execution_id=EXECUTION.id,
        author=Author.PERSON,
        text=EXECUTION.prompt,
        person_id=EXECUTION.person_id,
        created_at=START,
        delivered_at=START,
    ),
    Message(
        id=ident("m00002"),
        execution_id=EXECUTION.id,
        author=Author.AGENT,
        text="The test fails because `add` subtracts.\nMy key is sk-ant-api03-" + "a1" * 20,
        created_at=START + timedelta(seconds=3),
    ),
    Message(
        id=ident("m00003"),
        execution_id=EXECUTION.id,
        author=Author.PERSON,
        text="use the small fixture",
        person_id=EXECUTION.person_id,
        created_at=START + timedelta(seconds=65),
    ),
)
VIEW = RunView(execution=EXECUTION, task=TASK, steps=STEPS, messages=MESSAGES, approvals=(), rules=(RULE,), reports=())


def asked(tool: str, tool_input: Json, **more: Any) -> Approval:
    """Make an open approval of the sample run."""
    return Approval(
        id=ident("a7c2d9"),
        execution_id=EXECUTION.id,
        kind=more.pop("kind", AskKind.STEP),
        tool=tool,
        tool_use_id="toolu_1",
        input=tool_input,
        input_digest=digest(tool, tool_input),
        title=more.pop("title", f"{tool} …"),
        asked_at=START + timedelta(seconds=10),
        **more,
    )


COMMAND = asked(
    "Bash",
    {"command": "pip install requests && pytest -q", "description": "Install and test", "timeout": 60_000},
    title="$ pip install requests && pytest -q",
    reason="No rule allows it.",
    labels=("network", "installs packages"),
    offers=("Bash(pytest *)",),
)
EDIT = asked(
    "Edit",
    {
        "file_path": f"{EXECUTION.worktree}/src/calc.py",
        "old_string": "def add(a, b):\n    return a - b",
        "new_string": "def add(a, b):\n    return a + b",
        "replace_all": False,
    },
    title="edit src/calc.py (+1 -1)",
)
QUESTION = asked(
    "AskUserQuestion",
    {"questions": []},
    kind=AskKind.QUESTION,
    questions=(
        Question(
            text="Which database shall I use?",
            header="Database",
            choices=(Choice(label="SQLite", description="one file"), Choice(label="PostgreSQL with replicas")),
        ),
    ),
)
QUESTIONS = replace(
    QUESTION,
    questions=(
        *QUESTION.questions,
        Question(text="What besides?", choices=(Choice(label="tests"), Choice(label="docs")), multiple=True),
    ),
)
PLAN = asked("ExitPlanMode", {"plan": "1. Read\n2. **Fix**\n3. Test"}, kind=AskKind.PLAN)
APPROVED = replace(
    COMMAND,
    state=ApprovalState.APPROVED,
    answer=Answer(approve=True, input={**COMMAND.input, "command": "pytest -q"}, rule=RULE),
    answered_by=EXECUTION.person_id,
    answered_at=START + timedelta(seconds=52),
)
