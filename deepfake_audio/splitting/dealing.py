"""Deal names out over sides or folds, alike in group and share of fakes.

Depends on what the table says and the seed alone: not on the order of rows, nor on any library's generator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..clips import GROUP_COLUMNS
from ..errors import UserError
from .sides import SPLITS

FRACTIONS: Mapping[str, float] = {"train": 0.7, "val": 0.15, "test": 0.15}
# Neighbours of similar make-up that change places by the seed; about two whole rounds of 70/15/15.
BLOCK = 14
# One fold to test, one to tune, one to learn from.
FEWEST_FOLDS = 3


@dataclass(frozen=True)
class Deal:
    """How things are dealt out: by shares, or in folds of which `fold` is test, the next one val, the rest train."""

    seed: int = 0
    fractions: Mapping[str, float] | None = None
    folds: int | None = None
    fold: int = 0

    def __post_init__(self) -> None:
        if not _whole(self.seed):
            raise UserError(f"seed={self.seed}: give 0 or a positive whole number")
        object.__setattr__(self, "fractions", checked_fractions(self.fractions))
        if self.folds is None:
            if self.fold:
                raise UserError(f"fold={self.fold} of how many? give folds=5, say")
        elif not _whole(self.folds) or self.folds < FEWEST_FOLDS:
            raise UserError(
                f"folds={self.folds}: give {FEWEST_FOLDS} or more (one is test, one val, the rest train)"
            )
        elif not _whole(self.fold) or self.fold >= self.folds:
            raise UserError(f"fold={self.fold}: give 0 to {self.folds - 1}, for folds={self.folds}")

    def share(self, side: str) -> float:
        """Of all that is dealt out, how much a side gets."""
        return (self.fractions or FRACTIONS)[side]

    def side_of_fold(self, number: int) -> str:
        """Fold `fold` is test, the next one val."""
        assert self.folds
        return {0: "test", 1: "val"}.get((number - self.fold) % self.folds, "train")

    def units(self, units: pd.DataFrame, sides: tuple[str, ...] = SPLITS) -> dict[str, str]:
        """The side of each unit (see `units_of`), alike in group, share of fakes and number on each of `sides`."""
        if self.folds is None:
            whole = sum(self.share(side) for side in sides)
            shares = [self.share(side) / whole for side in sides]
        else:
            self._check_enough(len(units), str(units.index.name))
            shares = [1 / self.folds] * self.folds
        units = units.assign(draw=[draw(self.seed, name) for name in units.index])
        units["share"] = units["fake"] / (units["fake"] + units["real"]).clip(lower=1)
        alike = units.sort_values(["group", "share", "fake", "draw"])
        alike["block"] = alike.groupby("group").cumcount() // BLOCK
        ordered = alike.sort_values(["group", "block", "draw"])
        takers = _takers(ordered, np.array(shares))
        told = [sides[taker] if self.folds is None else self.side_of_fold(taker) for taker in takers]
        return dict(sorted(zip(ordered.index, told, strict=True)))

    def values(self, values: list[str], what: str) -> dict[str, str]:
        """The side of each of a few values (synthesisers, corpora, ...): some of them for test, or folds of them."""
        ordered = sorted(values, key=lambda value: draw(self.seed, f"{what}:{value}"))
        if self.folds is not None:
            self._check_enough(len(ordered), what)
            return {value: self.side_of_fold(number % self.folds) for number, value in enumerate(ordered)}
        if len(ordered) < 2:
            raise UserError(f"there is only one {what} ({', '.join(ordered)}): nothing is left to learn from")
        held = max(1, round(self.share("test") * len(ordered)))
        return {value: "test" if number < held else "train" for number, value in enumerate(ordered)}

    def _check_enough(self, number: int, what: str) -> None:
        if number < (self.folds or 0):
            raise UserError(f"folds={self.folds}: there are only {number} of {what}; give fewer folds")


def units_of(clips: pd.DataFrame, columns: list[str], name: str) -> pd.DataFrame:
    """What is dealt out, by name: its group, and how many real and fake clips it is heard in (or stands for)."""
    group = pd.Series("", index=clips.index)
    for column in GROUP_COLUMNS:
        if column in clips:
            group = group + "|" + clips[column].astype(str)
    profile = pd.DataFrame(
        {name: clips[columns[0]], "group": group, "real": clips["label"] == 0, "fake": clips["label"] == 1}
    )
    # Of a face that is never heard there is nothing to count, but it has to go somewhere too.
    unheard = [
        pd.DataFrame({name: clips[column], "group": group, "real": False, "fake": False})
        for column in columns[1:]
    ]
    whole = pd.concat([profile, *unheard])
    return whole.groupby(name).agg({"group": "min", "real": "sum", "fake": "sum"})


def draw(seed: int, name: str) -> str:
    """A name's lot: the same wherever it is drawn."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def checked_fractions(fractions: Any) -> dict[str, float]:
    """A share for each side, or an error. None stands for `FRACTIONS`."""
    fractions = FRACTIONS if fractions is None else fractions
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


def _takers(units: pd.DataFrame, shares: np.ndarray) -> list[int]:
    """One after the other to whom most lacks what this one has: units, of its group, reals, fakes."""
    counted = units[["real", "fake"]].to_numpy(dtype=float)
    counted /= np.maximum(counted.mean(axis=0), 1e-9)
    of_group = pd.get_dummies(units["group"]).to_numpy(dtype=float)
    measures = np.column_stack([np.ones(len(units)), counted, of_group])
    due = shares[:, None] * measures.cumsum(axis=0)[:, None, :]
    held = np.zeros(due.shape[1:])
    takers = []
    for unit, owed in zip(measures, due, strict=True):
        # Rounded, so that no last bit of a sum decides; the first one wins a tie.
        taker = int(np.argmax(np.round((owed - held) @ unit, 9)))
        held[taker] += unit
        takers.append(taker)
    return takers


def _whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
