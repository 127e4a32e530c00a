"""What a split holds and what it leaks, counted and in words; one fingerprint for equal splits."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd

from .sides import SPLITS


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
        found[f"{column}s_in_two_splits"] = len(on_two_sides(clips, [column]))
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
