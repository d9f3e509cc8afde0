"""Who calls too often waits; who does not wait breaks the rules. Misfortunes come when they are ordered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.core.clock import HandClock
from tests.servers.slack import StrictSlack
from tests.servers.slack.stage import client
from tests.servers.slack.world import Channel


class Scene(NamedTuple):
    slack: StrictSlack
    clock: HandClock
    bot: AsyncWebClient
    room: Channel

    async def post(self, channel: str = "C1ROOM") -> int:
        """Post, and return 0 or the Retry-After of the refusal."""
        try:
            await self.bot.chat_postMessage(channel=channel, text="x")
        except SlackApiError as error:
            return int(error.response.headers["Retry-After"]) if error.response.status_code == 429 else -1
        return 0


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = HandClock()
    async with StrictSlack(clock, burst=3, in_flight=0) as slack:
        alice = slack.user("U1ALICE", "alice")
        slack.channel("C2OTHER", alice)
        bot = client(slack)
        bot.retry_handlers.clear()
        yield Scene(slack, clock, bot, slack.channel("C1ROOM", alice))


async def test_a_channel_takes_a_burst_and_then_one_message_a_second(scene: Scene) -> None:
    assert [await scene.post() for _ in range(4)] == [0, 0, 0, 1]
    assert await scene.post("C2OTHER") == 0
    await scene.clock.move(seconds=1)
    assert [await scene.post(), await scene.post()] == [0, 1]
    assert not scene.slack.violations


async def test_calling_before_the_wait_is_over_is_a_violation_and_after_it_is_none(scene: Scene) -> None:
    scene.slack.fail("chat.postMessage", retry_after=30)
    assert await scene.post() == 30
    await scene.clock.move(seconds=29)
    assert await scene.post() == 1
    assert len(scene.slack.forgive("before Retry-After was over")) == 1
    await scene.clock.move(seconds=1)
    assert await scene.post() == 0
    assert not scene.slack.violations


async def test_calls_that_were_under_way_at_the_refusal_are_not_blamed() -> None:
    async with StrictSlack(HandClock(), in_flight=60) as slack:
        slack.channel("C1ROOM")
        slack.fail("auth.test", retry_after=30)
        for _ in range(2):
            with pytest.raises(SlackApiError):
                await client(slack).auth_test()
        assert not slack.violations


@pytest.mark.parametrize(
    ("method", "most"), [("conversations.open", 50), ("users.info", 100), ("reactions.remove", 20)]
)
async def test_each_method_has_its_tier(scene: Scene, method: str, most: int) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {scene.slack.bot_token}"}
        statuses = []
        for _ in range(most + 1):
            async with session.post(scene.slack.base_url + method, json={}, headers=headers) as response:
                statuses.append(response.status)
    assert statuses == [200] * most + [429]
    await scene.clock.move(minutes=1)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await scene.bot.api_call(method, json={})


async def test_the_retry_handler_of_the_library_waits_as_it_is_told() -> None:
    async with StrictSlack(in_flight=0) as slack:
        bot = client(slack)
        bot.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
        slack.fail("auth.test", retry_after=1)
        assert (await bot.auth_test())["ok"]
        assert [each.error for each in slack.called("auth.test")] == ["ratelimited", ""]
        assert not slack.violations


async def test_errors_are_given_as_often_as_ordered(scene: Scene) -> None:
    scene.slack.fail("auth.test", status=200, error="fatal_error", times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError, match="fatal_error"):
            await scene.bot.auth_test()
    scene.slack.fail("*", status=503)
    with pytest.raises(SlackApiError, match="status: 503"):
        await scene.bot.auth_test()
    assert (await scene.bot.auth_test())["ok"]
    assert not scene.slack.violations


async def test_an_answer_can_be_lost_after_the_work_was_done(scene: Scene) -> None:
    """The trap of every retry: the message is there, and the app does not know."""
    scene.slack.fail("chat.postMessage", lost=True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await scene.post()
    assert len(scene.slack.messages(scene.room)) == 1
    assert await scene.post() == 0
    assert len(scene.slack.messages(scene.room)) == 2
