"""What a statement costs through our driver, over aiosqlite as SQLAlchemy drives it.

Run it with `python -m tests.bench.statements`.
Both ask one file in turn. Times are medians, with what else a machine does in them.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import sqlite_driver, sqlite_file

ROUNDS = 400
_READ = sa.text("SELECT n FROM numbers WHERE n = 5")
_WRITE = sa.text("UPDATE numbers SET n = n WHERE n = 5")


@asynccontextmanager
async def engine(path: Path, **ours: object) -> AsyncIterator[AsyncEngine]:
    """Open the file with one connection."""
    made = create_async_engine(
        f"sqlite+aiosqlite:///{path}", pool_size=1, max_overflow=0, connect_args={"isolation_level": None, **ours}
    )
    sa.event.listen(made.sync_engine, "connect", sqlite_file.prepare_writer)
    try:
        yield made
    finally:
        await made.dispose()


async def read(connection: AsyncConnection) -> None:
    """Read one row."""
    (await connection.execute(_READ)).one()


async def write(connection: AsyncConnection) -> None:
    """Write five rows in one transaction."""
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    for _ in range(5):
        await connection.execute(_WRITE)
    await connection.commit()


async def seconds(at: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[None]]) -> float:
    """Return how long a visit of the database takes, the pool's part included."""
    began = time.perf_counter()
    async with at.connect() as connection:
        await work(connection)
    return time.perf_counter() - began


async def measure(path: Path) -> None:
    """Print medians and ratios."""
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(engine(path))
        ours = await stack.enter_async_context(engine(path, async_creator_fn=sqlite_driver.connect))
        async with plain.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
            await connection.exec_driver_sql("INSERT INTO numbers VALUES (5)")
        for name, work in (("one row read", read), ("five writes in a transaction", write)):
            taken = [(await seconds(plain, work), await seconds(ours, work)) for _ in range(ROUNDS)]
            floor, own = (median(times) for times in zip(*taken, strict=True))
            print(f"{name:32} {own * 1000:6.2f} ms, plain {floor * 1000:6.2f} ms: {own / floor:.2f} x", flush=True)


def main() -> None:
    """Measure in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as name:
        asyncio.run(measure(Path(name) / "numbers.db"))


if __name__ == "__main__":
    main()
