"""Where the daemon listens, and who is at the other end of a connection."""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
import stat
import struct
import tempfile
from pathlib import Path

from runner.errors import NotAllowed, StorageError
from runner.model import value

_LONGEST_PATH = 100  # bytes; the kernel's address holds 108 (Linux) or 104 (macOS), the last one a zero


@value
class Peer:
    """The operating system's user behind a connection."""

    uid: int
    user: str
    full_name: str


def reachable(path: Path) -> Path:
    """Return a path the kernel accepts as a socket address.

    A path that is too long is replaced by one in a private folder for temporary files, named after the long one, so
    that server and clients arrive at the same. Raises StorageError if somebody else owns that folder.
    """
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    folder = Path(tempfile.gettempdir()) / f"signoff-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise StorageError(f"{folder} is not private to you.", hint="Remove it and try again.")
    return folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.sock"


def listen(path: Path) -> socket.socket:
    """Bind a socket that only its owner can connect to; what a crashed daemon left at `path` is replaced.

    The caller holds the lock of the database, so no living daemon can own the old socket. Raises StorageError.
    """
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        server.bind(str(path))
        path.chmod(0o600)  # before listen(): until then nobody can connect
        server.listen(64)
    except OSError as error:
        server.close()
        raise StorageError(
            f"Cannot listen on {path}: {error.strerror}.", hint="Choose another storage.directory."
        ) from error
    server.setblocking(False)
    return server


def peer(connection: socket.socket) -> Peer:
    """Name the user at the other end; where the system cannot tell, it is the owner, since nobody else can connect."""
    uid = os.getuid()
    if hasattr(socket, "SO_PEERCRED"):
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, _ = struct.unpack("3i", credentials)
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Peer(uid=uid, user=str(uid), full_name=str(uid))
    return Peer(uid=uid, user=entry.pw_name, full_name=entry.pw_gecos.partition(",")[0] or entry.pw_name)


def trust(connection: socket.socket, path: Path) -> None:
    """Make sure that a daemon of this user, or of root, answers at `path`. Raises NotAllowed."""
    if peer(connection).uid not in {os.getuid(), 0}:
        raise NotAllowed(f"Another user listens on {path}.", hint="Choose another storage.directory.")
