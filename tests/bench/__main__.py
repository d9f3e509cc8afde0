"""All measurements in one run: `make bench`. ARGS=quick does with fewer rounds and a hundredth of the rows."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.bench import product


def main(*, quick: bool) -> None:
    """Measure everything, one after another, so that nothing disturbs its neighbour."""
    print("# The product over the bare CLI", flush=True)
    asyncio.run(product.main(3 if quick else product.ROUNDS))
    for title, module, arguments in (
        ("A worktree on 50,000 files over plain git", "worktree_add", ()),
        ("Slack over a bare Bolt handler", "slack", ("9",) if quick else ()),
        ("Telegram over a bare handler of python-telegram-bot", "telegram", ("9",) if quick else ()),
        ("Parked questions", "parked", ("--count", "25") if quick else ()),
        ("A statement over plain aiosqlite", "statements", ()),
        ("The store among a million executions", "storage_million", ("--rows", "10000") if quick else ()),
    ):
        print(f"\n# {title}", flush=True)
        subprocess.run([sys.executable, "-m", f"tests.bench.{module}", *arguments], check=True)


if __name__ == "__main__":
    main(quick="quick" in sys.argv[1:])
