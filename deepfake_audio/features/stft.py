"""The spectrum that most front ends begin with, and the checks that all of them share."""

from __future__ import annotations

import torchaudio

from ..errors import UserError


def power_spectrum(n_fft: int, window_samples: int, hop_samples: int) -> torchaudio.transforms.Spectrogram:
    """Power of a Hann window's spectrum every hop, frames centred on multiples of the hop: [B, T] -> [B, F, T']."""
    checked_counts(n_fft=n_fft, window_samples=window_samples, hop_samples=hop_samples)
    if window_samples > n_fft:
        raise UserError(
            f"features: window_samples={window_samples} must be no longer than n_fft={n_fft}, which holds it"
        )
    # pad_mode constant: a short clip ends in zeros either way, so its frames don't depend on how much
    # padding follows it in the batch.
    return torchaudio.transforms.Spectrogram(n_fft, window_samples, hop_samples, pad_mode="constant")


def checked_counts(**counts: int) -> None:
    """Raise, by its name, if a number of something is not a whole one of 1 or more."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise UserError(f"features: {name}={count} must be a whole number, 1 or more")


def checked_band(f_min_hz: float, f_max_hz: float | None, sample_rate: int) -> tuple[float, float]:
    """Lowest and highest frequency that is listened to; none named is half the sample rate."""
    highest = sample_rate / 2
    top = highest if f_max_hz is None else f_max_hz
    if not 0 <= f_min_hz < top <= highest:
        raise UserError(
            f"features: f_min_hz={f_min_hz} and f_max_hz={f_max_hz} must rise, from 0 to half the sample rate, "
            f"{highest:g}"
        )
    return float(f_min_hz), float(top)
