"""Several corpora as one: nothing is lost or mixed up, and a person is one person and nobody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake_audio.auditing.leaks import find_leaks
from deepfake_audio.auditing.survey import survey
from deepfake_audio.clips import read_clips, write_clips
from deepfake_audio.errors import UserError
from deepfake_audio.forging.corpus import forge_corpus
from deepfake_audio.joined import read_corpora
from deepfake_audio.splitting import assign, split_clips
from deepfake_audio.splitting.leakage import on_two_sides


def table(folder: Path, voices: int = 6, **columns: object) -> Path:
    """`clips.csv` of a real and a fake clip for each of v0, v1, ..., in a folder of its own."""
    rows = [
        (f"v{v}_{label}", f"wav/v{v}_{label}.wav", label, f"v{v}") for v in range(voices) for label in (0, 1)
    ]
    clips = pd.DataFrame(rows, columns=["clip", "path", "label", "voice"]).assign(**columns)
    folder.mkdir(parents=True, exist_ok=True)
    write_clips(clips, folder / "clips.csv")
    return folder / "clips.csv"


def test_one_table_alone_is_what_it_is(tmp_path: Path) -> None:
    file = table(tmp_path / "a", corpus="a")
    for given_as in (file, str(file), [file]):
        clips, root = read_corpora(given_as)
        pd.testing.assert_frame_equal(clips, read_clips(file))
        assert root == file.parent


def test_joined_is_what_was_read_apart(tmp_path: Path) -> None:
    files = [table(tmp_path / "a", corpus="one"), table(tmp_path / "deep" / "b", voices=4, race="x")]
    clips, root = read_corpora(files)
    assert root == tmp_path
    apart = [read_clips(file) for file in files]
    assert len(clips) == sum(len(part) for part in apart)
    for part, file, corpus in zip(apart, files, ("one", "b"), strict=True):
        there = clips[clips["corpus"] == corpus].reset_index(drop=True)
        assert list(there["clip"]) == [f"{corpus}/{clip}" for clip in part["clip"]]
        assert list(there["voice"]) == [f"{corpus}/{voice}" for voice in part["voice"]]
        assert list(there["label"]) == list(part["label"])
        assert [root / path for path in there["path"]] == [file.parent / path for path in part["path"]]
    assert set(clips.loc[clips["corpus"] == "one", "race"]) == {""}
    assert clips["clip"].is_unique and clips["voice"].nunique() == 10


@settings(max_examples=25, deadline=None)
@given(
    tables=st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=6),
        min_size=2,
        max_size=4,
    ),
    same=st.booleans(),
)
def test_nothing_is_lost_and_no_two_become_one(
    tables: list[list[tuple[int, int]]], same: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("joined")
    files = []
    for number, rows in enumerate(tables):
        (folder / f"k{number}").mkdir()
        files.append(folder / f"k{number}" / "clips.csv")
        clips = pd.DataFrame(
            [(f"c{i}", f"{i}.wav", label, f"v{voice}") for i, (voice, label) in enumerate(rows)],
            columns=["clip", "path", "label", "voice"],
        )
        write_clips(clips, files[-1])
    joined, root = read_corpora(files, same_voices=same)
    expected = {
        (folder / f"k{number}" / f"{i}.wav", label, f"v{voice}" if same else f"k{number}/v{voice}")
        for number, rows in enumerate(tables)
        for i, (voice, label) in enumerate(rows)
    }
    found = zip(joined["path"], joined["label"], joined["voice"], strict=True)
    assert {(root / path, label, voice) for path, label, voice in found} == expected
    assert len(joined) == len(expected) and joined["clip"].is_unique


def test_attacks_numbered_alike_stay_apart_and_one_synthesiser_stays_one(tmp_path: Path) -> None:
    """A07 of one challenge is none of another's; the same challenge's in two corpora is held out in both."""
    files = [
        table(
            tmp_path / name, voices=20, system=["bonafide", "A07"] * 20, synthesiser=["", f"{year}/A07"] * 20
        )
        for name, year in (("la", "2019"), ("df", "2019"), ("five", "5"))
    ] + [table(tmp_path / name, voices=20, system=["bonafide", "vits"] * 20) for name in ("x", "y")]
    clips, _ = read_corpora(files)
    names = {"bonafide", "la/A07", "df/A07", "five/A07", "vits"}
    assert set(clips["system"]) == names
    for policy in ("system", "system_voice"):
        split = split_clips(clips, policy, test=["df/A07"])
        fakes = split[split["label"] == 1]
        held = set(fakes.loc[fakes["split"] == "test", "system"])
        assert held == {"la/A07", "df/A07"} and not held & set(fakes.loc[fakes["split"] != "test", "system"])


def test_same_voices_joins_people_but_never_those_whom_nobody_knows(tmp_path: Path) -> None:
    files = [table(tmp_path / name, voices=2) for name in "ab"]
    for file in files:
        clips = read_clips(file)
        write_clips(clips.assign(voice=["v0", "clip:x", "v1", "v1"]), file)
    apart, _ = read_corpora(files)
    same, _ = read_corpora(files, same_voices=True)
    assert set(apart["voice"]) == {"a/v0", "b/v0", "a/v1", "b/v1", "clip:a/x", "clip:b/x"}
    assert set(same["voice"]) == {"v0", "v1", "clip:a/x", "clip:b/x"}


def test_who_is_not_seen_is_taken_for_who_is_heard(tmp_path: Path) -> None:
    files = [table(tmp_path / "a", voices=20, face="f"), table(tmp_path / "b", voices=20)]
    clips, _ = read_corpora(files)
    assert set(clips.loc[clips["corpus"] == "a", "face"]) == {"a/f"}
    unseen = clips[clips["corpus"] == "b"]
    assert (unseen["face"] == unseen["voice"]).all()
    strict = split_clips(clips, "strict")
    assert set(unseen["clip"]) <= set(strict["clip"]), "none is left out for a face that nobody saw"


def test_two_of_one_name_and_one_given_twice_are_refused(tmp_path: Path) -> None:
    one, other = table(tmp_path / "a", corpus="x"), table(tmp_path / "b", corpus="x")
    with pytest.raises(UserError, match="both of the corpus x"):
        read_corpora([one, other])
    (tmp_path / "link.csv").symlink_to(one)
    with pytest.raises(UserError, match="given twice"):
        read_corpora([one, tmp_path / "link.csv"])
    with pytest.raises(UserError, match="names no clip table"):
        read_corpora([])
    with pytest.raises(UserError, match=r"none\.csv is missing"):
        read_corpora([one, tmp_path / "none.csv"])


@pytest.mark.parametrize("named", [True, False])
def test_a_forged_fake_keeps_the_voice_of_its_source(tmp_path: Path, named: bool) -> None:
    """Taken for another person it would be learnt from on one side, and tested on another."""
    source = table(tmp_path / "source", voices=12, **({"corpus": "studio"} if named else {}))
    rng = np.random.default_rng(0)
    (source.parent / "wav").mkdir()
    for path in read_clips(source)["path"]:
        soundfile.write(source.parent / path, 0.1 * rng.standard_normal(8_000), 16_000)
    fakes, _ = forge_corpus(
        read_clips(source), source.parent, tmp_path / "fakes", ["lpc"], jobs=1, progress=False
    )
    write_clips(fakes.drop(columns="already_there"), tmp_path / "fakes" / "clips.csv")
    clips, root = read_corpora([source, tmp_path / "fakes" / "clips.csv"])
    assert all((root / path).is_file() for path in clips["path"])
    assert clips["voice"].nunique() == 12 and clips["corpus"].nunique() == 2
    split = split_clips(clips, "voice", fractions={"train": 0.5, "val": 0.25, "test": 0.25})
    assert not on_two_sides(split.assign(person=split["voice"].str.rsplit("/").str[-1]), ["person"])
    with pytest.raises(UserError, match="forbids a voice in corpora on two sides"):
        assign(clips, "corpus")


def test_an_audit_listens_to_joined_corpora_also_where_it_may_not_write(tmp_path: Path) -> None:
    """The track planted in two corpora, under two names and voices, is found on two sides."""
    files = [table(tmp_path / name, voices=4) for name in "ab"]
    rng = np.random.default_rng(0)
    for file in files:
        (file.parent / "wav").mkdir()
        for path in read_clips(file)["path"]:
            soundfile.write(file.parent / path, 0.1 * rng.standard_normal(16_000), 16_000)
    shared = tmp_path / "a" / "wav" / "v0_0.wav"
    (tmp_path / "b" / "wav" / "v1_0.wav").write_bytes(shared.read_bytes())
    clips, root = read_corpora(files)
    clips["split"] = clips["corpus"].map({"a": "train", "b": "test"})
    nowhere = tmp_path / "a" / "wav" / "v0_0.wav" / "survey.npz"
    told = find_leaks(clips, survey(clips, root, nowhere, jobs=1, progress=False), ["track"])
    assert told["leaks"]["track"]["found"] == 1 and not told["passed"]
    assert told["leaks"]["track"]["examples"][0]["clips"] == ["a/v0_0", "b/v1_0"]
