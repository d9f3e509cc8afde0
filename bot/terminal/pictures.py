"""Pictures that go to the agent with a message: read from disk and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from runner.errors import BadInput, NotFound, TooLarge
from runner.model import Image

LARGEST = 5_000_000  # bytes; the model's service takes no larger picture

_TYPES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
_MENTION = re.compile(r"\s*(?:/image|--image)[\s=]+(?:\"([^\"]+)\"|'([^']+)'|(\S+))\s*")


def read(path: Path) -> Image:
    """Read one picture. Raises NotFound, BadInput for what is no picture, TooLarge."""
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        raise NotFound(f"Cannot read the picture {path}: {error.strerror}.", hint="Check the path.") from error
    if len(data) > LARGEST:
        raise TooLarge(f"{path} has {len(data):,} bytes; a picture may have {LARGEST:,}.", hint="Make it smaller.")
    for beginning, media_type in _TYPES.items():
        if data.startswith(beginning):
            return Image(media_type=media_type, data=data)
    raise BadInput(f"{path} is no picture that an agent can see.", hint="Use PNG, JPEG, GIF or WebP.")


def attached(text: str) -> tuple[str, Sequence[Path]]:
    """Split `/image PATH` or `--image PATH` off the beginning of a line, as often as it stands there."""
    paths = []
    while match := _MENTION.match(text):
        paths.append(Path(match[1] or match[2] or match[3]))
        text = text[match.end() :]
    return text, paths
