"""The files around the code agree with it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, sources, syntax, text


def test_the_changelog_begins_with_what_is_unreleased_and_knows_the_current_version() -> None:
    headings = re.findall(r"^## (.+)$", text(Path("CHANGELOG.md")), re.MULTILINE)
    assert headings[0] == "Unreleased"


@pytest.mark.parametrize("command", ["make demo", "make test", "make check"])
def test_the_readme_names_the_commands_that_begin_everything(command: str) -> None:
    assert command in text(Path("README.md")) + text(Path("CONTRIBUTING.md"))


@pytest.mark.parametrize("target", ["demo", "test", "check", "lint", "format", "proof", "bench", "clean", "help"])
def test_every_make_target_is_described(target: str) -> None:
    assert re.search(rf"^{target}:.*## \S", text(Path("Makefile")), re.MULTILINE)


def test_every_ignored_lint_rule_has_its_reason() -> None:
    ignored = re.search(r"^ignore = \[\n(.*?)^\]", text(Path("pyproject.toml")), re.MULTILINE | re.DOTALL)
    assert ignored
    assert not [line for line in ignored[1].splitlines() if not re.search(r'"[A-Z]+\d+",\s+# \S', line)]


def test_tests_stay_out_of_the_wheel() -> None:
    wheel = tomllib.loads(text(Path("pyproject.toml")))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["bot", "runner", "storage"]


def imported(*packages: str) -> set[str]:
    """Return the top names of everything that is imported and is neither ours nor Python's."""
    found: set[str] = set()
    for path in sources(*packages):
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found - sys.stdlib_module_names - set(PACKAGES)


def plain(distribution: str) -> str:
    """Return the name of a distribution in its one normal form."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_everything_imported_is_declared() -> None:
    """What comes only with another package goes away with it."""
    project = tomllib.loads(text(Path("pyproject.toml")))
    extras = project["project"]["optional-dependencies"]
    product = {*project["project"]["dependencies"], *(line for lines in extras.values() for line in lines)}
    homes = packages_distributions()
    for packages, lines in (
        (("bot", "runner", "storage"), product),
        (("tests",), product | {*project["dependency-groups"]["dev"]}),
    ):
        declared = {plain(re.split(r"[\[<>=; ]", line)[0]) for line in lines}
        known = {name for name, owners in homes.items() if {plain(owner) for owner in owners} & declared}
        assert not imported(*packages) - known
