"""The ASVspoof protocols: the real ones to their published counts, wrong lines by their number."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.clips import check_clips
from deepfake_audio.corpora.asvspoof5 import ASVspoof5
from deepfake_audio.corpora.asvspoof2019 import PROTOCOLS, ASVspoof2019
from deepfake_audio.corpora.asvspoof2021 import ASVspoof2021
from deepfake_audio.errors import UserError
from deepfake_audio.splitting import split_clips

LINE = "LA_0079 LA_T_1000001 - A01 spoof"


@pytest.fixture(scope="module")
def real(bench: Path) -> pd.DataFrame:
    return ASVspoof2019(protocols=bench / "asvspoof2019_la").index()


def protocols(folder: Path, *lines: str) -> ASVspoof2019:
    (folder / PROTOCOLS["train"]).write_text("\n".join(lines) + "\n")
    return ASVspoof2019(protocols=folder, parts=["train"])


def test_the_real_protocols_come_to_their_published_counts(real: pd.DataFrame) -> None:
    """Todisco et al. 2019, table 1: bona fide and spoofed utterances of each part; six attacks known, thirteen not."""
    counts = real.groupby(["own_split", "label"]).size()
    assert counts.to_dict() == {
        ("train", 0): 2_580, ("train", 1): 22_800,
        ("val", 0): 2_548, ("val", 1): 22_296,
        ("test", 0): 7_355, ("test", 1): 63_882,
    }  # fmt: skip
    attacks = real[real["label"] == 1].groupby("own_split")["system"].unique()
    known = [f"A{number:02d}" for number in range(1, 7)]
    assert sorted(attacks["train"]) == sorted(attacks["val"]) == known
    assert sorted(attacks["test"]) == [f"A{number:02d}" for number in range(7, 20)]
    assert set(real.loc[real["label"] == 0, "system"]) == {"bonafide"}
    assert len(check_clips(real, "real")) == 121_461


def test_the_real_attacks_that_are_one_are_held_out_together(real: pd.DataFrame) -> None:
    """The evaluation's A16 and A19 are A04 and A06 (Wang et al. 2020); the others are each their own."""
    fakes = real[real["label"] == 1].groupby("synthesiser")["system"].unique().map(sorted)
    assert len(fakes) == 17 and fakes["asvspoof2019/A04"] == ["A04", "A16"]
    assert fakes["asvspoof2019/A06"] == ["A06", "A19"] and fakes["asvspoof2019/A17"] == ["A17"]
    assert set(real.loc[real["label"] == 0, "synthesiser"]) == {""}
    split = split_clips(real, "system", test=["A16"])
    assert set(split.loc[(split["split"] == "test") & (split["label"] == 1), "system"]) == {"A04", "A16"}


def test_the_real_parts_share_no_voice(real: pd.DataFrame) -> None:
    voices = real.groupby("own_split")["voice"].unique()
    assert not set(voices["train"]) & set(voices["val"]) | set(voices["train"]) & set(voices["test"])
    assert not set(voices["val"]) & set(voices["test"])


@pytest.mark.parametrize("nest", ["", "LA/"])
def test_audio_is_found_where_the_archive_unpacks(tmp_path: Path, nest: str) -> None:
    audio = tmp_path / nest / "ASVspoof2019_LA_train" / "flac"
    audio.mkdir(parents=True)
    (audio / "LA_T_1000001.flac").touch()
    folder = tmp_path / nest / "ASVspoof2019_LA_cm_protocols"
    folder.mkdir()
    (folder / PROTOCOLS["train"]).write_text(LINE + "\nLA_0079 LA_T_1000002 - - bonafide\r\n")
    clips = ASVspoof2019(tmp_path, parts=["train"]).index()
    assert (tmp_path / clips["media"][0]).is_file()
    assert clips["system"].tolist() == ["A01", "bonafide"] and clips["label"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((LINE, "", "LA_0079 LA_T_1 spoof"), r"1 of 2 .*line 3: it has 3 fields, not 5 \(LA_0079 LA_T_1 spoof\)"),
        ((LINE + " more",), "line 1: it has 6 fields, not 5"),
        ((LINE + " and even more",), "line 1: it has 8 fields, not 5"),
        ((LINE, LINE.replace("spoof", "fake")), "line 2: label 'fake' is none of bonafide, spoof"),
        ((LINE.replace("A01", "-"),), "line 1: spoofed speech without its attack"),
        ((LINE, LINE), "2 of 2 .*line 1: clip LA_T_1000001 is named more than once .*line 2"),
        ((LINE, "LA_0079 LA_T_1000001 - - bonafide"), "named more than once, with two labels"),
        (("",), "has no lines"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        protocols(tmp_path, *lines).index()


def test_all_wrong_lines_are_counted_and_three_shown(tmp_path: Path) -> None:
    lines = [LINE.replace("1000001", str(number)) for number in range(20)]
    for number in (3, 5, 8, 11, 19):
        lines[number] += " x"
    with pytest.raises(UserError) as caught:
        protocols(tmp_path, *lines).index()
    told = str(caught.value)
    assert "5 of 20 lines" in told and told.endswith("; 2 more") and "\n" not in told
    assert all(f"line {number}:" in told for number in (4, 6, 9)) and "line 12" not in told


def test_what_is_missing_or_unknown_is_said(tmp_path: Path) -> None:
    for corpus, message in [
        (ASVspoof2019(), r"give corpus\.root=DIR"),
        (ASVspoof2019(tmp_path), r"corpus\.protocols=PATH"),
        (ASVspoof2019(tmp_path / "nowhere"), "is no folder"),
        (ASVspoof2019(protocols=tmp_path), r"train\.trn\.txt is missing"),
        (ASVspoof2019(protocols=tmp_path, parts=["tset"]), "give some of train, dev, eval, not tset"),
        (ASVspoof2021(track="PA"), "PA is none of LA, DF"),
        (ASVspoof2021(phases=["all"]), "not all"),
        (ASVspoof5(parts=[]), "not none"),
    ]:
        with pytest.raises(UserError, match=message):
            corpus.index()  # type: ignore[attr-defined]


def test_2021_la_and_df_by_their_published_lines(tmp_path: Path) -> None:
    """The lines are those that the organisers' evaluation package shows."""
    la, df = tmp_path / "la.txt", tmp_path / "df.txt"
    la.write_text(
        "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\n"
        "LA_0020 LA_E_7294490 g722 loc_tx bonafide bonafide notrim eval\n"
        "LA_0020 LA_E_7294491 g722 loc_tx bonafide bonafide notrim progress\n"
    )
    df.write_text(
        "LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim progress traditional_vocoder - - - -\n"
        "TEF2 DF_E_2000013 low_m4a vcc2020 Task1-team20 spoof notrim eval "
        "neural_vocoder_nonautoregressive Task1 team20 FF E\n"
        "LA_0048 DF_E_2000058 mp3m4a asvspoof - bonafide notrim eval bonafide - - - -\n"
    )
    clips = ASVspoof2021(keys=la).index()
    assert clips["clip"].tolist() == ["LA_E_7294490", "LA_E_9332881"]
    assert clips["system"].tolist() == ["bonafide", "A07"] and clips["transmission"].tolist() == [
        "loc_tx",
        "ita_tx",
    ]
    assert set(clips["own_split"]) == {"test"}
    assert clips["media"][1] == "ASVspoof2021_LA_eval/flac/LA_E_9332881.flac"
    assert len(ASVspoof2021(keys=la, phases=["progress", "eval"]).index()) == 3
    clips = ASVspoof2021(keys=df, track="DF").index()
    assert clips[["voice", "system", "label", "source_corpus", "channel_codec"]].to_numpy().tolist() == [
        ["TEF2", "Task1-team20", 1, "vcc2020", "low_m4a"],
        ["LA_0048", "bonafide", 0, "asvspoof", "mp3m4a"],
    ]
    with pytest.raises(UserError, match="it has 8 fields, not 13"):
        ASVspoof2021(keys=la, track="DF").index()


def test_5_by_its_published_lines(tmp_path: Path) -> None:
    (tmp_path / "ASVspoof5_protocols").mkdir()
    (tmp_path / "flac_E_eval").mkdir()
    for name, line in [
        ("ASVspoof5.train.tsv", "T_4850 T_0000000000 F - - - AC3 A05 spoof -"),
        ("ASVspoof5.dev.track_1.tsv", "D_0461 D_0000000190 M - - - - bonafide bonafide -"),
        ("ASVspoof5.eval.track_1.tsv", "E_1607 E_0009538969 M C05 2 E_0009486171 AC1 A26 spoof -"),
    ]:
        (tmp_path / "ASVspoof5_protocols" / name).write_text(line + "\n")
    clips = ASVspoof5(tmp_path).index().set_index("own_split")
    told = ["clip", "voice", "system", "label", "gender", "channel_codec", "source_clip", "media"]
    assert clips.loc["test", told].tolist() == [
        "E_0009538969", "E_1607", "A26", 1, "men", "C05", "E_0009486171", "flac_E_eval/E_0009538969.flac",
    ]  # fmt: skip
    assert clips.loc["val", told[:4]].tolist() == ["D_0000000190", "D_0461", "bonafide", 0]
    assert clips["synthesiser"].to_dict() == {"train": "asvspoof5/A05", "val": "", "test": "asvspoof5/A26"}
    assert clips.loc["train", "source_clip"] == "T_0000000000", "without a codec a file is its own source"


def test_the_size_of_asvspoof_5_takes_seconds(tmp_path: Path) -> None:
    lines = 182_357
    rows = (f"T_{number % 400:04d} T_{number:010d} F - - - AC3 A05 spoof -\n" for number in range(lines))
    (tmp_path / "ASVspoof5.train.tsv").write_text("".join(rows))
    begun = time.process_time()
    assert len(ASVspoof5(tmp_path, parts=["train"]).index()) == lines
    assert time.process_time() - begun < 10
