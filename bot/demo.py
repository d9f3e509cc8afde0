"""`signoff demo`: the whole product on a small repository, with the real agent and a scripted model, without a key.

Everything is real but the model: the daemon, the terminal's socket, the Claude Code CLI, git, the tests, the reports.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

from bot.messenger import Card, Style
from bot.terminal import wire
from bot.terminal.chat import Chat, ChatOptions, Offer
from bot.terminal.client import Client, connect, gone
from bot.terminal.display import Display, Lines, examine
from bot.terminal.stage import over
from runner.clock import SystemClock
from runner.demo import ScriptedModel
from runner.demo.repository import TEST_COMMAND, create, git
from runner.demo.story import PROMPT, TASK, story
from runner.errors import BadInput
from runner.settings import Settings, load
from runner.tasks import FORMATS

KEY = "sk-ant-demo-0000000000000000"  # the scripted model asks for a key like the real one; nobody else knows it

NEW = f'new {TASK} #demo --project calculator --goal "All tests pass" module=calc {PROMPT}'
RUN = f"run {TASK} module=calc"
REVIEW = ("diff", *(f"report {name}" for name in FORMATS), "merge")

Daemon = Callable[[Settings], AbstractAsyncContextManager[object]]


class Demo:
    """One show, in a folder that goes away with it unless it is to be kept."""

    def __init__(self, daemon: Daemon, *, yes: bool) -> None:
        self._daemon = daemon
        self._yes = yes

    async def run(self, directory: Path | None) -> int:
        """Show it and return the exit status: 0 if the repository ends with the merged commit and passing tests."""
        with _folder(directory) as folder:
            create(folder / "calculator")
            async with (
                ScriptedModel(story, api_key=KEY) as model,
                self._daemon(_settings(folder, model.url)),
                connect(folder / "state" / "signoff.sock", watch=True) as client,
            ):
                if self._yes:
                    await Unattended(client, _lines()).run()
                else:
                    await _attended(folder)
                problems = model.violations
            return _verdict(folder, problems, kept=directory is not None)


class Unattended:
    """Types the demo's commands and presses every first button, as somebody would who trusts the agent."""

    def __init__(self, client: Client, display: Display) -> None:
        self._client = client
        self._display = display
        self._pressed: set[str] = set()
        self._told: set[str] = set()  # results that were shown; they come again with each report and when merged

    async def run(self) -> None:
        """Play it to the end. Raises NoDaemon."""
        await self._say(NEW)
        await self._say(RUN)
        await self._until_result()
        for line in REVIEW:
            await self._say(line)

    async def _say(self, line: str) -> None:
        sys.stdout.write(f"\n> {line}\n")
        number = await self._client.say(line)
        while True:
            match await self._client.receive():
                case wire.Reply(re=answered, cards=cards) if answered == number:
                    for card in cards:
                        self._display.show(card, last=not card.live)
                    return
                case wire.Shown(card=card):
                    await self._look(card)
                case None:
                    raise gone()
                case _:
                    continue

    async def _until_result(self) -> None:
        while True:
            match await self._client.receive():
                case wire.Shown(card=card):
                    await self._look(card)
                    if card.key.startswith("result:"):
                        return
                case None:
                    raise gone()
                case _:
                    continue

    async def _look(self, card: Card) -> None:
        """Show a card, and press its first button if it is a question."""
        ended = card.key.startswith("run:") and over(card)  # its result says it all
        if not ended and card.key not in self._told:
            self._display.show(card, last=not card.live)
        if card.key.startswith("result:"):
            self._told.add(card.key)
        first = next((button for button in card.buttons if button.style is Style.PRIMARY), None)
        if card.key.startswith("ask:") and first is not None and card.key not in self._pressed:
            self._pressed.add(card.key)
            await self._client.say(first.action)


async def _attended(folder: Path) -> None:
    """Let the person drive, with the next command always offered."""
    terminal = examine(sys.stdout)
    if not (terminal.redraws and sys.stdin.isatty()):
        raise BadInput("This demo needs a terminal.", hint="`signoff demo --yes` answers by itself and needs none.")
    options = ChatOptions(colour=terminal.colour, alone=True, offers=_OFFERS, greeting=_GREETING)
    socket = folder / "state" / "signoff.sock"
    await Chat(lambda: connect(socket, watch=True), SystemClock(), options).run()


_GREETING = (
    "This is Signoff with everything real but the model: the agent is the Claude Code CLI, the repository is a git "
    "repository, and its tests fail.\n"
    "The next command always stands in the prompt: press Enter to send it. Twice the agent will ask you: Alt+A "
    "approves, Alt+D denies, Alt+W denies and says why; or Tab to the buttons and Enter. Ctrl+D leaves.\n"
)
_OFFERS = (
    Offer(line=NEW, why="1. Save a task with a variable: press Enter."),
    Offer(line=RUN, why="2. Run it: the agent works in a worktree of its own and asks before it changes anything."),
    Offer(line="diff", why="3. Look at what it changed."),
    *(Offer(line=f"report {name}", why=f"4. Take the report along, as {name}.") for name in FORMATS),
    Offer(line="merge", why="5. Keep the work: one commit on your branch. Or type `discard`."),
    Offer(line="", why="That is all there is to it. `help` lists what else you can say; Ctrl+D leaves."),
)


def _lines() -> Display:
    return Lines(sys.stdout, examine(sys.stdout))


def _settings(folder: Path, url: str) -> Settings:
    key = folder / "state" / "demo-key"
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_text(KEY, "utf-8")
    sections: dict[str, Any] = {
        "storage": {"directory": str(folder / "state")},
        "agents": {"claude": {"base_url": url, "api_key": f"file:{key}", "login": "own"}},
        "projects": {"calculator": {"path": str(folder / "calculator"), "test": TEST_COMMAND}},
    }
    return load(overrides=sections)


@contextmanager
def _folder(directory: Path | None) -> Iterator[Path]:
    """Give the folder that was named, or a temporary one. Raises BadInput if it holds something else already."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="signoff-demo-") as temporary:
            yield Path(temporary)
        return
    if directory.exists() and any(directory.iterdir()):
        raise BadInput(f"{directory} is not empty.", hint="Name a new folder; the demo overwrites nothing.")
    directory.mkdir(parents=True, exist_ok=True)
    yield directory.resolve()


def _verdict(folder: Path, problems: Sequence[str], *, kept: bool) -> int:
    """Check what the repository ended with, gather the reports, and say so."""
    repository = folder / "calculator"
    tests = subprocess.run(shlex.split(TEST_COMMAND), cwd=repository, capture_output=True, check=False)
    merged = git(repository, "log", "--oneline", "-1")
    reports = _gathered(folder)
    say = sys.stdout.write
    say(f"\nNewest commit of main: {merged}\n")
    say(f"Its tests: {'pass' if tests.returncode == 0 else 'fail'}\n")
    say(f"Reports: {', '.join(path.name for path in reports) or 'none'}\n")
    if kept:
        say(f"Everything is kept in {folder}: calculator/, reports/ and state/signoff.db\n")
    else:
        say("`signoff demo --dir DIR` keeps repository, database and reports.\n")
    for problem in problems:
        say(f"The scripted model noticed: {problem}\n")
    return 0 if tests.returncode == 0 and not problems else 1


def _gathered(folder: Path) -> list[Path]:
    """Copy the reports to where people look for them."""
    target = folder / "reports"
    target.mkdir(exist_ok=True)
    found = sorted((folder / "state" / "files").glob("*/report.*"))
    return [Path(shutil.copy(path, target / path.name)) for path in found]
