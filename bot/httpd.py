"""The daemon's one HTTP server: what chat products post to us, and whether we are well.

It speaks plain HTTP and trusts nobody: TLS ends before it, in a reverse proxy. What a request says is judged by whoever
receives it; here it is only kept small, quick and few.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from runner.errors import ConfigError
from runner.model import Json, value

_HEADER_BYTES = 16 << 10  # Slack sends 1 kB, proxies add some
_HEADER_SECONDS = 10.0  # uvicorn itself waits for headers for ever
_IDLE_SECONDS = 75  # longer than nginx keeps a connection (60): who closes first loses no request
_CONNECTIONS = 200
_ANSWER_SECONDS = 2.0  # the store has to answer within
_LEAVE_SECONDS = 5  # for requests in hand when we go; longer than any of them may take to come in

log = logging.getLogger(__name__)


@value
class Post:
    """A request that was posted to us; names of headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


@value
class Answer:
    """What is answered to it."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Receiver = Callable[[Post], Awaitable[Answer]]


@value
class Limits:
    """How large a body may be, and how long it may take to come."""

    body_bytes: int = 1 << 20
    body_seconds: float = 3.0  # Slack itself waits no longer


class HttpServer:
    """Serves on a bound socket: each receiver at its path, and `GET /health`.

    `store_answers` is any small question to the store; it may raise. `hears` says by front end whether it hears; who
    does not is told of and still counts as well, since to end the daemon and begin anew would mend nothing.
    """

    def __init__(
        self,
        bound: socket.socket,
        receivers: Mapping[str, Receiver],
        store_answers: Callable[[], Awaitable[object]],
        limits: Limits | None = None,
        hears: Callable[[], Json] = dict,
    ) -> None:
        self._bound = bound
        self._store_answers = store_answers
        self._limits = limits or Limits()
        self._hears = hears
        routes = [Route(path, self._posting(receiver), methods=["POST"]) for path, receiver in receivers.items()]
        self.app = Starlette(routes=[*routes, Route("/health", self._health, methods=["GET"])])

    @property
    def address(self) -> str:
        """Where it is to be found, such as http://127.0.0.1:8750."""
        host, port = self._bound.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def run(self) -> None:
        """Serve until cancelled; requests in hand are answered first."""
        server = _Server(_config(self.app))
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[self._bound]))
            log.info("http: listening on %s", self.address)
            try:
                await asyncio.Event().wait()
            finally:
                server.should_exit = True
                await asyncio.wait([serving])

    def _posting(self, receiver: Receiver) -> Callable[[Request], Awaitable[Response]]:
        async def posted(request: Request) -> Response:
            try:
                async with asyncio.timeout(self._limits.body_seconds):
                    body = await _body(request, self._limits.body_bytes)
            except TimeoutError:
                log.warning("http.refused: a body that took more than %g s", self._limits.body_seconds)
                return Response(status_code=408, headers={"Connection": "close"})
            except ClientDisconnect:
                return Response(status_code=400)  # nobody reads it
            if body is None:
                log.warning("http.refused: a body of more than %d bytes", self._limits.body_bytes)
                return Response(status_code=413)
            headers = {name.lower(): text for name, text in request.headers.items()}
            answer = await receiver(Post(headers=headers, body=body))
            return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))

        return posted

    async def _health(self, _: Request) -> Response:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._store_answers()
        except Exception as error:  # noqa: BLE001 - whatever it is, the store did not answer
            log.warning("http.unwell: the store does not answer: %s", str(error) or type(error).__name__)
            return JSONResponse({"status": "the store does not answer"}, status_code=503)
        front_ends = self._hears()
        return JSONResponse({"status": "ok", **({"front_ends": front_ends} if front_ends else {})})


async def _body(request: Request, most: int) -> bytes | None:
    """Return the body; None if it is larger than allowed, as soon as that is known."""
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


def bind(listen: str) -> socket.socket:
    """Take an address such as 127.0.0.1:8750 or [::1]:8750. Raises ConfigError if it is taken or not ours."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # Python repeats the address
        raise ConfigError(
            "http.listen",
            [f"cannot listen on {listen}: {reason}; end what uses it, or name another address under [http]"],
        ) from error


@contextlib.asynccontextmanager
async def bound(listen: str) -> AsyncIterator[socket.socket]:
    """Hold an address. Raises ConfigError as `bind` does."""
    with bind(listen) as taken:
        yield taken


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_LEAVE_SECONDS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
    )


class _Server(uvicorn.Server):
    """Leaves signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Impatient(H11Protocol):
    """Hangs up on whoever does not get done with the headers of a request, or with what follows its answer."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, made: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(made)
        self._expect()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._forget()
        elif self._deadline is None and not _is_busy(before):
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(_HEADER_SECONDS, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _is_busy(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and not cycle.response_complete
