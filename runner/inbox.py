"""Files that people post for an agent: kept outside its worktree, so that no diff, commit or merge has them.

The agent may read the folder of its conversation without asking, and is told the paths with the text they came with.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from runner.errors import StorageError
from runner.masking import visible
from runner.model import Attached, Message, Upload
from runner.ports import Files

MOST = 10  # files of one message
LARGEST = 20_000_000  # bytes of a file
TOGETHER = 60_000_000  # bytes of the files of one message, which are held in memory while they are on their way
_NAME = 100  # characters of the name of a file that is missing

log = logging.getLogger(__name__)


def folder(conversation_id: str) -> str:
    """Return the name of the folder, below that of all files, which holds those of a conversation."""
    return f"inbox-{conversation_id}"


async def keep(files: Files, conversation_id: str, uploads: Sequence[Upload]) -> tuple[Attached, ...]:
    """Put files where the agent finds them. What cannot be kept is missing, and says why."""
    kept: list[Attached] = []
    together = 0
    for number, upload in enumerate(uploads):
        together += len(upload.data)
        trouble = upload.trouble or _trouble(number, len(upload.data), together)
        kept.append(await _kept(files, conversation_id, upload, trouble))
    return tuple(kept)


def told(message: Message) -> str:
    """Return what the agent reads: the text of a message, and where its files are."""
    lines = [_line(attached) for attached in message.files]
    return "\n\n".join(part for part in (message.text, "\n".join(lines)) if part)


async def carried(files: Files, attached: Sequence[Attached]) -> tuple[Upload, ...]:
    """Return the files of an earlier conversation, to be kept for another one. Raises NotFound."""
    return tuple(
        [Upload(name=a.name, data=await files.read(a.path) if a.path else b"", trouble=a.trouble) for a in attached]
    )


def _trouble(number: int, size: int, together: int) -> str:
    if number >= MOST:
        return f"a message may have {MOST} files"
    if size > LARGEST:
        return f"it is too large: a file may have {LARGEST // 1_000_000} MB"
    return f"the files of a message may have {TOGETHER // 1_000_000} MB together" if together > TOGETHER else ""


async def _kept(files: Files, conversation_id: str, upload: Upload, trouble: str) -> Attached:
    if not trouble:
        try:
            path = await files.add(folder(conversation_id), upload.name, upload.data)
        except StorageError as error:
            log.warning("inbox.unkept %s: %s", conversation_id, error)
            trouble = "it could not be stored"
        else:
            return Attached(name=path.name, size=len(upload.data), path=str(path))
    return Attached(name=_named(upload.name), size=len(upload.data), trouble=trouble)


def _named(name: str) -> str:
    """Return a name as a line of its own can show it."""
    return visible(" ".join(Path(name).name.split()))[:_NAME] or "a file"


def _line(attached: Attached) -> str:
    if attached.path:
        return f"Attached: {attached.name} ({attached.path}, {attached.size:,} bytes)"
    return f"Not attached: {attached.name} ({attached.trouble})"
