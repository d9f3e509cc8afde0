"""Nothing that a repository names is run by our commands.

Each trap writes a file when it is sprung. That plain git springs it is tested first, so that a trap that has gone
blunt is noticed.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.model import Project, new_id
from runner.worktree import (
    Identity,
    Worktree,
    adopt,
    commits,
    diff,
    discard,
    fill,
    inspect,
    instructions,
    make,
    merge,
    restore,
    snapshot,
)
from tests.worktree.repo import Repo

ADA = Identity(name="Ada", email="ada@example.org")
HOOKS = (
    "post-checkout",
    "pre-commit",
    "commit-msg",
    "prepare-commit-msg",
    "post-commit",
    "post-merge",
    "pre-merge-commit",
    "post-index-change",
    "reference-transaction",
    "post-rewrite",
)
Setter = Callable[[Repo, Path], None]


def hooks(repo: Repo, trap: Path) -> None:
    for name in HOOKS:
        hook = repo.path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{trap}\n")
        hook.chmod(0o755)


def hooks_elsewhere(repo: Repo, trap: Path) -> None:
    hooks(repo, trap)
    (repo.path / ".git/hooks").rename(repo.path / ".git/more")
    repo.git("config", "core.hooksPath", str(repo.path / ".git/more"))


def fsmonitor(repo: Repo, trap: Path) -> None:
    repo.git("config", "core.fsmonitor", str(trap))


def filters(repo: Repo, trap: Path) -> None:
    for kind in ("clean", "smudge"):
        repo.git("config", f"filter.evil.{kind}", f"{trap}; cat")
    repo.git("config", "filter.evil.required", "true")


def filter_process(repo: Repo, trap: Path) -> None:
    repo.git("config", "filter.evil.process", str(trap))


def textconv(repo: Repo, trap: Path) -> None:
    repo.git("config", "diff.evil.textconv", f"{trap}; cat")


def diff_command(repo: Repo, trap: Path) -> None:
    repo.git("config", "diff.evil.command", str(trap))


def external_diff(repo: Repo, trap: Path) -> None:
    repo.git("config", "diff.external", str(trap))


def merge_driver(repo: Repo, trap: Path) -> None:
    repo.git("config", "merge.evil.driver", f"{trap}; true")


def configured_elsewhere(repo: Repo, trap: Path) -> None:
    """The same filter, hidden in an included file."""
    (repo.path / ".git/more.cfg").write_text(f'[filter "evil"]\n\tclean = "{trap}; cat"\n\tsmudge = "{trap}; cat"\n')
    repo.git("config", "include.path", "more.cfg")


TRAPS = (
    hooks, hooks_elsewhere, fsmonitor, filters, filter_process, textconv, diff_command, external_diff, merge_driver,
    configured_elsewhere,
)  # fmt: skip


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def sprung(tmp_path: Path) -> Path:
    return tmp_path / "sprung"


@pytest.fixture
def marked(repo: Repo) -> Repo:
    """The repository, with attributes that name drivers for every file."""
    repo.commit({".gitattributes": "* filter=evil diff=evil merge=evil\n"}, "attributes")
    return repo


def plain_work(repo: Repo, folder: Path) -> None:
    """Do with plain git what we do with worktrees; it may fail, as some traps break what they are in."""
    steps = (
        ("worktree", "add", "-b", "plain", str(folder)),
        ("-C", str(folder), "commit", "--allow-empty", "-m", "x"),
        ("commit", "--all", "--message", "theirs"),
        ("diff", "HEAD^"),
        ("-C", str(folder), "commit", "--all", "--message", "ours"),
        ("merge", "--no-edit", "plain"),
    )
    for step in steps:
        for place, text in ((repo.path, "1\n2\n3\n4\ntheirs\n"), (folder, "ours\n1\n2\n3\n4\n")):
            if place.exists():
                (place / "a.txt").write_text(text)
        with contextlib.suppress(subprocess.CalledProcessError):
            repo.git(*step)


@pytest.mark.parametrize("setter", TRAPS)
def test_plain_git_springs_the_trap(marked: Repo, trap: Path, sprung: Path, tmp_path: Path, setter: Setter) -> None:
    setter(marked, trap)
    plain_work(marked, tmp_path / "plain")
    assert sprung.exists()


@pytest.mark.parametrize("setter", TRAPS)
async def test_no_command_of_ours_springs_it(
    marked: Repo, project: Project, root: Path, trap: Path, sprung: Path, setter: Setter
) -> None:
    """TREE-2."""
    marked.commit({"a.txt": "1\n2\n3\n4\n"})
    setter(marked, trap)
    sprung.unlink(missing_ok=True)
    tree = await make(project, new_id(), root)
    await whole_life(tree, project, marked)
    assert not sprung.exists()


@pytest.mark.parametrize("setter", TRAPS)
async def test_nor_does_it_when_the_agent_sets_the_trap(
    marked: Repo, project: Project, root: Path, trap: Path, sprung: Path, setter: Setter
) -> None:
    """TREE-2."""
    marked.commit({"a.txt": "1\n2\n3\n4\n"})
    tree = await make(project, new_id(), root)
    setter(marked, trap)
    sprung.unlink(missing_ok=True)
    await whole_life(tree, project, marked)
    assert not sprung.exists()


async def whole_life(tree: Worktree, project: Project, repo: Repo) -> None:
    """Go through everything that can be done with a worktree, a three-way merge of one file included."""
    await inspect(project)
    (tree.path / "a.txt").write_text("1\n2\n3\n4\nby the agent\n")
    assert "+by the agent" in (await diff(tree)).patch
    await snapshot(tree, "x")
    base = Path(repo.path, "a.txt")
    base.write_text("by a person\n1\n2\n3\n4\n")
    clean = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
    off = [f"filter.evil.{kind}=" for kind in ("clean", "smudge", "process")] + ["filter.evil.required=false"]
    repo.git(*clean, *(part for each in off for part in ("-c", each)), "commit", "--quiet", "--all", "-m", "person")
    await merge(tree, project, "x", ADA)
    assert base.read_text() == "by a person\n1\n2\n3\n4\nby the agent\n"
    await commits(tree)
    await adopt(tree)
    await discard(tree)
    await restore(tree)
    await fill(tree, project)


async def test_a_filter_of_the_person_s_own_configuration_stays_in_force(
    repo: Repo, project: Project, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large files depend on it: Git LFS is such a filter."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        '[filter "lfs"]\n\tclean = sed s/LARGE/pointer/\n\tsmudge = sed s/pointer/LARGE/\n'
    )
    monkeypatch.setenv("HOME", str(home))
    repo.commit({".gitattributes": "*.bin filter=lfs\n", "old.bin": "LARGE"})
    tree = await make(project, new_id(), root)
    (tree.path / "new.bin").write_text("LARGE")
    commit = await snapshot(tree, "x")
    assert (tree.path / "old.bin").read_text() == "LARGE"
    assert repo.files(str(commit))["new.bin"] == "pointer"


async def test_a_stray_git_dir_in_our_environment_changes_nothing(
    repo: Repo, project: Project, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    tree = await make(project, new_id(), root)
    (tree.path / "new").write_text("n")
    assert await snapshot(tree, "x")
    assert len(await commits(tree)) == 1


async def test_a_worktree_that_points_elsewhere_is_still_ours(repo: Repo, project: Project, root: Path) -> None:
    """The agent replaced `.git` by a repository of its own, with settings of its own."""
    tree = await make(project, new_id(), root)
    (tree.path / ".git").unlink()
    Repo(tree.path).git("init", "--quiet")
    (tree.path / "new").write_text("n")
    commit = await snapshot(tree, "x")
    assert repo.files(str(commit))["new"] == "n"


async def test_instructions_are_read_as_text_and_never_from_outside(
    repo: Repo, project: Project, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "private.md").write_text("private")
    repo.commit({"CLAUDE.md": "Be brief.\n"})
    (repo.path / "AGENTS.md").symlink_to(tmp_path / "private.md")
    repo.commit({})
    tree = await make(project, new_id(), root)
    assert await instructions(tree) == "# CLAUDE.md\n\nBe brief."


async def test_instructions_can_be_had_before_there_are_files(repo: Repo, project: Project, root: Path) -> None:
    from runner.worktree import begin

    repo.commit({"CLAUDE.md": "Be brief.\n", "AGENTS.md": "x" * 50_000})
    tree = await begin(await inspect(project), new_id(), root)
    early = await instructions(tree)
    await fill(tree, project)
    assert await instructions(tree) == early
    assert early.startswith("# CLAUDE.md\n\nBe brief.\n\n# AGENTS.md\n\nxxx")
    assert early.endswith("x\n\n[cut after 40000 bytes]")


async def test_one_file_under_two_names_is_told_once(repo: Repo, project: Project, root: Path) -> None:
    repo.commit({"AGENTS.md": "Be brief.\n"})
    (repo.path / "CLAUDE.md").symlink_to("AGENTS.md")
    repo.commit({})
    assert (await instructions(await make(project, new_id(), root))).count("Be brief.") == 1
