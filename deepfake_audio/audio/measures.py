"""What a detector could cheat on: a clip measured without listening to its voice.

None of these numbers says how the speech sounds. If they tell real from fake, so can a network, and it will
look as good as one that hears the forgery.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEASURES: tuple[str, ...] = (
    "seconds",
    "samples_mod_1024",
    "leading_silence_seconds",
    "trailing_silence_seconds",
    "silence_share",
    "leading_zeros_seconds",
    "trailing_zeros_seconds",
    "loudness_db",
    "peak_db",
    "clipped_share",
    "dc",
    "noise_floor_db",
    "bandwidth_hz",
    "rolloff_hz",
    "spectral_tilt_db_per_octave",
)

# What AAC codes at a time: audio that was ever cut to whole codec frames keeps the remainder.
CODEC_FRAME_SAMPLES = 1024
# Fine enough for the onset of a word, long enough to hold a period of a deep voice.
FRAME_SECONDS = 0.010
# A frame is silent this far below the loud ones: weak consonants stay above it, most rooms below.
SILENCE_BELOW_DB = 35.0
# The level of the loud frames is that of this quantile, so that a single click does not set it.
LOUD_QUANTILE = 0.9
FLOOR_QUANTILE = 0.05
# Below 16-bit rounding noise: quieter than this is digital silence, however quiet the rest is.
DIGITAL_SILENCE_DB = -90.0
LOWEST_DB = -120.0
CLIPPED_AT = 0.999
# Resolves 16 Hz at 16 kHz, and averages a clip of a second over enough windows.
SPECTRUM_SECONDS = 0.064
# What a codec or a low-pass leaves above its edge lies deeper than this under the strongest band.
BAND_BELOW_DB = 60.0
ROLLOFF_SHARE = 0.99
TILT_FROM_HZ = 100.0
# Third-octave bands weigh each octave alike; single bins would let the highest octave outvote the rest.
BANDS_PER_OCTAVE = 3

Samples = NDArray[np.float32]
Spectrum = NDArray[np.float64]


def measure(waveform: Samples, sample_rate: int) -> dict[str, float]:
    """All `MEASURES` of finite samples in -1 to 1, float32 [T]; finite for silence too.

    `_db` is relative to full scale, `_share` from 0 to 1. `loudness_db` is the level of the frames that are not
    silent; `bandwidth_hz` is the highest frequency within 60 dB of the strongest band, `rolloff_hz` the one
    below which 99 % of the energy lies.
    """
    samples = len(waveform)
    wave = np.ascontiguousarray(waveform, dtype=np.float32) if samples else np.zeros(1, np.float32)
    told = {"seconds": samples / sample_rate, "samples_mod_1024": float(samples % CODEC_FRAME_SAMPLES)}
    told |= _of_levels(wave, sample_rate) | _of_samples(wave, sample_rate) | _of_spectrum(wave, sample_rate)
    return {name: told[name] for name in MEASURES}


def _of_levels(wave: Samples, sample_rate: int) -> dict[str, float]:
    """Silences and loudness from the level of each frame; the last frame takes what is left over."""
    size = max(1, round(sample_rate * FRAME_SECONDS))
    starts = np.arange(0, max(len(wave) - size, 0) + 1, size)
    lengths = np.diff(np.append(starts, len(wave)))
    power = np.add.reduceat(np.square(wave, dtype=np.float64), starts) / lengths
    level = _db(power)
    threshold = max(np.quantile(level, LOUD_QUANTILE) - SILENCE_BELOW_DB, DIGITAL_SILENCE_DB)
    active = level > threshold
    heard = np.flatnonzero(active)
    first, last = (starts[heard[0]], (starts + lengths)[heard[-1]]) if len(heard) else (len(wave), 0)
    chosen = active if len(heard) else ~active
    return {
        "leading_silence_seconds": float(first / sample_rate),
        "trailing_silence_seconds": float((len(wave) - last) / sample_rate),
        "silence_share": float(1 - lengths[active].sum() / len(wave)),
        "loudness_db": float(_db(np.average(power[chosen], weights=lengths[chosen]))),
        "noise_floor_db": float(np.quantile(level, FLOOR_QUANTILE)),
    }


def _of_samples(wave: Samples, sample_rate: int) -> dict[str, float]:
    magnitude = np.abs(wave)
    peak = float(magnitude.max())
    leading, trailing = (
        (int(np.argmax(wave != 0)), int(np.argmax(wave[::-1] != 0))) if peak > 0 else (len(wave),) * 2
    )
    return {
        "leading_zeros_seconds": leading / sample_rate,
        "trailing_zeros_seconds": trailing / sample_rate,
        "peak_db": float(_db(np.float64(peak) ** 2)),
        "clipped_share": float(np.count_nonzero(magnitude >= CLIPPED_AT) / len(wave)),
        "dc": float(wave.mean(dtype=np.float64)),
    }


def _of_spectrum(wave: Samples, sample_rate: int) -> dict[str, float]:
    """Where the energy lies, from the mean spectrum of the whole clip; 0 where there is none."""
    power = _mean_spectrum(wave, sample_rate)
    if not power.any():
        return dict.fromkeys(("bandwidth_hz", "rolloff_hz", "spectral_tilt_db_per_octave"), 0.0)
    bin_hz = sample_rate / 2 / (len(power) - 1)
    within = power > power.max() * 10 ** (-BAND_BELOW_DB / 10)
    share = np.cumsum(power) / power.sum()
    return {
        "bandwidth_hz": float(np.flatnonzero(within)[-1] * bin_hz),
        "rolloff_hz": float(np.argmax(share >= ROLLOFF_SHARE) * bin_hz),
        "spectral_tilt_db_per_octave": _tilt(power, bin_hz),
    }


def _mean_spectrum(wave: Samples, sample_rate: int) -> Spectrum:
    """Power by frequency [T] -> [F], averaged over windows end to end; without the mean, which `dc` tells."""
    size = 2 ** round(np.log2(sample_rate * SPECTRUM_SECONDS))
    centred = wave - wave.mean(dtype=np.float64).astype(np.float32)
    padded = np.pad(centred, (0, -len(wave) % size)) if len(wave) < size else centred
    windows = padded[: len(padded) // size * size].reshape(-1, size)
    # Cosine-shaped, so that a strong low tone does not leak into an empty high band.
    bell = np.hanning(size).astype(np.float32)
    spectra = np.fft.rfft(windows * bell)
    return np.mean(spectra.real**2 + spectra.imag**2, axis=0, dtype=np.float64)


def _tilt(power: Spectrum, bin_hz: float) -> float:
    """Slope of a line through the levels of third-octave bands, in dB per octave."""
    octave = np.log2(np.maximum(np.arange(len(power)) * bin_hz, 1e-9) / TILT_FROM_HZ)
    band = np.floor(octave * BANDS_PER_OCTAVE).astype(int)
    inside = band >= 0
    bins = np.bincount(band[inside])
    filled = bins > 0
    level = _db(np.bincount(band[inside], weights=power[inside])[filled] / bins[filled])
    centre = np.bincount(band[inside], weights=octave[inside])[filled] / bins[filled]
    centre -= centre.mean()
    return float(centre @ level / (centre @ centre))


def _db(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    """Power to decibels, no lower than `LOWEST_DB`."""
    return 10 * np.log10(np.maximum(power, 10 ** (LOWEST_DB / 10)))
