"""Our connections to SQLite, under SQLAlchemy."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage import sqlite_driver


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path / 'numbers.db'}",
        pool_size=1,
        max_overflow=0,
        connect_args={"isolation_level": None, "async_creator_fn": sqlite_driver.connect},
    )
    async with made.connect() as connection:
        await connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
    yield made
    await made.dispose()


async def all_numbers(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return list((await connection.execute(sa.text("SELECT n FROM numbers ORDER BY n"))).scalars())


async def test_a_read_visits_the_thread_once(engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    """Taking the connection from the pool and giving it back included."""
    with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
        assert await all_numbers(engine) == []
    assert len([each for each in caplog.records if each.msg.startswith("executing")]) == 1


async def test_rows_counts_and_returned_values_are_those_of_the_statement(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
        returned = await connection.execute(sa.text("INSERT INTO numbers VALUES (1), (2) RETURNING n"))
        assert returned.scalars().all() == [1, 2]
        await connection.execute(sa.text("INSERT INTO numbers VALUES (:n)"), [{"n": 3}, {"n": 4}])
        assert (await connection.execute(sa.text("DELETE FROM numbers WHERE n > 2"))).rowcount == 2
        await connection.commit()
    assert await all_numbers(engine) == [1, 2]


async def test_what_is_not_committed_is_rolled_back_when_the_connection_is_given_back(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
        await connection.execute(sa.text("INSERT INTO numbers VALUES (1)"))
    assert await all_numbers(engine) == []


async def test_an_error_is_raised_as_sqlalchemy_names_it_and_leaves_the_connection_usable(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(OperationalError):
            await connection.execute(sa.text("SELECT nothing FROM nowhere"))
        await connection.rollback()
        await connection.execute(sa.text("INSERT INTO numbers VALUES (1)"))
        with pytest.raises(IntegrityError):
            await connection.execute(sa.text("INSERT INTO numbers VALUES (:n)"), [{"n": 2}, {"n": 1}])
    assert await all_numbers(engine) == [1, 2]
