"""What the scripted model does in the demo: it reads, wants to mend one line, wants to run the tests, and reports.

It listens to the person: what is denied is not done, and the reason is repeated back.
"""

from __future__ import annotations

import re

from runner.demo.repository import TEST_COMMAND
from runner.demo.script import Conversation, ToolResult, Turn
from runner.model import Json

TASK = "fix-tests"
PROMPT = "The tests of {{module}} fail. Find out why, mend the code and run the tests."

_WORKING_DIRECTORY = re.compile(r"working directory: (\S+)", re.IGNORECASE)
_BROKEN = "return sum(values) / len(values) - 1"
_MENDED = "return sum(values) / len(values)"


def story(conversation: Conversation) -> Turn | None:
    """Return the model's next turn in a conversation of the demo."""
    found = _WORKING_DIRECTORY.search(conversation.system)
    folder = found[1] if found else "."
    refused = next((r for r in conversation.results if r.failed), None)
    if refused is not None:
        return _turn(_yielding(refused))
    match conversation.answered:
        case 0:
            reads = tuple(("Read", {"file_path": f"{folder}/{name}"}) for name in ("calc.py", "test_calc.py"))
            return _turn("I read the code and its tests first.", *reads)
        case 1:
            edit = {"file_path": f"{folder}/calc.py", "old_string": _BROKEN, "new_string": _MENDED}
            return _turn("`mean` subtracts 1 after dividing. I take that out.", ("Edit", edit))
        case 2:
            command = {"command": TEST_COMMAND, "description": "Run the tests"}
            return _turn("Now the tests.", ("Bash", command))
        case 3:
            return _turn(_SUMMARY)
        case _:
            return _turn("The tests pass and nothing else is to be done.")


def _turn(text: str, *tools: tuple[str, Json]) -> Turn:
    return Turn(text=text, tools=tools, input_tokens=2400, output_tokens=180)


_SUMMARY = """The tests pass.

- **Cause:** `mean` returned the mean minus 1; `median` of an even count uses `mean` and was wrong too.
- **Change:** one line in `calc.py`.
- **Proof:** all three tests pass."""


def _yielding(refused: ToolResult) -> str:
    return f"I was told not to do that ({refused.text.strip()}), so I leave the code as it is."
