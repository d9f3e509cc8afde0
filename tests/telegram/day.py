"""A day in which people use everything of the front end once: a form, a run, its question, its thread, its files."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from bot.messenger import Attachment, Card
from runner.model import Origin
from tests.servers.telegram.stage import png
from tests.servers.telegram.world import Chat, Message
from tests.telegram.quick import QuickChats

ADMINISTRATOR = "administrator"


@dataclass
class Day:
    """What people do in a day; whoever is told to do it again does it again."""

    t: QuickChats

    async def passes(self, *, most: int = 1, spins: bool = False) -> None:
        """Use everything once; `most` is how often what may come twice is there in the end.

        `spins`: a press may go unanswered; what it is for has to be done all the same.
        """
        t, tg = self.t, self.t.tg
        for text in ("/new", "t0", "done"):
            await tg.say(t.ada, t.home, text)
            await t.settled()
        pressed = [await tg.press(t.ada, await self.shown(t.home, "New task"), "Save")]
        await t.settled()
        said = await tg.say(t.ada, t.room, "/do ask please")
        question = await self.shown(t.room, "Needs you")
        assert question.reply_to == said.id
        pressed.append(await tg.press(t.bob, question, "Approve"))
        await t.settled()
        assert spins or all(each.answered for each in pressed)
        for text in ("and more", "people"):
            await tg.say(t.ada, t.room, text, reply_to=question)
            await t.settled()
        await self._files()
        forum = await self._forum()
        self.whole(forum, most=most)

    async def shown(self, chat: Chat, words: str) -> Message:
        """Let time pass until a message says this, and return the newest."""
        async with self.t.patience():
            while True:
                await self.t.settled()
                if found := self.t.ours(chat, words):
                    return found[-1]

    async def _files(self) -> None:
        """Send files both ways."""
        t, tg = self.t, self.t.tg
        await tg.say(t.ada, t.home, "/do look at this", photo=png(30, 20))
        await t.settled()
        changed = await tg.say(t.ada, t.home, "/do read this", document=("a.txt", b"what it says", "text/plain"))
        await t.settled()
        await tg.edit(t.ada, changed, "/do read this again")
        await t.settled()
        drawn = t.folder / "drawn.png"
        await asyncio.to_thread(drawn.write_bytes, png(30, 20))
        picture = Attachment(name="drawn.png", path=str(drawn), size=10)
        await t.front.messenger.show(
            Origin(messenger="telegram", channel=str(t.home.id)), Card(title="Drawn", key="drawn", files=(picture,))
        )
        await t.settled()

    async def _forum(self) -> Chat:
        """Have a saved task run where there are topics."""
        t, tg = self.t, self.t.tg
        forum = tg.world.chats.get(-1009) or tg.group(-1009, "Forum", t.ada, t.bob, forum=True, bot=ADMINISTRATOR)
        await tg.say(t.ada, forum, "/run t0")
        await t.settled()
        return forum

    def whole(self, forum: Chat, *, most: int) -> None:
        """See that all is there once."""
        t = self.t
        for chat in (t.home, t.room, forum):
            texts = Counter(f"{m.reply_to} {m.topic} {m.text}" for m in t.ours(chat) if m.text)
            names = Counter(f"{m.reply_to} {m.topic} {m.file.name}" for m in t.ours(chat) if m.file)
            assert max(texts.values()) <= most, texts
            assert max(names.values()) <= most, names
        assert len(t.ours(t.room, "Approved")) >= 1
        assert len(t.ours(t.room, "ask please: completed")) >= 1
        assert len(t.ours(t.room, "heard: and more")) >= 1
        assert len(t.ours(t.room, "People")) >= 1
        assert len(t.ours(t.home, "File: a.txt")) + len(t.ours(t.home, "Attached: a.txt")) >= 1
        assert len(t.ours(forum, "heard: done")) >= 1
        for words in ("Saved t0", "look at this: completed", "read this: completed", "Drawn"):
            assert len(t.ours(t.home, words)) >= 1, words
        assert [m for m in t.ours(t.home) if m.file and m.file.name.endswith(".png")]
