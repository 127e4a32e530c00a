"""Splits: what a policy promises holds, equal inputs give equal bytes, and whatever is read is checked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.clips import write_clips
from deepfake_audio.configs import resource_folder
from deepfake_audio.corpora.fakeavceleb import FakeAVCeleb
from deepfake_audio.errors import UserError
from deepfake_audio.splitting import (
    SPLITS,
    Split,
    apply_split,
    assign,
    check,
    describe_split,
    leakage,
    read_split,
    split_clips,
    split_fingerprint,
    write_split,
)

from ..warm import run

COMMITTED = "fakeavceleb_v1.2_voice_seed0.csv"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def real(bench: Path) -> pd.DataFrame:
    return FakeAVCeleb(metadata=bench / "fakeavceleb" / "meta_data.csv").index()


@pytest.fixture
def clips() -> pd.DataFrame:
    """30 people in 2 groups; each has 2 own files and lends its voice to the next two of its group."""
    rows = []
    for number in range(30):
        group = "men" if number < 15 else "women"
        for step, label in ((0, 0), (0, 1), (1, 0), (2, 1)):
            face = number // 15 * 15 + (number + step) % 15
            rows.append((f"c{len(rows):03d}", label, f"v{number:02d}", f"v{face:02d}", group))
    table = pd.DataFrame(rows, columns=["clip", "label", "voice", "face", "gender"])
    return table.assign(path=table["clip"] + ".wav")


def by_hand(clips: pd.DataFrame, side_of: Callable[[int], str]) -> Split:
    voices = sorted(set(clips["voice"]))
    return Split("voice", {voice: side_of(number) for number, voice in enumerate(voices)})


def thirds(number: int) -> str:
    return SPLITS[number % 3]


def written(folder: Path, *lines: str) -> Path:
    path = folder / "split.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# On the real metadata


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_voice_keeps_every_real_clip_shares_no_voice_and_is_alike_on_all_sides(
    real: pd.DataFrame, seed: int
) -> None:
    split = split_clips(real, "voice", seed)
    assert len(split) == 21_544
    sides = split.groupby("voice")["split"].nunique()
    assert len(sides) == 500 and sides.max() == 1
    share = split["split"].value_counts(normalize=True)
    assert abs(share["train"] - 0.7) < 0.005 and abs(share["val"] - 0.15) < 0.005
    assert (split.groupby("split")["label"].mean() - real["label"].mean()).abs().max() < 0.01
    voices = split.drop_duplicates("voice").groupby(["race", "gender", "split"]).size().unstack()
    assert voices.shape == (10, 3)
    assert voices["train"].between(34, 36).all() and voices[["val", "test"]].isin([6, 7, 8, 9]).all(axis=None)


def test_strict_shares_neither_and_keeps_about_two_thirds_of_the_real_clips(real: pd.DataFrame) -> None:
    split = split_clips(real, "strict")
    assert 14_000 < len(split) < 14_500
    people = {side: set(part["voice"]) | set(part["face"]) for side, part in split.groupby("split")}
    assert not people["train"] & people["val"]
    assert not people["train"] & people["test"]
    assert not people["val"] & people["test"]


@pytest.mark.parametrize("policy", ["source", "random"])
def test_source_and_random_leak_the_real_voices_and_say_so(
    real: pd.DataFrame, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    split = split_clips(real, policy)
    assert len(split) == 21_544
    leak = leakage(split)
    assert leak["test_voices_in_train"] > 0.99 and leak["test_clips_with_voice_in_train"] > 0.99
    assert leak["voices_in_two_splits"] > 490
    if policy == "source":
        assert leak["faces_in_two_splits"] == 0
    assert f"policy {policy} does not keep voices apart: 100.0% of the test voices" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["meta_data.csv", "meta_data_official_form.csv"])
def test_every_committed_split_is_made_again_to_the_byte_and_the_readme_tells_what_it_leaks(
    bench: Path, tmp_path: Path, form: str
) -> None:
    script = REPOSITORY / "scripts" / "remake_splits.py"
    command = [sys.executable, script, "--metadata", bench / "fakeavceleb" / form, "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    committed = {file.name: file.read_bytes() for file in resource_folder("splits").glob("fakeavceleb_*.csv")}
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == committed
    assert len(committed) == 12 and sum(map(len, committed.values())) < 200_000
    assert done.stdout in (resource_folder("splits") / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("column", ["race", "gender"])
def test_a_group_held_out_is_unseen_and_keeps_every_real_clip(real: pd.DataFrame, column: str) -> None:
    for value in sorted(set(real[column])):
        split = split_clips(real, "group", column=column, test=[value])
        assert len(split) == 21_544
        assert (split[column] == value).eq(split["split"] == "test").all()
        assert split.groupby("voice")["split"].nunique().max() == 1


def test_the_committed_split_is_found_by_its_name_and_holds_500_voices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (COMMITTED, f"splits/{COMMITTED}"):
        split = read_split(name)
        assert split.key == "voice" and len(split.sides) == 500 and split.about["policy"] == "voice"
    with pytest.raises(UserError, match="missing"):
        read_split(f"elsewhere/{COMMITTED}")


# Dealing out


@pytest.mark.parametrize("policy", ["voice", "strict", "source", "random"])
def test_the_order_of_rows_changes_nothing_and_the_file_is_the_same_to_the_byte(
    clips: pd.DataFrame, policy: str, tmp_path: Path
) -> None:
    write_split(assign(clips, policy, seed=4), tmp_path / "one.csv")
    shuffled = clips.sample(frac=1, random_state=1)
    write_split(assign(shuffled, policy, seed=4), tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    one, two = (split_clips(table, policy, seed=4) for table in (clips, shuffled))
    assert split_fingerprint(one) == split_fingerprint(two)
    other = split_clips(clips, policy, seed=5)
    assert split_fingerprint(one) != split_fingerprint(other)


def test_a_split_comes_back_from_its_file_as_it_went(clips: pd.DataFrame, tmp_path: Path) -> None:
    for policy in ("voice", "strict", "source", "random"):
        split = assign(clips, policy)
        write_split(split, tmp_path / "split.csv")
        assert read_split(tmp_path / "split.csv") == split
        read = split_clips(clips, policy, file=tmp_path / "split.csv")
        pd.testing.assert_frame_equal(read, split_clips(clips, policy))


def test_rare_profiles_are_spread_over_the_sides() -> None:
    """20 voices with many fakes among 100: dealt at random, val would have none or twice its due now and then."""
    rows = [
        (f"c{voice}.{number}", "x.wav", int(number > 0), f"v{voice:03d}")
        for voice in range(100)
        for number in range(11 if voice < 20 else 2)
    ]
    clips = pd.DataFrame(rows, columns=["clip", "path", "label", "voice"])
    for seed in range(10):
        split = split_clips(clips, seed=seed, fractions={"train": 0.6, "val": 0.2, "test": 0.2})
        rich = split[split["voice"] < "v020"].groupby("split")["voice"].nunique()
        assert rich.to_dict() == {"train": 12, "val": 4, "test": 4}


def test_every_voice_gets_to_every_side_under_some_seed(clips: pd.DataFrame) -> None:
    sides = pd.DataFrame([assign(clips, seed=seed).sides for seed in range(60)])
    assert (sides.nunique() == 3).all()
    assert np.abs((sides == "test").mean() - 0.15).max() < 0.25


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policy": "speaker"}, "policy=speaker is not known: give one of voice, strict, source, random"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": "two"}, "seed=two"),
        ({"fractions": {"train": 0.9, "val": 0.2, "test": 0.2}}, "sum to 1"),
        ({"fractions": {"train": 0.9, "val": 0.1, "test": 0.0}}, "above 0"),
        ({"fractions": {"train": 0.9, "test": 0.1}}, "one each for train, val, test"),
        ({"fractions": {"train": "most", "val": 0.1, "test": 0.1}}, "must be numbers"),
        ({"missing": "ignore"}, "missing=ignore"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    clips: pd.DataFrame, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        split_clips(clips, **changes)  # type: ignore[arg-type]


def test_a_class_that_a_side_lacks_is_named(clips: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="the split train has no fake clip"):
        split_clips(clips[clips["label"] == 0])
    with pytest.raises(UserError, match="the split val has no real clip"):
        split_clips(clips[clips["voice"] == "v00"])
    with pytest.raises(UserError, match="no column face"):
        split_clips(clips.drop(columns="face"), "strict")


# Reading what others wrote


def test_a_voice_on_two_sides_is_an_error_that_names_it_until_the_caller_says_random(
    clips: pd.DataFrame, tmp_path: Path
) -> None:
    sides = {clip: thirds(int(voice[1:])) for clip, voice in zip(clips["clip"], clips["voice"], strict=True)}
    moved = clips["clip"][clips["voice"] == "v07"].iloc[0]
    sides[moved] = SPLITS[(SPLITS.index(sides[moved]) + 1) % 3]
    file = written(tmp_path, "# policy: random", "clip,split", *(f"{c},{s}" for c, s in sides.items()))
    with pytest.raises(UserError, match=r"1 are: v07; .*policy=random"):
        split_clips(clips, file=file)
    assert len(split_clips(clips, "random", file=file)) == len(clips)


def test_the_policy_of_the_caller_rules_not_what_the_file_says_of_itself(
    clips: pd.DataFrame, tmp_path: Path
) -> None:
    write_split(assign(clips, "random"), tmp_path / "split.csv")
    with pytest.raises(UserError, match="forbids a voice in two splits"):
        split_clips(clips, "voice", file=tmp_path / "split.csv")
    write_split(assign(clips, "voice"), tmp_path / "split.csv")
    with pytest.raises(UserError, match="forbids a face in two splits"):
        split_clips(clips, "strict", file=tmp_path / "split.csv")


def test_strict_forbids_a_voice_that_is_a_face_on_another_side() -> None:
    rows = [(f"{s}{i}", i, f"{s}-voice", f"{s}-face", s) for s in SPLITS for i in (0, 1)]
    clips = pd.DataFrame(rows, columns=["clip", "label", "voice", "face", "split"])
    check(clips, "strict")
    crossed = clips.replace({"face": {"test-face": "train-voice"}})
    check(crossed, "voice")
    check(crossed, "source")
    with pytest.raises(UserError, match="train-voice"):
        check(crossed, "strict")


def test_a_split_that_does_not_fit_the_table_is_refused_by_name(
    clips: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    split = by_hand(clips, thirds)
    more = Split("voice", {**split.sides, "v99": "test"})
    with pytest.raises(UserError, match=r"not in the clip table: voice v99; with missing=warn"):
        apply_split(clips, more)
    assert len(apply_split(clips, more, missing="warn")) == len(clips)
    assert "voice v99" in capsys.readouterr().err
    fewer = Split("voice", {voice: side for voice, side in split.sides.items() if voice != "v03"})
    for missing in ("error", "warn"):
        with pytest.raises(UserError, match="does not say where these go: voice v03"):
            apply_split(clips, fewer, missing=missing)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["voice,split", "a,train", "a,test"], r"two splits at once: voice a \(line 3\)"),
        (
            ["# x: y", "", "voice,split", "a,train", "", "b,dev"],
            r"split\.csv, line 6: voice b is in 'dev', which is none of train, val, test, unused",
        ),
        (["voice,split", "a,"], "voice a is in ''"),
        (["voice,split", ",train"], "names no voice in some row"),
        (["voice,split"], "names no voice"),
        (["voice,part", "a,train"], "no column 'split'"),
        (["speaker,split", "a,train"], "exactly one column of voice, identity, source, clip"),
        (["clip,voice,split", "c,a,train"], "exactly one column"),
        (["voice,split", "a,train,x,y"], "cannot be read as a CSV table"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_split(written(tmp_path, *lines))


def test_the_same_row_twice_and_blanks_around_names_do_no_harm(tmp_path: Path) -> None:
    split = read_split(written(tmp_path, "# by: hand", "", "voice,split", "a , train", "a,train", "b,test"))
    assert split == Split("voice", {"a": "train", "b": "test"}, {"by": "hand"})


# What is told


def test_leakage_counts_what_can_be_counted_by_hand() -> None:
    rows = [
        ("a", 0, "v1", "f1", "train"),
        ("b", 1, "v2", "f2", "val"),
        ("c", 1, "v1", "f3", "test"),
        ("d", 1, "v1", "f3", "test"),
        ("e", 0, "v3", "f4", "test"),
        ("f", 0, "v2", "f4", "test"),
    ]
    clips = pd.DataFrame(rows, columns=["clip", "label", "voice", "face", "split"])
    assert leakage(clips) == {
        "voices_in_two_splits": 2,
        "test_clips_with_voice_in_train": 0.5,
        "test_voices_in_train": 1 / 3,
        "faces_in_two_splits": 0,
        "test_clips_with_face_in_train": 0.0,
        "test_faces_in_train": 0.0,
    }


def test_what_a_run_tells_of_its_split_is_plain_and_adds_up(clips: pd.DataFrame) -> None:
    import json

    split = split_clips(clips, "voice", 3)
    told = describe_split(split, {"policy": "voice", "seed": 3, "file": None, "missing": "error"})
    assert json.loads(json.dumps(told)) == told
    assert told["seed"] == 3 and told["fingerprint"] == split_fingerprint(split)
    assert sum(count["clips"] for count in told["counts"].values()) == len(clips)
    assert sum(count["voices"] for count in told["counts"].values()) == 30
    assert told["leakage"]["voices_in_two_splits"] == 0


# The command


def run_split(*overrides: str) -> subprocess.CompletedProcess[str]:
    return run("split", *overrides, cwd=Path.cwd())


def test_the_command_writes_the_same_file_twice_and_never_over_another(
    clips: pd.DataFrame, tmp_path: Path
) -> None:
    write_clips(clips, tmp_path / "clips.csv")
    out = tmp_path / "made" / "split.csv"
    given = [f"clips={tmp_path / 'clips.csv'}", f"out={out}"]
    first = run_split(*given)
    assert first.returncode == 0, first.stderr
    assert "train" in first.stdout and "30" not in first.stdout.splitlines()[0]
    content = out.read_bytes()
    assert run_split(*given).returncode == 0 and out.read_bytes() == content
    other = run_split(*given, "seed=1")
    assert other.returncode == 2 and "holds another split" in other.stderr and out.read_bytes() == content
    assert run_split(*given, "seed=1", "overwrite=true").returncode == 0 and out.read_bytes() != content
    leaky = run_split(given[0], f"out={tmp_path / 'random.csv'}", "policy=random")
    assert "also in train" in leaky.stdout
    missing = run_split(f"clips={tmp_path / 'none.csv'}", f"out={tmp_path / 'x.csv'}")
    assert missing.returncode == 2 and "none.csv is missing" in missing.stderr


def test_leakage_counts_synthesisers_of_fakes_and_tells_unknown_voices() -> None:
    clips = pd.DataFrame(
        [
            ("a", 0, "v1", "human", "train"), ("b", 1, "v1", "A01", "train"), ("c", 1, "v2", "unknown", "train"),
            ("d", 0, "clip:d", "human", "test"), ("e", 1, "v3", "A02", "test"), ("f", 1, "v3", "unknown", "test"),
        ],
        columns=["clip", "label", "voice", "system", "split"],
    )  # fmt: skip
    told = leakage(clips)
    assert told["test_fakes_with_system_in_train"] == 0.0 and told["systems_in_two_splits"] == 0
    assert told["test_clips_of_unknown_voice"] == pytest.approx(1 / 3)
