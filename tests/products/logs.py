"""What the log may tell, and what nobody should have to read there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what stands in the log that nobody should have to read: errors and what was raised."""
    return [each.getMessage() for each in caplog.records if each.exc_info or each.levelname == "ERROR"]


def leaks(caplog: pytest.LogCaptureFixture, token: str) -> list[str]:
    """Return the lines of the log, INFO and up, that hold a token, and whatever was raised with it."""
    lines = [each for each in caplog.records if each.levelno >= logging.INFO]
    told = [logging.Formatter().format(each) for each in lines]
    return [line for line in told if token in line or token.partition(":")[2] in line]


@dataclass(eq=False)
class Watchman(logging.Handler):
    """Hears the whole log: how often `ours` speak, what anybody tells, and what breaks."""

    ours: tuple[str, ...]  # names of loggers
    heard: int = 0
    lines: list[str] = field(default_factory=list)  # INFO and up
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin as a handler does."""
        super().__init__(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        if record.exc_info and record.exc_info[0]:
            self.broken.append(f"{record.getMessage()}: {logging.Formatter().formatException(record.exc_info)}")
        self.heard += record.name.startswith(self.ours)
        if record.levelno >= logging.INFO:
            self.lines.append(record.getMessage())


_Man = TypeVar("_Man", bound=Watchman)


@contextmanager
def watching(man: _Man) -> Iterator[_Man]:
    """Let somebody hear the log, and all that the first of `ours` says."""
    root, ours = logging.getLogger(), logging.getLogger(man.ours[0])
    before = ours.level
    root.addHandler(man)
    ours.setLevel(logging.DEBUG)
    yield man
    root.removeHandler(man)
    ours.setLevel(before)
