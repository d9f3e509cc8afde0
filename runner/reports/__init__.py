"""Reports: what is known about an execution, told to people (html, pdf, markdown) and to programs (json).

`build` decides what a report says, `render` writes it. Both know nothing of the store or of a chat product.
"""

from __future__ import annotations

from runner.reports.build import build
from runner.reports.document import Material, ReportDoc
from runner.reports.formats import FORMATS, Format, file_name, render
from runner.reports.pdf import to_picture

__all__ = ["FORMATS", "Format", "Material", "ReportDoc", "build", "file_name", "render", "to_picture"]
