"""Who is learnt from, who tunes, who judges: splits as small CSV files, checked each time they are applied.

Policies, by what may not stand on two sides:
    voice: no voice (the default: a detector must do well on people it has not heard);
    strict: no voice and no face, in either role; clips that would join two sides are left out;
    source: no face, which leaks voices wherever a file borrows its voice; to compare with work that split so;
    random: nothing; to see how much a leak flatters.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .clips import GROUP_COLUMNS, read_table
from .configs import resource_folder
from .errors import UserError, named
from .files import write_text
from .labels import LABEL_NAMES

SPLITS = ("train", "val", "test")
FRACTIONS: Mapping[str, float] = {"train": 0.7, "val": 0.15, "test": 0.15}
# What a split file names, by policy, and the columns of the clip table in which those names stand.
KEY_OF_POLICY = {"voice": "voice", "strict": "identity", "source": "source", "random": "clip"}
COLUMNS_OF_KEY = {"voice": ["voice"], "identity": ["voice", "face"], "source": ["face"], "clip": ["clip"]}
LEAKY = ("source", "random")
# Neighbours of similar make-up that change places by the seed; about two whole rounds of 70/15/15.
BLOCK = 14


@dataclass(frozen=True)
class Split:
    """Which side each `key` (voice, identity, source or clip) is on, and what its file says about itself."""

    key: str
    sides: dict[str, str]
    about: dict[str, str] = field(default_factory=dict)


def assign(
    clips: pd.DataFrame, policy: str = "voice", seed: int = 0, fractions: Mapping[str, float] = FRACTIONS
) -> Split:
    """Deal the clips' voices (identities, sources, clips) out, alike in group and in share of fakes.

    Depends on what the table says and the seed alone: not on the order of rows, nor on any library's generator.
    """
    _check_policy(policy)
    fractions = _checked_fractions(fractions)
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed={seed}: give 0 or a positive whole number")
    key = KEY_OF_POLICY[policy]
    units = _units(clips, key)
    units["draw"] = [_draw(seed, name) for name in units.index]
    units["share"] = units["fake"] / (units["fake"] + units["real"]).clip(lower=1)
    alike = units.sort_values(["group", "share", "fake", "draw"])
    alike["block"] = alike.groupby("group").cumcount() // BLOCK
    dealt = alike.sort_values(["group", "block", "draw"])
    sides = dict(zip(dealt.index, _deal(dealt, fractions), strict=True))
    split = Split(key, dict(sorted(sides.items())))
    return replace(split, about=_about(clips, split, policy, seed, fractions))


def apply_split(
    clips: pd.DataFrame, split: Split, policy: str = "voice", missing: str = "error"
) -> pd.DataFrame:
    """`clips` with a column `split`, or an error: what the caller's `policy` forbids is checked, whoever made it.

    Clips whose voice and face are on two sides (files that name identities) are left out.

    Args:
        missing: what to do if the split names what isn't in the table: `error` or `warn`.
    """
    _check_policy(policy)
    if missing not in ("error", "warn"):
        raise UserError(f"missing={missing} is not known: give error or warn")
    columns = _key_columns(clips, split.key)
    here = set(pd.unique(clips[columns].to_numpy().ravel()))
    unnamed = sorted(here - set(split.sides))
    if unnamed:
        raise UserError(
            f"the split does not say where these go: {split.key} {named(unnamed)}; add them to it or make a new one"
        )
    unknown = sorted(set(split.sides) - here)
    if unknown:
        told = f"the split names what is not in the clip table: {split.key} {named(unknown)}"
        if missing == "error":
            raise UserError(f"{told}; with missing=warn it goes on without")
        print(f"warning: {told}", file=sys.stderr)
    sides = clips[columns].apply(lambda names: names.map(split.sides))
    together = sides.eq(sides[columns[0]], axis=0).all(axis=1)
    applied = clips[together].assign(split=sides.loc[together, columns[0]]).reset_index(drop=True)
    check(applied, policy)
    return applied


def check(clips: pd.DataFrame, policy: str = "voice") -> None:
    """Raise if `clips` (with `split`) break the policy, or if a side lacks a class."""
    _check_policy(policy)
    if policy in ("voice", "strict"):
        shared = _on_two_sides(clips, ["voice"])
        if shared:
            raise UserError(
                f"policy {policy} forbids a voice in two splits, but {len(shared)} are: {named(shared)}; mend the "
                "split, or say policy=random to go on with the leak"
            )
    if policy in ("strict", "source"):
        columns = ["face"] if policy == "source" else ["voice", "face"]
        shared = _on_two_sides(clips, columns)
        if shared:
            raise UserError(
                f"policy {policy} forbids a face in two splits, but {len(shared)} are (as a face or a voice): "
                f"{named(shared)}; mend the split, or say policy=voice or policy=random"
            )
    for side in SPLITS:
        labels = set(clips.loc[clips["split"] == side, "label"])
        for label, name in LABEL_NAMES.items():
            if label not in labels:
                raise UserError(
                    f"the split {side} has no {name} clip, so nothing can be learnt or measured there: "
                    "other fractions or another seed may help, or more voices"
                )


def split_clips(
    clips: pd.DataFrame,
    policy: str = "voice",
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    file: str | Path | None = None,
    missing: str = "error",
) -> pd.DataFrame:
    """`clips` with a column `split`: as `file` says, or dealt out anew if there is none. Tells what it leaks."""
    split = read_split(file) if file else assign(clips, policy, seed, fractions or FRACTIONS)
    applied = apply_split(clips, split, policy, missing)
    if policy in LEAKY:
        print(f"warning: {leak_in_words(applied, policy)}", file=sys.stderr)
    return applied


def write_split(split: Split, path: str | Path) -> None:
    """A CSV with what the split knows of itself on top; equal splits give equal bytes."""
    lines = [f"# {key}: {value}" for key, value in split.about.items()]
    rows = pd.DataFrame(sorted(split.sides.items()), columns=[split.key, "split"])
    write_text(Path(path), "\n".join([*lines, rows.to_csv(index=False, lineterminator="\n")]))


def read_split(path: str | Path) -> Split:
    """A split as this library or a person wrote it: a column that names what is split, and a column `split`."""
    path = _committed(Path(path))
    table = read_table(path, ("split",))
    keys = [key for key in COLUMNS_OF_KEY if key in table.columns]
    if len(keys) != 1:
        raise UserError(
            f"{path} must have exactly one column of {', '.join(COLUMNS_OF_KEY)} beside 'split'; it has "
            + ", ".join(table.columns)
        )
    key = keys[0]
    pairs = table[[key, "split"]].apply(lambda cells: cells.str.strip())
    unknown = pairs[~pairs["split"].isin(SPLITS)]
    if len(unknown):
        raise UserError(
            f"{path}: {key} {named(list(unknown[key]))} is in {unknown['split'].iloc[0]!r}, which is none of "
            + ", ".join(SPLITS)
        )
    sides = pairs.drop_duplicates()
    twice = sides.loc[sides[key].duplicated(), key]
    if len(twice):
        raise UserError(f"{path} puts into two splits at once: {key} {named(sorted(twice))}")
    if (sides[key] == "").any() or sides.empty:
        raise UserError(f"{path} names no {key}" + (" in some row" if len(sides) else ""))
    return Split(key, dict(zip(sides[key], sides["split"], strict=True)), _read_about(path))


def leakage(clips: pd.DataFrame) -> dict[str, Any]:
    """What `clips` (with `split`) have on both sides of train and test, and in any two splits.

    `test_clips_with_voice_in_train` and its like are shares.
    """
    train, test = (clips[clips["split"] == side] for side in ("train", "test"))
    found: dict[str, Any] = {}
    for column in ("voice", "face", "system"):
        if column not in clips:
            continue
        known = set(train[column])
        found[f"{column}s_in_two_splits"] = len(_on_two_sides(clips, [column]))
        found[f"test_clips_with_{column}_in_train"] = float(test[column].isin(known).mean())
        found[f"test_{column}s_in_train"] = float(pd.Series(test[column].unique()).isin(known).mean())
    return found


def leak_in_words(clips: pd.DataFrame, policy: str) -> str:
    """One line for a person: what a figure on this split's test part would be worth."""
    leak = leakage(clips)
    return (
        f"policy {policy} does not keep voices apart: {leak['test_voices_in_train']:.1%} of the test voices, in "
        f"{leak['test_clips_with_voice_in_train']:.1%} of the test clips, are also in train"
    )


def split_fingerprint(clips: pd.DataFrame) -> str:
    """Of which clip is on which side (sha256): equal for equal splits, however they were made or ordered."""
    pairs = sorted(zip(clips["clip"], clips["split"], strict=True))
    return hashlib.sha256("".join(f"{clip}\t{side}\n" for clip, side in pairs).encode()).hexdigest()


def describe_split(clips: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a run tells about its split, as plain values: settings, fingerprint, counts, leakage."""
    return {
        "policy": settings["policy"],
        "seed": None if settings.get("file") else settings.get("seed"),
        "file": settings.get("file"),
        "fingerprint": split_fingerprint(clips),
        "counts": counts(clips),
        "leakage": leakage(clips),
    }


def counts(clips: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Clips, voices, reals and fakes of each side."""
    told = {}
    for side in SPLITS:
        part = clips[clips["split"] == side]
        fakes = int(part["label"].sum())
        voices = int(part["voice"].nunique())
        told[side] = {"clips": len(part), "voices": voices, "real": len(part) - fakes, "fake": fakes}
    return told


def _units(clips: pd.DataFrame, key: str) -> pd.DataFrame:
    """What is dealt out, by name: its group, and how many real and fake clips it is heard in (or stands for)."""
    columns = _key_columns(clips, key)
    group = pd.Series("", index=clips.index)
    for column in GROUP_COLUMNS:
        if column in clips:
            group = group + "|" + clips[column].astype(str)
    profile = pd.DataFrame(
        {"name": clips[columns[0]], "group": group, "real": clips["label"] == 0, "fake": clips["label"] == 1}
    )
    # Of a face that is never heard there is nothing to count, but it has to go somewhere too.
    unheard = [
        pd.DataFrame({"name": clips[column], "group": group, "real": False, "fake": False})
        for column in columns[1:]
    ]
    whole = pd.concat([profile, *unheard])
    return whole.groupby("name").agg({"group": "min", "real": "sum", "fake": "sum"})


def _deal(units: pd.DataFrame, fractions: Mapping[str, float]) -> list[str]:
    """One after the other to the side that most lacks what this one has: units, of its group, reals, fakes."""
    counted = units[["real", "fake"]].to_numpy(dtype=float)
    counted /= np.maximum(counted.mean(axis=0), 1e-9)
    of_group = pd.get_dummies(units["group"]).to_numpy(dtype=float)
    measures = np.column_stack([np.ones(len(units)), counted, of_group])
    due = np.array([fractions[side] for side in SPLITS])[:, None] * measures.cumsum(axis=0)[:, None, :]
    held = np.zeros(due.shape[1:])
    dealt = []
    for unit, owed in zip(measures, due, strict=True):
        # Rounded, so that no last bit of a sum decides; the first side wins a tie.
        taker = int(np.argmax(np.round((owed - held) @ unit, 9)))
        held[taker] += unit
        dealt.append(SPLITS[taker])
    return dealt


def _draw(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def _about(
    clips: pd.DataFrame, split: Split, policy: str, seed: int, fractions: Mapping[str, float]
) -> dict[str, str]:
    """The head of a split's file: how it was made, what it holds, how to make it again."""
    applied = apply_split(clips, split, policy)
    told = " ".join(f"{side}={fractions[side]:g}" for side in SPLITS)
    about = {"policy": policy, "seed": str(seed), "fractions": told}
    for side, count in counts(applied).items():
        about[side] = ", ".join(f"{number} {what}" for what, number in count.items())
    about["left out"] = f"{len(clips) - len(applied)} clips"
    changed = "".join(
        f" fractions.{side}={fractions[side]:g}" for side in SPLITS if fractions[side] != FRACTIONS[side]
    )
    about["made by"] = (
        f"python -m deepfake_audio.split clips=clips.csv out=FILE policy={policy} seed={seed}{changed}"
    )
    return about


def _committed(path: Path) -> Path:
    """`path`, or the split of that name that travels with the library, as `splits/NAME.csv` or `NAME.csv`."""
    ours = resource_folder("splits") / path.name
    return ours if not path.exists() and str(path.parent) in (".", "splits") and ours.is_file() else path


def _read_about(path: Path) -> dict[str, str]:
    about = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        key, colon, value = line.lstrip("# ").partition(":")
        if colon:
            about[key.strip()] = value.strip()
    return about


def _on_two_sides(clips: pd.DataFrame, columns: list[str]) -> list[str]:
    """Names that stand in two splits, whichever of the columns they stand in."""
    _need(clips, columns)
    both = pd.concat([clips[[column, "split"]].set_axis(["name", "split"], axis=1) for column in columns])
    sides = both.groupby("name")["split"].nunique()
    return [str(name) for name in sides.index[sides > 1]]


def _key_columns(clips: pd.DataFrame, key: str) -> list[str]:
    columns = COLUMNS_OF_KEY[key]
    _need(clips, columns)
    return columns


def _need(clips: pd.DataFrame, columns: list[str]) -> None:
    lacking = [column for column in columns if column not in clips]
    if lacking:
        raise UserError(
            f"the clip table has no column {named(lacking)}, which this split needs: say policy=voice"
        )


def _check_policy(policy: str) -> None:
    if policy not in KEY_OF_POLICY:
        raise UserError(f"policy={policy} is not known: give one of {', '.join(KEY_OF_POLICY)}")


def _checked_fractions(fractions: Mapping[str, float]) -> dict[str, float]:
    # From a command line anything may come here, `fractions=null` too.
    if not isinstance(fractions, Mapping) or set(fractions) != set(SPLITS):
        raise UserError(f"fractions must be one each for {', '.join(SPLITS)}, not {fractions}")
    try:
        checked = {side: float(fractions[side]) for side in SPLITS}
    except (TypeError, ValueError):
        raise UserError(f"fractions must be numbers, not {dict(fractions)}") from None
    if not (min(checked.values()) > 0 and abs(sum(checked.values()) - 1) < 1e-6):
        told = ", ".join(f"{side}={share:g}" for side, share in checked.items())
        raise UserError(f"fractions must each be above 0 and sum to 1, not {told}")
    return checked
