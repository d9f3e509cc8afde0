"""The project's own files, as git knows them."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "runner", "storage", "tests")


@cache
def files() -> tuple[Path, ...]:
    """List all files that are, or could be, committed; paths are relative to the root."""
    # Whoever unpacked the checkout may not be whoever runs the tests: git would refuse without safe.directory.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return tuple(sorted(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()))


def sources(*packages: str) -> tuple[Path, ...]:
    """List the Python files of these packages, or of all."""
    wanted = packages or PACKAGES
    return tuple(path for path in files() if path.suffix == ".py" and path.parts[0] in wanted)


def documents() -> tuple[Path, ...]:
    """List the Markdown files people read: those at the top and all below docs/."""
    return tuple(path for path in files() if path.suffix == ".md" and path.parts[0] not in PACKAGES)


@cache
def text(path: Path) -> str:
    """Return the content of a file of the project; bytes that are no text become question marks."""
    return (ROOT / path).read_text("utf-8", "replace")


@cache
def syntax(path: Path) -> ast.Module:
    """Return the parsed module."""
    return ast.parse(text(path), str(path))
