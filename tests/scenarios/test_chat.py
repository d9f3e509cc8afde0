"""A person at the chat's socket, the real daemon, the real CLI: what people say reaches the agent, and counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.messenger import Button, Card
from bot.terminal import wire
from bot.terminal.client import Client, connect
from runner.demo import Conversation, Fault, Script, ScriptedModel, Turn
from runner.demo.repository import git
from runner.model import Json
from tests.core.stage import KEY
from tests.scenarios.machine import Machine
from tests.scenarios.play import ask, bash, heard, question, then_repeat


class Talk:
    """One terminal of a person: says lines, presses buttons, and sees the cards that come."""

    def __init__(self, client: Client, machine: Machine) -> None:
        self._client = client
        self.machine = machine
        self.cards: dict[str, Card] = {}  # the newest by key
        self._over: set[str] = set()  # results that were seen: they come again when they are merged or discarded

    async def say(self, line: str) -> Card:
        """Say a line and return the card that answers it."""
        number = await self._client.say(line)
        async with asyncio.timeout(20):
            while True:
                frame = await self._next()
                if isinstance(frame, wire.Reply) and frame.re == number:
                    return frame.cards[0]

    async def press(self, card: Card, key: str, text: str = "") -> Card:
        """Press the button with this key; `text` is what it asks for."""
        button: Button = next(button for button in card.buttons if button.key == key)
        return await self.say(f"{button.action} {text}".strip())

    async def sees(self, kind: str, when: Callable[[Card], bool] = lambda _: True) -> Card:
        """Wait for a card whose key begins with `kind` and that is as it should be."""
        async with asyncio.timeout(20):
            while True:
                for key, card in self.cards.items():
                    if key.startswith(kind) and when(card):
                        return card
                await self._next()

    async def asked(self) -> Card:
        """Wait for an open question."""
        return await self.sees("ask:", lambda card: bool(card.buttons))

    async def result(self) -> Card:
        """Wait for the result of the next run that ends."""
        card = await self.sees("result:", lambda card: card.key not in self._over)
        self._over.add(card.key)
        return card

    async def _next(self) -> wire.ServerFrame:
        frame = await self._client.receive()
        assert frame is not None
        for card in (frame.card,) if isinstance(frame, wire.Shown) else ():
            self.cards[card.key] = card
        return frame


@asynccontextmanager
async def talk(folder: Path, script: Script) -> AsyncIterator[Talk]:
    """Sit down before a daemon whose agent follows a script."""
    async with ScriptedModel(script, api_key=KEY) as model:
        machine = Machine(folder, model.url)
        async with machine.daemon(), connect(machine.socket, watch=True) as client:
            yield Talk(client, machine)
        assert model.violations == []


def summary(card: Card) -> str:
    """Return what the agent said at the end of a run."""
    return next((section.body for section in card.sections if section.title == "Summary"), "")


def text_of(card: Card) -> str:
    """Return everything that a card says."""
    return "\n".join([card.title, *(f"{section.title}\n{section.body}" for section in card.sections)])


def worktree_files(folder: Path) -> set[str]:
    """Name the files that agents have made beside those of the repository."""
    return {path.name for path in (folder / "state/worktrees").glob("*/*/*.txt")}


ASKS = then_repeat("One command.", bash("echo asked > asked.txt && cat asked.txt"))
DO = "do --project calculator"


@pytest.mark.proof
async def test_the_agent_reads_why_it_was_denied(tmp_path: Path) -> None:
    """APPR-5: the step does not run, and the reason is the next thing the agent hears."""
    async with talk(tmp_path, ASKS) as seat:
        await seat.say(f"{DO} Ask me.")
        await seat.press(await seat.asked(), "w", "use the fixture")
        ended = await seat.result()
        assert "use the fixture" in summary(ended)
        assert worktree_files(tmp_path) == set()


@pytest.mark.proof
async def test_an_edited_command_runs_in_place_of_the_one_that_was_asked_for(tmp_path: Path) -> None:
    """APPR-5: the proof is the file; retry asks again, since an approval holds for one step of one run."""
    async with talk(tmp_path, ASKS) as seat:
        await seat.say(f"{DO} Ask me.")
        await seat.press(await seat.asked(), "e", "echo edited > edited.txt && cat edited.txt")
        ended = await seat.result()
        assert "edited" in summary(ended)
        assert worktree_files(tmp_path) == {"edited.txt"}
        await seat.press(ended, "y")
        await seat.press(await seat.asked(), "a")
        assert "asked" in summary(await seat.result())
        assert worktree_files(tmp_path) == {"edited.txt", "asked.txt"}


@pytest.mark.proof
async def test_choices_reach_the_agent_by_button_by_number_and_as_free_text(tmp_path: Path) -> None:
    """APPR-5: one choice of a question, several of another, and words of one's own."""
    one, many = question("Database", "SQLite", "PostgreSQL"), question("Formats", "html", "pdf", "json", several=True)
    asks = {"one": ask(one), "many": ask(many), "both": ask(one, many)}

    def script(conversation: Conversation) -> Turn | None:
        return then_repeat("I ask.", asks[conversation.prompt])(conversation)

    async with talk(tmp_path, script) as seat:
        await seat.say(f"{DO} one")
        await seat.press(await seat.asked(), "2")
        assert '"Database: which?"="PostgreSQL"' in summary(await seat.result())
        await seat.say(f"{DO} many")
        await seat.press(await seat.asked(), "o", "html, 3")
        assert '"Formats: which?"="html, json"' in summary(await seat.result())
        await seat.say(f"{DO} both")
        await seat.press(await seat.asked(), "o", "1: a plain file; 2: pdf")
        ended = summary(await seat.result())
        assert '"Database: which?"="a plain file"' in ended
        assert '"Formats: which?"="pdf"' in ended


async def test_plain_text_reaches_the_agent_while_it_works(tmp_path: Path) -> None:
    """CMD-13: what is said while an agent works is heard in the same turn."""
    said = asyncio.Event()

    def script(conversation: Conversation) -> Turn:
        if conversation.answered == 0:
            return Turn(text="I begin.", tools=(bash("touch begun.txt"),))
        if conversation.answered == 1:
            return Turn(text="I go on.", tools=(bash("touch more.txt"),), wait_for=said)
        return Turn(text=f"You said: {heard(conversation)}")

    async with talk(tmp_path, script) as seat:
        await seat.say(f"{DO} Work.")
        await seat.sees("run:", lambda card: "I begin." in text_of(card))
        assert (await seat.say("Use tabs everywhere.")).title.startswith("Said to the agent")
        said.set()
        assert summary(await seat.result()) == "You said: Use tabs everywhere."


async def test_a_run_is_stopped_resumed_with_words_and_followed_up(tmp_path: Path) -> None:
    """RUN-6: one conversation and one worktree from the first prompt to the follow-up after the end."""
    never = asyncio.Event()

    def script(conversation: Conversation) -> Turn:
        if len(conversation.said) == 1 and conversation.answered == 0:
            return Turn(text="I begin.", tools=(bash("touch begun.txt"),))
        if len(conversation.said) == 1:
            return Turn(text="Never heard.", wait_for=never)
        return Turn(text=f"You said: {conversation.last_said}")

    async with talk(tmp_path, script) as seat:
        await seat.say(f"{DO} Work long.")
        live = await seat.sees("run:", lambda card: "✓ $ touch begun.txt" in text_of(card))
        await seat.press(live, "s")
        stopped = await seat.sees("run:", lambda card: not card.live)
        never.set()  # nobody listens any more; the model may go
        await seat.press(stopped, "t", "Leave it at that.")
        ended = await seat.result()
        assert summary(ended) == "You said: Leave it at that."
        await seat.press(ended, "t", "One more thing.")
        assert summary(await seat.result()) == "You said: One more thing."
        assert worktree_files(tmp_path) == {"begun.txt"}
        assert len(list((tmp_path / "state/worktrees/calculator").iterdir())) == 1


async def test_what_is_merged_is_in_the_repository_and_what_is_discarded_is_not(tmp_path: Path) -> None:
    """TREE-4: merge brings the change to the base branch; discard takes it away and keeps a backup."""
    writes = then_repeat("I write.", bash("touch made.txt"))
    async with talk(tmp_path, writes) as seat:
        repository = tmp_path / "calculator"
        await seat.say(f"{DO} Write it.")
        thrown = await seat.result()
        assert (await seat.press(thrown, "x")).data is not None
        assert not worktree_files(tmp_path)
        assert not (repository / "made.txt").exists()
        assert git(repository, "for-each-ref", "refs/signoff")
        await seat.say(f"{DO} Write it again.")
        await seat.press(await seat.result(), "m")
        assert (repository / "made.txt").exists()


@pytest.mark.proof
async def test_cards_say_what_the_service_s_trouble_is_and_name_files_as_people_do(tmp_path: Path) -> None:
    """A retry is remarked once; a path in the worktree stands on the card relative to it."""
    stuck = asyncio.Event()

    def script(conversation: Conversation) -> Turn:
        folder = next((tmp_path / "state/worktrees").glob("*/*"))
        edit: Json = {"file_path": f"{folder}/notes.md", "content": "One line.\n"}
        if conversation.results:
            return Turn(text="Done.")
        return Turn(text="I write.", tools=(("Write", edit),), faults=(Fault(status=529),), wait_for=stuck)

    async with talk(tmp_path, script) as seat:
        await seat.say(f"{DO} Write notes.")
        await seat.sees("run:", lambda card: "Signoff\n" in text_of(card) and "overloaded" in text_of(card))
        stuck.set()
        asked = await seat.asked()
        assert asked.title == "◆ write notes.md (+1)"
        assert str(tmp_path) not in text_of(asked)
        await seat.press(asked, "a")
        await seat.result()
        log = text_of(await seat.say("log"))
        assert log.count("overloaded") == 1
        assert "write notes.md (+1)" in log
