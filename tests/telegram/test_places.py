"""Where things are said in Telegram: private chats, chains of replies, groups, forums and topics; and by whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.tasks import TaskDraft
from tests.fakes import ActingAgent, Turn
from tests.products.acting import act
from tests.products.logs import faults
from tests.servers.telegram.world import Chat, Message
from tests.telegram.quick import QuickChats, quick


async def listens(turn: Turn) -> str:
    """Ask once where that is wanted; then repeat what is said meanwhile."""
    if turn.text.startswith("wait"):
        return f"heard: {await turn.remark()}"
    return await act(turn)


async def saved(t: QuickChats, *names: str) -> None:
    """Save tasks that ask for a step."""
    for name in names:
        await t.scene.core.tasks.define(
            t.scene.actor, TaskDraft(name=name, prompt="ask {{it}}", variables={"it": "it"}, project="calculator")
        )


async def conversations(t: QuickChats) -> int:
    """Count the conversations with agents that were begun."""
    return len({run.conversation_id for run in await t.runs()})


async def test_a_message_that_could_be_for_a_run_or_begin_one_is_asked_about(tmp_path: Path) -> None:
    """TG-60: only where a run is live and the message answers nothing; each of the three answers does what it says."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        first = await t.says(t.ada, t.home, "ask for it")
        said = await t.says(t.ada, t.home, "be quick")
        asked = t.newest(t.home, "For whom is this?")
        assert asked.reply_to == said.id
        await t.presses(t.ada, asked, "Nobody")
        assert (await conversations(t), asked.labels, "Not sent" in asked.text) == (1, [], True)
        said = await t.says(t.ada, t.home, "done another")
        await t.presses(t.ada, t.newest(t.home, "For whom is this?"), "A new run")
        assert t.newest(t.home, "done another: completed").reply_to == said.id
        await t.says(t.ada, t.home, "be very quick")
        await t.presses(t.ada, t.newest(t.home, "For whom is this?"), "The agent")
        await t.in_time(t.home, "Not read by the agent yet\nbe very quick")
        assert await conversations(t) == 2
        late = await t.presses(t.ada, asked, "The agent", stale=True)
        assert late.text == "That is done already."
        await t.says(t.ada, t.home, "this is for it", reply_to=t.newest(t.home, "Needs you"))
        await t.presses(t.ada, t.newest(t.home, "Needs you"), "Approve")
        assert t.newest(t.home, "ask for it: completed").reply_to == first.id
        await t.says(t.ada, t.home, "done more")
        assert await conversations(t) == 3, "where no run is live nothing is asked"


async def test_a_message_for_the_agent_is_marked_when_it_is_taken_and_when_it_is_read(tmp_path: Path) -> None:
    """TG-61: by a reaction and by no message; what was edited before it was handed over is read as it is then."""
    nobody_listens = {"hot_wait_minutes": 0}  # while a question is open; else what was said is soon handed over
    async with quick(tmp_path, ActingAgent(listens), worker={"slots": 1}, approvals=nobody_listens) as t:
        first = await t.says(t.ada, t.home, "ask for it")
        question = t.newest(t.home, "Needs you")
        count = len(t.ours(t.home))
        remark = await t.says(t.ada, t.home, "wait, be quick", reply_to=question)
        assert remark.reactions[t.tg.bot.id] == ["👀"]
        assert [
            m.text for m in t.ours(t.home)[count:] if "did not answer" not in m.text and "State: " not in m.text
        ] == []
        await t.tg.edit(t.ada, remark, "wait, be slow")
        await t.settled()
        await t.in_time(t.home, "Not read by the agent yet\nwait, be slow")
        assert first.reactions[t.tg.bot.id] == ["👌"]
        await t.tg.edit(t.ada, first, "ask for something else")
        await t.settled()
        assert t.ours(t.home)[-1].reply_to == first.id
        assert "already" in t.ours(t.home)[-1].text.lower() or "again" in t.ours(t.home)[-1].text


async def test_private_topics_hold_a_task_each_and_what_is_said_there_steers(tmp_path: Path) -> None:
    """TG-62: a saved task has a topic of its own in which all its runs go on; what is ad hoc stays a chain."""
    async with quick(tmp_path, ActingAgent(act), topics=True) as t:
        await saved(t, "fix", "tidy")
        loose = await t.says(t.ada, t.home, "done it")
        assert t.newest(t.home, "done it: completed").reply_to == loose.id
        for name in ("fix", "tidy", "fix"):
            await t.says(t.ada, t.home, f"/run {name}")
        assert [each.name for each in t.home.topics.values()] == ["fix", "tidy"]
        fix = next(iter(t.home.topics))
        assert len(t.ours(t.home, "Needs you", fix)) == 2
        newest = (await t.runs())[0]
        await t.says(t.ada, t.home, "be quick", topic=fix)
        assert not t.ours(t.home, "For whom")
        await t.says(t.ada, t.home, "stop", topic=fix)
        assert (await t.scene.core.runs.find(newest.id)).state.value in {"waiting", "stopped", "cancelled"}
        assert not [m for m in t.ours(t.home, "Run: ") if m.topic is None and "fix" in m.text.partition("\n")[0]]


@pytest.mark.parametrize("rights", [True, False])
async def test_a_forum_has_a_topic_for_each_task_where_we_may_make_them(tmp_path: Path, rights: bool) -> None:
    """TG-62: without the right runs are chains in General, and so is what is ad hoc; the log says it once."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        await saved(t, "fix")
        forum = t.tg.group(-1002, "Tasks", t.ada, t.bob, bot="administrator" if rights else "member", forum=True)
        said = await t.says(t.ada, forum, "/run fix")
        question = t.newest(forum, "Needs you")
        if rights:
            (topic,) = forum.topics.values()
            assert (topic.name, question.topic) == ("fix", topic.id)
            await t.says(t.ada, forum, "be quick", topic=topic.id)
            await t.in_time(forum, "Not read by the agent yet\nbe quick")
        else:
            t.tg.forgive("createForumTopic")  # which nobody can know before they try
            assert (question.topic, question.reply_to) == (None, said.id)
            await t.says(t.ada, forum, "/run fix")
            t.tg.forgive("createForumTopic")
        await t.presses(t.bob, question, "Approve")
        t.newest(forum, "heard: be quick" if rights else "done with it: True")


async def test_in_a_topic_of_a_forum_everything_stays_there_and_does_not_answer_its_beginning(tmp_path: Path) -> None:
    """TG-1, TG-62: each message of a topic says that it answers the one that opened it: that is no answer to us."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        t.tg.world.reads_all = True
        forum = t.tg.group(-1002, "Tasks", t.ada, t.bob, forum=True)
        topic = await t.tg.create_topic(t.ada, forum, "Talk")
        await t.says(t.ada, forum, "shall we?", topic=topic.id)
        assert not t.ours(forum)
        await t.says(t.ada, forum, "@signoff_bot ask for it", topic=topic.id)
        assert {each.topic for each in t.ours(forum)} == {topic.id}
        await t.says(t.bob, forum, "be quick", topic=topic.id)
        await t.in_time(forum, "Not read by the agent yet\nbe quick")
        assert len(await t.runs()) == 1


async def test_in_a_group_what_is_not_for_us_is_left_alone(tmp_path: Path) -> None:
    """TG-63: a mention, a command or an answer to us is for us; other talk is not, also where we read along."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        t.tg.world.reads_all = True
        talk = await t.says(t.ada, t.room, "let us do it")
        await t.says(t.bob, t.room, "run the tests?", reply_to=talk)
        await t.says(t.bob, t.room, "/do@other_bot it")
        await t.says(t.bob, t.room, "/do@other_bot it @signoff_bot")
        assert (t.ours(t.room), await t.runs()) == ([], ())
        said = await t.says(t.ada, t.room, "@signoff_bot, ask for it")
        question = t.newest(t.room, "Needs you")
        assert question.reply_to == said.id
        await t.says(t.bob, t.room, "be quick", reply_to=question)
        await t.in_time(t.room, "Not read by the agent yet\nbe quick")
        count = len(t.ours(t.room))
        await t.says(t.bob, t.room, "I would do it otherwise")
        assert len(t.ours(t.room)) == count
        assert len(await t.runs()) == 1


def _as(chat: Chat, sender: dict[str, object], **more: object) -> dict[str, object]:
    """Make an update with a message of somebody whom the server does not play."""
    kind = "channel_post" if more.pop("post", False) else "message"
    message = {
        "message_id": 900,
        "date": 1_790_000_000,
        "chat": {"id": chat.id, "type": chat.kind, "title": chat.title},
        "text": "/do@signoff_bot done it",
        **({"from": sender} if sender else {}),
        **more,
    }
    return {"update_id": 900_000_000, kind: message}


async def test_who_is_no_person_is_not_heard_and_strangers_are_told_that_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TG-64: bots, posts of channels, administrators without a name, and groups that are not on the list."""
    async with quick(tmp_path, ActingAgent(act), telegram={"chats": (-1001,)}) as t:
        posts = [
            _as(t.room, {"id": 77, "is_bot": True, "first_name": "Other"}),
            _as(t.room, {"id": 1087968824, "is_bot": True, "first_name": "Group"}, sender_chat={"id": -1001}),
            _as(t.room, {"id": 136817688, "is_bot": True, "first_name": "Channel"}, sender_chat={"id": -1009}),
            _as(t.room, {}, post=True),
        ]
        for number, body in enumerate(posts):
            t.tg.deliver_raw({**body, "update_id": 900_000_000 + number})
        await t.settled()
        other = t.tg.group(-1005, "Elsewhere", t.ada)
        await t.says(t.ada, other, "/do@signoff_bot done it")
        assert (await t.runs(), t.ours(t.room), t.ours(other)) == ((), [], [])
        eve = t.tg.user(13, "Eve")
        t.room.members.add(eve.id)
        await t.says(eve, t.room, "/do@signoff_bot done it")
        await t.says(eve, t.tg.private(eve), "done it")
        assert "does not know you" in t.newest(t.tg.private(eve), "13").text
        await t.says(t.ada, t.room, "/do@signoff_bot ask for it")
        question = t.newest(t.room, "Needs you")
        pressed = await t.presses(eve, question, "Approve")
        assert (pressed.show_alert, question.labels != []) == (True, True)
        assert len(await t.runs()) == 1
        assert not faults(caplog)


async def test_all_that_is_said_in_a_chain_is_for_its_run(tmp_path: Path) -> None:
    """TG-1: an answer to any message of ours, or to one's own that began it, after the end as well."""
    async with quick(tmp_path, ActingAgent(act)) as t:
        said = await t.says(t.ada, t.home, "done it")
        for answered in (said, t.newest(t.home, "done it: completed"), t.ours(t.home)[0]):
            count = len(await t.runs())
            await t.says(t.ada, t.home, "done more", reply_to=answered)
            assert len(await t.runs()) == count + 1
        assert await conversations(t) == 1
        assert {each.reply_to for each in t.ours(t.home)} == {said.id}
        own: list[Message] = [each for each in t.tg.messages(t.home) if each.sender is t.ada]
        assert all(each.reactions[t.tg.bot.id] == ["👌"] for each in own)
