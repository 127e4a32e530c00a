"""Which side each thing is on, and the small file that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..clips import line_of, read_table
from ..configs import resource_folder
from ..errors import UserError, named
from ..files import write_text
from ..spreadsheets import inert_table

SPLITS = ("train", "val", "test")
# What is on no side: a hold-out leaves out clips that would join what it keeps apart.
UNUSED = "unused"
# What a split file may name, and the columns of the clip table in which those names stand.
COLUMNS_OF_KEY = {"voice": ["voice"], "identity": ["voice", "face"], "source": ["face"], "clip": ["clip"]}


@dataclass(frozen=True)
class Split:
    """Which side each `key` (voice, identity, source or clip) is on, and what its file says about itself."""

    key: str
    sides: dict[str, str]
    about: dict[str, str] = field(default_factory=dict)


def sides_of_clips(clips: pd.DataFrame, split: Split) -> pd.Series:
    """The side of each clip; `unused` where its names are on two, as a voice and a face may be."""
    sides = clips[COLUMNS_OF_KEY[split.key]].apply(lambda names: names.map(split.sides))
    first = sides.iloc[:, 0]
    return first.where(sides.eq(first, axis=0).all(axis=1), UNUSED)


def write_split(split: Split, path: str | Path) -> None:
    """A CSV with what the split knows of itself on top; equal splits give equal bytes."""
    lines = [f"# {key}: {value}" for key, value in split.about.items()]
    rows = pd.DataFrame(sorted(split.sides.items()), columns=[split.key, "split"])
    write_text(Path(path), "\n".join([*lines, inert_table(rows).to_csv(index=False, lineterminator="\n")]))


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
    unknown = pairs[~pairs["split"].isin([*SPLITS, UNUSED])]
    if len(unknown):
        raise UserError(
            f"{path}, line {line_of(path, unknown.index[0])}: {key} {named(list(unknown[key]))} is in "
            f"{unknown['split'].iloc[0]!r}, which is none of " + ", ".join([*SPLITS, UNUSED])
        )
    sides = pairs.drop_duplicates()
    twice = sides.index[sides[key].duplicated()]
    if len(twice):
        raise UserError(
            f"{path} puts into two splits at once: {key} {named(sorted(sides.loc[twice, key]))} (line "
            f"{line_of(path, twice[0])})"
        )
    if (sides[key] == "").any() or sides.empty:
        raise UserError(f"{path} names no {key}" + (" in some row" if len(sides) else ""))
    return Split(key, dict(zip(sides[key], sides["split"], strict=True)), _read_about(path))


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
