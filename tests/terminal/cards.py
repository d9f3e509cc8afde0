"""Cards as the views make them, for tests of how they are shown."""

from __future__ import annotations

from dataclasses import replace

from bot.messenger import Attachment, Button, Card, Field, Look, Section, Style, Tone

RUN = Card(
    title="● Fix the failing test in calc",
    key="run:0001",
    tone=Tone.RUNNING,
    fields=(
        Field(label="Run", value="k3f9x2"),
        Field(label="State", value="running, working"),
        Field(label="Elapsed", value="0.0s"),
        Field(label="Tokens", value="12.3k"),
        Field(label="Cost", value="$0.0123"),
    ),
    sections=(Section(title="Steps", body="✓ Read calc.py\n… Bash: pytest -q"),),
    buttons=(
        Button(label="Stop", action="stop 0001", style=Style.DANGER, key="s"),
        Button(label="Steer", action="say 0001", key="t", asks="What should the agent hear?"),
        Button(label="Details", action="log 0001", key="l"),
    ),
    live=True,
    data={
        "kind": "run",
        "execution": {"id": "0001", "state": "running", "started_at": "2026-01-01T00:00:00+00:00"},
        "steps": [
            {"id": "s1", "status": "ok", "title": "Read calc.py", "tool": "Read"},
            {"id": "s2", "status": "running", "title": "Bash: pytest -q", "tool": "Bash"},
        ],
    },
)
RUN_OVER = replace(RUN, live=False, data={"kind": "run", "execution": {"id": "0001", "state": "completed"}})
QUESTION = Card(
    title="◆ Bash: pytest -q",
    key="ask:0002",
    tone=Tone.WAITING,
    fields=(Field(label="Run", value="Fix the failing test in calc (k3f9x2)"), Field(label="Note", value="runs code")),
    sections=(Section(body="pytest -q tests/test_calc.py", look=Look.CODE),),
    buttons=(
        Button(label="Approve", action="approve 0002", style=Style.PRIMARY, key="a"),
        Button(
            label="Edit",
            action="approve 0002 --edit",
            key="e",
            asks="What should run instead?",
            prefill="pytest -q tests/test_calc.py",
        ),
        Button(label="Deny", action="deny 0002", style=Style.DANGER, key="d"),
        Button(label="Deny + why", action="deny 0002", style=Style.DANGER, key="w", asks="What should the agent read?"),
    ),
    footer="`approve 0002` · `deny 0002 reason`",
    data={"kind": "approval", "execution_id": "0001"},
)
DECIDED = Card(
    title="✓ Approved: Bash: pytest -q",
    key="ask:0002",
    tone=Tone.GOOD,
    fields=(Field(label="By", value="ada"),),
    data={"kind": "decided", "execution_id": "0001"},
)
RESULT = Card(
    title="✓ Fix the failing test in calc: completed",
    key="result:0001",
    tone=Tone.GOOD,
    fields=(Field(label="Changes", value="1 file, 2 lines"), Field(label="Tests", value="passed")),
    sections=(
        Section(title="Summary", body="The **sign** was wrong.\n\n- fixed `add`\n", look=Look.PROSE),
        Section(
            title="Diff", body="--- a/calc.py\n+++ b/calc.py\n@@ -1 +1 @@\n-return a - b\n+return a + b", look=Look.DIFF
        ),
    ),
    buttons=(
        Button(label="Merge", action="merge 0001", style=Style.PRIMARY, key="m"),
        Button(label="Discard", action="discard 0001", style=Style.DANGER, key="x"),
    ),
    files=(Attachment(name="report-k3f9x2.html", path="/srv/reports/report.html", size=12_345),),
    data={"kind": "result", "execution": {"id": "0001", "state": "completed"}},
)
EVIL = Card(
    title="evil \x1b]0;owned\x07 title\nsecond line",
    sections=(
        Section(body="[bold red]markup[/] \x1b[2J\x1b[31mred\x9b31m \u202edesrever \r overwritten"),
        Section(
            body="[link](https://x.example) \x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", look=Look.PROSE
        ),
        Section(body="+added \x1b[8mhidden\n-gone\tx", look=Look.DIFF),
    ),
    fields=(Field(label="a\x1b[1m", value="b\x08\x08c"),),
    buttons=(Button(label="\x1b[5mgo", action="x", key="g"),),
    footer="\x7f end \x00",
    files=(Attachment(name="\x1b[1mname", path="/p\x1b[0m", size=1),),
)
