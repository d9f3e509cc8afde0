"""Files and functions stay readable in one sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.house.tree import sources, syntax, text

FILE_LINES = 400
FUNCTION_LINES = 50
REVISIONS = Path("storage/migrations/versions")  # one statement a table, however many columns; never edited again
MEDIAN_FUNCTION_LINES = 10  # the codebases we admire have 7 to 9


def functions(module: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Yield name, first line and number of lines of every function; decorators do not count."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_longer_than_400_lines() -> None:
    long = {str(path): lines for path in sources() if (lines := text(path).count("\n")) > FILE_LINES}
    assert not long


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{path}:{line} {name}: {lines} lines"
        for path in sources()
        for name, line, lines in functions(syntax(path))
        if lines > FUNCTION_LINES and not path.is_relative_to(REVISIONS)
    ]
    assert not long


def test_the_median_function_is_small() -> None:
    sizes = [lines for path in sources("bot", "runner", "storage") for _, _, lines in functions(syntax(path))]
    assert median(sizes) <= MEDIAN_FUNCTION_LINES


def test_a_function_is_measured_without_decorators_and_with_its_last_line() -> None:
    module = ast.parse("@cached\ndef outer():\n    def inner():\n        return 1\n    return inner\n")
    assert list(functions(module)) == [("outer", 2, 4), ("inner", 3, 2)]
