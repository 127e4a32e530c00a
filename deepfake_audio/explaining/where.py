"""Where the evidence for a label, "fake" or "real", lies: in words, and by patch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .patches import BANDS, Floats, patches, speaks_for, sums
from .stretches import Stretch

# "Mostly" is so much of the evidence, and only where it fits into no more than half of the axis.
MOSTLY = 0.6
SPREAD = 0.5
MOST_PATCHES = 5
# Told to a tenth of a second, a shorter span has no two ends.
AROUND_SECONDS = 0.1


@dataclass(frozen=True)
class Patch:
    """A patch of time and frequency, and its share of all evidence for the same label.

    Args:
        low_hz, high_hz: None where the evidence is told over time alone.
    """

    start_seconds: float
    end_seconds: float
    low_hz: float | None
    high_hz: float | None
    share: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def amount(stretches: list[Stretch], label: str) -> float:
    """How much speaks for a label in all."""
    return float(sum(speaks_for(label, stretch.evidence).sum() for stretch in stretches))


def strongest(stretches: list[Stretch], label: str) -> Stretch:
    """The stretch with the most evidence for a label."""
    return max(stretches, key=lambda stretch: amount([stretch], label))


def top_patches(stretches: list[Stretch], label: str, edges_hz: Floats | None) -> list[Patch]:
    """The patches with the most evidence for a label, the strongest first; without edges by time alone."""
    total = amount(stretches, label)
    found = []
    for stretch in stretches:
        numbers = patches(len(stretch.evidence), stretch.seconds, 1 if edges_hz is None else BANDS)
        weight = sums(speaks_for(label, stretch.evidence), numbers)
        for number in np.argsort(-weight, kind="stable")[:MOST_PATCHES]:
            if weight[number] > 0:
                bins, frames = np.nonzero(numbers == number)
                start, end = _edges(stretch, frames.min(), frames.max())
                low, high = (
                    (None, None)
                    if edges_hz is None
                    else (float(edges_hz[bins.min()]), float(edges_hz[bins.max() + 1]))
                )
                found.append(Patch(start, end, low, high, float(weight[number] / total)))
    return sorted(found, key=lambda patch: -patch.share)[:MOST_PATCHES]


def place_in_words(stretches: list[Stretch], label: str, edges_hz: Floats | None) -> str:
    """One sentence without its full stop: when, and with edges at which frequencies, the evidence for a label lies."""
    stretch = strongest(stretches, label)
    found = speaks_for(label, stretch.evidence)
    span = f"{stretch.start_seconds:.1f} to {stretch.end_seconds:.1f} s"
    told = "It" if len(stretches) == 1 else f"Loudest is {span}, where it"
    band = "" if edges_hz is None else _band(found.sum(axis=1), edges_hz)
    first, last = shortest_holding(found.sum(axis=0))
    if last - first + 1 > SPREAD * found.shape[1]:
        everywhere = "" if edges_hz is None else " and over all frequencies"
        return f"{told} is spread over {span}" + (f", mostly {band}" if band else everywhere)
    start, end = _edges(stretch, first, last)
    when = f"between {start:.1f} and {end:.1f} s" if end - start > AROUND_SECONDS else f"around {start:.1f} s"
    everywhere = "" if edges_hz is None else " at all frequencies"
    return f"{told} lies mostly {when}" + (f" and {band}" if band else everywhere)


def shortest_holding(weight: Floats, share: float = MOSTLY) -> tuple[int, int]:
    """First and last place of the shortest run that holds `share` of the weight: [N], 0 or more each."""
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    # A rounding error must not make the run one longer than it has to be.
    last = np.searchsorted(sums, sums[:-1] + share * sums[-1] * (1 - 1e-9))
    reached = last < len(sums)
    lengths = np.where(reached, last - np.arange(len(weight)), len(weight) + 1)
    first = int(np.argmin(lengths))
    return first, int(last[first]) - 1


def _band(weight: Floats, edges_hz: Floats) -> str:
    """The band that holds most of it; empty where it is spread over all."""
    low, high = shortest_holding(weight)
    if high - low + 1 > SPREAD * len(weight):
        return ""
    if high == len(weight) - 1:
        return f"above {_hz(edges_hz[low])}"
    if low == 0:
        return f"below {_hz(edges_hz[high + 1])}"
    below, above = _hz(edges_hz[low]), _hz(edges_hz[high + 1])
    return f"from {below} to {above}" if below != above else f"around {below}"


def _hz(value: float) -> str:
    return f"{value / 1000:.1f} kHz" if value >= 1000 else f"{round(value, -1):.0f} Hz"


def _edges(stretch: Stretch, first: int, last: int) -> tuple[float, float]:
    """Where the frames from `first` to `last` begin and end in the recording, in seconds."""
    half = (stretch.seconds[1] - stretch.seconds[0]) / 2 if len(stretch.seconds) > 1 else 0.0
    return (
        max(float(stretch.seconds[first] - half), stretch.start_seconds),
        min(float(stretch.seconds[last] + half), stretch.end_seconds),
    )
