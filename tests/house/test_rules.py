"""Every numbered rule of docs/rules/ is proven by a test that names it, and no test names a rule that is not there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import files, sources, syntax, text

ID = re.compile(r"\b[A-Z]{3,8}-\d{1,3}\b")
NO_RULES = {"UTF-8", "UTF-16", "SHA-256"}
DEFINITION = re.compile(r"^- \*\*([A-Z]{3,8}-\d{1,3})\*\* (.+?)(?=\n- \*\*|\n\n|\Z)", re.MULTILINE | re.DOTALL)


def rules() -> list[tuple[Path, str, str]]:
    """List all rules: the document, the id, the sentence."""
    pages = [path for path in files() if path.parts[:2] == ("docs", "rules")]
    return [(path, name, sentence) for path in pages for name, sentence in DEFINITION.findall(text(path))]


def cited(module: ast.Module) -> Iterator[str]:
    """Yield the ids in the docstrings of the tests of a module, and of the classes they are in."""
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.lower().startswith("test"):
            yield from ID.findall(ast.get_docstring(node) or "")


def all_cited() -> set[str]:
    """Return every id that a test claims to prove."""
    return {name for path in sources("tests") for name in cited(syntax(path))} - NO_RULES


def test_every_rule_is_named_by_a_test_that_proves_it() -> None:
    assert not sorted({name for _, name, _ in rules()} - all_cited())


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    assert not sorted(all_cited() - {name for _, name, _ in rules()})


def test_rules_are_numbered_in_rising_order_within_one_page() -> None:
    by_prefix: dict[str, list[tuple[Path, int]]] = {}
    for path, name, _ in rules():
        prefix, _, number = name.partition("-")
        by_prefix.setdefault(prefix, []).append((path, int(number)))
    for prefix, found in by_prefix.items():
        numbers = [number for _, number in found]
        assert numbers == sorted(set(numbers)), prefix
        assert len({path for path, _ in found}) == 1, prefix


def test_every_rule_says_must_once() -> None:
    """A rule without MUST is a remark; with two it is two rules."""
    assert not [name for _, name, sentence in rules() if len(re.findall(r"\bMUST\b", sentence)) != 1]


def test_no_page_of_rules_hides_a_rule_from_this_count() -> None:
    for path in {path for path, _, _ in rules()}:
        defined = Counter(name for page, name, _ in rules() if page == path)
        assert sum(defined.values()) == text(path).count("\n- **"), path


def test_only_docstrings_of_tests_count_as_proof() -> None:
    module = ast.parse(
        '"""ABC-1"""\ndef test_a():\n    """ABC-2: so."""\ndef helper():\n    """ABC-3"""\nx = "ABC-4"\n'
    )
    assert list(cited(module)) == ["ABC-2"]
