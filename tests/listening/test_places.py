"""What was meant: files, folders, patterns, lists, or a recording by standard input."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from deepfake_audio.errors import UserError
from deepfake_audio.listening.places import STDIN_NAME, find_recordings, is_list, others_in_words

from .made import RATE, speech


def names(places: list[str], spool: Path, stdin: bytes = b"") -> list[str]:
    return [place.name for place in find_recordings(places, io.BytesIO(stdin), spool)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.wav",
        "a.mp4",
        "note.txt",
        "in/c.FLAC",
        "in/._c.wav",
        "in/deep/d.mp3",
        "[x].wav",
        "-d.wav",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")
    return tmp_path


def test_files_folders_and_patterns(here: Path) -> None:
    assert names(["note.txt", "gone.wav"], here) == ["note.txt", "gone.wav"]
    assert names(["in"], here) == ["in/c.FLAC", "in/deep/d.mp3"]
    assert names(["*.wav"], here) == ["-d.wav", "[x].wav", "b.wav"]
    assert names(["in/**/*.mp3"], here) == ["in/deep/d.mp3"]
    assert names([f"{here}/a*"], here) == [f"{here}/a.mp4"]
    assert names(["[x].wav"], here) == ["[x].wav"], "a file that is there is meant before a pattern"
    with pytest.raises(UserError, match=r"nothing is called like q\*"):
        names(["q*"], here)
    with pytest.raises(UserError, match="given twice"):
        names(["-", "-"], here)


def test_a_list_by_standard_input(here: Path) -> None:
    assert names(["-", "b.wav"], here, b"a.mp4\r\n\n in x.wav\n-d.wav") == [
        "a.mp4",
        " in x.wav",
        "-d.wav",
        "b.wav",
    ]
    assert names(["-"], here, b"with\nnewline.wav\0b.wav\0") == ["with\nnewline.wav", "b.wav"]
    assert names(["-"], here, b"in\n") == ["in/c.FLAC", "in/deep/d.mp3"]
    assert os.fsencode(names(["-"], here, b"\xff\xfe.wav\n")[0]) == b"\xff\xfe.wav"
    assert names(["-"], here, b"*.wav\n") == ["*.wav"], "a list says names, not patterns"
    with pytest.raises(UserError, match="standard input is empty"):
        names(["-"], here, b"")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize(
    "told", ["b.wav", "caf\u00e9.mp4\r\nb.wav\r\n", "\u9999\u010a\U0001f600.wav\n" * 2000]
)
def test_a_list_with_a_mark_is_read_by_it(here: Path, encoding: str, told: str) -> None:
    """Some shells write lists so; cut at their NULs they would name files that nobody meant."""
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    assert names(["-"], here, marks.get(encoding, b"") + told.encode(encoding)) == told.split()


def test_a_list_of_half_letters_is_refused(here: Path) -> None:
    with pytest.raises(UserError, match="UTF-16 without its mark"):
        names(["-"], here, "b.wav\na.mp4\n".encode("utf-16-le"))
    assert names(["-"], here, b"a\0b.wav\0") == ["a", "b.wav"]


def test_what_a_folder_holds_beside_recordings_is_told(here: Path) -> None:
    for name in ("in/b.WMA", "in/c.3gp", "in/d.Aiff", "in/notes.txt", "in/list.csv", "in/.DS_Store"):
        Path(name).write_bytes(b"x")
    others: list[str] = []
    found = find_recordings(["in"], io.BytesIO(b""), here, others)
    assert [place.name for place in found] == [
        "in/b.WMA",
        "in/c.3gp",
        "in/c.FLAC",
        "in/d.Aiff",
        "in/deep/d.mp3",
    ]
    assert others == ["in/list.csv", "in/notes.txt"]
    assert others_in_words(others) == "2 files not looked at, such as in/list.csv: name them to try them"
    Path("bare").mkdir()
    with pytest.raises(UserError, match=r"bare holds no recording \(.*\)$"):
        names(["bare"], here)
    Path("bare/x.pdf").touch()
    with pytest.raises(UserError, match=r"1 file not looked at, such as bare/x\.pdf"):
        names(["bare"], here)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AU", "CAF"])
def test_a_recording_by_standard_input_is_kept_whole(here: Path, kind: str) -> None:
    told = io.BytesIO()
    soundfile.write(told, np.asarray(speech(1.0)), RATE, format=kind)
    (place,) = find_recordings(["-"], io.BytesIO(told.getvalue()), here)
    assert place.name == STDIN_NAME
    assert place.path.read_bytes() == told.getvalue()


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x20ftypisom\0\0\2\0",
        b"\x1aE\xdf\xa3",
        b"ID3\4\0\0\0\0\0\0",
        b"\xff\xfb\x90\x64\0\0\0",
        b"RIFF$\0\0\0WAVE",
    ],
)
def test_no_container_is_taken_for_a_list(head: bytes) -> None:
    assert not is_list(head)
