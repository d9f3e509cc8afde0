"""Linking an account in Slack: an invitation is told to its person alone, wherever they ask; a code lets one in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.fronts import Fronts
from runner.model import Actor, Origin
from tests.fakes import ActingAgent, asks
from tests.servers.slack.world import Message, User
from tests.slack.test_home import home, labelled
from tests.slack.workspace import Workspace, workspace

INVITED = "https://t.me/signoff_bot?start="


def everything(ws: Workspace) -> Sequence[Message]:
    """Return all messages that stand somewhere, for everybody there."""
    return tuple(ws.slack.world.posted.values())


def fronts() -> Fronts:
    """Return both chat products."""
    both = Fronts()
    both.register("slack")
    both.register("telegram", "signoff_bot")
    return both


async def _asks(ws: Workspace, user: User, way: str) -> None:
    """Ask for an invitation, in one of the ways there are."""
    match way:
        case "command":
            await ws.slack.command(user, ws.ops, "/task", "link telegram")
        case "mention":
            await ws.slack.mention(user, ws.ops, "link telegram")
        case "direct":
            await ws.slack.say(user, ws.slack.dm(user), "link telegram")
        case _:
            await ws.slack.open_home(user)
            shown = await home(ws, user, lambda said: "Add Telegram" in said)
            await ws.slack.act(shown, labelled(shown, "Add Telegram"))


@pytest.mark.parametrize("way", ["command", "mention", "direct", "home"])
async def test_an_invitation_is_told_to_its_person_alone(tmp_path: Path, way: str) -> None:
    """PERSON-5, PERSON-1: in a channel, in a thread that a mention would begin, directly and from the App Home; the
    code is in no message for others, and nowhere in the store.
    """
    async with workspace(tmp_path, ActingAgent(asks), fronts=fronts()) as ws:
        await _asks(ws, ws.ada, way)
        told = await ws.told(ws.ada, INVITED)
        assert not [m for m in ws.slack.ephemerals if m.ephemeral_to != ws.ada.id]
        secret = ws.said(told).partition(INVITED)[2][:32]
        assert not [message for message in everything(ws) if secret in ws.said(message)]
        stored = await asyncio.to_thread(
            lambda: [each.read_bytes() for each in tmp_path.rglob("*.db*") if each.is_file()]
        )
        assert stored
        assert not any(secret.encode() in content for content in stored)
        ada = await ws.scene.core.people.known("slack", ws.ada.id, "")
        assert await ws.scene.core.people.redeem("telegram", "7", secret) == ada
        await ws.slack.open_home(ws.ada)
        await home(ws, ws.ada, lambda said: "Known in" in said and "Add Telegram" not in said)


@pytest.mark.parametrize("way", ["command", "direct"])
async def test_a_stranger_with_a_code_is_let_in_and_without_one_is_told_how(tmp_path: Path, way: str) -> None:
    """SLACK-4, PERSON-2: what they say comes to nothing else, and a wrong code opens nothing."""
    async with workspace(tmp_path, ActingAgent(asks), fronts=fronts()) as ws:
        eve = ws.slack.user("UEVE", "Eve")
        ws.ops.members.add(eve.id)
        bob = await ws.scene.core.people.known("slack", ws.bob.id, "")
        actor = Actor(person=bob, origin=Origin(messenger="terminal", channel="bob"))
        code = await ws.scene.core.people.invite(actor, "slack")

        async def says(text: str) -> None:
            if way == "command":
                await ws.slack.command(eve, ws.ops, "/task", text)
            else:
                await ws.slack.say(eve, ws.slack.dm(eve), text)

        await says("people")
        await ws.told(eve, "link slack")
        await says("link " + "0" * 32)
        await ws.told(eve, "This code links nothing")
        await says(f"link {code}")
        await ws.told(eve, "You are bob in Slack now")
        assert await ws.scene.core.people.known("slack", eve.id, "") == bob
