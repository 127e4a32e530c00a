"""Linear-frequency cepstral coefficients."""

from __future__ import annotations

from .cepstra import Cepstra
from .spectrum import Spectrum


class LFCC(Cepstra):
    """Cepstra of evenly spaced filters, with their changes: the front end of the ASVspoof baselines.

    As `scipy.fft.dct(type=2, norm="ortho")` makes them of the filters' levels, to a thousandth of a decibel.

    Args:
        filters: of the bank, spaced evenly from f_min_hz to f_max_hz.
        coefficients, deltas, delta_frames, mean_removed: see `Cepstra`.
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        n_fft: int = 512,
        window_samples: int = 320,
        hop_samples: int = 160,
        filters: int = 20,
        coefficients: int = 20,
        deltas: int = 2,
        delta_frames: int = 3,
        f_min_hz: float = 20.0,
        f_max_hz: float | None = None,
        mean_removed: bool = False,
    ) -> None:
        bank = Spectrum(sample_rate, n_fft, window_samples, hop_samples, filters, f_min_hz, f_max_hz)
        super().__init__(bank, coefficients, deltas, delta_frames, mean_removed)
