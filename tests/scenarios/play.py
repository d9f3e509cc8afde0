"""Try things by hand: `python -m tests.scenarios.play DIR` makes a repository, a configuration and a scripted model.

Then `signoff up --config DIR/config.toml` in one window and `signoff chat --config DIR/config.toml` in another. The
first word of STORIES that occurs in a prompt decides what the agent does.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path

from runner.__main__ import until_signal
from runner.demo import Conversation, Fault, Script, ScriptedModel, Turn
from runner.demo.repository import create
from runner.demo.script import text_of
from runner.demo.story import story
from runner.model import Json

KEY = "sk-ant-play-0000000000000000"
WORK_STEPS = 15  # of the story `work`, one second each

_PLAN_FILE = re.compile(r"/[^ ]+/plans/[a-z-]+[.]md")
_MIDWAY = re.compile(r"while you were working:\n(.*?)\n\n", re.DOTALL)  # how the CLI passes on what is said meanwhile
_PLAN = "# A plan\n\n1. Read `calc.py`.\n2. Mend **mean**.\n3. Run the tests."


def bash(command: str) -> tuple[str, Json]:
    """Make the call of a shell command."""
    return "Bash", {"command": command, "description": "Does what was asked for"}


def question(header: str, *choices: str, several: bool = False) -> Json:
    """Make one question of an AskUserQuestion call."""
    options = [{"label": choice, "description": f"Take {choice}"} for choice in choices]
    return {"question": f"{header}: which?", "header": header, "options": options, "multiSelect": several}


def ask(*questions: Json) -> tuple[str, Json]:
    """Make the call that asks people."""
    return "AskUserQuestion", {"questions": list(questions)}


def heard(conversation: Conversation) -> str:
    """Return what people said last, also while the agent worked."""
    midway = [text for message in conversation.messages for text in _MIDWAY.findall(text_of(message["content"]))]
    return midway[-1] if midway else conversation.last_said


def then_repeat(text: str, *tools: tuple[str, Json]) -> Script:
    """Say and call this; then repeat what came of it, and everything that people said later."""

    def script(conversation: Conversation) -> Turn:
        if conversation.answered == 0:
            return Turn(text=text, tools=tools)
        told = " / ".join(result.text for result in conversation.results)
        return Turn(text=f"I was told: {told or conversation.last_said}", input_tokens=900, output_tokens=60)

    return script


def work(conversation: Conversation) -> Turn:
    """Take many small steps, repeating the newest words of people each time."""
    newest = heard(conversation)
    repeated = f" You said: {newest}" if newest != conversation.prompt else ""
    if conversation.answered < WORK_STEPS:
        return Turn(text=f"Step {conversation.answered + 1}.{repeated}", tools=(bash("sleep 1"),), input_tokens=1500)
    return Turn(text=f"All steps are done.{repeated}")


def plan(conversation: Conversation) -> Turn:
    """Write a plan, ask for it, change it as often as it is sent back, and carry it out."""
    named = _PLAN_FILE.search(str(conversation.messages))
    calls = [message for message in conversation.messages if "'name': 'ExitPlanMode'" in str(message)]
    if conversation.answered == 0 and named:
        return Turn(text="I plan first.", tools=(("Write", {"file_path": named[0], "content": _PLAN}),))
    if not calls or any(result.failed for result in conversation.results):
        told = " / ".join(result.text for result in conversation.results)
        return Turn(text=f"I ask for my plan. Told: {told}", tools=(("ExitPlanMode", {}),))
    return Turn(text="The plan is carried out.")


def busy(conversation: Conversation) -> Turn:
    """Find the model's service overloaded at first."""
    faults = (Fault(status=529, message="Overloaded"),) * 2
    return Turn(text="The service is back.", faults=faults if conversation.answered == 0 else ())


STORIES: dict[str, Callable[[Conversation], Turn | None]] = {
    "shell": then_repeat("I need one command.", bash("echo asked > proof.txt && cat proof.txt")),
    "twice": then_repeat("Two commands.", bash("touch one.txt"), bash("touch two.txt")),
    "long": then_repeat("A long one.", bash("\n".join(f"echo line {number} >> long.txt" for number in range(300)))),
    "write": then_repeat("A new file.", ("Write", {"file_path": "notes.md", "content": "# Notes\n\nOne line.\n"})),
    "question": then_repeat("I have to know.", ask(question("Database", "SQLite", "PostgreSQL", "None"))),
    "several": then_repeat("I have to know.", ask(question("Formats", "html", "pdf", "json", several=True))),
    "both": then_repeat(
        "Two things.",
        ask(question("Database", "SQLite", "PostgreSQL"), question("Formats", "html", "pdf", "json", several=True)),
    ),
    "plan": plan,
    "work": work,
    "busy": busy,
    "tests": story,
}


def route(conversation: Conversation) -> Script | None:
    """Find the story of a conversation by its prompt; None for calls beside conversations."""
    if not conversation.tools:
        return None
    words = conversation.prompt.lower()
    return next((told for word, told in STORIES.items() if word in words), then_repeat("I have nothing to do."))


def configure(folder: Path, url: str) -> Path:
    """Write a configuration, a key and a repository into a folder, as far as they are not there. Return the first."""
    if not (folder / "repo").exists():
        create(folder / "repo")
    (folder / "key").write_text(KEY, "utf-8")
    config = folder / "config.toml"
    config.write_text(
        f'[storage]\ndirectory = "{folder}/state"\n'
        f'[agents.claude]\nbase_url = "{url}"\napi_key = "file:{folder}/key"\nlogin = "own"\n'
        f'[projects.repo]\npath = "{folder}/repo"\n'
        '[policy]\nallow = ["Bash(sleep *)"]\n',
        "utf-8",
    )
    return config


async def main() -> None:
    """Serve the model until Ctrl+C."""
    folder = Path(sys.argv[1]).absolute()
    asked_to_go = until_signal()
    async with ScriptedModel(router=route, api_key=KEY) as model:
        sys.stdout.write(f"{configure(folder, model.url)}\nstories: {', '.join(STORIES)}\n")
        sys.stdout.flush()
        await asked_to_go.wait()
        for violation in model.violations:
            sys.stdout.write(f"violation: {violation}\n")


if __name__ == "__main__":
    asyncio.run(main())
