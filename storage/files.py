"""Report, log and attachment files on disk, one folder an execution."""

from __future__ import annotations

import asyncio
import os
import re
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.errors import NotFound, StorageError

_UNSAFE = re.compile(r"[^\w.\- ]+")
_LONGEST_NAME = 200  # bytes; file systems take 255
_LONGEST_ENDING = 10  # what is longer is no ending but a name with a dot in it
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_Place = Callable[[int, str, str], str]  # gives the file with a temporary name in a folder its own


class DiskFiles:
    """Files below one folder, see `runner.ports.Files`.

    Every step goes through an open folder and follows no symbolic link: an agent that plants one below the folder
    cannot lead a write or a read elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    async def write(self, execution_id: str, name: str, data: bytes) -> Path:
        """Write a file whole or not at all and return its path. Raises StorageError.

        Characters that a file name should not have become "_".
        """
        return await asyncio.to_thread(self._write, _safe(execution_id), _safe(name), data, _replace)

    async def add(self, folder: str, name: str, data: bytes) -> Path:
        """Write a file whole or not at all and return its path; what is there already stays. Raises StorageError.

        A name that is taken gets a number before its ending.
        """
        return await asyncio.to_thread(self._write, _safe(folder), _safe(name), data, _link)

    async def read(self, path: str) -> bytes:
        """Return the content of a file written here. Raises NotFound, also for paths that lead elsewhere."""
        return await asyncio.to_thread(self._read, Path(path))

    def _write(self, folder: str, name: str, data: bytes, place: _Place) -> Path:
        with _explained(self._folder / folder / name):
            self._folder.mkdir(parents=True, exist_ok=True)
            with _opened(self._folder) as root:
                with suppress(FileExistsError):
                    os.mkdir(folder, 0o755, dir_fd=root)
                with _opened(folder, root) as inside:
                    return self._folder / folder / _write_whole(inside, name, data, place)

    def _read(self, path: Path) -> bytes:
        if path.parent.parent != self._folder or path.name in {"", ".", ".."}:
            raise _missing(path)
        try:
            with _opened(self._folder) as root, _opened(path.parent.name, root) as inside:
                descriptor = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=inside)
                with os.fdopen(descriptor, "rb") as file:
                    return file.read()
        except OSError as error:
            raise _missing(path) from error


def _missing(path: Path) -> NotFound:
    return NotFound(f"There is no file {path.name}.", hint="Reports can be made again with `report`.")


def _safe(name: str) -> str:
    """Make a name that is one plain component of a path; a long one loses characters before its ending."""
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(". ") or "_"
    while len(plain.encode()) > _LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[:-1]}{dot}{ending}" if stem and len(ending) <= _LONGEST_ENDING else plain[:-1]
    return plain


def _write_whole(folder: int, name: str, data: bytes, place: _Place) -> str:
    """Write under a temporary name, to the disk, and only then give the file its name, which is returned."""
    temporary = f".{uuid.uuid4().hex}.part"
    descriptor = os.open(temporary, _NEW_FILE, 0o644, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        name = place(folder, temporary, name)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)
    return name


def _replace(folder: int, temporary: str, name: str) -> str:
    """Put a file in the place of the one that has the name."""
    os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    return name


def _link(folder: int, temporary: str, name: str) -> str:
    """Give a file the name, or one like it that is free."""
    stem, dot, ending = name.rpartition(".")
    free, number = name, 1
    while True:
        try:
            os.link(temporary, free, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            number += 1
            free = f"{stem}-{number}{dot}{ending}" if stem else f"{name}-{number}"
        else:
            os.unlink(temporary, dir_fd=folder)
            return free


@contextmanager
def _opened(path: str | Path, parent: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, _FOLDER, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise StorageError(
            f"The file {path} cannot be written: {reason}.",
            hint="Free some space, or correct the folder's permissions.",
        ) from error
