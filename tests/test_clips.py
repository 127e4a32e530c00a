"""The clip table: what is read is what was written, and what can't be trusted is an error that says where."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.clips import leaves_root, read_clips, write_clips
from deepfake_audio.errors import UserError

GOOD = "clip,path,label,voice\na,wav/a.wav,real,v1\nb,wav/b.wav,fake,v2\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "clips.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("real", ["real", "0", "Real", " REAL "])
@pytest.mark.parametrize("fake", ["fake", "1", "FAKE", " Fake"])
def test_labels_read_alike_however_they_are_spelt(tmp_path: Path, real: str, fake: str) -> None:
    text = GOOD.replace(",real,", f",{real},").replace(",fake,", f",{fake},")
    assert read_clips(written(tmp_path, text))["label"].tolist() == [0, 1]


def test_names_that_look_like_something_else_stay_names(tmp_path: Path) -> None:
    text = "# a note\nclip,path,label,voice,race\n002121,#1.wav,0,007,\n1e5,NA.wav,1,nan,None\n"
    clips = read_clips(written(tmp_path, text))
    assert clips[["clip", "path", "voice", "race"]].to_numpy().tolist() == [
        ["002121", "#1.wav", "007", ""],
        ["1e5", "NA.wav", "nan", "None"],
    ]


def test_a_table_comes_back_as_it_went_and_writes_the_same_bytes_again(tmp_path: Path) -> None:
    clips = pd.DataFrame(
        {
            "mood": ["calm", "a, b"],
            "voice": ["ü", 'v"2'],
            "seconds": [1.25, 0.1 + 0.2],
            "label": [0, 1],
            "path": ["x y.wav", "z.wav"],
            "clip": ["x y", "z"],
        }
    )
    write_clips(clips, tmp_path / "one.csv")
    again = read_clips(tmp_path / "one.csv")
    assert list(again.columns) == ["clip", "path", "label", "voice", "seconds", "mood"]
    pd.testing.assert_frame_equal(again[list(clips.columns)], clips)
    write_clips(again, tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.csv", "two.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("voice", "speaker"), "no column 'voice'; it has clip, path, label, speaker"),
        (GOOD.replace(",fake,", ",spoof,"), "label must be real, fake.* but b has 'spoof'"),
        (GOOD.replace(",fake,", ",,"), "label must be"),
        (GOOD.replace("\nb,", "\na,"), "named more than once: a"),
        (GOOD.replace(",v2", ","), "line 3: no voice, as in 1 of 2 rows"),
        (GOOD.replace("wav/b.wav", "../b.wav"), r"\.\./b\.wav leaves it"),
        (GOOD.replace("wav/b.wav", "/etc/passwd"), "/etc/passwd leaves it"),
        ("clip,path,label,voice\n", "has no clips"),
        ("", "cannot be read as a CSV table"),
        (GOOD + "c,c.wav,0,v,and,more\n", "cannot be read as a CSV table"),
        ("clip,path,label,voice\na,a.wav,real,v1,more\n", "more cells than its header"),
    ],
)
def test_a_bad_table_is_an_error_that_says_what(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_clips(written(tmp_path, text))


def test_a_table_that_is_no_text_or_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing"):
        read_clips(tmp_path / "none.csv")
    (tmp_path / "clips.csv").write_bytes(b"\xff\xfe\x00clip")
    with pytest.raises(UserError, match="cannot be read"):
        read_clips(tmp_path / "clips.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_clips(tmp_path)


def test_windows_separators_do_not_smuggle_a_path_out() -> None:
    assert leaves_root("a\\..\\..\\b") and leaves_root("\\\\host\\share")
    assert not leaves_root("a/b..c/..d.wav")


def test_a_file_stands_for_one_clip_and_blanks_make_no_second_voice(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("clip,path,label,voice\na,a.wav,0,v\nb,a.wav,1,w\n")
    with pytest.raises(UserError, match=r"must not share a file.*a\.wav"):
        read_clips(tmp_path / "c.csv")
    (tmp_path / "c.csv").write_text("clip,path,label,voice\na,a.wav,0,v\nb,b.wav,1, v \n")
    assert read_clips(tmp_path / "c.csv")["voice"].tolist() == ["v", "v"]
