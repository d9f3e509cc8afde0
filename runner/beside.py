"""Run coroutines beside a block of code, without loose ends and without groups of errors around a single one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def beside(*companions: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run companions while the block runs; cancel them, and wait for them, at its end.

    A companion that fails cancels the block, and its error is raised; an error of the block is raised as it is.
    """
    try:
        async with asyncio.TaskGroup() as group:
            started = [group.create_task(companion) for companion in companions]
            try:
                yield
            finally:
                for companion in started:
                    companion.cancel()
    except BaseExceptionGroup as errors:
        raise first_error(errors) from errors


def first_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that began it; what was cancelled because of it comes later."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def begun(starting: Coroutine[Any, Any, T], undo: Callable[[T], Awaitable[None]]) -> T:
    """Start something, as a whole or not at all: if the caller is cancelled meanwhile, it is undone when it has begun.

    Whoever starts a program and is cancelled before asyncio has given it a name could not end what that has begun.
    """
    running = asyncio.get_running_loop().create_task(starting)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        if running.exception() is None:
            await undo(running.result())
        raise
