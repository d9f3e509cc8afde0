"""Voice messages: a program of the configuration writes down what is said in them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from runner.agents import process
from runner.errors import WrongState

SECONDS = 120.0  # until a program that writes is given up
LONGEST = 20_000  # characters of a transcript: about two hours of talk

log = logging.getLogger(__name__)


class Speech:
    """Writes down what is said. `command` is a program and its arguments, in which {file} stands for the recording."""

    def __init__(self, command: Sequence[str], *, seconds: float = SECONDS) -> None:
        self._command = tuple(command)
        self._seconds = seconds

    async def written(self, audio: bytes) -> str:
        """Return what is said. Raises WrongState if the program fails, takes too long or hears nothing."""
        with tempfile.TemporaryDirectory(prefix="signoff-voice-") as folder:
            recording = Path(folder) / "voice.ogg"
            recording.write_bytes(audio)
            command = [part.replace("{file}", str(recording)) for part in self._command]
            done = await process.run(command, cwd=Path(folder), timeout=self._seconds, complaints=False)
        if done.timed_out:
            raise WrongState(f"The voice message was not written down within {self._seconds:g} s.", hint="Send text.")
        if done.exit != 0:
            log.warning("speech.failed: %s ended with status %s", self._command[0], done.exit)
            raise WrongState("The voice message could not be written down.", hint="Send it as text.")
        if not (text := done.output.strip()):
            raise WrongState("Nothing was understood of the voice message.", hint="Send it as text.")
        return text[:LONGEST]
