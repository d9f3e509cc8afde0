"""Updates come over HTTP until they are accepted, in the order of their chat."""

from __future__ import annotations

import pytest

from tests.core.clock import HandClock
from tests.servers.telegram import StrictTelegram
from tests.servers.telegram.conftest import Scene
from tests.servers.telegram.stage import client, door, refusal
from tests.servers.telegram.webhooks import Tries


async def test_updates_come_with_the_secret_and_again_until_they_are_accepted(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, "before")
    async with door() as address:
        address.statuses = [500, 403]
        await scene.bot.set_webhook(address.url, secret_token="s3cret")
        await scene.tg.say(scene.alice, scene.home, "after")
        await scene.tg.settle()
        assert address.said() == ["before", "before", "before", "after"]
        assert set(address.secrets) == {"s3cret"}
        info = await scene.bot.get_webhook_info()
        assert (info.url, info.pending_update_count) == (address.url, 0)
        assert info.last_error_message == "Wrong response from the webhook: 403 Forbidden"
    assert not scene.tg.violations


async def test_a_chat_that_waits_does_not_hold_up_another(scene: Scene) -> None:
    async with door() as address:
        address.statuses = [500] * 3
        await scene.bot.set_webhook(address.url, secret_token="s", max_connections=2)
        await scene.tg.say(scene.alice, scene.home, "one")
        await scene.tg.say(scene.alice, scene.home, "two")
        await scene.tg.settle()
        bob = scene.tg.user(12, "Bob")
        address.refused = "three"
        await scene.tg.say(scene.alice, scene.home, "three")
        await address.comes("three")
        await scene.tg.say(bob, scene.tg.private(bob), "four")
        await address.comes("four")
        address.refused = ""
        await scene.tg.settle()
        said = address.said()
    assert said[:6] == ["one"] * 4 + ["two", "three"]
    assert "four" in said[:-1]
    assert said[-1] == "three"


async def test_who_has_a_webhook_does_not_poll(scene: Scene) -> None:
    async with door() as address:
        await scene.bot.set_webhook(address.url, secret_token="s")
        assert "can't use getUpdates method while webhook is active" in await refusal(scene.bot.get_updates())
        assert len(scene.tg.forgive("a webhook is set")) == 1
        await scene.bot.delete_webhook()
        await scene.tg.say(scene.alice, scene.home, "hello")
        assert await scene.ears.texts() == ["hello"]
    assert not address.bodies
    assert not scene.tg.violations


async def test_what_waits_can_be_dropped_with_the_webhook(scene: Scene) -> None:
    await scene.tg.say(scene.alice, scene.home, "old")
    assert (await scene.bot.get_webhook_info()).pending_update_count == 1
    await scene.bot.delete_webhook(drop_pending_updates=True)
    assert not await scene.ears.hear()


@pytest.mark.parametrize(
    ("url", "secret", "sentence"),
    [
        ("http://example.org/", "s", "An HTTPS URL must be provided"),
        ("https://example.org:8080/", "s", "only on ports 80, 88, 443 or 8443"),
        ("https://example.org/", "s" * 257, "Secret token is too long"),
        ("https://example.org/", "not good", "unallowed characters"),
    ],
)
async def test_addresses_and_secrets_are_checked(url: str, secret: str, sentence: str) -> None:
    async with StrictTelegram(HandClock(), tries=Tries(loopback=False)) as tg, client(tg) as bot:
        assert sentence.lower() in (await refusal(bot.set_webhook(url, secret_token=secret))).lower()
        assert len(tg.violations) == 1


async def test_this_machine_is_an_address_only_if_that_is_allowed() -> None:
    async with StrictTelegram(HandClock(), tries=Tries(loopback=False)) as tg, client(tg) as bot:
        assert "https" in await refusal(bot.set_webhook("http://127.0.0.1:1/", secret_token="s"))
        tg.forgive("127.0.0.1")
