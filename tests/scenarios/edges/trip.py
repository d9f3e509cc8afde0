"""One journey: a machine, a person, and daemons that come and go until the run has ended."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.messenger import Card
from bot.terminal import wire
from bot.terminal.client import Client, connect
from runner.errors import BadInput, NoDaemon
from runner.model import State
from tests.scenarios.edges import verdict
from tests.scenarios.edges.aftermath import Left, examine, remains, until_gone, written
from tests.scenarios.edges.fuse import Fuse
from tests.scenarios.edges.person import Person
from tests.scenarios.edges.plan import BEGUN, GONE, Journey, Kill
from tests.scenarios.machine import Machine

_DAEMON = "tests.scenarios.edges.daemon"
AGAIN = "the step asked about once more"
_PATIENCE = 180.0  # seconds for one life of the daemon, on a machine that is busy with other lives
_LONG = 600  # minutes; a hot wait that no journey outlasts


@dataclass
class Death:
    """One kill that came about, and what was found after it."""

    journey: Journey
    kill: Kill
    left: Left
    gone: float  # seconds until the last process had gone
    faults: dict[verdict.Promise, str]
    seen: str = ""  # what the person saw next


class Trip:
    """Travels one journey in a folder of its own."""

    def __init__(self, journey: Journey, folder: Path, url: str) -> None:
        folder.mkdir(parents=True)
        wait = 0 if journey.parked else _LONG
        self.journey = journey
        self.machine = Machine(folder, url, more=f"[approvals]\nhot_wait_minutes = {wait}\n")
        self.fuse = Fuse(folder)
        self.person = Person(journey.way)
        self.deaths: list[Death] = []
        self._begun = 0  # lines of begun steps when the last fuse was laid
        self._struck = False  # whether we killed the daemon that lives, at an edge that is seen from outside

    async def travel(self) -> list[Death]:
        """Live through all deaths and to the end of the run; return the deaths.

        Raises AssertionError where an edge never came, or the run did not end.
        """
        for kill in (*self.journey.kills, None):
            if self._over or not await self._life(kill):
                break
        await self._last_death()
        return self.deaths

    @property
    def _left(self) -> Left | None:
        return self.deaths[-1].left if self.deaths else None

    @property
    def _over(self) -> bool:
        return self._left is not None and self._left.over

    async def _life(self, kill: Kill | None) -> bool:
        """Start a daemon and be its user until it dies or the run has ended. Return whether it died of `kill`."""
        if kill and not self._lays_late(kill):
            self._lay(kill)
        self._struck = False
        process = self.machine.start(_DAEMON)
        try:
            async with asyncio.timeout(_PATIENCE):
                ended = await self._use(process, kill)
                if ended and kill and self.fuse.has_burnt():  # it will die a little later
                    await asyncio.to_thread(process.wait)
        except TimeoutError as error:
            raise AssertionError(self._told("The run did not go on")) from error
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)
        if kill and (self.fuse.has_burnt() or self._struck):
            await self._note(kill)
            return True
        assert ended, self._told("The daemon died of itself")
        assert kill is None or not self.journey.exact, self._told(f"{kill} never came")
        self.fuse.lift()
        return False

    def _lays_late(self, kill: Kill) -> bool:
        """Whether the fuse is laid right before the next answer: only if one is still to be given."""
        return kill.edge.late and (self._left is None or not self._left.approvals or bool(self._left.open))

    def _lay(self, kill: Kill) -> None:
        self._begun = self._steps_begun()
        self.fuse.lay(kill.edge.place, kill.delay)  # to no effect where an edge is seen from outside

    def _steps_begun(self) -> int:
        return sum(number for line, number in written(self.machine.folder).items() if line.startswith("begun"))

    async def _use(self, process: subprocess.Popen[bytes], kill: Kill | None) -> bool:
        """Be connected whenever there is a daemon. Return whether the run has ended."""
        async with asyncio.TaskGroup() as group:
            killer = group.create_task(self._kill_at_work(process, kill))
            try:
                while process.poll() is None:
                    with suppress(NoDaemon, BadInput, OSError):
                        async with connect(self.machine.socket, watch=True) as client:
                            if await self._sit(client, process, kill):
                                return True
                    await asyncio.sleep(0.01)
            finally:
                killer.cancel()
        return False

    async def _kill_at_work(self, process: subprocess.Popen[bytes], kill: Kill | None) -> None:
        """Kill the daemon from outside when the command has begun."""
        if kill is None or kill.edge.place != BEGUN:
            return
        while self._steps_begun() == self._begun:
            await asyncio.sleep(0.005)
        await self._strike(process, kill)

    async def _kill_when_gone(self, process: subprocess.Popen[bytes], kill: Kill) -> None:
        """Kill the daemon from outside when it is the only process left."""
        while set(remains(self.machine.folder)) - {process.pid}:
            await asyncio.sleep(0.02)
        await self._strike(process, kill)

    async def _strike(self, process: subprocess.Popen[bytes], kill: Kill) -> None:
        await asyncio.sleep(kill.delay)
        self._struck = True
        process.send_signal(signal.SIGKILL)

    async def _sit(self, client: Client, process: subprocess.Popen[bytes], kill: Kill | None) -> bool:
        if self._left is None or self._left.run is None:
            await client.say(f"do --project calculator Go by {self.journey.way}")
        while (frame := await client.receive()) is not None:
            match frame:
                case wire.Shown(card=card) if card.key.startswith("ask:") and card.buttons:
                    await self._asked(client, process, card, kill)
                case wire.Shown(card=card) if card.key.startswith("result:"):
                    self._saw("the result")
                    return True
                case wire.Reply() | wire.Refused():
                    self.person.hear(frame)
                case _:
                    pass
        return False

    async def _asked(self, client: Client, process: subprocess.Popen[bytes], card: Card, kill: Kill | None) -> None:
        """See a question, and answer it unless that has been done in this life of the daemon."""
        approval = card.key.removeprefix("ask:")
        if not self.person.meets(approval):
            return
        again = "the question again" if approval in self._known() else "the question"
        self._saw(AGAIN if self._known() - {approval} else again)
        while self.journey.parked and process.poll() is None and not self._is_parked():
            await asyncio.sleep(0.005)
        if kill and kill.edge.place == GONE:
            await self._kill_when_gone(process, kill)
            return
        if kill and self._lays_late(kill):
            self._lay(kill)
        await self.person.answer(client, card)

    def _known(self) -> set[str]:
        return {approval.id for approval in self._left.approvals} if self._left else set()

    def _saw(self, what: str) -> None:
        if self.deaths and not self.deaths[-1].seen:
            self.deaths[-1].seen = what

    def _is_parked(self) -> bool:
        path = self.machine.folder / "state" / "signoff.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT worker FROM executions WHERE state = ?", [State.WAITING.value]).fetchall()
        return all(worker is None for (worker,) in rows)

    async def _note(self, kill: Kill) -> None:
        """Look at what the death has left, and judge it."""
        gone = await until_gone(self.machine.folder)
        left = await examine(self.machine.folder)
        faults = verdict.after_death(left, self._left, self.person, gone)
        self.deaths.append(Death(journey=self.journey, kill=kill, left=left, gone=gone, faults=faults))
        if left.over:
            self._saw("the result")
        self.person.leave()

    async def _last_death(self) -> None:
        """Judge the journey as a whole. Its last daemon was killed too, with an agent kept for a follow-up."""
        gone = await until_gone(self.machine.folder)
        left = await examine(self.machine.folder)
        lefts = [death.left for death in self.deaths]
        faults = verdict.after_death(left, lefts[-1] if lefts else None, self.person, gone)
        for promise, fault in (faults | verdict.at_end(left, lefts, self.person)).items():
            self.deaths[-1].faults.setdefault(promise, fault)

    def _told(self, what: str) -> str:
        log = (self.machine.folder / "log").read_text("utf-8")[-2000:]
        found = [death.faults for death in self.deaths if death.faults]
        return f"{what} on {self.journey}: {self.machine.folder}\nFound until then: {found}\n{log}"
