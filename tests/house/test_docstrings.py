"""Every module says what it is for; every public class and function says what it does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import sources, syntax, text

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Documented]]:
    """Yield public classes, functions and methods with their dotted names; what sits inside functions is private."""
    for node in body:
        if not isinstance(node, Documented) or node.name.startswith("_"):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f"{prefix}{node.name}.")


def is_overload(node: Documented) -> bool:
    """Whether this is one of several signatures of a function that is documented elsewhere."""
    return any(ast.unparse(decorator).endswith(("overload", "override")) for decorator in node.decorator_list)


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path) for path in sources() if text(path).strip() and not ast.get_docstring(syntax(path))]
    assert not silent


def test_everything_public_has_a_docstring() -> None:
    silent = [
        f"{path}:{node.lineno} {name}"
        for path in sources("bot", "runner", "storage")
        for name, node in public(syntax(path).body)
        if not ast.get_docstring(node) and not is_overload(node)
    ]
    assert not silent


def test_methods_of_public_classes_are_public_and_nested_functions_are_not() -> None:
    module = ast.parse(
        "class A:\n  def b(self):\n    def c(): ...\n  def _d(self): ...\nclass _E:\n  def f(self): ...\n"
    )
    assert [name for name, _ in public(module.body)] == ["A", "A.b"]
