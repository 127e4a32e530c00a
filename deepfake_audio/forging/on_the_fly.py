"""Forge training windows on the spot: fakes that are other ones in each epoch, and take no room on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UserError
from ..labels import FAKE, REAL
from .frames import SAMPLE_RATE_HZ
from .systems import ForgingError, build_systems, copy_synthesis

# So that a window's forgery has draws of its own, apart from where the window lies.
STREAM = 1


class Forger:
    """Turns some of the real windows into fakes, so that of an epoch's fakes `share` are forged.

    Which ones and how follows from the seed of the window alone, whatever the number of workers.

    Args:
        systems: names of synthesisers, see `build_systems`; each forged window is by one of them.
        share: of the fakes of an epoch. 0 forges nothing, 1 shows no other fakes than these.
        vocoders: ONNX vocoders by their names.
    """

    def __init__(
        self,
        systems: Sequence[str],
        share: float,
        vocoders: Mapping[str, Mapping[str, Any]] | None = None,
        sample_rate: int = SAMPLE_RATE_HZ,
    ) -> None:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise UserError(f"forging.share={share} is a share of the fakes: give 0 to 1")
        if sample_rate != SAMPLE_RATE_HZ:
            raise UserError(
                f"forging works at {SAMPLE_RATE_HZ} Hz, not at features.sample_rate={sample_rate}"
            )
        self.systems = build_systems(systems, vocoders)
        self.share = float(share)

    @property
    def real_draws(self) -> float:
        """The share of real clips among those drawn for an epoch which leaves as many reals as fakes in it.

        Half of what is heard is to be fake, `share` of that forged: so many reals are drawn on top of the half.
        """
        return (1 + self.share) / 2

    @property
    def chance(self) -> float:
        """Of a real window to be forged: where `real_draws` are real, this leaves one half of all windows real."""
        return self.share / (1 + self.share)

    def __call__(self, waveform: np.ndarray, label: float, seed: int) -> tuple[np.ndarray, float]:
        """A window float32 [T] (unpadded) and its label -> the same, or a fake [T] made of it and its label."""
        rng = np.random.default_rng([seed, STREAM])
        if label != REAL or rng.random() >= self.chance:
            return waveform, label
        forged = self.forged(waveform, rng)
        return (waveform, label) if forged is None else (forged, float(FAKE))

    def forged(self, waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """A fake made of a window, float32 [T] -> [T]; None where there is no speech in it to forge."""
        name = list(self.systems)[int(rng.integers(len(self.systems)))]
        try:
            forged = copy_synthesis(self.systems[name], rng, waveform)
        except ForgingError:
            # A pause, or the end of a clip.
            return None
        # Through 16 bits, as everything else that a detector hears.
        return (np.round(np.clip(forged, -1, 1) * 32767) / 32768).astype(np.float32)


def build_forger(
    systems: Sequence[str] | None = None,
    share: float = 0.0,
    vocoders: Mapping[str, Mapping[str, Any]] | None = None,
    sample_rate: int = SAMPLE_RATE_HZ,
) -> Forger | None:
    """A `Forger`, or nothing where no systems are named."""
    return Forger(systems, share, vocoders, sample_rate) if systems else None
