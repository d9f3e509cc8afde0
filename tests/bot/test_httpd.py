"""The HTTP server keeps requests small, quick and few, and goes when the daemon goes."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.httpd import Answer, HttpServer, Limits, Post, bind, bound
from runner.beside import beside
from runner.errors import ConfigError
from runner.model import Json

PATH = "/in"


async def echo(post: Post) -> Answer:
    return Answer(body=post.body.decode(), headers={"X-Kind": post.headers.get("content-type", "")})


async def well() -> None:
    return


@asynccontextmanager
async def served(
    receiver: Callable[[Post], Awaitable[Answer]] = echo,
    limits: Limits | None = None,
    store_answers: Callable[[], Awaitable[object]] = well,
) -> AsyncIterator[str]:
    async with bound("127.0.0.1:0") as taken:
        server = HttpServer(taken, {PATH: receiver}, store_answers, limits)
        async with beside(server.run()):
            yield server.address


async def posted(url: str, body: bytes | AsyncIterator[bytes] = b"") -> tuple[int, str]:
    content = io.BytesIO(body) if isinstance(body, bytes) else body  # large bytes are not liked
    async with aiohttp.ClientSession() as session, session.post(url, data=content) as response:
        return response.status, await response.text()


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open one, and close it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def raw(url: str, *parts: bytes) -> bytes:
    """Send bytes as they are, and return all that comes until the server hangs up."""
    async with connection(url) as (reader, writer), asyncio.timeout(5):
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await reader.read()


def traces(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.exc_info]


async def test_a_receiver_gets_body_and_headers_and_its_answer_goes_back() -> None:
    kind = {"Content-Type": "text/x"}
    async with (
        served() as url,
        aiohttp.ClientSession() as session,
        session.post(url + PATH, data=b"hello", headers=kind) as response,
    ):
        assert (response.status, await response.text(), response.headers["X-Kind"]) == (200, "hello", "text/x")
        assert "server" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", PATH, 405), ("PUT", PATH, 405), ("DELETE", PATH, 405), ("POST", "/health", 405), ("POST", "/", 404)],
)
async def test_other_methods_and_addresses_are_refused(method: str, path: str, status: int) -> None:
    async with served() as url, aiohttp.ClientSession() as session, session.request(method, url + path) as response:
        assert response.status == status


async def test_a_body_may_be_as_large_as_allowed_and_no_larger() -> None:
    """Whether its size is stated before or not."""

    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 1000

    async with served() as url:
        most = Limits().body_bytes
        assert await posted(url + PATH, b"x" * most) == (200, "x" * most)
        assert await posted(url + PATH, b"x" * (most + 1)) == (413, "")
        assert (await posted(url + PATH, pieces(1000)))[0] == 200
        assert await posted(url + PATH, pieces(1100)) == (413, "")
        assert await posted(url + PATH, b"and the next") == (200, "and the next")


async def test_a_body_that_comes_too_slowly_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async with served(limits=Limits(body_seconds=0.3)) as url:
        answered = await raw(url, b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        assert answered.startswith(b"HTTP/1.1 408 ")
        assert await posted(url + PATH, b"quick") == (200, "quick")
    assert not traces(caplog)


async def test_headers_that_never_end_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything at all, nor the second request of a connection; a connection that rests is kept."""
    monkeypatch.setattr("bot.httpd._HEADER_SECONDS", 0.3)
    whole = b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
    async with served() as url:
        assert await raw(url) == b""
        assert await raw(url, b"POST /in HT") == b""
        async with connection(url) as (reader, writer), asyncio.timeout(5):
            for _ in range(2):
                writer.write(whole)
                assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
                await asyncio.sleep(0.5)
            writer.write(b"POST ")
            assert await reader.read() == b""


async def test_whoever_goes_on_after_the_answer_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.httpd._HEADER_SECONDS", 0.3)
    async with served() as url, connection(url) as (reader, writer), asyncio.timeout(5):
        writer.write(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.write(b"x" * 1000)
        assert (await reader.read()).endswith(b"\r\n\r\n")


async def test_what_is_no_http_gets_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with served() as url:
        assert (await raw(url, b"\x16\x03\x01 hello\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert (await raw(url, b"POST /in HTTP/1.1\r\nX: " + b"x" * 20_000)).startswith(b"HTTP/1.1 400 ")
        async with connection(url) as (_, writer):
            writer.write(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            await writer.drain()
        assert await posted(url + PATH, b"still here") == (200, "still here")
    assert not traces(caplog)
    assert len(caplog.records) <= 4


async def test_twenty_requests_at_once_are_received_side_by_side() -> None:
    met = asyncio.Barrier(20)

    async def together(_: Post) -> Answer:
        await met.wait()
        return Answer(status=202)

    async with served(together) as url, asyncio.timeout(10), asyncio.TaskGroup() as group:
        sent = [group.create_task(posted(url + PATH)) for _ in range(20)]
    assert [each.result()[0] for each in sent] == [202] * 20


async def test_more_connections_than_allowed_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.httpd._CONNECTIONS", 3)
    async with served() as url:
        async with connection(url), connection(url), connection(url):
            assert (await posted(url + PATH, b"one more"))[0] == 503
        assert (await posted(url + PATH, b"again"))[0] == 200


@pytest.mark.parametrize("told", [{"slack": {"hears": False, "since": "2026-11-23T09:00:00+00:00"}}, {}])
async def test_health_tells_of_a_deaf_front_end_and_stays_well(told: Json) -> None:
    """HEAR-2: whoever ends what is not well would begin it anew for nothing; without front ends there is no field."""
    async with bound("127.0.0.1:0") as taken:
        server = HttpServer(taken, {}, well, hears=lambda: told)
        async with (
            beside(server.run()),
            aiohttp.ClientSession() as session,
            session.get(server.address + "/health") as response,
        ):
            assert response.status == 200
            assert await response.json() == {"status": "ok", **({"front_ends": told} if told else {})}


async def test_health_says_whether_the_store_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.httpd._ANSWER_SECONDS", 0.1)

    async def broken() -> None:
        raise OSError("gone")

    async def asked(store_answers: Callable[[], Awaitable[object]]) -> tuple[int, object]:
        async with (
            served(store_answers=store_answers) as url,
            aiohttp.ClientSession() as session,
            session.get(url + "/health") as response,
        ):
            return response.status, await response.json()

    unwell = 503, {"status": "the store does not answer"}
    assert await asked(well) == (200, {"status": "ok"})
    assert await asked(broken) == unwell
    assert await asked(asyncio.Event().wait) == unwell


async def test_a_request_in_hand_is_answered_before_the_server_goes() -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def slowly(_: Post) -> Answer:
        entered.set()
        await release.wait()
        return Answer(body="done")

    async with bound("127.0.0.1:0") as taken, asyncio.timeout(10), asyncio.TaskGroup() as group:
        server = HttpServer(taken, {PATH: slowly}, well)
        url = server.address
        serving = group.create_task(server.run())
        request = group.create_task(posted(url + PATH))
        await entered.wait()
        serving.cancel()
        await asyncio.sleep(0.3)
        assert not serving.done()
        release.set()
        assert await request == (200, "done")
        await asyncio.wait([serving])
    with pytest.raises(aiohttp.ClientConnectorError):
        await posted(url + PATH)


async def test_signals_are_the_daemon_s() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with served() as url:
        assert (await posted(url + PATH))[0] == 200
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_an_address_that_is_taken_is_a_problem_of_the_configuration() -> None:
    """It names the address, and says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match=rf"cannot listen on {taken}: Address already in use; .*\[http\]"):
            bind(taken)


def test_an_address_may_be_that_of_another_family() -> None:
    try:
        with bind("[::1]:0") as made:
            assert HttpServer(made, {}, well).address.startswith("http://[::1]:")
    except ConfigError as error:
        assert "cannot listen on [::1]:0" in str(error)  # noqa: PT017 - a machine without that family says so
