"""Files in the thread of a run: what people post for the agent, and what the agent's work comes back as."""

from __future__ import annotations

import struct
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.slack.heard import FileRef
from bot.slack.sending.posted import Fetcher
from runner import inbox
from runner.ports import ExecutionQuery
from tests.fakes import ActingAgent, Turn
from tests.servers.slack.world import File
from tests.slack.workspace import Workspace, workspace

LOG = b"line of the log\n" * 20_000  # several reads of the network


def _posted(ws: Workspace) -> list[File]:
    """Return the files that are in a channel and that the app put there, in order."""
    return [file for file in ws.slack.files.values() if file.shared and file.user == ws.slack.world.bot_user]


async def _until_posted(ws: Workspace, count: int) -> list[File]:
    async with ws.patience():
        while len(_posted(ws)) < count:
            await ws.moment()
    return _posted(ws)


async def test_posted_files_reach_the_agent_outside_its_worktree(tmp_path: Path) -> None:
    """SLACK-15: the agent is told the path and may read it unasked; no diff has it; what is missing is said."""
    opened: list[bytes] = []
    asked: list[object] = []
    pictures: list[int] = []

    async def part(turn: Turn) -> str:
        assert turn.prompt is not None
        pictures.extend(len(image.data) for image in turn.prompt.images)
        lines = [line for line in turn.text.splitlines() if line.startswith("Attached: ")]
        for line in lines:
            path = line.partition("(")[2].partition(",")[0]
            asked.append(await turn.step("Read", {"file_path": path}))
            opened.append(Path(path).read_bytes())
            assert turn.spec.cwd not in Path(path).parents
        return f"Read {len(lines)} files.\n{turn.text}"

    async with workspace(tmp_path, ActingAgent(part)) as ws:
        direct = ws.slack.dm(ws.ada)
        files = [
            ("run.log", LOG),
            ("run.log", b"another"),
            ("fix\N{RIGHT-TO-LEFT OVERRIDE}txt.patch", b"--- a\n+++ b\n"),
            ("screen.png", b"\x89PNG" + bytes(3_000_000)),
            ("core.dump", bytes(inbox.LARGEST + 1)),
        ]
        begun = await ws.slack.say(ws.ada, direct, "What is wrong here?", files=files)
        answer = await ws.until(direct, lambda m: "Read 3 files." in ws.said(m), thread=begun.message.ts)
        assert opened == [LOG, b"another", b"--- a\n+++ b\n"]
        assert asked == [None, None, None], "policy allows to read them"
        assert pictures == [3_000_004]
        assert "Not attached: core.dump (it is too large" in ws.said(answer)
        await ws.until(direct, lambda m: "core.dump: it is too large" in ws.said(m), thread=begun.message.ts)
        (run,) = (await ws.scene.core.runs.list(ExecutionQuery())).items
        assert run.diffstat == ""
        names = sorted(path.name for path in (tmp_path / "state" / "files" / f"inbox-{run.id}").iterdir())
        assert names == ["fix_txt.patch", "run-2.log", "run.log"]


@pytest.mark.proof
async def test_files_without_a_word_are_a_message_and_a_command_has_no_use_for_them(tmp_path: Path) -> None:
    """SLACK-15: nothing is dropped in silence."""

    async def part(turn: Turn) -> str:
        return f"told: {turn.text}"

    async with workspace(tmp_path, ActingAgent(part)) as ws:
        direct = ws.slack.dm(ws.ada)
        begun = await ws.slack.say(ws.ada, direct, "", files=[("a.txt", b"a"), ("a.txt", b"b")])
        answer = await ws.until(direct, lambda m: "told: Look at what" in ws.said(m), thread=begun.message.ts)
        assert "a-2.txt" in ws.said(answer)
        await ws.slack.say(ws.ada, direct, "log", thread_ts=begun.message.ts, files=[("b.txt", b"b")])
        await ws.until(direct, lambda m: "b.txt: this command takes no files" in ws.said(m), thread=begun.message.ts)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/T1-F1/a.txt",
        "https://slack.com.evil.example/a.txt",
        "https://evilslack.com/a.txt",
        "https://files.slack.com@evil.example/a.txt",
        "https://me@files.slack.com/a.txt",
        "http://files.slack.com/a.txt",
        "https://files.slack.com:8443/a.txt",
        "http://127.0.0.1:9/latest/meta-data",
        "file:///etc/passwd",
        "https://[broken",
        "",
    ],
)
async def test_the_token_goes_to_slack_and_to_nobody_else(url: str) -> None:
    """SLACK-15: a file that Slack does not keep is not fetched at all."""
    async with aiohttp.ClientSession() as http:
        fetcher = Fetcher(http, "xoxb-secret", "https://slack.com/api/")
        ref = FileRef(name="a.txt", media_type="text/plain", size=1, url=url)
        (upload,) = (await fetcher.fetch([ref])).files
        assert upload.trouble == "it is not kept in this Slack workspace"
        assert upload.data == b""


async def test_a_page_for_signing_in_a_redirection_and_a_lie_about_the_size_are_no_files() -> None:
    """SLACK-15: what comes instead of a file is not taken for it, and the token is sent nowhere else."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path == "/elsewhere":
            raise web.HTTPFound("/stolen")
        if request.path == "/page":
            return web.Response(text="<!DOCTYPE html>Sign in", content_type="text/html")
        return web.Response(body=bytes(inbox.LARGEST + 1))

    app = web.Application()
    app.router.add_get("/{any}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        home = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as http:
            fetcher = Fetcher(http, "xoxb-secret", f"{home}/api/")
            refs = [
                FileRef(name=name, media_type="text/plain", size=1, url=f"{home}/{name}")
                for name in ("elsewhere", "page", "huge")
            ]
            got = await fetcher.fetch(refs)
        assert [bool(file.trouble) for file in got.files] == [True, True, True]
        assert asked == ["/elsewhere", "/page", "/huge"]
    finally:
        await runner.cleanup()


@pytest.mark.proof
async def test_a_pdf_report_comes_after_a_picture_of_its_first_page(tmp_path: Path) -> None:
    """SLACK-15: the picture says in words what it shows."""

    async def part(turn: Turn) -> str:
        await turn.write("made.txt", "made\n")
        return "made it"

    async with workspace(tmp_path, ActingAgent(part), reports={"formats": ("pdf",)}) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "make it")
        page, report = await _until_posted(ws, 2)
        assert (page.name.endswith("-page-1.png"), report.name.endswith(".pdf")) == (True, True)
        assert page.content is not None
        width, height = struct.unpack(">II", page.content[16:24])  # of a PNG
        assert 800 <= width <= 1600 < height
        for words in ("First page of the report", "state: completed", "changes: 1 file", "tests:", "cost:"):
            assert words in page.alt_text
        assert report.alt_text == ""
        messages = ws.slack.messages(ws.ops, begun.message.ts)
        assert [m.files[0]["name"] for m in messages if m.files] == [page.name, report.name]


async def test_a_long_answer_is_one_message_and_one_file(tmp_path: Path) -> None:
    """SLACK-15: 50,000 characters, told once, under a name that says what they are."""
    long = "\n".join(f"Finding {number}: something is wrong in this place." for number in range(1_000))

    async def part(turn: Turn) -> str:
        return long

    async with workspace(tmp_path, ActingAgent(part), reports={"formats": ()}) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "look for faults")
        (file,) = await _until_posted(ws, 1)
        (run,) = (await ws.scene.core.runs.list(ExecutionQuery())).items
        assert file.name == f"answer-{run.id[-6:]}.md"
        assert file.content == long.encode()
        results = [m for m in ws.slack.messages(ws.ops, begun.message.ts) if "Finding 1:" in ws.said(m)]
        assert len(results) == 1


@pytest.mark.proof
async def test_a_large_diff_is_one_message_and_one_file_in_the_thread(tmp_path: Path) -> None:
    """SLACK-15: 3 MB of changes; the file says that it is cut, as the branch has all."""

    async def part(turn: Turn) -> str:
        await turn.write("big.txt", "".join(f"line {number:,} of the file that was made\n" for number in range(90_000)))
        return "made it"

    async with workspace(tmp_path, ActingAgent(part), reports={"formats": ()}) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "make it")
        result = await ws.until(
            ws.ops,
            lambda m: any("Diff" in str(b) for b in m.blocks) and "made it" in ws.said(m),
            thread=begun.message.ts,
        )
        before = len(ws.slack.messages(ws.ops, begun.message.ts))
        await ws.press(ws.ada, result, "Diff")
        (file,) = await _until_posted(ws, 1)
        assert file.name.startswith("changes-")
        assert file.name.endswith(".diff")
        assert file.content is not None
        assert len(file.content) > 1_900_000
        assert file.content.rstrip().endswith(b"the branch has all of it.")
        assert len(ws.slack.messages(ws.ops, begun.message.ts)) == before + 2
        assert not any("Changes of" in ws.said(m) for m in ws.slack.ephemerals)


@pytest.mark.proof
async def test_a_long_plan_is_one_message_and_one_file(tmp_path: Path) -> None:
    """SLACK-15: 30,000 characters; the whole of it is what is read, before the word is said."""
    plan = "\n".join(f"{number}. Do something that takes a while to explain." for number in range(600))

    async def part(turn: Turn) -> str:
        answer = await turn.step("ExitPlanMode", {"plan": plan})
        return "begun" if answer and answer.approve else "left"

    async with workspace(tmp_path, ActingAgent(part), reports={"formats": ()}) as ws:
        begun = await ws.slack.mention(ws.ada, ws.ops, "plan it")
        thread = begun.message.ts
        card = await ws.until(ws.ops, lambda m: "Plan" in m.text and m.blocks[-1]["type"] == "actions", thread=thread)
        if not _posted(ws):
            await ws.press(ws.ada, card, "Full view")
        (file,) = await _until_posted(ws, 1)
        assert file.name.startswith("plan-")
        assert file.content == plan.encode()
        await ws.slack.say(ws.ada, ws.ops, "approve", thread_ts=thread)
        await ws.until(ws.ops, lambda m: "begun" in ws.said(m), thread=thread)
        assert len(_posted(ws)) == 1
