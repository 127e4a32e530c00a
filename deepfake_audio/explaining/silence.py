"""How much of the evidence lies where nobody speaks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio.measures import DIGITAL_SILENCE_DB, FRAME_SECONDS, LOUD_QUANTILE, SILENCE_BELOW_DB
from .patches import Floats, speaks_for

# A share of the evidence from here on is worth telling.
WORTH_TELLING = 0.2


@dataclass(frozen=True)
class Silence:
    """Shares from 0 to 1 of the time that was explained, and of the evidence; None where there is no evidence."""

    of_time: float
    of_evidence_for_fake: float | None
    of_evidence_for_real: float | None

    def of_evidence(self, label: str) -> float | None:
        """Share on silence of what speaks for "fake" or for "real"."""
        return self.of_evidence_for_fake if label == "fake" else self.of_evidence_for_real

    def speaks_loudly(self, label: str) -> bool:
        """Whether silence speaks for a label far more than its length would have it.

        That is twice as much; where so much is silent that twice is hardly to be had, halfway from that to all.
        """
        share, far = self.of_evidence(label), min(2 * self.of_time, (1 + self.of_time) / 2)
        # What is silent throughout has no speech that it could be held against.
        return share is not None and self.of_time < 1 and share >= max(WORTH_TELLING, far)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def silent_frames(waveform: NDArray[np.float32], sample_rate: int, seconds: Floats) -> NDArray[np.bool_]:
    """Which frames of a recording [T], by the times of their middles [T'], are silent.

    As in the audit: 35 dB under the recording's loud frames, or digital silence.
    """
    power = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    size = max(1, round(FRAME_SECONDS * sample_rate))
    every = _levels_db(power, np.arange(0, max(len(waveform) - size, 0) + 1, size), size)
    first = np.round(seconds * sample_rate - size / 2).astype(np.int64)
    least = max(float(np.quantile(every, LOUD_QUANTILE)) - SILENCE_BELOW_DB, DIGITAL_SILENCE_DB)
    return _levels_db(power, first, size) <= least


def _levels_db(power: Floats, first: NDArray[np.int64], size: int) -> Floats:
    """Level of `size` samples from each place on, as far as they lie in the recording."""
    start, end = (np.clip(place, 0, len(power) - 1) for place in (first, first + size))
    mean = (power[end] - power[start]) / np.maximum(end - start, 1)
    # Below what sums of squares are rounded to there is nothing.
    return 10 * np.log10(np.maximum(mean, 1e-12))


def silence_shares(evidence: list[Floats], silent: list[NDArray[np.bool_]]) -> Silence:
    """Over stretches of a recording: [F, T'] and [T'] each."""
    for_fake, for_real = (
        share_on_silence([speaks_for(label, each) for each in evidence], silent) for label in ("fake", "real")
    )
    return Silence(float(np.concatenate(silent).mean()), for_fake, for_real)


def share_on_silence(weight: list[Floats], silent: list[NDArray[np.bool_]]) -> float | None:
    """Of a weight of 0 or more a cell, [F, T'] each, the share on silent frames; None where there is none."""
    by_frame = np.concatenate([each.sum(axis=0) for each in weight])
    total = by_frame.sum()
    return float(by_frame[np.concatenate(silent)].sum() / total) if total > 0 else None
