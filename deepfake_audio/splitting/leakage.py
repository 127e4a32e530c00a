"""What a split holds and what it leaks, counted and in words; one fingerprint for equal splits."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd

from ..clips import UNKNOWN_VOICE
from .kinds import kinds
from .sides import SPLITS


def leakage(clips: pd.DataFrame) -> dict[str, Any]:
    """What `clips` (with `split`) have on both sides of train and test, and in any two splits.

    `test_clips_with_voice_in_train` and its like are shares. Systems are those of fakes that name theirs: real
    speech is of no synthesiser.
    """
    found: dict[str, Any] = {}
    for column in ("voice", "face"):
        if column in clips:
            found |= _shared(clips, column, "clips")
    unknown = clips.loc[clips["split"] == "test", "voice"].str.startswith(UNKNOWN_VOICE).mean()
    if unknown > 0:
        found["test_clips_of_unknown_voice"] = float(unknown)
    if "system" in clips:
        told = clips.assign(system=kinds(clips, "system")).query("system != ''")
        if (told["split"] == "test").any():
            found |= _shared(told, "system", "fakes")
    return found


def _shared(clips: pd.DataFrame, column: str, called: str) -> dict[str, Any]:
    """How much of a column's names test has in common with train, and how many stand in any two splits."""
    train, test = (clips.loc[clips["split"] == side, column] for side in ("train", "test"))
    known = set(train)
    return {
        f"{column}s_in_two_splits": len(on_two_sides(clips, [column])),
        f"test_{called}_with_{column}_in_train": float(test.isin(known).mean()),
        f"test_{column}s_in_train": float(pd.Series(test.unique()).isin(known).mean()),
    }


def leak_in_words(clips: pd.DataFrame, policy: str) -> str:
    """One line for a person: what a figure on this split's test part would be worth."""
    leak = leakage(clips)
    return (
        f"policy {policy} does not keep voices apart: {leak['test_voices_in_train']:.1%} of the test voices, in "
        f"{leak['test_clips_with_voice_in_train']:.1%} of the test clips, are also in train"
    )


def counts(clips: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Clips, voices, reals and fakes of each side."""
    told = {}
    for side in SPLITS:
        part = clips[clips["split"] == side]
        fakes = int(part["label"].sum())
        voices = int(part["voice"].nunique())
        told[side] = {"clips": len(part), "voices": voices, "real": len(part) - fakes, "fake": fakes}
    return told


def split_fingerprint(clips: pd.DataFrame) -> str:
    """Of which clip is on which side (sha256): equal for equal splits, however they were made or ordered."""
    pairs = sorted(zip(clips["clip"], clips["split"], strict=True))
    return hashlib.sha256("".join(f"{clip}\t{side}\n" for clip, side in pairs).encode()).hexdigest()


def on_two_sides(clips: pd.DataFrame, columns: list[str]) -> list[str]:
    """Names that stand in two splits, whichever of the columns they stand in."""
    both = pd.concat([clips[[column, "split"]].set_axis(["name", "split"], axis=1) for column in columns])
    sides = both.groupby("name")["split"].nunique()
    return [str(name) for name in sides.index[sides > 1]]
