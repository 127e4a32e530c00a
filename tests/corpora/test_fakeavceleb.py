"""The index against the real metadata's known counts, and against metadata written to trap it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.clips import check_clips
from deepfake_audio.corpora.fakeavceleb import KNOWN_UNREADABLE, FakeAVCeleb, voice_of
from deepfake_audio.errors import UserError

HEADER = "source,target1,target2,method,category,type,race,gender,path,"
ROW = "id00001,-,-,real,A,RealVideo-RealAudio,African,men,1.mp4,FakeAVCeleb/RealVideo-RealAudio/African/men/id00001"


def write_metadata(folder: Path, *rows: str, header: str = HEADER) -> FakeAVCeleb:
    (folder / "meta_data.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return FakeAVCeleb(folder)


def row(kind: str, name: str, method: str = "wav2lip", source: str = "id00001", race: str = "African") -> str:
    folder = f"FakeAVCeleb/{kind}/{race}/men/{source}"
    return f"{source},-,-,{method},D,{kind},{race},men,{name},{folder}"


@pytest.fixture(scope="module")
def real(bench: Path) -> pd.DataFrame:
    return FakeAVCeleb(metadata=bench / "fakeavceleb" / "meta_data.csv").index()


def test_both_forms_of_the_real_metadata_give_the_same_table(real: pd.DataFrame, bench: Path) -> None:
    official = FakeAVCeleb(metadata=bench / "fakeavceleb" / "meta_data_official_form.csv").index()
    pd.testing.assert_frame_equal(real, official)


def test_real_metadata_comes_to_the_known_counts(real: pd.DataFrame) -> None:
    assert len(real) == real["clip"].nunique() == real["media"].nunique() == 21_544
    assert real["voice"].nunique() == 500 and set(real["voice"]) == set(real["face"])
    assert round(real["label"].mean(), 4) == 0.5261
    assert real["category"].value_counts().to_dict() == {"A": 500, "B": 500, "C": 9_709, "D": 10_835}
    assert real["method"].str.contains("|", regex=False).sum() == 22
    borrowed = real[real["voice"] != real["face"]]["category"].value_counts().to_dict()
    assert borrowed == {"C": 4_925, "D": 10_628}
    files = real.groupby(["label", "voice"]).size().groupby("label").agg(["min", "max"])
    assert files.loc[1].tolist() == [1, 41] and files.loc[0].tolist() == [7, 30]


def test_real_files_come_from_rows_and_methods_as_counted(real: pd.DataFrame, bench: Path) -> None:
    for name in ("meta_data.csv", "meta_data_official_form.csv"):
        assert sum(1 for _ in (bench / "fakeavceleb" / name).open(encoding="utf-8")) - 1 == 21_566
    methods = real[real["category"] != "D"].groupby("category")["method"].value_counts()
    assert methods.to_dict() == {
        ("A", "real"): 500, ("B", "rtvc"): 500,
        ("C", "wav2lip"): 5_015, ("C", "fsgan"): 3_964, ("C", "faceswap"): 730,
    }  # fmt: skip
    several = real[real["method"].str.contains("|", regex=False)]
    assert set(several["method"]) == {"faceswap-wav2lip|wav2lip"} and set(several["category"]) == {"D"}
    assert set(real.loc[real["label"] == 1, "system"]) == {"rtvc"}
    assert set(real["media"].str[-4:]) == {".mp4"}


def test_real_names_that_stand_in_several_folders_stay_apart(real: pd.DataFrame) -> None:
    """In one flat folder, 960 files of a source would lie over another of the opposite label."""
    name = real["media"].str.rsplit("/", n=1).str[1]
    times = name.value_counts()
    assert (times > 1).sum() == 2_170 and times[times > 1].sum() == 5_319
    swaps = real.assign(name=name)[real["category"].isin(["C", "D"])]
    assert (swaps.groupby(["face", "name"])["label"].nunique() > 1).sum() == 960
    assert real["path"].nunique() == 21_544


def test_real_odd_names_are_clips_of_their_source(real: pd.DataFrame) -> None:
    known = real.set_index("clip")["voice"]
    assert known["RealVideo-RealAudio/Asian (East)/men/id04691/1"] == "id04691"
    assert known["RealVideo-RealAudio/Asian (East)/men/id06152/06152"] == "id06152"
    assert known["RealVideo-FakeAudio/Asian (East)/men/id06776/00021"] == "id06776"
    assert set(KNOWN_UNREADABLE) < set(known.index)


def test_real_table_passes_the_check_of_every_clip_table_and_stays_in_its_groups(real: pd.DataFrame) -> None:
    assert len(check_clips(real, "real")) == 21_544
    assert real.groupby(["race", "gender"])["voice"].nunique().tolist() == [50] * 10
    own_group = real[real["category"] == "A"].set_index("voice")[["race", "gender"]]
    of_voice = own_group.loc[real["voice"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_voice, real[["race", "gender"]])


@pytest.mark.parametrize(
    ("file", "voice"),
    [
        ("00109.mp4", "id00001"),
        ("00109_id00476_wavtolip.mp4", "id00476"),
        ("00109_id01036_9kYzHh2-3aE_id00476_wavtolip.mp4", "id00476"),
        ("00109_id01036_9kYzHh2-3aE_faceswap.mp4", "id00001"),
        ("00109_id01036_9kYzHh2-3aE.mp4", "id00001"),
        ("00109_fake.mp4", "id00001"),
        ("strange_wavtolip.mp4", "id00001"),
        ("id00999/00109_wavtolip.mp4", "id00001"),
    ],
)
def test_the_voice_is_the_lip_sync_donor_s_or_the_source_s(file: str, voice: str) -> None:
    assert voice_of(file, "id00001") == voice


def test_equal_names_of_opposite_label_stay_apart_and_a_file_with_two_rows_is_one_clip(
    tmp_path: Path,
) -> None:
    name = "7_id00002_wavtolip.mp4"
    rows = [
        row("FakeVideo-RealAudio", name),
        row("FakeVideo-FakeAudio", name),
        row("FakeVideo-FakeAudio", name, method="faceswap-wav2lip"),
    ]
    clips = write_metadata(tmp_path, *rows).index()
    assert clips["label"].tolist() == [1, 0]
    assert clips["clip"].tolist() == [
        "FakeVideo-FakeAudio/African/men/id00001/7_id00002_wavtolip",
        "FakeVideo-RealAudio/African/men/id00001/7_id00002_wavtolip",
    ]
    assert clips["method"].tolist() == ["faceswap-wav2lip|wav2lip", "wav2lip"]
    assert clips["system"].tolist() == ["rtvc", "bonafide"]
    assert clips["path"].nunique() == 2


def test_the_toy_corpus_agrees_on_who_is_heard_in_each_file() -> None:
    """The cast says who speaks before any file is named; the index has only the names."""
    from deepfake_audio.corpora.toy.cast import draw_cast, plan_clips

    plan = plan_clips(draw_cast(40, seed=3), seed=3)
    assert any(clip.voice != clip.source for clip in plan)
    for clip in plan:
        assert voice_of(clip.path, clip.source.identity) == clip.voice.identity


@pytest.mark.parametrize(
    "nest", ["", "FakeAVCeleb_v1.2", "FakeAVCeleb_v1.2/FakeAVCeleb_v1.2", "FakeAVCeleb_v1.0", "my copy/v1"]
)
@pytest.mark.parametrize("race", ["Asian (South)", "Asian-South", "Asian_South"])
def test_media_are_found_where_copies_have_them(tmp_path: Path, nest: str, race: str) -> None:
    video = tmp_path / nest / "RealVideo-RealAudio" / race / "men" / "id00001" / "1.mp4"
    video.parent.mkdir(parents=True)
    video.touch()
    write_metadata(tmp_path / nest, row("RealVideo-RealAudio", "1.mp4", race="Asian (South)"))
    clips = FakeAVCeleb(tmp_path).index()
    assert tmp_path / clips["media"].item() == video
    assert clips["clip"].item() == "RealVideo-RealAudio/Asian (South)/men/id00001/1"


def test_the_metadata_may_lie_above_the_doubled_folder(tmp_path: Path) -> None:
    video = (
        tmp_path
        / "some"
        / "FakeAVCeleb_v1.2"
        / "RealVideo-RealAudio"
        / "African"
        / "men"
        / "id00001"
        / "1.mp4"
    )
    video.parent.mkdir(parents=True)
    video.touch()
    write_metadata(tmp_path / "some", ROW)
    assert tmp_path / FakeAVCeleb(tmp_path).index()["media"].item() == video


def test_files_that_nobody_can_read_are_told_from_those_that_should_be(tmp_path: Path) -> None:
    known = KNOWN_UNREADABLE[0].removeprefix("FakeVideo-FakeAudio/African/men/id01170/")
    rows = [row("FakeVideo-FakeAudio", f"{known}.mp4", source="id01170"), ROW]
    corpus = write_metadata(tmp_path, *rows)
    index = corpus.index()
    assert KNOWN_UNREADABLE[0] in set(index["clip"])
    assert corpus.settle(index[index["label"] == 0], tmp_path)[1] == [
        "1 of the failures are known: public loaders leave these files out too"
    ]
    assert corpus.settle(index.assign(voice=index["face"]), tmp_path)[1] == []


def test_missing_media_do_not_shorten_the_index(tmp_path: Path) -> None:
    assert len(write_metadata(tmp_path, ROW).index()) == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (ROW.replace("FakeAVCeleb/", "../../"), "line 3: its path leaves the corpus' folder"),
        (ROW.replace("FakeAVCeleb/", "/"), "line 3: its path leaves"),
        (ROW.replace("1.mp4", "../../../../../x.mp4"), "line 3: its path leaves"),
        (ROW.replace("A,RealVideo-RealAudio", "A,RealVideo-RealSound"), "line 3: type is none of RealVideo-RealAudio"),
        (ROW.replace("A,RealVideo-RealAudio", "A,RealVideo-FakeAudio"), "line 3: .* the label depends on it"),
        (ROW.replace("FakeAVCeleb/RealVideo", "x/Video"), "line 3: it lies in none of the folders"),
        (ROW.replace("1.mp4", ""), "line 3: no source or no file name"),
        (ROW[len("id00001") :], r"line 3: no source or no file name \(,-,-,real"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_trusted_is_named(tmp_path: Path, bad: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"meta_data\.csv: 1 of 2 lines cannot be used: {message}"):
        write_metadata(tmp_path, ROW, bad).index()


def test_what_is_missing_is_said_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"corpus\.root=.*nowhere is no folder"):
        FakeAVCeleb(tmp_path / "nowhere").index()
    with pytest.raises(UserError, match=r"corpus\.metadata=FILE"):
        FakeAVCeleb(tmp_path).index()
    with pytest.raises(UserError, match=r"corpus\.root=DIR"):
        FakeAVCeleb().index()
    with pytest.raises(UserError, match=r"absent\.csv is missing"):
        FakeAVCeleb(metadata=tmp_path / "absent.csv").index()
    with pytest.raises(UserError, match="no column 'type'"):
        write_metadata(tmp_path, ROW, header=HEADER.replace("type", "kind")).index()
    with pytest.raises(UserError, match="neither a column 'filename' nor the nameless last one"):
        write_metadata(tmp_path, ROW, header=HEADER + "folder").index()
