"""A recording as a picture: time in seconds, frequency in Hz, brighter where it is louder."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ...evaluation.metrics import Floats
from ..canvas import INK, bare

WIDTH_INCHES, HEIGHT_INCHES = 3.7, 2.0
# 32 ms: harmonics of a voice lie apart, and a syllable still has its place in time.
WINDOW_SECONDS, HOP_SECONDS = 0.032, 0.008
RANGE_DB = 80.0
# Steps that no eye tells apart let the picture weigh a third.
STEP_DB = 2.5
MOST_COLUMNS, MOST_ROWS = 400, 128


def spectrogram(waveform: Floats, sample_rate: int) -> Figure:
    """[T] -> a picture of its level, down to 80 dB under its loudest spot."""
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    axes = figure.subplots()
    level = levels_db(waveform, sample_rate)
    seconds = len(waveform) / sample_rate
    axes.imshow(
        level,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, sample_rate / 2),
        cmap="magma",
        vmin=-RANGE_DB,
        vmax=0,
        interpolation="none",
    )
    bare(axes)
    axes.grid(visible=False)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("time (s)", color=INK, fontsize=8)
    axes.set_ylabel("frequency (Hz)", color=INK, fontsize=8)
    figure.patch.set_alpha(0)
    return figure


def levels_db(waveform: Floats, sample_rate: int) -> Floats:
    """[T] -> [F, T'] in dB under the loudest cell, thinned to what a small picture can show."""
    window = round(WINDOW_SECONDS * sample_rate)
    hop = max(round(HOP_SECONDS * sample_rate), -(-len(waveform) // MOST_COLUMNS))
    padded = np.pad(np.asarray(waveform, dtype=np.float64), window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)).T ** 2
    rows = -(-len(power) // MOST_ROWS)
    power = np.add.reduceat(power, np.arange(0, len(power), rows), axis=0)
    level = 10 * np.log10(np.maximum(power, 1e-30) / max(float(power.max()), 1e-30))
    return STEP_DB * np.round(np.maximum(level, -RANGE_DB) / STEP_DB)
