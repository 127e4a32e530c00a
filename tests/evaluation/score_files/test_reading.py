"""Every format is read to the same clips, labels and scores, and what cannot be read is named by its line."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.score_files import ScoreFile, read_score_file
from deepfake_audio.runs import write_scores

from ...scored import made_scores

CLIPS = ("LA_E_1", "LA_E_2", "LA_E_3", "LA_E_4")
LABELS = (1, 0, 1, 0)
# Higher = bona fide, as ASVspoof has it; an exact number, and one that only a careful parser reads to the last bit.
SCORES = ("-4.513984680175781", "1e-3", "0.30000000000000004", "inf")
SYSTEMS = ("A07", "-", "A08", "-")
VOICES = ("LA_0001", "LA_0001", "LA_0002", "LA_0003")
WORDS = tuple("spoof" if label else "bonafide" for label in LABELS)


def written(folder: Path, text: str, name: str = "scores.txt") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def lines(*columns: tuple[str, ...], by: str = " ", head: str = "", end: str = "\n") -> str:
    rows = [head, *(by.join(row) for row in zip(*columns, strict=True))]
    return end.join(row for row in rows if row) + end


def same(read: ScoreFile, sign: float = -1.0) -> None:
    """The table that all these files stand for; fakes score high in it."""
    assert tuple(read.table["clip"]) == CLIPS
    assert tuple(read.table["label"]) == LABELS
    assert read.table["score"].tolist() == [sign * float(score) for score in SCORES]


ASVSPOOF_2019 = lines(CLIPS, SYSTEMS, WORDS, SCORES)


@pytest.mark.parametrize(
    ("text", "how", "knows"),
    [
        (ASVSPOOF_2019, {}, {"system"}),
        (lines(VOICES, CLIPS, SCORES, WORDS), {}, {"voice"}),
        (lines(CLIPS, WORDS, SCORES), {}, set()),
        (lines(CLIPS, SCORES, WORDS), {}, set()),
        (lines(CLIPS, WORDS, SCORES, by="\t", head="filename\tcm-label\tcm-score"), {}, set()),
        (
            "\ufeff" + lines(CLIPS, WORDS, SCORES, by=",", head="File,Key,Score", end="\r\n"),
            {"higher": "bonafide"},
            set(),
        ),
        (lines(CLIPS, WORDS, SCORES, by=";", head="utt;label;p_real"), {}, set()),
        (
            lines(CLIPS, tuple(map(str, LABELS)), SCORES, by=",", head="clip,is_fake,score"),
            {"higher": "bonafide"},
            set(),
        ),
        (
            lines(CLIPS, tuple(str(label == 0) for label in LABELS), SCORES, by=",", head="clip,is_real,cm_score"),
            {},
            set(),
        ),
        (
            lines(CLIPS, tuple(f"{label}.0" for label in LABELS), SCORES, by=",", head="clip,y,score"),
            {"higher": "bonafide", "fake_label": "1"},
            set(),
        ),
        (
            lines(("x",) * 4, SCORES, CLIPS, ("9",) * 4, WORDS),
            {"columns": {"clip": "3", "score": "2", "label": "5"}},
            set(),
        ),
        (
            lines(CLIPS, ("1.5",) * 4, SCORES, WORDS, VOICES, by=",", head="file,loss,mine,kind,who"),
            {"columns": {"score": "mine", "label": "kind", "voice": "who"}, "higher": "bonafide"},
            {"voice"},
        ),
        ("# made by hand\n\n" + ASVSPOOF_2019.replace("\n", "\n\n"), {}, {"system"}),
        (
            lines(tuple(f'"{clip}"' for clip in CLIPS), WORDS, SCORES, by=",", head='"clip","label","cm_score"'),
            {},
            set(),
        ),
    ],
)  # fmt: skip
def test_formats(tmp_path: Path, text: str, how: dict[str, Any], knows: set[str]) -> None:
    read = read_score_file(written(tmp_path, text), **how)
    same(read)
    assert read.reading.higher == "bonafide"
    assert set(read.table) == {"clip", "label", "score", *knows}
    if "voice" in knows:
        assert tuple(read.table["voice"]) == VOICES


def test_a_runs_own_scores(tmp_path: Path) -> None:
    made = made_scores()
    write_scores(made, tmp_path / "scores.csv")
    read = read_score_file(tmp_path / "scores.csv")
    np.testing.assert_array_equal(read.table["score"], made["p_fake"])
    np.testing.assert_array_equal(read.table["label"], made["label"])
    assert list(read.table["voice"]) == list(made["voice"]) and list(read.table["system"]) == list(
        made["system"]
    )
    assert read.is_probability and read.reading.higher == "fake" and not read.reading.stated
    logits = read_score_file(tmp_path / "scores.csv", columns={"score": "logit"})
    np.testing.assert_array_equal(logits.table["score"], made["logit"])
    assert not logits.is_probability


PROTOCOLS = {
    "2019": lines(VOICES, CLIPS, ("-",) * 4, SYSTEMS, WORDS),
    "2021 LA": lines(
        VOICES, CLIPS, ("alaw",) * 4, ("ita_tx",) * 4, SYSTEMS, WORDS, ("notrim",) * 4, ("eval",) * 4
    ),
    "2021 DF": lines(
        VOICES, CLIPS, ("nocodec",) * 4, ("asvspoof",) * 4, SYSTEMS, WORDS, ("notrim",) * 4, ("eval",) * 4,
        *[("-",) * 4] * 5,
    ),
    "5": lines(
        VOICES, CLIPS, ("M",) * 4, ("C05",) * 4, ("2",) * 4, CLIPS, ("AC1",) * 4, SYSTEMS, WORDS, ("-",) * 4
    ),
    "table": lines(CLIPS, WORDS, VOICES, SYSTEMS, by=",", head="filename,key,speaker,attack"),
    "ours": lines(
        CLIPS, CLIPS, tuple(map(str, LABELS)), VOICES, SYSTEMS, by=",", head="clip,path,label,voice,system"
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", PROTOCOLS)
def test_labels_from_a_file_of_keys(tmp_path: Path, form: str) -> None:
    """In another order than the scores, which may be named by their files."""
    head, *rows = PROTOCOLS[form].splitlines()
    turned = [head, *rows[::-1]] if form in ("table", "ours") else [*rows[::-1], head]
    keys = written(tmp_path, "\n".join(turned) + "\n", "keys")
    for clips in (CLIPS, tuple(f"flac/{clip}.flac" for clip in CLIPS)):
        read = read_score_file(written(tmp_path, lines(clips, SCORES)), "bonafide", keys=keys)
        same(read)
        assert tuple(read.table["voice"]) == VOICES
        assert read.reading.voices == "3"
        assert read.table["system"].tolist()[::2] == ["A07", "A08"]
    assert any("without their folder" in note for note in read.reading.notes)
    plain = read_score_file(written(tmp_path, lines(CLIPS, SCORES)), keys=keys)
    assert plain.reading.higher == "bonafide" and "convention" in plain.reading.why


def test_keys_add_voices_and_must_not_contradict(tmp_path: Path) -> None:
    scores = written(tmp_path, ASVSPOOF_2019)
    keys = written(tmp_path, PROTOCOLS["2019"], "keys")
    assert tuple(read_score_file(scores, keys=keys).table["voice"]) == VOICES
    keys.write_text(PROTOCOLS["2019"].replace("A08 spoof", "- bonafide"))
    with pytest.raises(UserError, match=r"1 clips have another label in .*keys \(LA_E_3\)"):
        read_score_file(scores, keys=keys)


def test_only_the_phases_that_count(tmp_path: Path) -> None:
    keys = written(tmp_path, PROTOCOLS["2021 LA"].replace("notrim eval", "notrim progress", 1), "keys")
    scores = written(tmp_path, lines(CLIPS, SCORES))
    read = read_score_file(scores, keys=keys)
    assert tuple(read.table["clip"]) == CLIPS[1:]
    assert any("1 clips are of other phases" in note for note in read.reading.notes)
    assert len(read_score_file(scores, keys=keys, phases=("eval", "progress")).table) == 4
    with pytest.raises(UserError, match="no clip of phase hidden; there are eval, progress"):
        read_score_file(scores, keys=keys, phases=("hidden",))


def test_missing_labels_and_missing_scores_are_counted(tmp_path: Path) -> None:
    keys = written(tmp_path, PROTOCOLS["2019"].split("\n", 1)[1], "keys")
    scores = written(tmp_path, lines(CLIPS, SCORES))
    with pytest.raises(UserError, match=r"1 of 4 clips have no label \(LA_E_1\); --allow-missing"):
        read_score_file(scores, keys=keys)
    read = read_score_file(scores, keys=keys, allow_missing=True)
    assert tuple(read.table["clip"]) == CLIPS[1:]
    assert any("1 of 4 clips have no label" in note for note in read.reading.notes)

    keys.write_text(PROTOCOLS["2019"])
    scores.write_text(lines(CLIPS[:3], SCORES[:3]))
    with pytest.raises(UserError, match=r"1 of 4 clips of .*keys have no score \(LA_E_4\)"):
        read_score_file(scores, keys=keys)
    assert len(read_score_file(scores, keys=keys, allow_missing=True).table) == 3

    gaps = written(
        tmp_path, lines(CLIPS, ("spoof", "", "bonafide", "?"), SCORES, by=",", head="clip,key,cm_score")
    )
    with pytest.raises(UserError, match=r"2 of 4 clips have no label \(LA_E_2, LA_E_4\)"):
        read_score_file(gaps)
    assert tuple(read_score_file(gaps, allow_missing=True).table["label"]) == (1, 0)


def test_unknown_voices(tmp_path: Path) -> None:
    """A blank voice is no voice that all blank ones share."""
    table = pd.DataFrame(
        {"clip": CLIPS, "voice": ["a", "", "unknown", "a"], "label": WORDS, "cm_score": SCORES}
    )
    table.to_csv(tmp_path / "scores.csv", index=False)
    read = read_score_file(tmp_path / "scores.csv")
    assert read.table["voice"].nunique() == 3 and "2 clips of unknown voice" in read.reading.voices
    table.assign(voice="unknown").to_csv(tmp_path / "scores.csv", index=False)
    read = read_score_file(tmp_path / "scores.csv")
    assert "voice" not in read.table and read.reading.voices == "unknown"


NUMBERED = lines(CLIPS, tuple(map(str, LABELS)), SCORES, by=",", head="clip,label,cm_score")


@pytest.mark.parametrize(
    ("text", "how", "told"),
    [
        ("", {}, "is empty"),
        ("\n \n", {}, "is empty"),
        ("clip,label,cm_score\n", {}, "a header and no scores"),
        (ASVSPOOF_2019 + "LA_E_1 A07 spoof 2\n", {}, "line 5: clip LA_E_1 stood in line 1 already"),
        (ASVSPOOF_2019 + "LA_E_5 A07 spoof\n", {}, "line 5: another number of cells, 3, than the first line's 4"),
        (ASVSPOOF_2019 + "LA_E_5 A07 spoof high\n", {}, "line 5: the score 'high' is no number"),
        (ASVSPOOF_2019 + "\n\nLA_E_5 A07 spoof nan\n", {}, "line 7: the score is NaN"),
        (ASVSPOOF_2019 + "LA_E_5 A07 maybe 1\n", {}, "line 5: the label 'maybe' is neither real nor fake"),
        (lines(CLIPS, SYSTEMS, ("spoof",) * 4, SCORES), {}, "no real clip"),
        (lines(CLIPS, SYSTEMS, ("bonafide",) * 4, SCORES), {}, "no fake clip"),
        (lines(CLIPS, SCORES), {}, "has no labels; give --keys FILE"),
        (lines(CLIPS, WORDS, SCORES, by=",", head="clip,label,score"), {}, "give --higher fake or --higher bonafide"),
        (lines(("a", "b", "c", "d"), WORDS, SCORES), {}, "give --higher fake or --higher bonafide"),
        (lines(("a", "b", "c", "d"), SYSTEMS, ("fake", "real") * 2, SCORES), {}, "give --higher fake or"),
        ("# one\n# two\n" + ASVSPOOF_2019 + "LA_E_5 A07 spoof x\n", {}, "line 7: the score 'x'"),
        (NUMBERED, {}, "nothing says which of them is fake: give --fake-label 1"),
        (NUMBERED, {"fake_label": "2"}, "no clip has the label 2; labels are 0, 1"),
        (lines(CLIPS, ("tts", "vc", "no", "yes"), SCORES, by=",", head="clip,label,cm_score"), {"fake_label": "tts"},
         "all of no, vc, yes would be real"),
        (lines(CLIPS, WORDS, SCORES, by=",", head="clip,label,result"), {}, "--score-column NAME"),
        (lines(CLIPS, WORDS, SCORES, SCORES, by=",", head="clip,label,score,llr"), {}, "several scores (score, llr)"),
        (lines(CLIPS, WORDS, WORDS, SCORES, by=",", head="clip,label,Label,cm_score"), {},
         "several columns 'label'; give --label-column NUMBER"),
        (lines(CLIPS, CLIPS, CLIPS, WORDS, SCORES), {}, "say which column is what"),
        (ASVSPOOF_2019, {"columns": {"score": "5"}}, "has no column '5' for the score"),
        (ASVSPOOF_2019, {"columns": {"score": "4"}}, "has no labels"),
        (ASVSPOOF_2019, {"higher": "up"}, "fake or bonafide, not 'up'"),
        (lines(CLIPS, WORDS, tuple(score.replace(".", ",") for score in SCORES), by=";", head="clip;label;cm_score"),
         {}, "line 2: the score '-4,513984680175781' is no number; numbers have a decimal comma"),
        ("a;spoof;0,5\nb;bonafide;0,7\n", {}, "numbers have a decimal comma here"),
        ("clip,label,cm_score\na,spoof,0,5\n", {}, "is one of the commas a decimal one?"),
        ('[{"clip": "a"}]\n', {}, "is JSON; a table was expected"),
        ('\n{"a": 0.5}\n', {}, "is JSON; a table was expected"),
        ("clip,label,cm_score\n,spoof,1\nb,bonafide,2\n", {}, "line 2: no name of a clip"),
        ('clip,label,cm_score\na,spoof,1\n"b\nc",spoof,2\nd,bonafide,x\n', {}, "line 5: the score 'x'"),
    ],
)  # fmt: skip
def test_refused_with_the_line(tmp_path: Path, text: str, how: dict[str, Any], told: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(UserError) as caught:
        read_score_file(file, **how)
    message = str(caught.value)
    assert told in message and "\n" not in message
    assert file.name in message or "higher" in how


def test_no_text(tmp_path: Path) -> None:
    file = tmp_path / "scores"
    for content in (b"RIFF\x00\x00\x00\x00WAVEfmt ", b"\x89PNG\r\n\x1a\n\x00", "clip;ü\n".encode("latin-1")):
        file.write_bytes(content)
        with pytest.raises(UserError, match=r"line \d+: (no UTF-8 text|a zero byte)"):
            read_score_file(file)
    with pytest.raises(UserError, match="is missing"):
        read_score_file(tmp_path / "gone")
    with pytest.raises(UserError, match="cannot be read"):
        read_score_file(tmp_path)


def test_files_as_programs_leave_them(tmp_path: Path) -> None:
    """Packed, or as Excel's "Unicode text"; a part of the packed one is refused."""
    packed = gzip.compress(ASVSPOOF_2019.encode())
    (tmp_path / "scores.txt.gz").write_bytes(packed)
    same(read_score_file(tmp_path / "scores.txt.gz"))
    table = lines(CLIPS, WORDS, SCORES, by="\t", head="filename\tkey\tcm-score", end="\r\n")
    for order in ("utf-16", "utf-16-le", "utf-16-be"):
        mark = "" if order == "utf-16" else "\ufeff"
        (tmp_path / "excel.txt").write_bytes((mark + table).encode(order))
        same(read_score_file(tmp_path / "excel.txt"))
    (tmp_path / "scores.txt.gz").write_bytes(packed[:-20])
    with pytest.raises(UserError, match=r"scores.txt.gz cannot be unpacked"):
        read_score_file(tmp_path / "scores.txt.gz")


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA"])
def test_clips_without_a_score_are_left_out_only_if_that_is_allowed(tmp_path: Path, cell: str) -> None:
    text = lines(CLIPS, WORDS, (*SCORES[:2], cell, SCORES[3]), by=",", head="clip,label,cm_score")
    scores = written(tmp_path, text)
    with pytest.raises(
        UserError, match=r"line 4: the score is (missing|NaN); --allow-missing judges the others"
    ):
        read_score_file(scores)
    read = read_score_file(scores, allow_missing=True)
    assert tuple(read.table["clip"]) == (*CLIPS[:2], CLIPS[3])
    assert "1 of 4 clips have no score and do not count" in read.reading.notes
    keys = written(tmp_path, PROTOCOLS["2019"], "keys")
    assert tuple(read_score_file(scores, keys=keys, allow_missing=True).table["clip"]) == (
        *CLIPS[:2],
        CLIPS[3],
    )
    scores.write_text("clip,label,cm_score\na,spoof,nan\nb,bonafide,1\n")
    with pytest.raises(UserError, match="no fake clip"):
        read_score_file(scores, allow_missing=True)


def test_what_was_read_is_told(tmp_path: Path) -> None:
    told = "\n".join(read_score_file(written(tmp_path, ASVSPOOF_2019)).reading.lines())
    for part in (
        "apart by blanks, no header",
        "score = column 4",
        "spoof = fake",
        "higher score means bona fide, by ASVspoof's convention; turned round",
        "voices: unknown",
    ):
        assert part in told
