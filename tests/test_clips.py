"""The clip table: what is read is what was written, and what can't be trusted is an error that says where."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.clips import leaves_root, line_of, read_clips, read_table, write_clips
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
    text = "# a note\nclip,path,label,voice,race\n002121,#1.wav,0,007,\n1e5,NA.wav,1,NaN7,None\n"
    clips = read_clips(written(tmp_path, text))
    assert clips[["clip", "path", "voice", "race"]].to_numpy().tolist() == [
        ["002121", "#1.wav", "007", ""],
        ["1e5", "NA.wav", "NaN7", "None"],
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
        (
            GOOD.replace(",v2", ", Unknown "),
            r"line 3: no voice \('Unknown'\), as in 1 of 2 rows; where nobody",
        ),
        (GOOD.replace(",v1", ",NA").replace(",v2", ",nan"), r"line 2: no voice \('NA'\), as in 2 of 2"),
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


@pytest.mark.parametrize(
    ("one", "other"), [("anna", "Anna"), ("Jos\u00e9", "Jose\u0301"), ("STRASSE", "straße")]
)
def test_names_that_look_like_one_person_s_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], one: str, other: str
) -> None:
    text = GOOD.replace(",v1", f",{one}").replace(",v2", f",{other}")
    assert set(read_clips(written(tmp_path, text))["voice"]) == {one, other}, "told, not guessed"
    warned = capsys.readouterr().err
    assert warned.count("\n") == 1 and repr(one) in warned and repr(other) in warned
    read_clips(written(tmp_path, GOOD))
    assert capsys.readouterr().err == ""


def test_who_is_not_seen_is_who_is_heard(tmp_path: Path) -> None:
    faces = ["f1", "", " NaN ", "unknown"]
    rows = "".join(f"{i},{i}.wav,{i % 2},v{i},{face}\n" for i, face in enumerate(faces))
    file = written(tmp_path, "clip,path,label,voice,face\n" + rows)
    assert read_clips(file)["face"].tolist() == ["f1", "v1", "v2", "v3"]


def test_what_is_wrong_is_named_by_the_line_an_editor_shows(tmp_path: Path) -> None:
    head = "# made by hand\n# twice\nclip,path,label,voice\n"
    half = head + 'a,a.wav,real,v1\n\n"b\nb",b.wav,fake,v1\nc,c.wav,fake,\nd,d.wav,real,v2\ne,e.wav,fake,  \n'
    file = written(tmp_path, half)
    with pytest.raises(
        UserError, match=r"clips\.csv, line 8: no voice, as in 2 of 5 rows; where nobody knows"
    ):
        read_clips(file)
    disputed = head + "a,a.wav,real,v1\nb,b.wav,real,v1\nb,c.wav,real,v1\na,d.wav,fake,v1\n"
    with pytest.raises(
        UserError, match=r"clips\.csv, line 7: a is fake here and real in line 4; .*once: b, a"
    ):
        read_clips(written(tmp_path, disputed))
    with pytest.raises(UserError, match=r"line 6: b is in line 5 too"):
        read_clips(written(tmp_path, disputed.replace("\na,d.wav,fake,v1", "")))
    with pytest.raises(UserError, match=r"line 7: label must be"):
        read_clips(written(tmp_path, disputed.replace("fake", "spoof")))
    with pytest.raises(UserError, match=r"line 5: clips must not share a file"):
        read_clips(written(tmp_path, "# shared\n" * 2 + GOOD.replace("b.wav", "a.wav")))


@given(
    comments=st.integers(0, 3),
    rows=st.lists(
        st.tuples(st.sampled_from(["x", "a,b", "two\nlines", 'q"q', "r\nr\nr"]), st.integers(0, 2)),
        min_size=1,
    ),
    data=st.data(),
)
def test_a_line_is_found_whatever_stands_before_it(
    comments: int, rows: list[tuple[str, int]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Against counting line ends in what was written: after comments, blank lines and cells of several lines."""
    file = tmp_path_factory.getbasetemp() / "lines.csv"
    text = "# note\n" * comments + "clip,path\n"
    begun = []
    for number, (cell, blanks) in enumerate(rows):
        text += "\n" * blanks
        begun.append(text.count("\n") + 1)
        text += f'"{cell.replace(chr(34), chr(34) * 2)}",{number}\n'
    file.write_text(text, encoding="utf-8")
    table = read_table(file, ("clip", "path"))
    assert list(table["path"]) == [str(number) for number in range(len(rows))]
    row = data.draw(st.integers(0, len(rows) - 1))
    assert line_of(file, row) == begun[row]
