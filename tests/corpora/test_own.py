"""Anybody's own recordings: a folder, or a table in whatever words it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deepfake_audio.clips import check_clips
from deepfake_audio.corpora.folder import Folder
from deepfake_audio.corpora.table import Table
from deepfake_audio.errors import UserError


def touch(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


def told(clips: pd.DataFrame, *columns: str) -> dict[str, list[Any]]:
    checked = check_clips(clips, "index")
    return {row.pop(0): row for row in checked[["media", *columns]].to_numpy().tolist()}


def test_a_folder_s_sub_folders_are_voices(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "real/anna/day 1/a.wav",
        "real/b.MP3",
        "fake/Unknown/c.wav",
        "fake/anna/a.mp4",
        "fake/anna/._a.mp4",
        "fake/notes.txt",
    )
    assert told(Folder(tmp_path).index(), "clip", "label", "voice", "system") == {
        "real/anna/day 1/a.wav": ["real/anna/day 1/a", 0, "anna", "bonafide"],
        "real/b.MP3": ["real/b", 0, "clip:real/b", "bonafide"],
        "fake/anna/a.mp4": ["fake/anna/a", 1, "anna", "unknown"],
        "fake/Unknown/c.wav": ["fake/Unknown/c", 1, "clip:fake/Unknown/c", "unknown"],
    }


def test_a_folder_s_names_are_read_by_patterns(tmp_path: Path) -> None:
    touch(tmp_path, "human/p225_001.wav", "clones/vits-p225_9.flac", "clones/xtts/vits-p226_9.flac")
    corpus = Folder(tmp_path, "human", "clones", voice=r"(?P<voice>p\d+)_", system=r"(?P<system>\w+)-")
    assert told(corpus.index(), "label", "voice", "system") == {
        "human/p225_001.wav": [0, "p225", "bonafide"],
        "clones/vits-p225_9.flac": [1, "p225", "vits"],
        "clones/xtts/vits-p226_9.flac": [1, "p226", "vits"],
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fake": "forged"}, "forged has no recordings"),
        ({"voice": "(p225"}, "is no regular expression"),
        ({"voice": "(p225)"}, r"has no group called voice: write \(\?P<voice>\.\.\.\) in it"),
        ({"voice": "(?P<voice>p225)"}, r"finds nothing in 1 of 2 paths: real/p226\.wav"),
        ({"root": None}, r"corpus\.root=DIR: the folder that holds real/ and fake/"),
        ({"root": "nowhere"}, "is no folder"),
    ],
)
def test_a_folder_that_cannot_be_read_is_one_line(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    touch(tmp_path, "real/p225.wav", "real/p226.wav", "fake/p225.wav")
    with pytest.raises(UserError, match=message):
        Folder(**{"root": tmp_path, **settings}).index()


def test_files_that_would_be_one_clip_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.wav", "real/a.mp3", "fake/b.wav")
    with pytest.raises(UserError, match=r"one clip: real/a\.mp3, real/a\.wav"):
        Folder(tmp_path).index()


ROWS = [
    {"file": "a/1.wav", "target": "bonafide", "speaker": "p1", "gender": "women", "length": "4.0"},
    {"file": "a/2.wav", "target": "Spoof ", "speaker": "p2", "gender": "", "length": ""},
]
WORDS = {"columns": {"path": "file", "label": "target", "voice": "speaker", "seconds": "length"}}
LABELS = {"labels": {"bonafide": "real", "spoof": "fake"}}


def written(folder: Path, rows: list[dict[str, str]], top: str = "") -> Path:
    file = folder / "mine.csv"
    file.write_text(top + pd.DataFrame(rows).to_csv(index=False))
    return file


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_in_other_words(tmp_path: Path, kind: str) -> None:
    file = written(tmp_path, ROWS, "# from the archive\n")
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        file = tmp_path / "mine.parquet"
        pd.DataFrame(ROWS).assign(length=[4.0, None]).to_parquet(file)
    clips = Table(file, **WORDS, **LABELS).index()
    assert told(clips, "clip", "path", "label", "voice", "system", "gender", "seconds") == {
        "a/1.wav": ["a/1", "wav/a/1.wav", 0, "p1", "bonafide", "women", 4.0],
        "a/2.wav": ["a/2", "wav/a/2.wav", 1, "p2", "unknown", "", pytest.approx(float("nan"), nan_ok=True)],
    }
    assert Table(file).root == tmp_path


def test_a_table_without_voices_and_with_absolute_paths(tmp_path: Path) -> None:
    rows = [{"path": str(tmp_path / "x" / "1.wav"), "label": "real"}, {"path": "./x/2.wav", "label": "fake"}]
    clips = Table(written(tmp_path, rows)).index()
    assert told(clips, "voice", "label") == {"x/1.wav": ["clip:x/1", 0], "x/2.wav": ["clip:x/2", 1]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"speaker": ""}, r"mine\.csv: 1 of 3 lines cannot be used: line 5: no voice; fill it in"),
        ({"speaker": "N/A"}, "line 5: no voice; fill it in"),
        ({"target": "maybe"}, r"line 5: label 'maybe' is none of bonafide, spoof \(a/3\.wav,maybe,p3,,\)"),
        ({"target": ""}, "line 5: label ''"),
        ({"file": "../3.wav"}, r"line 5: its path leaves the root"),
        ({"file": "/etc/3.wav"}, r"line 5: its path leaves the root"),
        ({"file": " "}, "line 5: no path"),
        ({"file": "a/2.wav"}, r"2 of 3 .*line 4: clip a/2 is named more than once \(.*line 5: clip a/2 is named"),
        ({"file": "a/1.wav"}, "line 3: clip a/1 is named more than once, with two labels .*line 5"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, change: dict[str, str], message: str) -> None:
    third = {"file": "a/3.wav", "target": "spoof", "speaker": "p3", "gender": "", "length": ""}
    file = written(tmp_path, [*ROWS, third | change], "# a comment\n")
    with pytest.raises(UserError, match=message):
        Table(file, **WORDS, **LABELS).index()


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    """A blank line is one, and a cell may hold a line break."""
    file = tmp_path / "mine.csv"
    file.write_text('path,label,note\n\na.wav,real,"two\nlines"\nb.wav,fale,\n')
    with pytest.raises(UserError, match="line 5: label 'fale'"):
        Table(file).index()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "mine.csv has no column path, label; it has file, target, speaker"),
        ({"columns": {"path": "flie", "label": "target"}}, "has no column flie"),
        ({"columns": {"path": "file", "label": "file"}}, "names a column of .* twice"),
        ({**WORDS}, "label 'bonafide' is none of real, fake"),
        (
            {**WORDS, "labels": {"bonafide": "real", "spoof": "synthetic"}},
            "means real or fake, not synthetic",
        ),
        ({**WORDS, "labels": {}}, "nothing at all"),
        ({"table": "nowhere.csv"}, "nowhere.csv is missing"),
        ({"table": None}, r"give corpus\.table=FILE"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Table(**{"table": written(tmp_path, ROWS), **settings}).index()


def test_0_and_1_are_never_guessed(tmp_path: Path) -> None:
    file = written(tmp_path, [{"path": "a.wav", "label": "0"}, {"path": "b.wav", "label": "1"}])
    with pytest.raises(UserError, match="nothing says which of them is fake"):
        Table(file).index()
    assert Table(file, labels={0: "fake", 1: "real"}).index()["label"].tolist() == [1, 0]


def test_a_table_of_other_bytes_is_refused(tmp_path: Path) -> None:
    for name in ("x.csv", "x.parquet"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00clip")
        with pytest.raises(UserError, match=f"{name} cannot be read as a table"):
            Table(tmp_path / name).index()
