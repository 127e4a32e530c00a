"""Whether an exported file says what the detector says: clips of many lengths, by themselves and together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError

if TYPE_CHECKING:
    from ..detector import Detector

# Of P(fake), and of a logit of the size of one: more is no rounding.
MOST_P_FAKE, MOST_LOGIT = 1e-4, 1e-3
# Clips of a batch, and the longest of them in windows: shorter than one, exactly one, odd, long.
SHAPES = ((1, 0.4), (1, 1.0), (2, 1.37), (3, 2.0), (8, 0.71), (2, 3.21))

Floats = NDArray[np.float32]
Answer = Callable[[Floats, NDArray[np.int64]], tuple[Floats, Floats]]


def differences(detector: Detector, ask: Answer, seed: int = 0) -> tuple[float, float]:
    """How far an export is from its detector at most: in P(fake), and in logits as a share of 1 + their size.

    Args:
        ask: waveforms [B, T] and their valid lengths [B] -> P(fake) [B] and logits [B], by the export.
    """
    worst_p, worst_logit = 0.0, 0.0
    for clips, samples in made_up(detector.window_samples, detector.sample_rate, seed):
        p_fake, logit = ask(clips, samples)
        for clip, length, p, found in zip(clips, samples, p_fake, logit, strict=True):
            wanted = float(detector.window_logits(clip[:length])[1].mean())
            worst_p = max(worst_p, abs(float(detector.calibration.p_fake(wanted)) - float(p)))
            worst_logit = max(worst_logit, abs(wanted - float(found)) / (1 + abs(wanted)))
    return worst_p, worst_logit


def check(detector: Detector, ask: Answer, what: str) -> float:
    """The largest difference in P(fake), or an error where it is more than rounding."""
    worst_p, worst_logit = differences(detector, ask)
    # Not the other way about: what is no number is no agreement.
    if not (worst_p <= MOST_P_FAKE and worst_logit <= MOST_LOGIT):
        raise UserError(
            f"{what} does not say what the detector says: P(fake) differs by up to {worst_p:.2g}; nothing was written"
        )
    return worst_p


def made_up(window_samples: int, sample_rate: int, seed: int) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    """Batches of clips [B, T] with their valid lengths [B]: buzzes that rise and fall, and noise.

    There is no silence at their edges, and behind a clip's end there is what must not be heard.
    """
    rng = np.random.default_rng(seed)
    for size, windows in SHAPES:
        longest = int(windows * window_samples)
        # Two frames of a twentieth of a second are the least that anything could be told by.
        shortest = min(longest, max(longest // 3, sample_rate // 10))
        samples = rng.integers(shortest, longest + 1, size)
        samples[0] = longest
        seconds = np.arange(longest) / sample_rate
        pitch = rng.uniform(80, 300, (size, 1)) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 4) * seconds))
        buzz = np.mod(np.cumsum(pitch, axis=1) / sample_rate, 1) - 0.5
        loud = 0.55 + 0.45 * np.cos(2 * np.pi * rng.uniform(2, 5, (size, 1)) * seconds)
        noise = rng.normal(0, rng.uniform(0.002, 0.1, (size, 1)), (size, longest))
        yield (0.3 * buzz * loud + noise).astype(np.float32), samples
