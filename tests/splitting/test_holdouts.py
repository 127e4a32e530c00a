"""Hold-outs, folds and a corpus' own sides: every clip is on one side or named as left out, and nothing is on two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from deepfake_audio.clips import write_clips
from deepfake_audio.errors import UserError
from deepfake_audio.splitting import (
    SPLITS,
    Split,
    apply_split,
    assign,
    describe_split,
    read_split,
    split_clips,
    write_split,
)

from ..e2e.conftest import command, refused

SYSTEMS = ["A01", "A02", "A03", "A04", "A05", "A06"]


def table(voices: int = 36, seed: int = 0, corpora: int = 4, unknown: float = 0.0) -> pd.DataFrame:
    """Per voice 2 real clips and 4 fakes by drawn synthesisers; voices are of one corpus, and of one channel or two."""
    rng = np.random.default_rng(seed)
    rows = []
    for voice in range(voices):
        for number in range(6):
            fake = int(number >= 2)
            system = str(rng.choice(SYSTEMS)) if fake else "human"
            channel = "abc"[(voice + (number == 5 and voice % 5 == 0)) % 3]
            rows.append((f"c{len(rows):03d}", fake, f"v{voice:02d}", system, f"k{voice % corpora}", channel))
    clips = pd.DataFrame(rows, columns=["clip", "label", "voice", "system", "corpus", "channel"])
    lost = rng.random(len(clips)) < unknown
    clips.loc[lost & (clips["label"] == 1), "system"] = ""
    clips.loc[lost, "channel"] = ""
    return clips.assign(path=clips["clip"] + ".wav")


def sides(clips: pd.DataFrame) -> dict[str, str]:
    return dict(zip(clips["clip"], clips["split"], strict=True))


def kinds(split: pd.DataFrame, side: str, column: str) -> set[str]:
    part = split[split["split"] == side]
    return set((part[part["label"] == 1] if column == "system" else part)[column])


PLANS = [
    {"policy": "system"},
    {"policy": "system_voice"},
    {"policy": "corpus"},
    {"policy": "group", "column": "channel"},
]
COLUMN = {"system": "system", "system_voice": "system", "corpus": "corpus"}
KEEPS_VOICES = ("voice", "system_voice", "corpus", "group")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    plan=st.sampled_from(PLANS),
    seed=st.integers(0, 50),
    drawn=st.integers(0, 1000),
    unknown=st.sampled_from([0.0, 0.1]),
    folds=st.sampled_from([None, 3]),
)
def test_what_is_tested_is_of_no_kind_that_was_learnt_from_whatever_the_table(
    plan: dict[str, str], seed: int, drawn: int, unknown: float, folds: int | None
) -> None:
    clips = table(seed=drawn, unknown=unknown)
    try:
        split = split_clips(clips, seed=seed, folds=folds, **plan)  # type: ignore[arg-type]
    except UserError as error:
        # With so few clips a side may come out without a class, and that is refused.
        assume("has no" not in str(error))
        raise
    column = plan.get("column") or COLUMN[plan["policy"]]
    known = kinds(split, "train", column) | kinds(split, "val", column)
    assert kinds(split, "test", column) and not kinds(split, "test", column) & known
    assert "" not in kinds(split, "test", column) | known
    if folds is not None:
        assert not kinds(split, "train", column) & kinds(split, "val", column)
    if plan["policy"] in KEEPS_VOICES:
        assert split.groupby("voice")["split"].nunique().max() == 1
    # Nothing comes twice or from nowhere; whoever is left out is told by the file.
    assert split["clip"].is_unique and set(split["clip"]) <= set(clips["clip"])
    told = assign(clips, seed=seed, folds=folds, **plan)  # type: ignore[arg-type]
    left_out = int(told.about["left out"].split()[0])
    assert len(split) + left_out == len(clips)
    assert set(clips[told.key]) == set(told.sides)
    shuffled = clips.sample(frac=1, random_state=drawn)
    assert assign(shuffled, seed=seed, folds=folds, **plan) == told  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["voice", "random", "source", "strict"])
@pytest.mark.parametrize("folds", [3, 5, 7])
def test_over_the_folds_everything_dealt_is_in_test_once_and_in_val_once(policy: str, folds: int) -> None:
    clips = table()
    clips["face"] = clips["voice"]
    per_fold = [assign(clips, policy, seed=2, folds=folds, fold=fold).sides for fold in range(folds)]
    table_of_sides = pd.DataFrame(per_fold)
    for side in ("test", "val"):
        assert ((table_of_sides == side).sum() == 1).all()
    assert ((table_of_sides == "train").sum() == folds - 2).all()
    sizes = (table_of_sides == "test").sum(axis=1)
    assert sizes.max() - sizes.min() <= max(2, 0.2 * sizes.mean())
    # The val part of a fold is the test part of the next one.
    for fold, following in enumerate([*per_fold[1:], per_fold[0]]):
        val = {name for name, side in per_fold[fold].items() if side == "val"}
        assert val == {name for name, side in following.items() if side == "test"}


@pytest.mark.parametrize("plan", [{"policy": "corpus"}, {"policy": "group", "column": "channel"}])
def test_over_the_folds_of_a_hold_out_every_clip_is_in_test_once(plan: dict[str, str]) -> None:
    clips = table(corpora=3)
    tested = [
        clip
        for fold in range(3)
        for clip, side in sides(split_clips(clips, folds=3, fold=fold, **plan)).items()  # type: ignore[arg-type]
        if side == "test"
    ]
    assert sorted(tested) == sorted(clips["clip"])


def test_system_holds_fakes_out_uses_every_clip_and_says_that_voices_leak(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clips = table()
    split = split_clips(clips, "system", test=["A01", "A02"])
    assert len(split) == len(clips)
    fakes = split[split["label"] == 1]
    assert fakes["system"].isin(["A01", "A02"]).eq(fakes["split"] == "test").all()
    real = split[split["label"] == 0]
    assert real.groupby("voice")["split"].nunique().max() == 1
    assert real["split"].value_counts(normalize=True)["train"] == pytest.approx(0.7, abs=0.05)
    assert "policy system does not keep voices apart" in capsys.readouterr().err


def test_system_and_voice_at_once_leaves_out_exactly_what_would_join_sides() -> None:
    clips = table()
    held = ["A05", "A06"]
    split = split_clips(clips, "system_voice", seed=1, test=held)
    voices = dict(zip(split["voice"], split["split"], strict=True))
    for clip in clips.itertuples():
        unseen = clip.system in held
        if clip.label == 1 and unseen != (voices[clip.voice] == "test"):
            assert clip.clip not in sides(split)
        else:
            assert sides(split)[clip.clip] == voices[clip.voice]


def test_one_synthesiser_under_two_names_is_held_out_as_one_and_who_says_nothing_is_left_out() -> None:
    """A01 and A02 are one, and A03 of one corpus is not that of the other; `unknown` may be any of them."""
    clips = table(voices=60)
    real = clips["label"] == 0
    who = clips["system"].replace("A02", "A01")
    who = who.where((who != "A03") | (clips["corpus"] != "k0"), "other A03")
    clips["synthesiser"] = who.mask(real | (who == "A06"), "")
    fakes = clips.index[~real]
    clips.loc[fakes[::7], ["system", "synthesiser"]] = ["Unknown", ""]
    for policy in ("system", "system_voice"):
        split = split_clips(clips, policy, test=["A01"])
        assert kinds(split, "test", "system") == {"A01", "A02"}
        assert kinds(split, "train", "system") == {"A03", "A04", "A05", "A06"}
        assert kinds(split, "test", "synthesiser") == {"", "A01"}, "blank are the real ones"
        both = split_clips(clips, policy, test=["A03"])
        assert kinds(both, "test", "system") == {"A03"} and "A03" not in kinds(both, "train", "system")
        for seed in range(5):
            split = split_clips(clips, policy, seed=seed, folds=3)
            assert not kinds(split, "test", "synthesiser") & kinds(split, "train", "synthesiser") - {""}
        with pytest.raises(UserError, match="both in test and in val: system A01"):
            split_clips(clips, policy, test=["A01"], val=["A02"])
        with pytest.raises(UserError, match="no clip has the system Unknown; there are A01"):
            split_clips(clips, policy, test=["Unknown"])
        with pytest.raises(UserError, match=r"35 fakes don't say what made them: c\d+, .*say policy=voice"):
            apply_split(clips, assign(clips, "random"), "system")
        known = clips[clips["system"] != "Unknown"]
        made = known["system"].map({"A01": "test", "A02": "train"}).fillna("unused")
        hand = Split("clip", dict(zip(known["clip"], made.where(known["label"] == 1, "test"), strict=True)))
        with pytest.raises(UserError, match="1 are there too: system A01"):
            apply_split(known, hand, "system")
    with pytest.raises(UserError, match="no clip says its system"):
        split_clips(clips.assign(system="unknown", synthesiser=""), "system")


def test_validation_has_unseen_synthesisers_too_if_asked() -> None:
    clips = table(voices=60)
    for policy in ("system", "system_voice"):
        split = split_clips(clips, policy, test=["A01"], val=["A02", "A03"])
        assert kinds(split, "test", "system") == {"A01"}
        assert kinds(split, "val", "system") == {"A02", "A03"}
        assert kinds(split, "train", "system") == {"A04", "A05", "A06"}
    split = split_clips(clips, "group", column="channel", test=["a"], val=["b"])
    assert [kinds(split, side, "channel") for side in SPLITS] == [{"c"}, {"b"}, {"a"}]


def test_a_voice_in_a_corpus_held_out_and_in_another_is_an_error_and_a_group_leaves_its_clips_out() -> None:
    clips = table()
    clips.loc[clips["clip"] == "c003", "corpus"] = "k3"
    assert clips.loc[clips["clip"] == "c003", "voice"].item() == "v00"
    with pytest.raises(UserError, match=r"1 are: v00; .*policy=group column=corpus"):
        assign(clips, "corpus", test=["k3"])
    split = split_clips(clips, "group", column="corpus", test=["k3"])
    assert set(clips["clip"]) - set(split["clip"]) == {"c000", "c001", "c002", "c004", "c005"}


def test_the_file_names_voices_where_it_can_and_comes_back_as_it_went(tmp_path: Path) -> None:
    clips = table()
    for plan, key in zip(PLANS, ["clip", "clip", "voice", "clip"], strict=True):
        split = assign(clips, **plan)  # type: ignore[arg-type]
        assert split.key == key
        write_split(split, tmp_path / "split.csv")
        assert read_split(tmp_path / "split.csv") == split
        read = split_clips(clips, plan["policy"], file=tmp_path / "split.csv", column=plan.get("column"))
        assert sides(read) == sides(split_clips(clips, **plan))  # type: ignore[arg-type]
        assert len(read) == sum(side != "unused" for side in split_by_clip(clips, split))


def split_by_clip(clips: pd.DataFrame, split: Split) -> list[str]:
    return [split.sides[name] for name in clips[split.key]]


@pytest.mark.parametrize("policy", ["system", "system_voice", "corpus", "group"])
def test_a_file_that_breaks_what_the_caller_holds_out_is_refused(policy: str) -> None:
    clips = table()
    column = "channel" if policy == "group" else None
    split = assign(clips, "voice")
    with pytest.raises(UserError, match=f"policy {policy} keeps what is in test out of train and val"):
        apply_split(clips, split, policy, column=column)
    by_clip = sides(split_clips(clips, "random"))
    if policy in KEEPS_VOICES:
        with pytest.raises(UserError, match="forbids a voice in two splits"):
            apply_split(clips, Split("clip", by_clip), policy, column=column)


def test_own_takes_the_corpus_own_sides_and_checks_them() -> None:
    clips = table()
    part = clips["voice"].str[1:].astype(int).map(lambda number: SPLITS[number % 3])
    clips["own_split"] = part.where(clips["voice"] != "v35", "")
    split = split_clips(clips, "own")
    assert set(clips["clip"]) - set(split["clip"]) == set(clips.loc[clips["voice"] == "v35", "clip"])
    assert (split["split"] == split["own_split"]).all()
    assert assign(clips, "own").key == "voice"
    with pytest.raises(UserError, match="forbids a voice in two splits, but 1 are: v00"):
        split_clips(clips.assign(own_split=part.where(clips["clip"] != "c000", "val")), "own")
    with pytest.raises(UserError, match="own_split is 'eval', none of train, val, test"):
        split_clips(clips.assign(own_split=part.replace("test", "eval")), "own")
    with pytest.raises(UserError, match="no column own_split"):
        split_clips(clips.drop(columns="own_split"), "own")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policy": "system", "test": ["A99"]}, "no clip has the system A99; there are A01, A02"),
        ({"policy": "system", "test": "A01", "val": ["A01"]}, "both in test and in val: system A01"),
        ({"policy": "system", "test": SYSTEMS}, "nothing is left to learn from"),
        ({"policy": "system", "test": []}, "holds nothing out"),
        ({"policy": "system", "test": ["human"]}, "no clip has the system human"),
        ({"policy": "voice", "test": ["v00"]}, "policy=voice holds nothing out"),
        ({"policy": "group"}, "say which with column=NAME"),
        ({"policy": "group", "column": "race"}, "no column race"),
        ({"policy": "group", "column": "system"}, "say policy=system_voice or policy=system"),
        ({"policy": "group", "column": "label"}, "the label is what is to be learnt"),
        ({"policy": "voice", "column": "race"}, "goes with policy=group"),
        ({"policy": "corpus", "folds": 5}, "there are only 4 of corpus"),
        ({"policy": "system", "folds": 3, "test": ["A01"]}, "leave test and val away"),
        ({"folds": 2}, "folds=2: give 3 or more"),
        ({"folds": 100}, "only 36 of voice"),
        ({"folds": 5, "fold": 5}, "fold=5: give 0 to 4"),
        ({"folds": 5, "fold": -1}, "fold=-1"),
        ({"folds": "many"}, "folds=many"),
        ({"fold": 2}, "fold=2 of how many"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        split_clips(table(), **changes)  # type: ignore[arg-type]


def test_one_kind_alone_cannot_be_held_out() -> None:
    clips = table().assign(corpus="only")
    with pytest.raises(UserError, match=r"there is only one corpus \(only\)"):
        split_clips(clips, "corpus")


def test_a_hold_out_that_takes_every_voice_is_refused_in_words() -> None:
    """Each voice has clips by both sources, as where each speech is turned into every voice."""
    clips = table().assign(source=["ab"[number % 2] for number in range(36 * 6)])
    with pytest.raises(
        UserError, match="every voice has a clip in test, whatever its source: nothing is left"
    ):
        split_clips(clips, "group", column="source", test=["a"])


def test_a_run_tells_what_was_held_out() -> None:
    clips = table(voices=60)
    given = {"policy": "system_voice", "seed": 0, "test": ["A01", "A02"], "file": None}
    told = describe_split(split_clips(clips, **given), given)  # type: ignore[arg-type]
    assert told["held_out"] == {"column": "system", "test": ["A01", "A02"]}
    folded = {"policy": "voice", "seed": 0, "folds": 5, "fold": 2, "file": None}
    assert describe_split(split_clips(clips, **folded), folded)["fold"] == "2 of 5"  # type: ignore[arg-type]


# The command


def test_a_split_is_made_again_by_the_command_in_its_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    clips = table()
    clips["channel"] = clips["channel"].map({"a": "it's (one)", "b": 'a "b", c', "c": "c"})
    write_clips(clips, tmp_path / "clips.csv")
    split = assign(clips, "group", seed=3, column="channel", test=["it's (one)"], val=['a "b", c'])
    write_split(split, tmp_path / "first.csv")
    words = shlex.split(split.about["made by"].replace("out=FILE", "out=again.csv"))
    assert words[:2] == ["python", "-m"]
    command(words[2].split(".")[1], *words[3:], cwd=tmp_path)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["train", "split=file"],
            "add split.file=splits/NAME.csv, as `python -m deepfake_audio.split` writes it",
        ),
        (["audit", "split=file"], "add split.file=splits/NAME.csv"),
        (["train", "split=group"], "say which with column=NAME"),
        (["split", "out=x.csv", "policy=group"], "say which with column=NAME"),
        (["split", "out=x.csv", "clips=[clips.csv,./clips.csv]"], "the same clip table is given twice"),
    ],
    ids=str,
)
def test_what_a_command_lacks_is_said_in_words(arguments: list[str], expected: str, tmp_path: Path) -> None:
    write_clips(table(), tmp_path / "clips.csv")
    given = [] if any(argument.startswith("clips=") for argument in arguments) else ["clips=clips.csv"]
    assert expected in refused(*arguments, *given, cwd=tmp_path)
