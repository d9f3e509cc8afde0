"""Files whose change matters more than others': what steers CI, what pins packages, what git runs by itself."""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from collections.abc import Iterable

from runner.model import value
from runner.policy.context import Finding, PolicyContext, names, warn
from runner.policy.effects import destinations, operands, option_values
from runner.policy.places import Place, absolute, normal, place, under
from runner.shell import Command, Word

_GLOB_SIGNS = re.compile(r"[*?\[\]]")


@value
class Kind:
    """Files of one kind, known by the names of themselves or of a folder above them, in lower case."""

    reason: str
    listed: frozenset[str]
    labels: tuple[str, ...] = ()
    anywhere: bool = False  # whether such a file means the same in any folder; else a glob counts at the top only

    def names(self, part: str) -> bool:
        """Whether a file or folder of this name is of this kind."""
        return bool(_any_of(self.listed).match(part))

    def found_by(self, part: str, depth: int) -> bool:
        """Whether a glob may find such a name. A bare `*` says nothing about the files of a folder."""
        if not _GLOB_SIGNS.search(part) or not _GLOB_SIGNS.sub("", part) or (depth and not self.anywhere):
            return False
        found = re.compile(fnmatch.translate(part))
        examples = (name.replace("*", "") for name in self.listed)
        return any(found.match(name) for name in examples if name[0] != "." or part[0] == ".")


_KINDS = (
    Kind(
        reason="changes what runs in CI",
        labels=("CI",),
        listed=names(
            ".github .gitlab .gitlab-ci*.y*ml .circleci .buildkite .ci jenkinsfile* azure-pipelines*.y*ml "
            ".azure-pipelines .travis.y*ml .drone.y*ml .drone.star .drone.jsonnet bitbucket-pipelines*.y*ml "
            ".woodpecker* .forgejo .gitea .cirrus.y*ml .cirrus.star .appveyor.y*ml appveyor.y*ml .semaphore "
            ".teamcity buildspec.y*ml cloudbuild.y*ml .builds .build.y*ml"
        ),
    ),
    Kind(
        reason="changes a lock file",
        labels=("lock file",),
        anywhere=True,
        listed=names(
            "uv.lock poetry.lock pdm.lock pipfile.lock pixi.lock conda-lock.y*ml package-lock.json npm-shrinkwrap.json "
            "pnpm-lock.yaml yarn.lock bun.lock bun.lockb deno.lock cargo.lock go.sum go.work.sum gemfile.lock "
            "composer.lock symfony.lock flake.lock mix.lock rebar.lock pubspec.lock podfile.lock package.resolved "
            "cartfile.resolved gradle.lockfile buildscript-gradle.lockfile verification-metadata.xml "
            "packages.lock.json paket.lock stack.yaml.lock cabal.project.freeze conan.lock module.bazel.lock "
            ".terraform.lock.hcl chart.lock"
        ),
    ),
    Kind(
        reason="changes a hook that git or others run",
        listed=names(".husky .githooks .pre-commit-config.y*ml lefthook.y*ml .lefthook.y*ml"),
    ),
)
_COPIES = names("cp mv install rsync scp ln link")
_TAKES = names("-S --suffix -t --target-directory -m --mode -o --owner -g --group -e --rsh")
_SHOWN = 60  # characters of a path in a reason


def guarded(word: Word, here: str | None, context: PolicyContext) -> Iterable[Finding]:
    """Warn about a changed path of the worktree that is, or may be, a file of one of these kinds.

    Every folder on the way counts, so `.github` speaks for all below it. A glob counts if it could find such a name.
    """
    path = absolute(word, here, context)
    root = normal(context.worktree)
    if path is None or not under(path, root):
        return
    parts = path[len(root) + 1 :].casefold().split("/")
    for kind in _KINDS:
        if any(kind.names(part) or (word.glob and kind.found_by(part, depth)) for depth, part in enumerate(parts)):
            yield warn(f"{kind.reason}: {show(word)}", *kind.labels)


def landings(command: Command, here: str | None, context: PolicyContext) -> Iterable[Word]:
    """Name the files that a copy, move or link makes inside its destination, where that is, or may be, a folder.

    Nothing is read from disk: what has no ending in its name, or receives several files, may be a folder.
    """
    if command.program not in _COPIES:
        return
    words = command.arguments
    paths = operands(words, _TAKES)
    inside = bool(option_values(words, "-t", "--target-directory")) or len(paths) == 1
    sources = paths if inside else paths[:-1]
    for folder in destinations(words):
        where = place(folder, here, context)
        ends = "." in posixpath.basename(folder.text).lstrip(".")
        if where is Place.INSIDE and (
            any(guarded(folder, here, context)) or (ends and len(sources) == 1 and not inside)
        ):
            continue
        if where not in {Place.INSIDE, Place.ROOT}:
            continue
        for source in sources:
            name = posixpath.basename(source.text.rstrip("/")).rsplit(":", 1)[-1]
            opaque, globs = folder.opaque or source.opaque, folder.glob or source.glob
            yield Word(text=f"{folder.text}/{name}", known=folder.known and source.known, opaque=opaque, glob=globs)


def show(word: Word) -> str:
    """Cut a path to what fits a reason."""
    text = word.text if len(word.text) <= _SHOWN else f"{word.text[: _SHOWN - 1]}…"
    return " ".join(text.split()) or "an empty path"


@functools.cache
def _any_of(listed: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(name) for name in sorted(listed)))
