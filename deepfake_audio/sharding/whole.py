"""All shards put together, or the one line that says why they don't make a whole."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clips import read_table
from ..errors import UserError, named
from ..settings import flattened
from .parts import ROW, SHARDS, Part, names_fingerprint, place_of, read_part


@dataclass(frozen=True)
class Whole:
    """All parts of a kind, each there once and made alike."""

    folder: Path
    parts: tuple[Part, ...]

    @property
    def made(self) -> dict[str, Any]:
        """The settings that all of them were made with."""
        return self.parts[0].made

    @property
    def clips(self) -> int:
        """How many the whole table has."""
        return self.parts[0].clips

    def check_same_clips(self, clips: Sequence[str]) -> None:
        """Raise if a table's clips are not those that were shared out."""
        if names_fingerprint(clips) != self.parts[0].names:
            raise UserError(
                f"{self.folder / SHARDS} holds shards of another table than is there now: run all of them again"
            )

    def files(self, what: str, suffix: str = ".csv") -> list[Path]:
        """Each part's file of `what`."""
        return [place_of(self.folder, what, part.shard, suffix) for part in self.parts]

    def tables(self, *names: str) -> list[pd.DataFrame]:
        """The tables of these names, as text cells in the whole's order: together they have each of its rows once."""
        held = [self._table(name) for name in names]
        rows = np.concatenate([table[ROW].to_numpy(dtype=np.int64) for table in held])
        if not np.array_equal(np.sort(rows), np.arange(self.clips)):
            raise UserError(f"{self._lost_or_doubled(rows)}: run its shard again")
        return [table.drop(columns=ROW) for table in held]

    def _table(self, name: str) -> pd.DataFrame:
        parts = [read_table(file, ("clip", ROW)) for file in self.files(name)]
        table = pd.concat(parts, ignore_index=True)
        return table.astype({ROW: int}).sort_values(ROW, ignore_index=True)

    def _lost_or_doubled(self, rows: np.ndarray) -> str:
        numbers, counts = np.unique(rows, return_counts=True)
        if (counts > 1).any():
            return (
                f"{self.folder / SHARDS}: row {numbers[counts > 1][0]} of the table is in more than one shard"
            )
        lost = np.setdiff1d(np.arange(self.clips), numbers)
        return (
            f"{self.folder / SHARDS}: row {lost[0] if len(lost) else numbers[-1]} of the table is in no shard"
        )


def kinds_in(folder: Path) -> list[str]:
    """Of what there are shards in a folder."""
    return sorted({record.stem.rpartition(".")[0] for record in _records(folder)})


def read_whole(folder: Path, kind: str) -> Whole:
    """All parts of a kind.

    Raises:
        UserError: some are missing, there twice, or made otherwise than the rest; it names them.
    """
    parts = [read_part(record) for record in _records(folder) if record.stem.rpartition(".")[0] == kind]
    where = f"{kind} in {folder / SHARDS}"
    _check_one_dealing(parts, where)
    missing = sorted(set(range(parts[0].shard.of)) - {part.shard.number for part in parts})
    if missing:
        told = ",".join(map(str, missing))
        raise UserError(
            f"{where}: {len(missing)} of {parts[0].shard.of} shards are missing: run those again, with -m shard={told}"
        )
    _check_alike(parts, where)
    return Whole(folder, tuple(sorted(parts, key=lambda part: part.shard.number)))


def clear_away(wholes: Sequence[Whole], folder: Path) -> None:
    """Remove the shards of what has become one, records first, and the places where their files were made."""
    for whole in wholes:
        for part in whole.parts:
            place_of(folder, part.kind, part.shard, ".json").unlink()
        for part in whole.parts:
            for name in part.files:
                (folder / SHARDS / Path(name).name).unlink()
    for place in (folder / SHARDS).glob(".*-of-*"):
        shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(OSError):
        # Unless something else is there.
        (folder / SHARDS).rmdir()


def _records(folder: Path) -> list[Path]:
    return sorted((folder / SHARDS).glob("[!.]*.*-of-*.json"))


def _check_one_dealing(parts: Sequence[Part], where: str) -> None:
    """Raise where the same clips were shared out twice, into other numbers of shards."""
    if not parts:
        raise UserError(f"{where}: there are no shards")
    numbers = sorted({part.shard.of for part in parts})
    if len(numbers) > 1:
        told = " and ".join(f"{number} ({_named(parts, number)})" for number in numbers)
        raise UserError(
            f"{where}: there are shards of {told}, so that clips are in two: delete the files of one of these"
        )


def _named(parts: Sequence[Part], of: int) -> str:
    return named([str(part.shard.number) for part in parts if part.shard.of == of])


def _check_alike(parts: Sequence[Part], where: str) -> None:
    """Raise where some were made otherwise than most, or of another table."""
    alike: dict[str, list[Part]] = {}
    for part in parts:
        alike.setdefault(json.dumps([part.clips, part.names, part.made], sort_keys=True), []).append(part)
    if len(alike) == 1:
        return
    usual, *others = sorted(alike.values(), key=len, reverse=True)
    odd = sorted(part.shard.number for some in others for part in some)
    raise UserError(
        f"{where}: shards {named([str(number) for number in odd])} were made otherwise than the rest "
        f"({_difference(others[0][0], usual[0])}): run them again with the settings of the rest"
    )


def _difference(odd: Part, usual: Part) -> str:
    """In which setting two parts differ; of nested ones, in which of these."""
    one, other = flattened(odd.made), flattened(usual.made)
    for key in dict.fromkeys([*other, *one]):
        if one.get(key) != other.get(key):
            return f"{key}={one.get(key)}, not {other.get(key)}"
    return (
        f"of another table: {odd.clips} clips, not {usual.clips}"
        if odd.clips != usual.clips
        else ("of a table with other clips")
    )
