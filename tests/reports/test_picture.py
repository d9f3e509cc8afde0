"""The first page of a PDF as a picture."""

from __future__ import annotations

import struct

import pytest

from runner.errors import ReportError
from runner.reports import to_picture
from runner.reports.pdf import to_pdf


async def test_the_first_page_is_drawn_no_wider_than_1600_pixels() -> None:
    wide = "<style>@page { size: 3000px 400px }</style><h1>One</h1>"
    for page, widest in (("<h1>One</h1>", 1_200), (wide, 1_600)):
        png = await to_picture(await to_pdf(page))
        width, _ = struct.unpack(">II", png[16:24])
        assert widest - 200 < width <= widest


@pytest.mark.parametrize("broken", [b"", b"no PDF", b"%PDF-1.7\n" + bytes(1000)])
async def test_what_is_no_pdf_is_an_error_that_the_report_survives(broken: bytes) -> None:
    """A ReportError is what `Reporting` makes a report without a picture of."""
    with pytest.raises(ReportError, match="cannot be drawn"):
        await to_picture(broken)
