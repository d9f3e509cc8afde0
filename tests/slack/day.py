"""A day in which people use everything of the front end once: the form, a run, its question, its thread, the home."""

from __future__ import annotations

from dataclasses import dataclass

from tests.servers.slack.world import Message, User, View
from tests.slack.quick import QuickWorkspace


@dataclass
class Day:
    """What people do in a day; whoever is told to do it again does it again."""

    ws: QuickWorkspace

    async def passes(self) -> None:
        """Use everything once."""
        ws, slack = self.ws, self.ws.slack
        await slack.open_home(ws.ada)
        await ws.settled()
        form = await self._form(ws.ada)
        assert (await slack.submit(form, {"name": "t0", "prompt": "done"})).ok
        await ws.settled()
        said = await slack.mention(ws.ada, ws.ops, "ask please")
        await ws.settled()
        question = await self._question(said.message.ts)
        await ws.press(ws.bob, question, "Approve")
        await ws.settled()
        await slack.say(ws.ada, ws.ops, "and more", thread_ts=said.message.ts)
        await ws.settled()
        await slack.say(ws.ada, ws.ops, "nothing", thread_ts=said.message.ts)
        await slack.say(ws.ada, ws.ops, "people", thread_ts=said.message.ts)
        await ws.settled()
        await self._home_again()
        self.whole(said.message.ts)

    async def _form(self, user: User) -> View:
        """Open the form of a new task, again if Slack did not."""
        for _ in range(4):
            await self.ws.slack.command(user, self.ws.ops, "/task", "new")
            await self.ws.settled()
            await self.ws.clock.move(seconds=2)
            form = self.ws.slack.modal(user)
            if form is not None and form.content.get("submit"):
                return form
        raise AssertionError("no form")

    async def _question(self, thread: str) -> Message:
        async with self.ws.patience():
            while True:
                await self.ws.settled()
                found = [m for m in self.ws.slack.messages(self.ws.ops, thread) if m.text.startswith("Approve?")]
                if found:
                    (question,) = found
                    return question

    async def _home_again(self) -> None:
        """Press a button of the home, which is answered among the direct messages."""
        ws = self.ws
        home = ws.slack.home(ws.ada)
        assert home is not None
        direct = ws.slack.dm(ws.ada)
        for _ in range(4):
            ids = [e["action_id"] for b in home.blocks for e in b.get("elements", ()) if e.get("value") == "people"]
            await ws.slack.act(home, ids[0])
            await ws.settled()
            await ws.clock.move(seconds=2)
            if any("People" in ws.said(m) for m in ws.slack.messages(direct)):
                return
        raise AssertionError("no answer")

    def whole(self, thread: str) -> None:
        """See that all is there once."""
        messages = [m for m in self.ws.slack.messages(self.ws.ops, thread) if m.user == self.ws.slack.world.bot_user]
        texts = [m.text.split("\n")[0] + m.text[-80:] for m in messages if m.text]
        assert len(texts) == len(set(texts)), texts
        assert sum("Approved" in text for text in texts) == 1
        names = [self.ws.slack.files[file["id"]].name for m in messages for file in m.files]
        assert len(names) == len(set(names)), names
        assert names, texts
        for view in self.ws.slack.world.homes.values():
            assert "My last results" in str(view.blocks)
