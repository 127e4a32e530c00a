"""Files are written whole or not at all, also by two who write one file at once."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.files import alone_in, read_json, replacing, write_text

WRITER = """
import sys
from pathlib import Path
from deepfake_audio.files import replacing
who = sys.argv[1]
for _ in range(300):
    with replacing(Path("x.txt")) as part:
        with part.open("w") as out:
            for _ in range(20):
                out.write(who * 1000)
                out.flush()
"""


def test_two_that_write_one_file_at_once_spoil_nothing(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, who], cwd=tmp_path) for who in "ab"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if (tmp_path / "x.txt").is_file():
            seen.add((tmp_path / "x.txt").read_text())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen == {"a" * 20_000, "b" * 20_000} and [file.name for file in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.parametrize("content", ["null", "3", "[]", '"text"'])
def test_json_that_is_no_object_is_an_error_like_json_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UserError, match="no JSON object"):
        read_json(tmp_path / "x.json")
    (tmp_path / "x.json").write_text("{half")
    with pytest.raises(UserError, match="no valid JSON"):
        read_json(tmp_path / "x.json")


def test_inside_one_another_each_has_a_name_of_its_own(tmp_path: Path) -> None:
    with replacing(tmp_path / "x.txt") as outer, replacing(tmp_path / "x.txt") as inner:
        assert outer != inner and {part.suffix for part in (outer, inner)} == {".txt"}
        outer.write_text("outer")
        inner.write_text("inner")
    assert (tmp_path / "x.txt").read_text() == "outer" and len(list(tmp_path.iterdir())) == 1


def test_what_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "x.txt") as part:
        part.write_text("ha")
        raise KeyboardInterrupt
    assert (tmp_path / "x.txt").read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_one_left_is_written_over(tmp_path: Path) -> None:
    code = (
        "import os; from pathlib import Path; from deepfake_audio.files import replacing\n"
        f"with replacing(Path('x.txt')) as part: part.write_text('half'); os.kill(os.getpid(), {signal.SIGKILL:d})"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert [file.name for file in tmp_path.iterdir()] == [".x.part.txt"]
    with replacing(tmp_path / "x.txt") as part:
        part.write_text("w")
    assert (tmp_path / "x.txt").read_text() == "w" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EIO])
def test_a_disk_without_locks_is_no_fault_but_a_broken_one_is(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such disk is at hand."""

    def refuse(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with nullcontext() if number == errno.ENOSYS else pytest.raises(OSError):
        with alone_in(tmp_path, "test"):
            write_text(tmp_path / "a.txt", "whole")
        assert (tmp_path / "a.txt").read_text() == "whole"
