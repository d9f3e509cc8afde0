"""Run coroutines beside a block of code, without loose ends and without groups of errors around a single one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


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
