"""Executions are found by the channel they came from."""

from __future__ import annotations

from dataclasses import replace

from runner.model import Origin
from runner.ports import Batch, ExecutionQuery, Store
from tests.storage import making

HERE = Origin(messenger="slack", channel="C1")


async def test_a_channel_has_its_own_executions(store: Store) -> None:
    """STORE-10: another channel, another messenger and another thread are not mixed up."""
    origins = [HERE, replace(HERE, thread="7"), replace(HERE, channel="C2"), replace(HERE, messenger="telegram")]
    made = [making.execution(origin=origin) for origin in origins]
    for execution in made:
        await store.executions.add(execution, Batch())

    async def found(origin: Origin) -> list[str]:
        page = await store.executions.list(ExecutionQuery(origin=origin))
        return [execution.id for execution in page.items]

    assert await found(HERE) == [made[1].id, made[0].id]
    assert await found(replace(HERE, thread="7")) == [made[1].id]
    assert await found(origins[2]) == [made[2].id]
    assert await found(origins[3]) == [made[3].id]
