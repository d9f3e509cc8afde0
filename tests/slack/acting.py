"""An agent that does what its prompt names: ask for a step, ask a question, plan, change a file; for tests of Slack."""

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
    match turn.text.split(maxsplit=1)[:1]:
        case ["ask"]:
            return "Bash", {"command": f"pytest -q tests/{turn.spec.cwd.name}"}
        case ["edit"]:
            return "Edit", {"file_path": "/etc/hosts", "old_string": "a", "new_string": "b"}
        case ["write"]:
            return "Write", {"file_path": "/etc/motd", "content": "hello\n"}
        case ["plan"]:
            return "ExitPlanMode", {"plan": "# A plan\n\n1. Read\n2. Mend"}
        case ["choose"]:
            return "AskUserQuestion", {"questions": [ONE]}
        case ["several"]:
            return "AskUserQuestion", {"questions": [MANY]}
        case ["open"]:
            return "AskUserQuestion", {"questions": [OPEN]}
        case ["two"]:
            return "AskUserQuestion", {"questions": [ONE, MANY]}
        case _:
            return None
