"""Files are written whole or not at all, inside their folder whatever they are called."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import NotFound, StorageError
from storage.files import DiskFiles


@pytest.fixture
def files(tmp_path: Path) -> DiskFiles:
    return DiskFiles(tmp_path / "data" / "files")


async def test_what_was_written_is_read_by_its_path(files: DiskFiles, tmp_path: Path) -> None:
    path = await files.write("e1", "report.pdf", b"%PDF\x00")
    assert path == tmp_path / "data" / "files" / "e1" / "report.pdf"
    assert await files.read(str(path)) == b"%PDF\x00"


async def test_a_second_write_replaces_the_first_and_leaves_nothing_else(files: DiskFiles) -> None:
    path = await files.write("e1", "r", b"a long first version")
    assert await files.write("e1", "r", b"second") == path
    assert path.read_bytes() == b"second"
    assert [file.name for file in path.parent.iterdir()] == ["r"]


@given(st.text(max_size=300), st.text(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_name_leads_out_of_the_folder(files: DiskFiles, execution_id: str, name: str) -> None:
    """STORE-14: neither by dots nor by slashes."""
    path = await files.write(execution_id, name, b"x")
    root = files._folder.resolve()
    assert path.resolve().parent.parent == root
    assert await files.read(str(path)) == b"x"


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "..", "a/b", "a\x00b", "", ".hidden", "x" * 400 + ".html"])
async def test_hostile_names_become_plain_ones(files: DiskFiles, name: str) -> None:
    path = await files.write("e1", name, b"x")
    assert path.parent == files._folder / "e1"
    assert not path.name.startswith(".")
    assert len(path.name.encode()) <= 200
    assert path.name.endswith(".html") == name.endswith(".html")


async def test_only_files_written_here_are_read(files: DiskFiles, tmp_path: Path) -> None:
    path = await files.write("e1", "r", b"x")
    (tmp_path / "secret").write_bytes(b"secret")
    for wrong in ("/etc/passwd", f"{path.parent}/../../../secret", f"{path.parent}/nothing", str(path.parent), "r", ""):
        with pytest.raises(NotFound):
            await files.read(wrong)


async def test_symbolic_links_are_not_followed(files: DiskFiles, tmp_path: Path) -> None:
    path = await files.write("e1", "r", b"x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "r").write_bytes(b"secret")
    (path.parent.parent / "e2").symlink_to(outside)
    with pytest.raises(StorageError):
        await files.write("e2", "planted", b"x")
    with pytest.raises(NotFound):
        await files.read(str(path.parent.parent / "e2" / "r"))
    (path.parent / "link").symlink_to(outside / "r")
    with pytest.raises(NotFound):
        await files.read(str(path.parent / "link"))
    await files.write("e1", "link", b"y")
    assert (outside / "r").read_bytes() == b"secret", "the link is replaced, its target untouched"
    assert [file.name for file in outside.iterdir()] == ["r"]


@pytest.fixture
def small_files_only() -> Iterator[None]:
    """Let the system refuse to let any file grow beyond 4 kB, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


async def test_a_full_disk_leaves_the_old_file_whole(files: DiskFiles, small_files_only: None) -> None:
    """STORE-14, STORE-17: the new one is not there at all."""
    path = await files.write("e1", "r", b"old")
    with pytest.raises(StorageError, match="cannot be written") as raised:
        await files.write("e1", "r", b"x" * 5000)
    assert "Free some space" in raised.value.hint
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == ["r"]


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageError, match="taken"):
        await DiskFiles(tmp_path / "taken" / "files").write("e", "r", b"")


async def test_what_is_added_never_takes_the_place_of_another_file(files: DiskFiles) -> None:
    """STORE-14: whatever it is called; a number tells them apart."""
    names = ["run.log", "run.log", "../run.log", "noted", "noted", ".env", "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe"]
    paths = [await files.add("inbox-e1", name, bytes([number])) for number, name in enumerate(names)]
    assert [path.name for path in paths] == ["run.log", "run-2.log", "_run.log", "noted", "noted-2", "env", "_txt.exe"]
    assert [path.read_bytes() for path in paths] == [bytes([number]) for number in range(len(names))]
    assert len(list(paths[0].parent.iterdir())) == len(names), "nothing else is left"
