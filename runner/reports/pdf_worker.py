"""The process that sets one page in print, or makes a picture of it: HTML or PDF on stdin, PDF or PNG on stdout.

It is run as a file, alone and isolated, and imports nothing of Signoff: the typesetter with its memory (about 120 MB)
lives only as long as one report. Content of agents can make it load nothing: no address is fetched, no socket opens,
and what it may consume is limited by the kernel.
"""

from __future__ import annotations

import resource
import sys

MISSING = 3  # exit status: the typesetter or one of its system libraries is not installed
TOO_LARGE = 4  # exit status: the memory was not enough

_MEMORY = 1 << 30  # bytes of address space; 30 pages need about 120 MB
_WIDEST, _HIGHEST = 1600, 3200  # pixels of a picture
_SCALE = 2.0  # pixels for a point: an A4 page is 1,190 wide, good to read on a phone
_FILE = 32 << 20  # bytes a file may have: the cache of the fonts


def main(cpu_seconds: int, *, picture: bool = False) -> None:
    """Set the page, or draw the first one, within limits. Ends with one of the exit statuses above if it cannot."""
    restrict(cpu_seconds)
    try:
        (draw if picture else typeset)()
    except MemoryError:
        sys.exit(TOO_LARGE)


def draw() -> None:
    """Make a picture of the first page."""
    try:
        import pypdfium2  # type: ignore[import-untyped]  # it brings no types
    except ImportError as problem:
        sys.stderr.write(str(problem))
        sys.exit(MISSING)
    sys.addaudithook(_no_network)
    page = pypdfium2.PdfDocument(sys.stdin.buffer.read())[0]
    scale = min(_SCALE, _WIDEST / page.get_width(), _HIGHEST / page.get_height())
    page.render(scale=scale).to_pil().convert("RGB").save(sys.stdout.buffer, "PNG", optimize=True)


def typeset() -> None:
    """Set the page in print."""
    try:
        import weasyprint  # type: ignore[import-untyped]  # it brings no types
        from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]  # the same
    except (ImportError, OSError) as problem:  # OSError: Pango cannot be loaded
        sys.stderr.write(str(problem))
        sys.exit(MISSING)
    sys.addaudithook(_no_network)
    nothing = URLFetcher(allowed_protocols=(), allow_redirects=False, fail_on_errors=False)
    document = weasyprint.HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=nothing)
    sys.stdout.buffer.write(document.write_pdf(pdf_tags=True))


def restrict(cpu_seconds: int) -> None:
    """Let the kernel limit this process: processor time, memory, size of files, no core dump."""
    limits = ((resource.RLIMIT_CPU, cpu_seconds), (resource.RLIMIT_FSIZE, _FILE), (resource.RLIMIT_CORE, 0))
    for kind, limit in (*limits, (resource.RLIMIT_AS, _MEMORY)):
        _lower(kind, limit)


def _lower(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    try:
        resource.setrlimit(kind, (limit, hard))
    except (ValueError, OSError):  # macOS knows RLIMIT_AS and refuses to set it
        sys.stderr.write(f"limit {kind} cannot be set\n")


def _no_network(event: str, _: tuple[object, ...]) -> None:
    if event.startswith("socket."):
        raise PermissionError(event)


if __name__ == "__main__":
    main(cpu_seconds=int(sys.argv[1]), picture="picture" in sys.argv[2:])
