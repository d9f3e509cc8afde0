"""A report in the four formats."""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from runner.errors import ReportError
from runner.reports import page, plain
from runner.reports.document import ReportDoc
from runner.reports.pdf import to_pdf

Format = Literal["html", "pdf", "json", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SUFFIXES: Mapping[str, str] = {"html": "html", "pdf": "pdf", "json": "json", "markdown": "md"}


async def render(doc: ReportDoc, form: str) -> bytes:
    """Write the report in one of `FORMATS`. Raises ReportError for another one, or if a PDF cannot be set."""
    match form:
        case "html":
            return await asyncio.to_thread(html, doc)
        case "pdf":
            return await pdf(doc)
        case "json":
            return await asyncio.to_thread(json, doc)
        case "markdown":
            return await asyncio.to_thread(markdown, doc)
        case _:
            raise ReportError(f"There is no report format `{form}`.", hint=f"Formats: {', '.join(FORMATS)}.")


def file_name(form: str) -> str:
    """Return the name of the file of a format: report.html, report.pdf, report.json, report.md."""
    return f"report.{_SUFFIXES[form]}"


def html(doc: ReportDoc) -> bytes:
    """Write one self-contained page for phone, desk and paper, without scripts and without anything to load."""
    return page.render(doc).encode()


async def pdf(doc: ReportDoc) -> bytes:
    """Write an A4 document. Raises ReportError."""
    return await to_pdf(await asyncio.to_thread(page.render, doc, page.PAPER))


def markdown(doc: ReportDoc) -> bytes:
    """Write GitHub-flavoured Markdown."""
    return plain.render(doc).encode()


def json(doc: ReportDoc) -> bytes:
    """Write all of the report, uncut, as schema.json describes it."""
    return (jsonlib.dumps(_json(doc), ensure_ascii=False, indent=2) + "\n").encode()


def _json(content: object) -> object:
    match content:
        case datetime():
            return content.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            return {str(name): _json(inner) for name, inner in content.items()}
        case tuple() | list():
            return [_json(inner) for inner in content]
        case _ if is_dataclass(content):
            return {field.name: _json(getattr(content, field.name)) for field in fields(content)}
        case _:
            return content
