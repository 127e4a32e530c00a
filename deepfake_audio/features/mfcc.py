"""Mel-frequency cepstral coefficients."""

from __future__ import annotations

from .cepstra import Cepstra
from .logmel import LogMel


class MFCC(Cepstra):
    """Cepstra of mel filters: the shape of the vocal tract, which is about what speech recognition hears.

    Before it is weighed it is librosa's `mfcc` of a `power_to_db(top_db=80)` melspectrogram, to a hundredth of
    a decibel.

    Args:
        n_mels: filters of the bank.
        coefficients, deltas, delta_frames, mean_removed: see `Cepstra`.
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        n_fft: int = 512,
        window_samples: int = 400,
        hop_samples: int = 160,
        n_mels: int = 80,
        coefficients: int = 20,
        deltas: int = 2,
        delta_frames: int = 9,
        f_min_hz: float = 20.0,
        f_max_hz: float | None = None,
        mean_removed: bool = False,
    ) -> None:
        bank = LogMel(sample_rate, n_fft, window_samples, hop_samples, n_mels, f_min_hz, f_max_hz)
        super().__init__(bank, coefficients, deltas, delta_frames, mean_removed)
