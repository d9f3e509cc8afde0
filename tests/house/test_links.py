"""Links between documents lead somewhere: to a file that exists, and to a heading in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, documents, files, text

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+?)\s*#*$", re.MULTILINE)


def prose(markdown: str) -> str:
    """Return a document without its code blocks."""
    return FENCE.sub("", markdown)


def anchor(heading: str) -> str:
    """Return the name a heading gets as a link target: lower case, punctuation gone, blanks as hyphens."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(markdown: str) -> set[str]:
    """Return the link targets in a document."""
    return {anchor(heading) for heading in HEADING.findall(prose(markdown))}


def broken(path: Path, markdown: str) -> Iterator[str]:
    """Yield the links that lead nowhere from a document at `path`; links to the web are not followed."""
    for target in LINK.findall(prose(markdown)):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        name, _, fragment = target.partition("#")
        goal = (ROOT / path.parent / name).resolve().relative_to(ROOT) if name else path
        if goal != path and not (ROOT / goal).exists():
            yield f"{path}: {target}: no such file"
        elif fragment and fragment not in anchors(markdown if goal == path else text(goal)):
            yield f"{path}: {target}: no such heading"


def test_every_link_leads_somewhere() -> None:
    assert not [problem for path in documents() for problem in broken(path, text(path))]


def test_a_link_to_a_missing_file_or_heading_is_found() -> None:
    page = "# Here\n[ok](#here) [ok](../README.md) [ok](https://example.org/x)\n```\n[code](gone.md)\n```\n"
    assert not list(broken(Path("docs/page.md"), page))
    found = list(broken(Path("docs/page.md"), "# Here\n[a](gone.md) [b](#there) [c](../README.md#no-such-heading)"))
    assert [problem.partition(": ")[2] for problem in found] == [
        "gone.md: no such file",
        "#there: no such heading",
        "../README.md#no-such-heading: no such heading",
    ]


def test_every_document_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [Path("README.md")]
    while ahead:
        path = ahead.pop()
        if path in seen or path.suffix != ".md":
            continue
        seen.add(path)
        for target in LINK.findall(prose(text(path))):
            goal = (ROOT / path.parent / target.partition("#")[0]).resolve()
            inside = goal.is_relative_to(ROOT)
            ahead.extend(p for p in files() if inside and (ROOT / p == goal or ROOT / p.parent == goal))
    assert set(documents()) <= seen


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Set up", "set-up"),
        ("`make test`, and why", "make-test-and-why"),
        ("1. Words & [links](x.md)", "1-words--links"),
    ],
)
def test_anchors_are_named_as_readers_expect(heading: str, name: str) -> None:
    assert anchor(heading) == name
