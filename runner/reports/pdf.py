"""Set a page in print in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from runner.errors import ReportError
from runner.reports.pdf_worker import MISSING, TOO_LARGE

SECONDS = 120  # thirty pages take 2 to 4
PICTURE_SECONDS = 30  # one page takes a fifth of a second
_WORKER = Path(__file__).with_name("pdf_worker.py")
_OTHER_FORMATS = "Ask for html or markdown instead."
# Where Homebrew keeps Pango; a Python that is not Apple's finds it only if told.
_MAC_LIBRARIES = "/opt/homebrew/lib:/usr/local/lib:/usr/lib"


async def to_pdf(html: str, *, seconds: float = SECONDS) -> bytes:
    """Return the page as an A4 PDF with title, bookmarks and page numbers.

    The process gets nothing of our environment. Raises ReportError if the typesetter is not installed, takes longer
    than `seconds` or more memory than it may.
    """
    try:
        status, pdf, complaint = await _work(html.encode(), seconds)
    except TimeoutError:
        raise ReportError(f"The PDF was not done after {seconds:g} seconds.", hint=_OTHER_FORMATS) from None
    if status != 0 or not pdf.startswith(b"%PDF-"):
        raise _failure(status, complaint)
    return pdf


async def to_picture(pdf: bytes, *, seconds: float = PICTURE_SECONDS) -> bytes:
    """Return the first page of a PDF as a PNG of at most 1,600 pixels in width. Raises ReportError."""
    try:
        status, png, complaint = await _work(pdf, seconds, "picture")
    except TimeoutError:
        raise ReportError(f"The picture was not done after {seconds:g} seconds.") from None
    if status != 0 or not png.startswith(b"\x89PNG"):
        raise ReportError(f"The first page cannot be drawn: {_last_line(complaint)}.")
    return png


async def _work(given: bytes, seconds: float, *what: str) -> tuple[int | None, bytes, str]:
    """Run the worker, and return its exit status, its output and what it complained of. Raises TimeoutError."""
    with tempfile.TemporaryDirectory(prefix="signoff-pdf-") as home:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-B", str(_WORKER), str(max(1, round(seconds))), *what),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=home,
            env=_environment(home),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(seconds):
                made, complaint = await process.communicate(given)
        finally:
            await _end(process)
    return process.returncode, made, complaint.decode(errors="replace")


def _environment(home: str) -> dict[str, str]:
    environment = {"HOME": home, "TMPDIR": home, "PATH": os.defpath, "LANG": "C.UTF-8"}
    if sys.platform == "darwin":
        environment["DYLD_FALLBACK_LIBRARY_PATH"] = _MAC_LIBRARIES
    return environment


async def _end(process: Process) -> None:
    """Leave nothing behind, also when the caller was cancelled."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _failure(status: int | None, complaint: str) -> ReportError:
    if status == MISSING:
        return ReportError(
            f"The PDF cannot be set, because a library is missing: {_last_line(complaint)}",
            hint=f"On Debian: apt install libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core. {_OTHER_FORMATS}",
        )
    if status == TOO_LARGE or status is None or status < 0:  # below zero: the kernel ended it at a limit
        return ReportError("The PDF could not be set: the report is too large.", hint=_OTHER_FORMATS)
    return ReportError(f"The PDF could not be set: {_last_line(complaint)}.", hint=_OTHER_FORMATS)


def _last_line(complaint: str) -> str:
    lines = complaint.strip().splitlines()
    return lines[-1][:300] if lines else "no reason was given"
