"""A real repository to work on, driven by the plain git of the machine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.copies import copied


@dataclass(frozen=True)
class Repo:
    """A repository with a checkout at `path`."""

    path: Path

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """Run git as a person would, in the checkout or in `at`."""
        argv = [
            "git",
            "-C",
            str(at or self.path),
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            *arguments,
        ]
        done = subprocess.run(argv, check=True, capture_output=True)
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def write(self, files: dict[str, str]) -> None:
        """Write files below the checkout."""
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

    def commit(self, files: dict[str, str], message: str = "a change") -> str:
        """Write files, commit everything, return the commit."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head

    def files(self, commit: str) -> dict[str, str]:
        """Return all files of a commit."""
        names = self.git("ls-tree", "-r", "-z", "--name-only", commit).split("\0")
        return {name: self.git("cat-file", "blob", f"{commit}:{name}") for name in names if name}

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")


def new_repo(path: Path) -> Repo:
    """Make a repository with one commit on `main`."""
    copied(_first, path)
    return Repo(path)


def _first(path: Path) -> None:
    path.mkdir(parents=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch=main")
    repo.commit({"a.txt": "one\n", "src/b.txt": "b\n", ".gitignore": "*.secret\ncache/\n"}, "first")
