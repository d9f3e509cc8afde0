"""The crash table as a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.scenarios.edges.aftermath import PROMISED
from tests.scenarios.edges.plan import EDGES, LONGEST_DELAY, Way
from tests.scenarios.edges.trip import AGAIN, Death
from tests.scenarios.edges.verdict import Promise

_HEAD = """# Crash table

What is left of a question when the daemon is killed with SIGKILL at every edge of its life. `make proof` travels all
of it (`{test}`); `make proof ARGS=--write-tables` also writes this page anew from what it saw.

{set_up}

Each journey is one run on a fresh machine: the real daemon (`signoff up`), the agent's real CLI, a scripted model,
and a person at the terminal who answers in one way. The person retries as people do: after a restart a question is
answered again only if it is shown again. The daemon is the product as it is; a fuse in its ports (store, agent,
messenger) lets it kill itself exactly at an edge, or a little later. After each kill, before any restart, and once
more after the end, this is looked at from outside:

- *question kept*: it is stored once and was never taken back; after the restart it is shown again if nobody answered.
- *answer kept*: what is stored is what the person gave; what the person was told counts is what is stored; the agent
  has heard it in the end.
- *step ran exactly as approved*: only after its approval was handed over, never more often than that, and with the
  very input that was approved; it ran to its end; a denied step never ran.
- *no orphan*: {promised:g} s after the kill no process is left that works in the machine's folder or was started for
  it.
- *database whole*: `PRAGMA integrity_check` and `foreign_key_check` find nothing, a question is open exactly while
  its run waits, and the chain of the audit log is unbroken.

**{deaths} kills on {journeys} journeys: {verdict}** The longest time until the last process had gone was {longest}.
"""
_NOTHING = "nothing before the next kill"
_TAIL = """
## What is promised, and what is not

An answer is handed to the agent at most once (APPR-11). From that moment until the agent's conversation holds the
result, nobody can know from the conversation whether a command ran wholly, in part or not at all. If the daemon dies
then, Signoff does not run the step again by itself. The agent asks once more, as a new question, whose card says what
is known: that the step was approved before, and that it has run or may have run already. It runs again only if a
person approves it again. In the table that is *{again}*; {count} of the {deaths} kills led to it.

Before that moment nobody has to say anything twice: the stored answer is found again by its exact input, and the step
runs once."""


def document(deaths: Sequence[Death], *, set_up: str, test: str) -> str:
    """Write the page."""
    exact = [death for death in deaths if death.kill.delay == 0]
    others = [death for death in deaths if death.kill.delay > 0]
    broken = sum(1 for death in deaths if death.faults)
    rows = [_row(edge.name, [death for death in exact if death.kill.edge == edge]) for edge in EDGES]
    rows.append(_row(f"a random moment, up to {LONGEST_DELAY:g} s after an edge", others))
    rows.append(_row("**all**", deaths, seen=""))
    head = _HEAD.format(
        test=test,
        set_up=set_up,
        promised=PROMISED,
        deaths=len(deaths),
        journeys=len({death.journey.number for death in deaths}),
        verdict=f"{broken} broke a promise." if broken else "no promise was broken.",
        longest=f"{max(death.gone for death in deaths):.1f} s",
    )
    titles = ("edge", "kills", *Promise, "what a person sees next")
    table = [_line(titles), _line("---" for _ in titles), *rows]
    tail = _TAIL.format(again=AGAIN, count=sum(death.seen == AGAIN for death in deaths), deaths=len(deaths))
    return "\n".join([head, *table, "", "## By the way of answering", "", *_ways(deaths), tail.rstrip(), ""])


def _row(name: str, deaths: Sequence[Death], seen: str | None = None) -> str:
    count = len(deaths)
    kept = (f"{sum(promise not in death.faults for death in deaths)}/{count}" for promise in Promise)
    told = seen if seen is not None else "; ".join(sorted({death.seen or _NOTHING for death in deaths}))
    return _line((name, str(count), *kept, told))


def _ways(deaths: Sequence[Death]) -> Iterable[str]:
    yield _line(("answer", "kills while the process waits with the person", "kills while the question is parked"))
    yield _line(("---", "---", "---"))
    for way in Way:
        own = [death for death in deaths if death.journey.way is way]
        parked = sum(death.journey.parked for death in own)
        yield _line((way.value, str(len(own) - parked), str(parked)))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
