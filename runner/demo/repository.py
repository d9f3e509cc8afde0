"""The demo's repository: a small program with a mistake, and the test that finds it."""

from __future__ import annotations

import subprocess
from pathlib import Path

CODE = '''"""A very small calculator."""


def mean(values):
    """Return the arithmetic mean."""
    return sum(values) / len(values) - 1


def median(values):
    """Return the middle value."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return mean(ordered[middle - 1 : middle + 1])
'''

TESTS = """import unittest

from calc import mean, median


class CalculatorTest(unittest.TestCase):
    def test_mean(self):
        self.assertEqual(mean([1, 2, 3]), 2)

    def test_median_of_odd_count(self):
        self.assertEqual(median([3, 1, 2]), 2)

    def test_median_of_even_count(self):
        self.assertEqual(median([4, 1, 3, 2]), 2.5)


if __name__ == "__main__":
    unittest.main()
"""

README = "# Calculator\n\nRun the tests with `python3 -m unittest`.\n"
TEST_COMMAND = "python3 -m unittest -q"


def create(folder: Path) -> None:
    """Make the repository with one commit whose tests fail. Raises OSError, CalledProcessError."""
    folder.mkdir(parents=True)
    for name, content in {"calc.py": CODE, "test_calc.py": TESTS, "README.md": README}.items():
        (folder / name).write_text(content, "utf-8")
    (folder / ".gitignore").write_text("__pycache__/\n", "utf-8")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "config", "user.name", "Demo")
    git(folder, "config", "user.email", "demo@signoff.invalid")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin with a calculator")


def git(folder: Path, *arguments: str) -> str:
    """Run git in the repository and return what it says. Raises CalledProcessError."""
    finished = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return finished.stdout.strip()
