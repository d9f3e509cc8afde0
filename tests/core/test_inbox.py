"""Files for an agent: kept where it may read them, and nothing is left out in silence."""

from __future__ import annotations

from pathlib import Path

from runner import inbox
from runner.model import Attached, Upload, new_id
from storage.files import DiskFiles
from tests.storage.making import message


async def test_what_cannot_be_kept_says_why(tmp_path: Path) -> None:
    """SLACK-15: too many, too large, too much, or not there in the first place."""
    files, run = DiskFiles(tmp_path / "files"), new_id()
    uploads = [Upload(name=f"{number}.txt", data=b"x") for number in range(inbox.MOST)]
    uploads[1] = Upload(name="a/\N{RIGHT-TO-LEFT OVERRIDE}b\nc.bin", trouble="nobody has it")
    uploads[2] = Upload(name="2.bin", data=bytes(inbox.LARGEST + 1))
    kept = await inbox.keep(files, run, [*uploads, Upload(name="one too many")])
    assert [a.trouble for a in kept if a.trouble] == [
        "nobody has it",
        "it is too large: a file may have 20 MB",
        "a message may have 10 files",
    ]
    assert kept[1].name == "\N{MATHEMATICAL LEFT ANGLE BRACKET}U+202E\N{MATHEMATICAL RIGHT ANGLE BRACKET}b c.bin"
    assert Path(kept[0].path).read_bytes() == b"x"
    assert Path(kept[0].path).parent == tmp_path / "files" / inbox.folder(run)


def test_the_agent_is_told_where_files_are_and_which_are_missing() -> None:
    """SLACK-15: with the text they came with."""
    files = (Attached(name="a.txt", size=1234, path="/f/a.txt"), Attached(name="b", trouble="it is too large"))
    assert inbox.told(message(new_id(), "Look", files=files)) == (
        "Look\n\nAttached: a.txt (/f/a.txt, 1,234 bytes)\nNot attached: b (it is too large)"
    )
    assert inbox.told(message(new_id(), "Look")) == "Look"


async def test_a_full_disk_loses_the_file_and_not_the_words(tmp_path: Path) -> None:
    """SLACK-15: what could not be stored is missing like any other."""
    (tmp_path / "files").write_text("a file where the folder should be")
    (kept,) = await inbox.keep(DiskFiles(tmp_path / "files"), new_id(), [Upload(name="a.txt", data=b"a")])
    assert kept == Attached(name="a.txt", size=1, trouble="it could not be stored")


async def test_a_retry_takes_its_files_along(tmp_path: Path) -> None:
    """SLACK-15: into a folder of its own, because it is another conversation."""
    files = DiskFiles(tmp_path / "files")
    kept = await inbox.keep(files, "old", [Upload(name="a.txt", data=b"a"), Upload(name="b", trouble="no")])
    again = await inbox.keep(files, "new", await inbox.carried(files, kept))
    assert [Path(a.path).parent.name if a.path else a.trouble for a in again] == ["inbox-new", "no"]
