"""The two systems that fake a voice: speech taken apart into a few numbers a frame and put together again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from .frames import SAMPLE_RATE_HZ, Floats, bins_hz, cut, delays, istft, place, pulse_times, stft, window

FRAME_SAMPLES = 512
HOP_SAMPLES = 128

MEL_BANDS = 48
GRIFFIN_LIM_ROUNDS = 12

# Low, as in the early telephone codecs: five formants and a tilt leave it no pole to spare.
LPC_ORDER = 10
PRE_EMPHASIS = 0.97
PITCH_RANGE_HZ = (70, 330)
VOICED_ABOVE = 0.5


def griffin_lim(rng: Generator, wave: Floats) -> Floats:
    """Keep the mel magnitudes alone, spread them over the bins again and search for a phase: [T] -> [T]."""
    magnitudes = _from_mel(_to_mel(np.abs(stft(wave, FRAME_SAMPLES, HOP_SAMPLES))))
    phases = np.exp(2j * np.pi * rng.random(magnitudes.shape))
    for _ in range(GRIFFIN_LIM_ROUNDS):
        guess = istft(magnitudes * phases, FRAME_SAMPLES, HOP_SAMPLES, len(wave))
        spectra = stft(guess, FRAME_SAMPLES, HOP_SAMPLES)
        phases = spectra / np.maximum(np.abs(spectra), 1e-12)
    return istft(magnitudes * phases, FRAME_SAMPLES, HOP_SAMPLES, len(wave))


def lpc(rng: Generator, wave: Floats) -> Floats:
    """Keep an all-pole envelope, a gain and a pitch a frame; drive it by pulses or by noise: [T] -> [T]."""
    sharp = np.append(wave[0], wave[1:] - PRE_EMPHASIS * wave[:-1])
    predictors, gains = _linear_prediction(cut(sharp, FRAME_SAMPLES, HOP_SAMPLES) * window(FRAME_SAMPLES))
    f0_hz, voiced = _pitch(cut(wave, 2 * FRAME_SAMPLES, HOP_SAMPLES))
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(FRAME_SAMPLES))
    envelopes = gains[:, None] / np.fft.rfft(predictors, FRAME_SAMPLES, axis=1) / (1 - PRE_EMPHASIS * delay)

    hiss = stft(rng.normal(size=len(wave)), FRAME_SAMPLES, HOP_SAMPLES) * np.abs(envelopes)
    noise = istft(hiss * ~voiced[:, None], FRAME_SAMPLES, HOP_SAMPLES, len(wave))

    clock = np.arange(len(wave)) / HOP_SAMPLES
    times = pulse_times(np.interp(clock, np.arange(len(f0_hz)), f0_hz))
    frame = np.minimum(np.round(times / HOP_SAMPLES).astype(int), len(f0_hz) - 1)
    times, frame = times[voiced[frame]], frame[voiced[frame]]
    loudness = np.sqrt(SAMPLE_RATE_HZ / f0_hz[frame])  # a pulse a period has the power of unit noise
    beats = np.fft.irfft(envelopes[frame] * delays(times, FRAME_SAMPLES), FRAME_SAMPLES, axis=1)
    return noise + place(beats * loudness[:, None], times.astype(np.int64), len(wave))


VOCODERS: dict[str, Callable[[Generator, Floats], Floats]] = {"griffinlim": griffin_lim, "lpc": lpc}


def _mel(hz: Floats) -> Floats:
    return 2595 * np.log10(1 + hz / 700)


def _band_edges() -> Floats:
    """Of the triangular bands, evenly spaced in mel -> [MEL_BANDS + 2]."""
    return np.linspace(0.0, float(_mel(np.array(SAMPLE_RATE_HZ / 2))), MEL_BANDS + 2)


def _to_mel(magnitudes: Floats) -> Floats:
    """Mean magnitude in each band: [F, bins] -> [F, MEL_BANDS]."""
    edges = _band_edges()
    place_in_mel = _mel(bins_hz(FRAME_SAMPLES))
    width = edges[1] - edges[0]
    weights = np.maximum(0, 1 - np.abs(place_in_mel - edges[1:-1, None]) / width)
    # The lowest bands are narrower than a bin: they take their nearest one.
    nearest = np.abs(place_in_mel - edges[1:-1, None]).argmin(axis=1)
    weights[np.arange(MEL_BANDS), nearest] = np.maximum(weights[np.arange(MEL_BANDS), nearest], 1e-3)
    return np.einsum("fb,mb->fm", magnitudes, weights / weights.sum(axis=1, keepdims=True))


def _from_mel(bands: Floats) -> Floats:
    """A straight line from band centre to band centre: [F, MEL_BANDS] -> [F, bins]."""
    centres = _band_edges()[1:-1]
    at = np.interp(_mel(bins_hz(FRAME_SAMPLES)), centres, np.arange(MEL_BANDS))
    low = np.minimum(at.astype(int), MEL_BANDS - 2)
    share = at - low
    return bands[:, low] * (1 - share) + bands[:, low + 1] * share


def _linear_prediction(frames: Floats) -> tuple[Floats, Floats]:
    """Levinson and Durbin's recursion, all frames at once: [F, N] -> [F, LPC_ORDER + 1], [F]."""
    size = frames.shape[1]
    power = np.abs(np.fft.rfft(frames, 2 * size, axis=1)) ** 2
    lags = np.fft.irfft(power, axis=1)[:, : LPC_ORDER + 1] / (window(size) ** 2).sum()
    lags[:, 0] = lags[:, 0] * 1.0001 + 1e-12
    predictors = np.zeros((len(frames), LPC_ORDER + 1))
    predictors[:, 0] = 1
    error = lags[:, 0].copy()
    for order in range(1, LPC_ORDER + 1):
        reflection = -(predictors[:, :order] * lags[:, order:0:-1]).sum(axis=1) / error
        flipped = predictors[:, order::-1].copy()
        predictors[:, : order + 1] += reflection[:, None] * flipped
        error *= 1 - reflection**2
    return predictors, np.sqrt(error)


def _pitch(frames: Floats) -> tuple[Floats, np.ndarray]:
    """The strongest echo of each frame: [F, N] -> f0 in hertz [F], whether there is a voice at all [F]."""
    size = frames.shape[1]
    shape = window(size)
    echo = np.fft.irfft(np.abs(np.fft.rfft(frames * shape, 2 * size, axis=1)) ** 2, axis=1)
    own = np.fft.irfft(np.abs(np.fft.rfft(shape, 2 * size)) ** 2)
    shortest, longest = (SAMPLE_RATE_HZ // hz for hz in reversed(PITCH_RANGE_HZ))
    loud = np.maximum(echo[:, :1], 1e-12)
    echo = echo[:, shortest:longest] / loud / (own[shortest:longest] / own[0])
    # A multiple of the period echoes as well; the longer one must be clearly better to be believed.
    echo = echo * np.linspace(1, 0.9, longest - shortest)
    f0_hz = SAMPLE_RATE_HZ / (shortest + echo.argmax(axis=1))
    return f0_hz, (echo.max(axis=1) > VOICED_ABOVE) & (loud[:, 0] > 1e-6)
