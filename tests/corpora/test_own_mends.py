"""What people's tables, folders and copies of corpora hold that is easily read wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.clips import check_clips
from deepfake_audio.corpora import Corpus
from deepfake_audio.corpora.av_deepfake1m import AVDeepfake1M
from deepfake_audio.corpora.fake_or_real import FakeOrReal
from deepfake_audio.corpora.folder import Folder
from deepfake_audio.corpora.in_the_wild import InTheWild
from deepfake_audio.corpora.lav_df import LAVDF
from deepfake_audio.corpora.mlaad import MLAAD
from deepfake_audio.corpora.table import Table
from deepfake_audio.corpora.wavefake import WaveFake
from deepfake_audio.errors import UserError
from deepfake_audio.labels import FAKE
from deepfake_audio.splitting import split_clips


def touch(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


@pytest.mark.parametrize("length", ["4 s", "nan", "-1", "1:30"])
def test_a_length_that_is_none_is_named_with_its_line(tmp_path: Path, length: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(f"path,label,seconds\na.wav,real,4\nb.wav,fake,{length}\nc.wav,fake,\n")
    with pytest.raises(UserError, match=rf"line 3: seconds is no number of seconds \(b\.wav,fake,{length}\)"):
        Table(file).index()


def test_a_table_s_own_corpora_and_sides_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("path,label,corpus,split\na.wav,real,vctk,train\nb.wav,fake,libri,test\n")
    clips = Table(file, columns={"own_split": "split"}, name="mine").index()
    told = clips[["corpus", "source_corpus", "own_split"]].to_numpy().tolist()
    assert told == [["mine", "vctk", "train"], ["mine", "libri", "test"]]


@pytest.mark.parametrize(
    ("separator", "name", "said"),
    [("\t", "t.tsv", None), ("\t", "t.txt", "tab"), (";", "t.csv", "semicolon")],
)
def test_tables_as_other_programs_write_them(
    tmp_path: Path, separator: str, name: str, said: str | None
) -> None:
    """A spreadsheet quotes a cell that holds the separator, and puts a mark before the first one."""
    rows = pd.DataFrame({"path": [f"a{separator}b.wav", "c.wav"], "label": ["real", "fake"]})
    file = tmp_path / name
    rows.to_csv(file, sep=separator, index=False, encoding="utf-8-sig")
    assert set(Table(file, separator=said).index()["media"]) == set(rows["path"])
    rows.assign(path=["two\nlines", "c.wav"], label=["real", "fale"]).to_csv(file, sep=separator, index=False)
    with pytest.raises(UserError, match="line 4: label 'fale'"):
        Table(file, separator=said).index()


def test_another_separator_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path;label\na.wav;real\n")
    with pytest.raises(UserError, match=r"has no column path, label; it has path;label"):
        Table(tmp_path / "t.csv").index()
    with pytest.raises(UserError, match="';' is none of comma, semicolon, tab"):
        Table(tmp_path / "t.csv", separator=";").index()


@pytest.mark.parametrize("option", ["columns", "labels"])
def test_a_mapping_that_is_none_is_said(tmp_path: Path, option: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text("path,label\na.wav,real\n")
    with pytest.raises(UserError, match=rf"corpus\.{option}=fake is no mapping"):
        Table(file, **{option: "fake"}).index()  # type: ignore[arg-type]


@pytest.mark.parametrize(("real", "fake"), [("a", "a/"), ("a", "a/b"), ("a/b", "./a"), (".", "a")])
def test_no_file_is_real_and_fake(tmp_path: Path, real: str, fake: str) -> None:
    touch(tmp_path, "a/b/x.wav", "a/y.wav")
    with pytest.raises(UserError, match="overlap"):
        Folder(tmp_path, real, fake).index()


@pytest.mark.parametrize("name", ["../real", "/real", "", None])
def test_no_folder_is_elsewhere(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(UserError, match=r"corpus\.real=.* is no folder below the root"):
        Folder(tmp_path, name, "fake").index()  # type: ignore[arg-type]


def test_a_slash_at_the_end_changes_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "human/en/anna/a.wav", "fake/anna/b.wav")
    clips = Folder(tmp_path, "./human/en/").index()
    assert clips[["clip", "voice"]].to_numpy().tolist() == [
        ["fake/anna/b", "anna"],
        ["human/en/anna/a", "anna"],
    ]


def test_a_link_to_a_folder_above_is_no_circle(tmp_path: Path) -> None:
    touch(tmp_path, "real/anna/a.wav", "fake/anna/b.wav")
    (tmp_path / "real" / "anna" / "up").symlink_to(tmp_path / "real")
    assert Folder(tmp_path).index()["media"].tolist() == ["fake/anna/b.wav", "real/anna/a.wav"]


def test_mlaad_s_french_readers_and_lengths(tmp_path: Path) -> None:
    touch(tmp_path, "fake/fr/vits/meta.csv")
    french = "fr_FR/female/ezwa/monsieur_lecoq/wavs/x.wav"
    (tmp_path / "fake/fr/vits/meta.csv").write_text(
        f"path|original_file|language|duration\na.wav|{french}|fr|3.2\n"
    )
    clips = MLAAD(tmp_path, reals="m").index().set_index("media")
    assert clips.loc[f"m/{french}", ["voice", "gender", "stated_seconds"]].tolist() == ["ezwa", "women", ""]
    assert clips.loc["fake/fr/vits/a.wav", "stated_seconds"] == "3.2"


def test_one_part_may_be_named_alone(tmp_path: Path) -> None:
    film = {"file": "id00012/x/1/real.mp4", "modify_type": "real", "audio_fake_segments": []}
    (tmp_path / "val_metadata.json").write_text(json.dumps([film]))
    assert AVDeepfake1M(tmp_path, parts="val").index()["own_split"].tolist() == ["val"]
    for parts, told in (("test", "test"), ([], "none"), (["val", "test"], "test")):
        with pytest.raises(UserError, match=rf"corpus\.parts: give some of train, val, not {told}$"):
            AVDeepfake1M(tmp_path, parts=parts).index()


def test_lav_df_s_flags_and_lengths(tmp_path: Path) -> None:
    film = {
        "file": "train/1.mp4", "split": "train", "modify_video": False, "modify_audio": False, "fake_periods": [],
        "original": None, "duration": 4.5,
    }  # fmt: skip
    file = tmp_path / "metadata.json"
    file.write_text(json.dumps([film]))
    assert LAVDF(tmp_path).index()["stated_seconds"].tolist() == [4.5]
    file.write_text(json.dumps([film, film | {"file": "train/2.mp4", "modify_audio": "False"}]))
    with pytest.raises(UserError, match=r"modify_audio is neither true nor false: entry 2 \(train/2\.mp4\)"):
        LAVDF(tmp_path).index()


@pytest.mark.parametrize(
    ("corpus", "nest", "files"),
    [
        (InTheWild, "release_in_the_wild/", ["0.wav", "1.wav"]),
        (FakeOrReal, "for-norm/for-norm/", ["training/real/a.wav", "training/fake/b.wav"]),
        (WaveFake, "generated_audio/", ["ljspeech_melgan/a_gen.wav", "jsut_hifigan/b_gen.wav"]),
    ],
)
def test_clips_are_called_alike_however_deep_a_copy_lies(
    tmp_path: Path, corpus: type, nest: str, files: list[str]
) -> None:
    """A split of clips holds for everybody's copy."""
    options = {"ljspeech": None, "jsut": None} if corpus is WaveFake else {}
    tables = []
    for root, above in ((tmp_path / "flat", ""), (tmp_path / "deep", nest)):
        touch(root, *(above + file for file in files))
        if corpus is InTheWild:
            (root / above / "meta.csv").write_text("file,speaker,label\n0.wav,A,spoof\n1.wav,A,bona-fide\n")
        copy: Corpus = corpus(root=root, **options)
        clips = check_clips(copy.index(), "index")
        assert {str(root / media) for media in clips["media"]} == {str(root / above / file) for file in files}
        tables.append(clips.drop(columns="media"))
    pd.testing.assert_frame_equal(tables[0], tables[1])


def test_two_readers_are_tested_on_beside_others(tmp_path: Path) -> None:
    """What the docs say of WaveFake: alone it cannot be split, held out of a joined table it can."""
    for reader in ("ljspeech", "jsut"):
        touch(
            tmp_path,
            f"{reader}_melgan/{reader}_gen.wav",
            f"{reader}_pwg/{reader}_gen.wav",
            f"{reader}/{reader}.wav",
        )
    readers = check_clips(WaveFake(tmp_path, ljspeech="ljspeech", jsut="jsut").index(), "index")
    with pytest.raises(UserError, match="has no real clip"):
        split_clips(readers, "system", test=["melgan"])
    others = pd.DataFrame(
        [(f"{voice}/{label}", f"{voice}/{label}", label, f"p{voice}", ["bonafide", "tts"][label], "others")
         for voice in range(9) for label in (0, 1)],
        columns=["clip", "path", "label", "voice", "system", "corpus"],
    )  # fmt: skip
    joined = pd.concat([readers, others])
    held_out = split_clips(joined, "corpus", test=["wavefake"])
    assert set(held_out.loc[held_out["split"] == "test", "clip"]) == set(readers["clip"])
    by_system = split_clips(joined, "system", test=["melgan"])
    fakes = by_system[by_system["label"] == FAKE]
    assert set(fakes.loc[fakes["split"] == "test", "system"]) == {"melgan"}
    assert "melgan" not in set(fakes.loc[fakes["split"] != "test", "system"])
