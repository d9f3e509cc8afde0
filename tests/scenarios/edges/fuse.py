"""The fuse between the harness and the daemon it kills: a file that names the edge at which the daemon dies."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fuse:
    """A fuse in a folder. The harness lays it; the daemon looks for it at every edge, and burns it only once."""

    folder: Path

    @property
    def _laid(self) -> Path:
        return self.folder / "fuse"

    @property
    def _burnt(self) -> Path:
        return self.folder / "fuse.burnt"

    def lay(self, place: str, delay: float) -> None:
        """Have the daemon die `delay` seconds after it has come to this place the next time."""
        self._burnt.unlink(missing_ok=True)
        part = self.folder / "fuse.part"
        part.write_text(f"{delay} {place}", "utf-8")
        part.replace(self._laid)

    def lift(self) -> None:
        """Take away a fuse that was laid and not reached."""
        self._laid.unlink(missing_ok=True)

    def has_burnt(self) -> bool:
        """Whether the daemon has come to the place since the fuse was laid."""
        return self._burnt.exists()

    def spark(self, place: str) -> None:
        """Die if this place is the one; with a delay, a little later, in the middle of whatever is going on then."""
        try:
            delay, _, named = self._laid.read_text("utf-8").partition(" ")
        except FileNotFoundError:
            return
        if named != place:
            return
        self._laid.replace(self._burnt)
        if float(delay) == 0:
            die()
        timer = threading.Timer(float(delay), die)
        timer.daemon = True
        timer.start()


def die() -> None:
    """End this process as the kernel, or a power cut, would end it: nothing more is run, written or flushed."""
    os.kill(os.getpid(), signal.SIGKILL)
