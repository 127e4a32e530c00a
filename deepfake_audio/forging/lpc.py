"""Linear prediction: an all-pole envelope, a gain and a pitch a frame, as telephone vocoders send them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .frames import SAMPLE_RATE_HZ, Floats, bins_hz, cut, delays, istft, place, pulse_times, stft, window

FRAME_SAMPLES = 512
HOP_SAMPLES = 128
PRE_EMPHASIS = 0.97
PITCH_RANGE_HZ = (70, 330)
VOICED_ABOVE = 0.5
# Above this a mixed excitation is noise even where there is a voice: pulses alone buzz there.
MIXED_FROM_HZ = (2000, 6000)


def lpc(rng: Generator, wave: Floats, order: int = 10, noise_from_hz: float | None = None) -> Floats:
    """Keep an all-pole envelope, a gain and a pitch a frame; drive it by pulses or by noise: [T] -> [T].

    Args:
        order: of the predictor. Ten is that of the early telephone codecs: five formants and a tilt leave it no
            pole to spare.
        noise_from_hz: voiced frames are noise too from here on; pulses alone if not given.
    """
    sharp = np.append(wave[0], wave[1:] - PRE_EMPHASIS * wave[:-1])
    frames = cut(sharp, FRAME_SAMPLES, HOP_SAMPLES) * window(FRAME_SAMPLES)
    predictors, gains = _linear_prediction(frames, order)
    f0_hz, voiced = _pitch(cut(wave, 2 * FRAME_SAMPLES, HOP_SAMPLES))
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(FRAME_SAMPLES))
    envelopes = gains[:, None] / np.fft.rfft(predictors, FRAME_SAMPLES, axis=1) / (1 - PRE_EMPHASIS * delay)
    above = bins_hz(FRAME_SAMPLES) >= (np.inf if noise_from_hz is None else noise_from_hz)

    hiss = stft(rng.normal(size=len(wave)), FRAME_SAMPLES, HOP_SAMPLES) * np.abs(envelopes)
    noise = istft(hiss * (~voiced[:, None] | above), FRAME_SAMPLES, HOP_SAMPLES, len(wave))

    clock = np.arange(len(wave)) / HOP_SAMPLES
    times = pulse_times(np.interp(clock, np.arange(len(f0_hz)), f0_hz))
    frame = np.minimum(np.round(times / HOP_SAMPLES).astype(int), len(f0_hz) - 1)
    times, frame = times[voiced[frame]], frame[voiced[frame]]
    loudness = np.sqrt(SAMPLE_RATE_HZ / f0_hz[frame])  # a pulse a period has the power of unit noise
    spectra = envelopes[frame] * delays(times, FRAME_SAMPLES)
    beats = np.fft.irfft(spectra * ~above, FRAME_SAMPLES, axis=1)
    return noise + place(beats * loudness[:, None], times.astype(np.int64), len(wave))


def forge(rng: Generator, wave: Floats) -> Floats:
    """From ten poles and a buzz to a fine envelope with a breath in it: [T] -> [T]."""
    mixed = rng.random() < 0.5
    return lpc(
        rng,
        wave,
        order=int(rng.integers(10, 25)),
        noise_from_hz=rng.uniform(*MIXED_FROM_HZ) if mixed else None,
    )


def _linear_prediction(frames: Floats, order: int) -> tuple[Floats, Floats]:
    """Levinson and Durbin's recursion, all frames at once: [F, N] -> [F, order + 1], [F]."""
    size = frames.shape[1]
    power = np.abs(np.fft.rfft(frames, 2 * size, axis=1)) ** 2
    lags = np.fft.irfft(power, axis=1)[:, : order + 1] / (window(size) ** 2).sum()
    lags[:, 0] = lags[:, 0] * 1.0001 + 1e-12
    predictors = np.zeros((len(frames), order + 1))
    predictors[:, 0] = 1
    error = lags[:, 0].copy()
    for step in range(1, order + 1):
        reflection = -(predictors[:, :step] * lags[:, step:0:-1]).sum(axis=1) / error
        flipped = predictors[:, step::-1].copy()
        predictors[:, : step + 1] += reflection[:, None] * flipped
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
