"""`signoff`, which dies as by `kill -9` at the place that a fuse beside its configuration names."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.__main__ import main
from bot.attendant import Attendant
from bot.telegram.listening.poll import Poller
from bot.telegram.sending.client import Client
from storage.arrivals import Arrivals
from tests.scenarios.edges.fuse import Fuse

FETCHED, STORED, CONFIRMED, CARRIED_OUT = "fetched", "stored", "confirmed", "carried out"
PLACES = (FETCHED, STORED, CONFIRMED, CARRIED_OUT)
HELD = "held"  # a file beside the fuse: as long as it is there, nothing is dealt with


def _lay(fuse: Fuse) -> None:
    """Put the fuse where updates are taken in and dealt with."""
    take_in, ask, deal, done = Poller._take_in, Client.raw_updates, Attendant._deal, Arrivals.done

    async def fused_take_in(self: Poller, updates: Sequence[object]) -> None:
        if updates:
            fuse.spark(FETCHED)
        await take_in(self, updates)
        if updates:
            fuse.spark(STORED)

    async def fused_ask(self: Client, offset: int, allowed: Sequence[str]) -> Sequence[object]:
        if offset:
            fuse.spark(CONFIRMED)  # the request goes on its way before the fuse has burnt down
        return await ask(self, offset, allowed)

    async def fused_deal(self: Attendant, *args: Any, **how: Any) -> None:
        while (fuse.folder / HELD).exists():
            await asyncio.sleep(0.01)
        await deal(self, *args, **how)

    async def fused_done(self: Arrivals, *args: Any) -> None:
        fuse.spark(CARRIED_OUT)
        await done(self, *args)

    for kind, name, fused in (
        (Poller, "_take_in", fused_take_in),
        (Client, "raw_updates", fused_ask),
        (Attendant, "_deal", fused_deal),
        (Arrivals, "done", fused_done),
    ):
        setattr(kind, name, fused)


if __name__ == "__main__":
    _lay(Fuse(Path(sys.argv[sys.argv.index("--config") + 1]).parent))
    sys.exit(main())
