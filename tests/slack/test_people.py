"""Several people answer one question in Slack, by the rules of who may and whose turn it is."""

from __future__ import annotations

from pathlib import Path

from tests.core.clock import HandClock
from tests.fakes import ActingAgent, Turn
from tests.servers.slack import StrictSlack
from tests.servers.slack.world import Channel, Message, User
from tests.slack.workspace import Workspace, configured, serving

USERS = {
    "ada": {"role": "admin", "slack": "UADA"},
    "bob": {"role": "approver", "slack": "UBOB"},
    "cyd": {"role": "approver", "slack": "UCYD"},
    "dan": {"role": "operator", "slack": "UDAN"},
}
SLOW = "make slow"
TERMS = {
    "expire_minutes": 60,
    "remind_minutes": (10,),
    "escalate_minutes": 20,
    "on_call": ("bob", "cyd"),
    "risk": {"network": {"quorum": 2, "requester_may": False}},
}


async def _runs_what_is_said(turn: Turn) -> str:
    answer = await turn.step("Bash", {"command": turn.text or SLOW})  # without a text it comes back to its question
    return "it ran" if answer and answer.approve else f"it did not: {answer.note if answer else ''}"


async def _in_time(ws: Workspace, clock: HandClock, words: str, channel: Channel, thread: str | None) -> Message:
    """Let time pass until a message has these words."""
    async with ws.patience():
        while not (found := [m for m in ws.slack.messages(channel, thread) if words in ws.said(m)]):
            await clock.move(seconds=0.3)
            await ws.moment()
    return found[-1]


async def _told(ws: Workspace, clock: HandClock, user: User, words: str) -> None:
    """Let time pass until one person alone is told something."""
    async with ws.patience():
        while not any(m.ephemeral_to == user.id and words in ws.said(m) for m in ws.slack.ephemerals):
            await clock.move(seconds=0.3)
            await ws.moment()


async def test_two_others_approve_one_of_them_for_somebody_and_whose_turn_it_is_sees_it_directly(
    tmp_path: Path,
) -> None:
    """APPR-9, SLACK-5: quorum, requester, delegation, on-call, escalation and expiry; each card stands once."""
    clock = HandClock()
    async with StrictSlack(clock) as slack:
        ada, bob, cyd, dan = (slack.user(f"U{name.upper()}", name.title()) for name in USERS)
        ops = slack.channel("COPS", ada, bob, cyd, dan)
        settings = configured(tmp_path, slack, users=USERS, approvals=TERMS)
        async with serving(tmp_path, settings, ActingAgent(_runs_what_is_said), clock=clock) as scene:
            await slack.connected(2)
            ws = Workspace(slack=slack, scene=scene, ada=ada, bob=bob, ops=ops)
            thread = (await slack.mention(ada, ops, "curl https://example.com/x")).message.ts
            question = await _in_time(ws, clock, "Approved: 0 of 2", ops, thread)
            await ws.press(ada, question, "Approve")
            await _told(ws, clock, ada, "somebody else has to answer")
            direct = await _in_time(ws, clock, "Approve?", slack.dm(bob), None)
            await ws.press(bob, direct, "Approve")
            voted = await _in_time(ws, clock, "Approved: 1 of 2: bob", ops, thread)
            await slack.command(cyd, ops, "/task", "delegate dan 8h")
            await _told(ws, clock, cyd, "dan may answer for you")
            await ws.press(dan, voted, "Approve")
            await _in_time(ws, clock, "2 of 2: bob, dan (for cyd)", ops, thread)
            await _in_time(ws, clock, "2 of 2: bob, dan (for cyd)", slack.dm(bob), None)
            await _in_time(ws, clock, "it ran", ops, thread)

            thread = (await slack.mention(dan, ops, SLOW)).message.ts
            await _in_time(ws, clock, "Approve?", ops, thread)
            await clock.move(minutes=11)
            await _in_time(ws, clock, "Still waiting", slack.dm(bob), None)
            await clock.move(minutes=10)
            await _in_time(ws, clock, "make slow", slack.dm(cyd), None)
            await clock.move(minutes=40)
            for channel, where in ((ops, thread), (slack.dm(bob), None), (slack.dm(cyd), None)):
                await _in_time(ws, clock, "Timed out: $ make slow", channel, where)
            await _in_time(ws, clock, "it did not: Timed out", ops, thread)
            titles = [m.text.split("\n")[0] for m in slack.messages(slack.dm(bob)) if m.text]
            assert len(titles) == len(set(titles)), titles
        assert slack.violations == []
