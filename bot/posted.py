"""Files that people post in a chat, fetched for the agent within its limits."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from bot.measure import one_line
from bot.messenger import Card, Section
from runner import inbox
from runner.model import Enclosed, Image, Upload

LARGEST_PICTURE = 5_000_000  # bytes; the model's service takes no larger one
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

log = logging.getLogger(__name__)


class Posted(Protocol):
    """A file as a chat product tells of it."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...

    @property
    def media_type(self) -> str:
        """Return what it holds, such as image/png."""
        ...

    @property
    def size(self) -> int:
        """Return how many bytes it is said to have."""
        ...


File = TypeVar("File", bound=Posted)


class Missing(Exception):
    """A file cannot be had; the text says why."""


async def fetch(files: Sequence[File], read: Callable[[File, int], Awaitable[bytes]]) -> Enclosed:
    """Return pictures as such, all else as files; what cannot be had is among the files and says why.

    `read` returns the bytes of a file, of which it may have so many. It raises Missing.
    """
    images: list[Image] = []
    uploads: list[Upload] = []
    together = 0
    for number, file in enumerate(files):
        try:
            data = await read(file, _room(file, inbox.TOGETHER - together if number < inbox.MOST else -1))
        except Missing as missing:
            uploads.append(Upload(name=file.name, trouble=str(missing)))
            continue
        together += len(data)
        if file.media_type in _PICTURES and len(data) <= LARGEST_PICTURE:
            images.append(Image(media_type=file.media_type, data=data))
        else:
            uploads.append(Upload(name=file.name, data=data))
    return Enclosed(images=tuple(images), files=tuple(uploads))


def _room(file: Posted, left: int) -> int:
    """Return how many bytes a file may have. Raises Missing if it is said to have more."""
    if left < 0:
        raise Missing(f"a message may have {inbox.MOST} files")
    if file.size > inbox.LARGEST:
        raise Missing(f"it is too large: a file may have {inbox.LARGEST // 1_000_000} MB")
    if file.size > left:
        raise Missing(f"the files of a message may have {inbox.TOGETHER // 1_000_000} MB together")
    return min(left, inbox.LARGEST)


def lost(enclosed: Enclosed) -> Card | None:
    """Say to people which of their files do not reach the agent; None if all do."""
    lines = [f"{one_line(file.name, 100) or 'a file'}: {file.trouble}" for file in enclosed.files if file.trouble]
    title = "Not all that you posted reaches the agent"
    return Card(title=title, sections=(Section(body="\n".join(lines)),)) if lines else None


def unused(files: Sequence[Posted]) -> Enclosed:
    """Return files that go with a command, which has no use for them."""
    return Enclosed(files=tuple(Upload(name=file.name, trouble="this command takes no files") for file in files))
