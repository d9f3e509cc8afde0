"""Files in Telegram: what people post for the agent, one by one and as albums, and what its work comes back as."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.telegram.listening.albums import Albums
from bot.telegram.rendering.safety import STOP
from runner.ports import Prompt, PromptTaken
from tests.fakes import ActingAgent, Turn
from tests.products.logs import faults
from tests.servers.telegram.stage import png
from tests.servers.telegram.world import File
from tests.telegram.quick import QuickChats, quick, world

LONG = "\n".join(f"Finding {number}: something is wrong in this place." for number in range(1_000))


async def counts(turn: Turn) -> str:
    """Say what came with the words."""
    assert turn.prompt is not None
    names = [line.split()[1] for line in turn.text.splitlines() if line.startswith("Attached: ")]
    return f"heard: {turn.text.splitlines()[0]} | pictures: {len(turn.prompt.images)} | files: {names}"


def sent(t: QuickChats) -> list[File]:
    """Return the files that we have posted in Ada's private chat."""
    return [each.file for each in t.ours(t.home) if each.file]


async def test_files_and_captions_reach_the_agent(tmp_path: Path) -> None:
    """TG-53: a photo, a document, one without a word, and one that is too large, which is said."""
    async with quick(tmp_path, ActingAgent(counts)) as t:
        said = await t.says(t.ada, t.home, caption="What is this?", photo=png(40, 30))
        t.newest(t.home, "heard: What is this? | pictures: 1 | files: []")
        notes = ("notes.txt", b"remember", "text/plain")
        await t.says(t.ada, t.home, document=notes, reply_to=t.newest(t.home, "pictures: 1"))
        assert (
            t.newest(t.home, "heard: Look at what is attached. | pictures: 0 | files: ['notes.txt']").reply_to
            == said.id
        )
        huge = ("core.dump", bytes(20_000_001), "application/octet-stream")
        await t.says(t.ada, t.home, caption="and this", document=huge, reply_to=t.newest(t.home, "pictures: 1"))
        t.newest(t.home, "core.dump: it is too large: a file may have 20 MB")
        t.newest(t.home, "heard: and this")
        await t.says(t.ada, t.home, caption="status", document=notes)
        t.newest(t.home, "notes.txt: this command takes no files")


async def test_a_photo_and_a_document_steer_the_agent_while_it_works(tmp_path: Path) -> None:
    """TG-53: as answers to the card of the run; each is read by the agent that is at work, and marked as read."""
    heard: list[Prompt] = []

    async def listens(turn: Turn) -> str:
        for _ in range(2):
            heard.append(said := await turn.remarks.get())
            await turn.host.saw(PromptTaken(prompt_id=said.id))
        return "that was all"

    async with quick(tmp_path, ActingAgent(listens)) as t:
        await t.tg.say(t.ada, t.home, "wait for me")
        card = await t.in_time(t.home, "State: running")
        shot = await t.tg.say(t.ada, t.home, caption="like this", photo=png(40, 30), reply_to=card)
        notes = ("notes.txt", b"remember the milk", "text/plain")
        read = await t.tg.say(t.ada, t.home, caption="and by this", document=notes, reply_to=card)
        await t.settled()
        t.newest(t.home, "that was all")
        assert len(await t.runs()) == 1
        (picture,) = heard[0].images
        assert (heard[0].text, picture.media_type[:6]) == ("like this", "image/")
        (line,) = [line for line in heard[1].text.splitlines() if line.startswith("Attached: notes.txt (")]
        assert heard[1].text.startswith("and by this")
        path = Path(line.partition("(")[2].rpartition(", ")[0])
        assert await asyncio.to_thread(path.read_bytes) == b"remember the milk"
        assert [each.reactions[t.tg.bot.id] for each in (shot, read)] == [["👌"], ["👌"]]


async def test_an_album_is_one_message(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """TG-54: pictures that come one by one are one message, in a private chat and as an answer."""
    async with quick(tmp_path, ActingAgent(counts)) as t:
        said = await t.says(t.ada, t.home, caption="compare", album=[png(2), png(3), png(4)])
        result = t.newest(t.home, "heard: compare | pictures: 3")
        assert result.reply_to == said.id
        await t.says(t.ada, t.home, caption="these too", album=[png(2), png(3)], reply_to=result)
        t.newest(t.home, "heard: these too | pictures: 2")
        assert len(await t.runs()) == 2
        other = await t.says(t.ada, t.home, album=[("a.txt", b"a", "text/plain"), ("b.txt", b"b", "text/plain")])
        assert t.newest(t.home, "files: ['a.txt', 'b.txt']").reply_to == other.id
        assert not faults(caplog)


async def test_what_comes_of_an_album_too_late_is_for_the_same_run(tmp_path: Path) -> None:
    """TG-54: a piece that is delivered when the rest is dealt with begins no run of its own."""
    async with quick(tmp_path, ActingAgent(counts)) as t:
        said = await t.says(t.ada, t.home, caption="compare", album=[png(2), png(3)])
        update = next(
            each.body for each in t.tg.updates.sent if "message" in each.body and "photo" in each.body["message"]
        )
        message = {**update["message"], "message_id": said.id + 500}
        del message["caption"]
        t.tg.deliver_raw({"update_id": update["update_id"] + 500, "message": message})
        await t.settled()
        assert t.newest(t.home, "heard: Look at what is attached. | pictures: 1").reply_to == said.id
        assert len({run.conversation_id for run in await t.runs()}) == 1
        t.tg.forgive("message to react")  # of the message that is only said to be there


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_an_album_outlives_us_and_is_dealt_with_once(
    tmp_path: Path, dies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TG-54: a death while it is put together loses no picture; one before that is noted begins no second run."""
    noted = Albums.done

    async def never(self: Albums, _gathered: object) -> None:
        await asyncio.Event().wait()

    async with world(tmp_path) as made:
        if dies == "after":
            monkeypatch.setattr(Albums, "done", never)
        async with made.serving(ActingAgent(counts)) as t:
            await t.tg.say(t.ada, t.home, caption="compare", album=[png(2), png(3), png(4)])
            async with t.patience():
                while len(await t.scene.core.store.arrivals.waiting("telegram")) < 3 or (
                    dies == "after" and not t.ours(t.home, "pictures: 3")
                ):
                    await t.moment()
                    if dies == "after":
                        await made.clock.move(seconds=0.5)
                while dies == "after" and await t.scene.core.store.deliveries.channels("telegram"):
                    await made.clock.move(seconds=0.5)  # what has no answer yet when we die is sent again
                    await t.moment()
        monkeypatch.setattr(Albums, "done", noted)
        async with made.serving(ActingAgent(counts)) as t:
            await t.settled()
            assert len(await t.runs()) == 1
            assert len(t.ours(t.home, "pictures: 3")) == 1
            assert not await t.scene.core.store.arrivals.waiting("telegram")


async def test_a_long_answer_is_one_message_and_one_file(tmp_path: Path) -> None:
    """TG-55: 50,000 characters: the beginning, and the whole under a name that says what it is; a report is a file."""

    async def part(turn: Turn) -> str:
        await turn.write("big.txt", LONG)
        return LONG

    async with quick(tmp_path, ActingAgent(part)) as t:
        said = await t.says(t.ada, t.home, "look for faults")
        (file,) = sent(t)
        (run,) = await t.runs()
        assert (file.name, file.content) == (f"answer-{run.id[-6:]}.md", LONG.encode())
        (result,) = t.ours(t.home, "Finding 1:")
        assert (result.reply_to, len(result.text) < 2_500) == (said.id, True)
        await t.presses(t.ada, result, "Diff")
        assert [each.name.partition("-")[0] for each in sent(t)] == ["answer", "changes"]
        assert len(t.ours(t.home, "+Finding 0")) == 1
        await t.presses(t.ada, result, "Report")
        assert [each.name.partition("-")[0] for each in sent(t)] == ["answer", "changes", "report"]
        assert all(each.silent for each in t.ours(t.home) if each.file)


@pytest.mark.parametrize(("rows", "messages"), [(30, 3), (100, 1)])
async def test_a_long_answer_of_ours_is_some_messages_or_one_and_a_file(
    tmp_path: Path, rows: int, messages: int
) -> None:
    """TG-76: up to three in a private chat, in order; in a group one and a file."""

    async def talks(turn: Turn) -> str:
        for number in range(rows):
            await turn.say(f"Remark {number:03} {'is long ' * 30}")
        return "said"

    async with quick(tmp_path, ActingAgent(talks)) as t:
        await t.says(t.ada, t.home, "talk")
        (run,) = await t.runs()
        before = len(t.ours(t.home))
        await t.says(t.ada, t.home, f"log {run.id}")
        shown = t.ours(t.home)[before:]
        assert [each.file is not None for each in shown] == [False] * messages + [True] * (messages == 1)
        if messages > 1:
            said = "\n".join(each.text for each in shown)
            assert [f"Remark {number:03}" in said for number in range(rows)] == [True] * rows
            assert said.index("Remark 000") < said.index("Remark 029")
        await t.says(t.ada, t.room, f"/log {run.id}")
        assert [each.file is not None for each in t.ours(t.room)] == [False, True]


@pytest.mark.proof
async def test_a_pdf_report_comes_after_a_picture_of_its_first_page(tmp_path: Path) -> None:
    """TG-55, TG-75: the picture is shown as one, and says in words what it shows; the words call nobody."""

    async def part(turn: Turn) -> str:
        await turn.write("made.txt", "made\n")
        return "made it"

    async with quick(tmp_path, ActingAgent(part), reports=("pdf",)) as t:
        await t.says(t.ada, t.home, "make calc.py with @bob_name")
        page, report = [each for each in t.ours(t.home) if each.file]
        assert page.file is not None
        assert report.file is not None
        assert (page.file.kind, report.file.kind, report.file.name[-4:]) == ("photo", "document", ".pdf")
        assert f"First page of the report of make calc.py with @{STOP}bob_name" in page.text
        assert [entity["type"] for entity in page.entities] == ["code"]
        assert page.id < report.id
