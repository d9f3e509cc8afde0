"""What the agent changed: commit it, show it, list its commits."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from runner.errors import ProjectError
from runner.model import Diff, DiffFile, value
from runner.worktree.copy import copied_but_not_ignored
from runner.worktree.git import Repository, clean_environment, raw_bytes, repository, shown, text
from runner.worktree.make import BACKUPS, Worktree, is_filled, open_worktree

PATCH_LIMIT = 2_000_000  # bytes of a patch that are kept; what is longer is cut at the end of a line
COMMIT_LIMIT = 200
_SHA256 = 64  # hexadecimal digits of such a commit's name
_DIFF = ("--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--src-prefix=a/", "--dst-prefix=b/")


@value
class Commit:
    """One commit of the branch; `at` is when its author made it."""

    id: str
    author: str
    at: datetime
    message: str


async def snapshot(worktree: Worktree, message: str) -> str | None:
    """Commit everything in the worktree to its branch and return the commit; None if there is nothing new.

    Takes what git does not ignore, untracked files and nested repositories (as files) included, copied files not. If
    the agent left the branch, what it committed elsewhere becomes part of the branch. A worktree that is only read is
    never committed. No hook runs.
    """
    if not worktree.branch:
        return None
    repo = await open_worktree(worktree)
    ref = f"refs/heads/{worktree.branch}"
    async with scratch_index(worktree) as index:
        before = await repo.commit_of(ref)
        commit = await record(repo, worktree, message, index)
        if commit == before:
            return None
        await repo.git("update-ref", "-m", "signoff: snapshot", ref, commit, before or "")
        await repo.git("symbolic-ref", "-m", "signoff: snapshot", "HEAD", ref)
        index.replace(worktree.git_dir / "index")  # a lock that a killed git left behind is no obstacle
    return commit


async def record(repo: Repository, worktree: Worktree, message: str, index: Path) -> str:
    """Return a commit with everything in the worktree, made if need be; no branch is moved."""
    tree = await write_tree(repo, worktree, index)
    head = await repo.commit_of("HEAD")
    branch = await repo.commit_of(f"refs/heads/{worktree.branch}") if worktree.branch else None
    parents = list(dict.fromkeys(commit for commit in (branch, head) if commit)) or [worktree.base_commit]
    if len(parents) > 1:
        parents = await _independent(repo, parents)
    if len(parents) == 1 and await repo.line("rev-parse", f"{parents[0]}^{{tree}}") == tree:
        return parents[0]
    options = [option for parent in parents for option in ("-p", parent)]
    return await repo.line("commit-tree", tree, *options, data=raw_bytes(message or "Work of the agent"))


async def write_tree(repo: Repository, worktree: Worktree, index: Path) -> str:
    """Store the worktree's files as a tree object and return its id.

    `index` (see `scratch_index`) holds the same afterwards. Neither the worktree's own index nor a file is touched,
    so this can be done while the agent works.
    """
    environment = {"GIT_INDEX_FILE": str(index)}
    await _uncover(repo, worktree, environment)
    listed = await repo.git("ls-files", "--others", "--exclude-standard", "-z", environment=environment)
    nested = [text(name).rstrip("/") for name in listed.split(b"\0") if name.endswith(b"/")]
    exclude = [f":(top,exclude,literal){name}" for name in (*copied_but_not_ignored(worktree.git_dir), *nested)]
    specs = raw_bytes("\0".join([":/", *exclude]))
    options = ("--pathspec-from-file=-", "--pathspec-file-nul")
    await repo.git("add", "--all", *options, data=specs, environment=environment)
    for name in nested:
        await _add_nested(repo, worktree, name, index)
    return await repo.line("write-tree", environment=environment)


async def mark(worktree: Worktree) -> str:
    """Name the state of the worktree, and after a space that of its base branch: equal names mean that nothing changed.

    Raises ProjectError.
    """
    repo = await open_worktree(worktree)
    async with scratch_index(worktree) as index:
        files = await write_tree(repo, worktree, index)
    head = await repo.commit_of("HEAD")
    return f"{files}.{head} {await repo.commit_of(f'refs/heads/{worktree.base_branch}')}"


@contextlib.asynccontextmanager
async def scratch_index(worktree: Worktree) -> AsyncIterator[Path]:
    """Lend a copy of the worktree's index: its cached file times make adding fast.

    The copy keeps the time of the index itself: git looks again at files that are as young as their index.
    """
    with tempfile.TemporaryDirectory(prefix="signoff-", dir=worktree.git_dir) as folder:
        index = Path(folder) / "index"
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(shutil.copy2, worktree.git_dir / "index", index)
        yield index


async def _uncover(repo: Repository, worktree: Worktree, environment: dict[str, str]) -> None:
    """Take away the marks that tell git not to look at a file: changes could hide behind them."""
    listed = (await repo.git("ls-files", "-v", "-z", environment=environment)).split(b"\0")
    assumed = [entry[2:] for entry in listed if entry[:1].islower()]
    skipped = [entry[2:] for entry in listed if entry[:1] in {b"S", b"s"}]
    # what is not there was left out by a sparse checkout, and is no deletion
    present = [name for name in skipped if (worktree.path / text(name)).is_file()]
    for names, option in ((assumed, "--no-assume-unchanged"), (present, "--no-skip-worktree")):
        if names:
            await repo.git("update-index", option, "-z", "--stdin", data=b"\0".join(names), environment=environment)


async def _add_nested(repo: Repository, worktree: Worktree, name: str, index: Path) -> None:
    """Add the files of a repository inside the worktree as files: as a link to its commit they would be lost."""
    inner = Repository(git_dir=repo.git_dir, work_tree=worktree.path / name, settings=repo.settings)
    scratch = {"GIT_INDEX_FILE": f"{index}.nested"}
    Path(scratch["GIT_INDEX_FILE"]).unlink(missing_ok=True)
    await inner.git("add", "--all", ":/", environment=scratch)
    tree = await inner.line("write-tree", environment=scratch)
    await repo.git("read-tree", f"--prefix={name}/", tree, environment={"GIT_INDEX_FILE": str(index)})


async def _independent(repo: Repository, commits: list[str]) -> list[str]:
    """Leave out commits that are part of the history of another one; never all of them."""
    return text(await repo.git("merge-base", "--independent", *commits)).split()


async def diff(worktree: Worktree, *, commit: str = "") -> Diff:
    """Compare the worktree as it is now, uncommitted and untracked files included, with its base commit.

    `commit` is compared instead if given: who has just made one knows that there is nothing beside it. Of a worktree
    that was removed, what its branch or its backup kept is compared. Raises ProjectError if there is neither.
    """
    if commit:
        tree = commit
    elif is_filled(worktree):
        async with scratch_index(worktree) as index:
            tree = await write_tree(await open_worktree(worktree), worktree, index)
    else:
        tree = await newest(worktree)
    pair = (worktree.base_commit, tree)
    with _objects_only(worktree) as (repo, environment):
        listing = await repo.git("diff-tree", "-r", "-z", "--raw", "--numstat", *_DIFF, *pair, environment=environment)
        patch = await repo.head("diff-tree", "-r", "-p", *_DIFF, *pair, limit=PATCH_LIMIT + 1, environment=environment)
    files = tuple(_parse_files(listing))
    truncated = len(patch) > PATCH_LIMIT
    if truncated:
        patch = patch[: patch.rfind(b"\n", 0, PATCH_LIMIT) + 1]
    return Diff(stat=_stat(files), files=files, patch=shown(patch), truncated=truncated)


@contextlib.contextmanager
def _objects_only(worktree: Worktree) -> Iterator[tuple[Repository, dict[str, str]]]:
    """Lend an empty repository that sees the objects of the worktree's, and the environment to use it with.

    It has no attributes (`-diff` in .gitattributes or info/attributes would hide a change from people) and no
    configuration that an agent could have written.
    """
    with tempfile.TemporaryDirectory(prefix="signoff-diff-") as folder:
        empty = Path(folder)
        for name in ("objects", "refs"):
            (empty / name).mkdir()
        (empty / "HEAD").write_text("ref: refs/heads/none\n")
        sha256 = "[extensions]\nobjectFormat = sha256\n" if len(worktree.base_commit) == _SHA256 else ""
        (empty / "config").write_text(f"[core]\nrepositoryFormatVersion = 1\nbare = true\n{sha256}")
        yield Repository(git_dir=empty), {"GIT_OBJECT_DIRECTORY": str(worktree.repository / "objects")}


async def newest(worktree: Worktree) -> str:
    """Return the newest commit of a worktree, removed or not. Raises ProjectError if nothing is left of it."""
    return await kept_commit(await repository(worktree.repository), worktree)


async def kept_commit(repo: Repository, worktree: Worktree) -> str:
    """Return the newest commit of a worktree that was made safe: by its branch, else by its backup, else by its
    HEAD, else the base commit. Raises ProjectError if there is none.
    """
    names = [f"refs/heads/{worktree.branch}"] if worktree.branch else []
    names += [BACKUPS + worktree.handle, f"worktrees/{worktree.handle}/HEAD", worktree.base_commit]
    for name in names:
        if name and (commit := await repo.commit_of(name)):
            return commit
    raise ProjectError(f"Nothing is left of the worktree {worktree.path}.", hint="Run the prompt again.")


async def commits(worktree: Worktree) -> tuple[Commit, ...]:
    """List the branch's commits since the base commit, newest first, at most COMMIT_LIMIT of them."""
    return await asyncio.to_thread(_read_commits, worktree)


def _read_commits(worktree: Worktree) -> tuple[Commit, ...]:
    import git  # loading it takes 0.2 s, which a start of the program need not wait for

    with git.Repo(worktree.repository) as repo:
        repo.git.update_environment(**clean_environment(), GIT_DIR=str(worktree.repository))
        since = f"{worktree.base_commit}..refs/heads/{worktree.branch}"
        return tuple(
            Commit(
                id=commit.hexsha,
                author=commit.author.name or commit.author.email or "",
                at=commit.authored_datetime.astimezone(UTC),
                message=shown(commit.message) if isinstance(commit.message, bytes) else commit.message,
            )
            for commit in repo.iter_commits(since, max_count=COMMIT_LIMIT)
        )


def _parse_files(raw: bytes) -> Iterator[DiffFile]:
    words = {"A": "added", "D": "deleted", "R": "renamed"}
    statuses: dict[bytes, str] = {}
    tokens = iter(raw.split(b"\0"))
    for token in tokens:
        if token.startswith(b":"):
            letter = shown(token.rsplit(b" ", 1)[1][:1])
            name = next(tokens)
            statuses[next(tokens) if letter in "RC" else name] = words.get(letter, "modified")
        elif token:
            added, removed, name = token.split(b"\t", 2)
            old = b"" if name else next(tokens)
            path = name or next(tokens)
            yield DiffFile(
                path=shown(path),
                added=0 if added == b"-" else int(added),
                removed=0 if removed == b"-" else int(removed),
                status=statuses[path],
                binary=added == b"-",
                old_path=shown(old),
            )


def _stat(files: tuple[DiffFile, ...]) -> str:
    if not files:
        return "no changes"
    noun = "file" if len(files) == 1 else "files"
    return f"{len(files)} {noun}, +{sum(file.added for file in files)} -{sum(file.removed for file in files)}"
