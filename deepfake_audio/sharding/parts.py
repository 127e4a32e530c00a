"""What one shard leaves: its rows of some tables, and a record of what it is a part of, written last.

All of it lies in `shards/` beside what it is a part of, such as `shards/clips.3-of-16.csv` and, as its record,
`shards/clips.3-of-16.json`. Rows carry their number in the whole table, so that the whole can be put in order again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UserError
from ..files import read_json, write_json
from ..provenance import file_fingerprint
from ..spreadsheets import write_table
from .shard import Shard

SHARDS = "shards"
# The number of a row in the whole table.
ROW = "row"
FORMAT = 1


@dataclass(frozen=True)
class Part:
    """The record of a shard's share.

    Args:
        kind: what it is a part of; the files' first name.
        clips: how many the whole table has.
        names: fingerprint of the whole table's clips, in their order.
        made: settings that all parts must share.
        files: fingerprint of each file that belongs to it, by its name.
    """

    kind: str
    shard: Shard
    clips: int
    names: str
    made: dict[str, Any]
    files: dict[str, str]


def place_of(folder: Path, what: str, shard: Shard, suffix: str = ".csv") -> Path:
    """The file of a shard's share of `what`."""
    return folder / SHARDS / f"{what}.{shard}{suffix}"


def forget_part(folder: Path, kind: str, shard: Shard) -> None:
    """Before a share is made anew: half of it must not stand under the record of the old one."""
    place_of(folder, kind, shard, ".json").unlink(missing_ok=True)


def write_part(
    folder: Path,
    kind: str,
    shard: Shard,
    clips: Sequence[str],
    made: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    files: Sequence[Path] = (),
) -> Path:
    """Write a shard's rows of each table, and its record.

    Args:
        clips: of the whole table, in its order.
        made: settings that all parts must share.
        tables: by name; each has a column `clip`.
        files: what is written already and belongs to it.
    """
    row_of = {clip: row for row, clip in enumerate(clips)}
    written = list(files)
    for name, table in tables.items():
        numbered = table.assign(**{ROW: [row_of[clip] for clip in table["clip"]]})
        write_table(numbered, place_of(folder, name, shard))
        written.append(place_of(folder, name, shard))
    record = place_of(folder, kind, shard, ".json")
    about = {
        "format": FORMAT,
        "shard": shard.number,
        "shards": shard.of,
        "clips": len(row_of),
        "names": names_fingerprint(clips),
        "made": dict(made),
        "files": {file.name: file_fingerprint(file) for file in written},
    }
    write_json(record, about)
    return record


def part_is_done(
    folder: Path, kind: str, shard: Shard, clips: Sequence[str], made: Mapping[str, Any]
) -> bool:
    """Whether a share is there as it would be made again."""
    try:
        part = read_part(place_of(folder, kind, shard, ".json"))
    except UserError:
        return False
    return part.made == dict(made) and part.names == names_fingerprint(clips)


def read_part(record: Path) -> Part:
    """The record of a share, checked: it is of the shard it is called after, and its files are as they were written."""
    about = read_json(record)
    kind, _, name = record.stem.rpartition(".")
    try:
        if about["format"] != FORMAT:
            raise UserError(f"{record} is of another version of this library: run its shard again")
        shard = Shard(about["shard"], about["shards"])
        part = Part(
            kind, shard, int(about["clips"]), about["names"], dict(about["made"]), dict(about["files"])
        )
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{record} is no record of a shard: run its shard again") from None
    if name != str(shard):
        raise UserError(f"{record} says that it is of shard {shard}: that shard is here twice; delete one")
    for file, fingerprint in part.files.items():
        place = record.parent / Path(file).name
        if not place.is_file() or file_fingerprint(place) != fingerprint:
            raise UserError(f"{place} is missing or not as shard {shard} left it: run that shard again")
    return part


def names_fingerprint(clips: Sequence[str]) -> str:
    """Of which clips a table has and in which order (sha256)."""
    told = hashlib.sha256()
    for clip in clips:
        told.update(clip.encode("utf-8", "surrogateescape") + b"\0")
    return told.hexdigest()
