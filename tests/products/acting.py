"""An agent that does what its prompt names: ask for a step, ask a question, plan, change a file."""

from __future__ import annotations

from runner.model import Json
from tests.fakes import Turn

ONE = {
    "question": "Which database?",
    "header": "Database",
    "options": [{"label": "SQLite", "description": "one file"}, {"label": "PostgreSQL", "description": "a server"}],
    "multiSelect": False,
}
MANY = {
    "question": "What besides?",
    "header": "More",
    "options": [{"label": "tests", "description": ""}, {"label": "docs", "description": ""}],
    "multiSelect": True,
}
OPEN = {"question": "What shall it be called?", "header": "Name", "options": [], "multiSelect": False}
TWO: Json = {"questions": [ONE, MANY]}


async def act(turn: Turn) -> str:
    """Do what the first word of the prompt names; a later prompt is only repeated."""
    step = _step(turn) if turn.prompt is not None else None
    if step is None:
        if turn.text.startswith("done"):
            await turn.write(f"{turn.spec.cwd.name}.py", "x = 1\n")
        return f"heard: {turn.text}"
    answer = await turn.step(*step)
    if answer is None:
        return "nobody was asked"
    return f"done with it: {answer.approve} {answer.note} {answer.choices}"


def _step(turn: Turn) -> tuple[str, Json] | None:
    name, cwd = turn.spec.cwd.name, turn.spec.cwd
    steps: dict[str, tuple[str, Json]] = {
        "ask": ("Bash", {"command": f"pytest -q tests/{name}"}),
        "net": ("Bash", {"command": f"curl https://example.com/{name}"}),
        "long": ("Bash", {"command": "make " + " ".join(f"target-{number}" for number in range(2_000))}),
        "fetch": ("WebFetch", {"url": f"https://example.com/{name}", "prompt": "read it"}),
        "tool": ("mcp__notes__write", {"text": name}),
        "edit": ("Edit", {"file_path": f"{cwd}/calc.py", "old_string": "a", "new_string": "b"}),
        "write": ("Write", {"file_path": f"{cwd}/new.py", "content": "x = 1\n"}),
        "plan": ("ExitPlanMode", {"plan": "# A plan\n\n1. Read\n2. Mend"}),
        "choose": ("AskUserQuestion", {"questions": [ONE]}),
        "several": ("AskUserQuestion", {"questions": [MANY]}),
        "open": ("AskUserQuestion", {"questions": [OPEN]}),
        "two": ("AskUserQuestion", TWO),
    }
    return steps.get(turn.text.partition(" ")[0])
