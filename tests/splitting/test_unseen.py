"""Validation on unseen synthesisers: whatever the split, train has none of them and validation no others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.clips import write_clips
from deepfake_audio.errors import UserError
from deepfake_audio.splitting import (
    SPLITS,
    apply_split,
    assign,
    describe_split,
    read_split,
    split_clips,
    write_split,
)

from ..e2e.conftest import command, refused
from .test_holdouts import kinds, sides, table

UNSEEN = ["A05", "A06"]


def with_sides(clips: pd.DataFrame) -> pd.DataFrame:
    part = clips["voice"].str[1:].astype(int).map(lambda number: SPLITS[number % 3])
    return clips.assign(own_split=part, face=clips["voice"])


@pytest.mark.parametrize(
    "plan",
    [
        {"policy": "voice"}, {"policy": "strict"}, {"policy": "source"}, {"policy": "random"}, {"policy": "own"},
        {"policy": "corpus", "test": ["k3"]}, {"policy": "system", "test": ["A01"]},
        {"policy": "system_voice", "test": ["A01"]}, {"policy": "group", "column": "channel"},
        {"policy": "voice", "folds": 3, "fold": 1},
    ],
    ids=str,
)  # fmt: skip
def test_only_fakes_of_train_and_val_go_and_exactly_those_that_must(plan: dict[str, object]) -> None:
    clips = with_sides(table(voices=60))
    before = sides(split_clips(clips, seed=3, **plan))  # type: ignore[arg-type]
    split = split_clips(clips, seed=3, unseen=UNSEEN, **plan)  # type: ignore[arg-type]
    assert kinds(split, "val", "system") == set(UNSEEN)
    assert not kinds(split, "train", "system") & set(UNSEEN)
    after = sides(split)
    for clip in clips.itertuples():
        side = before.get(clip.clip)
        held = clip.system in UNSEEN
        goes = clip.label == 1 and ((side == "train" and held) or (side == "val" and not held))
        assert after.get(clip.clip) == (None if goes else side)


def test_the_bench_by_hand(bench: Path) -> None:
    clips = pd.read_csv(bench / "speech" / "clips.csv").rename(columns={"split": "own_split"})
    clips["label"] = (clips["label"] == "fake").astype(int)
    given = {"policy": "own", "unseen": ["hifigan_onnx", "kokoro"]}
    split = split_clips(clips, **given)  # type: ignore[arg-type]
    told = describe_split(split, given, of=len(clips))
    # 686 fakes of train less 162 by the HiFi-GAN and 96 by Kokoro; of validation's 129 those by these two.
    assert told["counts"]["train"] == {"clips": 910, "voices": 227, "real": 482, "fake": 428}
    assert told["counts"]["val"] == {"clips": 138, "voices": 57, "real": 87, "fake": 51}
    assert told["counts"]["test"] == {"clips": 574, "voices": 91, "real": 289, "fake": 285}
    assert told["unseen"] == {"hifigan_onnx": 27, "kokoro": 24}
    assert told["left_out"] == 162 + 96 + 129 - 51
    assert told["leakage"]["voices_in_two_splits"] == 0


def test_the_seed_chooses_as_many_as_asked_of_those_that_validation_has() -> None:
    clips = table(voices=60)
    chosen = []
    for seed in range(12):
        split = split_clips(clips, seed=seed, unseen=2)
        chosen.append(frozenset(kinds(split, "val", "system")))
        assert len(chosen[-1]) == 2 and not chosen[-1] & kinds(split, "train", "system")
        assert sides(split) == sides(split_clips(clips, seed=seed, unseen=sorted(chosen[-1])))
    assert len(set(chosen)) > 4


def test_a_synthesiser_of_two_names_goes_as_one_and_who_says_nothing_is_in_neither() -> None:
    clips = table(voices=60)
    fakes = clips.index[clips["label"] == 1]
    clips["synthesiser"] = clips["system"].replace("A02", "A01").where(clips["label"] == 1, "")
    clips.loc[fakes[::9], ["system", "synthesiser"]] = ["unknown", ""]
    split = split_clips(clips, unseen=["A02"])
    assert kinds(split, "val", "system") == {"A01", "A02"}
    assert kinds(split, "train", "system") == {"A03", "A04", "A05", "A06"}
    assert "unknown" in kinds(split, "test", "system")


def test_the_file_keeps_the_promise_and_is_held_to_it(tmp_path: Path) -> None:
    clips = table(voices=60)
    split = assign(clips, unseen=UNSEEN)
    assert split.key == "clip" and split.about["unseen"] == '["A05", "A06"]'
    file = tmp_path / "split.csv"
    write_split(split, file)
    assert read_split(file) == split
    read = split_clips(clips, file=file)
    assert sides(read) == sides(split_clips(clips, unseen=UNSEEN))
    assert set(describe_split(read, {"policy": "voice", "file": str(file)})["unseen"]) == set(UNSEEN)
    other = clips.assign(system=clips["system"].replace("A04", "A05"))
    with pytest.raises(UserError, match=r"fakes by A05, A06 are for validation .* not where they belong"):
        apply_split(other, read_split(file))
    with pytest.raises(UserError, match="no column system"):
        apply_split(clips.drop(columns="system"), read_split(file))
    file.write_text(file.read_text().replace('["A05", "A06"]', "A05"), encoding="utf-8")
    with pytest.raises(UserError, match='"unseen: A05", which is no list'):
        split_clips(clips, file=file)


def test_on_top_of_a_file_it_is_as_if_dealt_so(tmp_path: Path) -> None:
    clips = table(voices=60)
    write_split(assign(clips, "voice", seed=4), tmp_path / "voice.csv")
    both = (
        split_clips(clips, unseen=UNSEEN, **how) for how in ({"file": tmp_path / "voice.csv"}, {"seed": 4})
    )  # type: ignore[arg-type]
    one, other = (sides(split) for split in both)
    assert one == other


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unseen": ["A99"]}, "no clip has the system A99; there are A01, A02"),
        ({"unseen": "human"}, "no clip has the system human"),
        ({"unseen": ["A01", "A02", "A03", "A04", "A05", "A06"]}, "leaves train without a fake: there it has .* A01"),
        ({"unseen": []}, r"unseen=\[\] holds nothing out"),
        ({"unseen": 0}, "unseen=0: give names of systems, or how many of validation's 6"),
        ({"unseen": True}, "unseen=True"),
        ({"unseen": 6}, "leaves train without a fake"),
        ({"unseen": 7}, "unseen=7"),
        ({"unseen": ["A01"], "policy": "system", "test": ["A01"]}, "leaves val without a fake: there it has .* A02"),
        ({"unseen": ["A02"], "policy": "system", "test": ["A01"], "val": ["A03"]}, "leave one away"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_is_known(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        split_clips(table(voices=60), **changes)  # type: ignore[arg-type]


def test_what_only_train_has_leaves_it_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    clips = with_sides(table(voices=60))
    of_train = (clips["own_split"] == "train") & (clips["system"] == "A01")
    clips = clips[of_train | (clips["system"] != "A01")].reset_index(drop=True)
    split = split_clips(clips, "own", unseen=["A01", "A06"])
    assert kinds(split, "val", "system") == {"A06"} and "A01" not in kinds(split, "train", "system")
    assert "validation has no fake by the unseen A01" in capsys.readouterr().err
    with pytest.raises(UserError, match="no column system"):
        split_clips(clips.drop(columns="system"), "voice", unseen=["A01"])


# The command


def test_the_command_in_the_head_makes_it_again(tmp_path: Path) -> None:
    import shlex

    clips = table(voices=60)
    clips["system"] = clips["system"].replace({"A05": "it's, odd", "A06": "7"})
    write_clips(clips, tmp_path / "clips.csv")
    for unseen in (["it's, odd", "7"], 2):
        split = assign(clips, "voice", seed=3, unseen=unseen)
        write_split(split, tmp_path / "first.csv")
        words = shlex.split(split.about["made by"].replace("out=FILE", "out=again.csv overwrite=true"))
        command(words[2].split(".")[1], *words[3:], cwd=tmp_path)
        assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()
    told = refused("split", "clips=clips.csv", "out=x.csv", "file=first.csv", "unseen=1", cwd=tmp_path)
    assert "unseen goes with a policy here" in told
