"""Scores joined with the labels that a file of keys has for them; what lacks one is never passed over in silence."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from ...errors import UserError, named
from ...labels import LABEL_NAMES
from .keys import Keys
from .words import UNKNOWN

# What a score file may leave to its keys.
ROLES = ("voice", "system", "track")


def with_keys(
    path: Path, table: pd.DataFrame, keys: Keys, allow_missing: bool
) -> tuple[pd.DataFrame, list[str]]:
    """The table with what the keys know of its clips, and what to note; they must know all, and contradict nothing.

    Args:
        path: of the scores.
        table: one row a clip; it may hold labels already.
    """
    known = keys.table.set_index("clip")
    table, notes = _named_alike(table, known, keys.path)
    inside = ~table["clip"].isin(keys.left_out)
    if not inside.all():
        notes.append(
            f"{int((~inside).sum()):,} clips are of other phases in {keys.path.name} and do not count"
        )
        table = table[inside].reset_index(drop=True)
    notes += _unscored(path, table["clip"], known, keys.path, allow_missing)
    found = known.reindex(table["clip"]).reset_index(drop=True)
    label = found["label"].fillna(UNKNOWN).astype(np.int64)
    if "label" in table:
        own = table["label"]
        against = table.loc[(own != label) & (own != UNKNOWN) & (label != UNKNOWN), "clip"]
        if len(against):
            raise UserError(
                f"{path}: {len(against):,} clips have another label in {keys.path} ({named(list(against), 2)})"
            )
        label = label.where(label != UNKNOWN, own)
    more = {role: found[role].fillna("") for role in ROLES if role in found and role not in table}
    return table.assign(label=label, **more), notes


def _named_alike(table: pd.DataFrame, known: pd.DataFrame, keys: Path) -> tuple[pd.DataFrame, list[str]]:
    """Clips without folder and ending, if only so they are in the keys: `flac/LA_E_1.flac` is LA_E_1."""
    if table["clip"].isin(known.index).any():
        return table, []
    stem = table["clip"].map(lambda name: PurePosixPath(name.replace("\\", "/")).stem)
    if not stem.isin(known.index).any() or stem.duplicated().any():
        return table, []
    return table.assign(clip=stem), [f"clips are looked up in {keys.name} without their folder and ending"]


def _unscored(path: Path, clip: pd.Series, known: pd.DataFrame, keys: Path, allow_missing: bool) -> list[str]:
    """Clips that the keys know and nobody scored: to leave hard ones out would flatter."""
    unscored = list(known.index[~known.index.isin(clip)])
    if len(unscored) == len(known):
        raise UserError(
            f"{path} and {keys} have no clip in common: {clip.iloc[0]} is the first of the one, {unscored[0]} of "
            "the other"
        )
    if not unscored:
        return []
    if not allow_missing:
        raise UserError(
            f"{path}: {len(unscored):,} of {len(known):,} clips of {keys} have no score ({named(unscored, 2)}); "
            "--allow-missing judges the others"
        )
    return [f"{len(unscored):,} of {len(known):,} clips of {keys.name} have no score and do not count"]


def scored_only(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The clips that have a score, and what to note of the others."""
    unscored = table["score"].isna()
    if not unscored.any():
        return table, []
    note = f"{int(unscored.sum()):,} of {len(table):,} clips have no score and do not count"
    return table[~unscored].reset_index(drop=True), [note]


def labelled_only(path: Path, table: pd.DataFrame, allow_missing: bool) -> tuple[pd.DataFrame, list[str]]:
    """The clips whose label is known, both real and fake, and what to note."""
    unknown, notes = table["label"] == UNKNOWN, []
    if unknown.any():
        count = f"{int(unknown.sum()):,} of {len(table):,} clips"
        if not allow_missing:
            shown = named(list(table.loc[unknown, "clip"]), 2)
            raise UserError(f"{path}: {count} have no label ({shown}); --allow-missing judges the others")
        notes.append(f"{count} have no label and do not count")
        table = table[~unknown].reset_index(drop=True)
    for label, name in LABEL_NAMES.items():
        if not (table["label"] == label).any():
            raise UserError(f"{path} has no {name} clip; figures compare real ones with fakes")
    return table, notes
