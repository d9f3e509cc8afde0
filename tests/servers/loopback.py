"""HTTP on 127.0.0.1, for servers that a test opens and closes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve on a free port; yields the address, without a slash at its end."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def taking(path: str, take: Any) -> AsyncIterator[str]:
    """Serve one handler, which is posted to; yields the whole address."""
    app = web.Application()
    app.router.add_post(path, take)
    async with serving(app) as url:
        yield url + path


def lose(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=503)


async def brought(request: web.Request) -> dict[str, Any]:
    """Read the query and a JSON or form body of a call; ValueError if the body is no object and no form."""
    made: dict[str, Any] = dict(request.query)
    if request.content_type != "application/json":
        return made | (dict(await request.post()) if request.can_read_body else {})
    body = await request.json() if request.can_read_body else {}
    if isinstance(body, dict):
        return made | {key: each for key, each in body.items() if each is not None}
    raise ValueError("not an object")
