"""The frame that strict servers share: bodies, doors that are down, and errors of the server itself."""

from __future__ import annotations

import aiohttp
import pytest

from tests.servers.background import Background
from tests.servers.slack import StrictSlack
from tests.servers.telegram import StrictTelegram


async def test_a_body_that_is_no_object_is_refused_and_noted() -> None:
    async with StrictTelegram() as tg, StrictSlack() as slack, aiohttp.ClientSession() as session:
        async with session.post(f"{tg.base_url}{tg.token}/getMe", json=["x"]) as answer:
            assert answer.status == 400
        async with session.post(f"{slack.base_url}auth.test", json=["x"]) as answer:
            assert (await answer.json())["error"] == "invalid_json"
        assert len(tg.forgive("no JSON object")) == len(slack.forgive("no JSON object")) == 1


@pytest.mark.parametrize("product", [StrictTelegram, StrictSlack])
async def test_who_is_cut_off_reaches_no_door_until_the_server_is_back(
    product: type[StrictTelegram | StrictSlack],
) -> None:
    async with product() as server, aiohttp.ClientSession() as session:
        token = server.token if isinstance(server, StrictTelegram) else ""
        door = f"/file/bot{token}/none" if token else "/files-pri/T0-F0/none"
        server.cut()
        with pytest.raises(aiohttp.ClientError):
            await session.get(server.url + door)
        server.restore()
        async with session.get(server.url + door) as answer:
            assert answer.status == 404
        assert server.violations == []


async def test_an_error_of_the_server_itself_is_a_violation() -> None:
    async def fails() -> None:
        raise ValueError("oh")

    told: list[str] = []
    background = Background(told.append)
    _ = background.start(fails())
    await background.settle()
    assert told == ["the server itself failed: ValueError('oh')"]
