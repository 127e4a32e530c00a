"""What the training clips are like, so that a detector can say when a recording is like none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..labels import FAKE, REAL
from .conditions import conditions_of
from .streams import recording_blocks

# Of each class: the outer percents of so many are known well enough to warn by, and they are heard in seconds.
CLIPS_OF_A_CLASS = 200
QUANTILES = (0.01, 0.5, 0.99)
MEASURED = ("seconds", "silence_share", "clipped_share", "loudness_db", "noise_floor_db", "bandwidth_hz")


@dataclass(frozen=True)
class Range:
    """What nearly all training clips lie between, and the one in their middle."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Heard:
    """The range of each of `MEASURED` over the training clips that were measured."""

    clips: int
    ranges: Mapping[str, Range]

    def __getitem__(self, name: str) -> Range:
        return self.ranges[name]

    def to_config(self) -> dict[str, Any]:
        """Plain values, as a detector's config holds them under `heard`."""
        return {"clips": self.clips, "quantiles": list(QUANTILES)} | {
            name: list(asdict(found).values()) for name, found in self.ranges.items()
        }


def from_config(told: Mapping[str, Any] | None) -> Heard | None:
    """None of a detector that was made before this was kept."""
    if not told:
        return None
    ranges = {name: Range(*map(float, told[name])) for name in MEASURED}
    if not np.isfinite([list(asdict(found).values()) for found in ranges.values()]).all():
        raise ValueError("heard holds what is no number")
    if not all(found.low <= found.middle <= found.high for found in ranges.values()):
        raise ValueError("heard holds a range whose ends are not in order")
    return Heard(int(told["clips"]), ranges)


def heard_in_training(files: Sequence[Path], labels: Sequence[int], sample_rate: int, seed: int = 0) -> Heard:
    """Measure as many clips of each class as it takes, drawn by `seed`; both classes count alike."""
    chosen = _drawn(np.asarray(labels), seed)
    rows = np.array(
        [
            [getattr(found, name) for name in MEASURED]
            for found in (
                conditions_of(recording_blocks(files[row], sample_rate), sample_rate) for row in chosen
            )
        ]
    )
    found = np.quantile(rows, QUANTILES, axis=0).T
    # Rounded: a config is for people too, and nobody hears a hundredth of a decibel.
    return Heard(
        len(chosen),
        {name: Range(*np.round(row, 5).tolist()) for name, row in zip(MEASURED, found, strict=True)},
    )


def _drawn(labels: np.ndarray, seed: int) -> list[int]:
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(labels == label) for label in (REAL, FAKE)]
    drawn = [rng.permutation(of_class)[:CLIPS_OF_A_CLASS] for of_class in rows]
    return sorted(np.concatenate(drawn).tolist())
