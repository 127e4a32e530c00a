"""A recording and what was said of it: its wave, its spectrogram, and P(fake) over time below."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...listening.overview import RANGE_DB, Overview
from ...listening.telling import printable
from ...probability import beside
from ...verdict import Verdict
from ..canvas import COLOURS, INK, bare, legend_below

WIDTH_INCHES, HEIGHT_INCHES = 8.0, 5.6
ROWS = (1.0, 1.8, 1.3)
SUSPICIOUS_ALPHA = 0.16
# Of a file's name: what doesn't fit beside the picture says nothing.
LONGEST_NAME = 60


def recording_picture(verdict: Verdict, seen: Overview) -> Figure:
    """Three panels over the same time; suspicious segments are shaded in all but the spectrogram."""
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained", facecolor="white")
    wave, levels, line = figure.subplots(3, 1, sharex=True, height_ratios=ROWS)
    _wave(wave, seen)
    _levels(levels, seen)
    _p_fake(line, verdict)
    for axes in (wave, line):
        for segment in verdict.segments:
            axes.axvspan(
                segment.start_seconds,
                segment.end_seconds,
                color=COLOURS["fake"],
                alpha=SUSPICIOUS_ALPHA,
                linewidth=0,
                label="suspicious segment",
            )
        bare(axes)
    line.set_xlim(0, seen.seconds)
    line.set_xlabel("time (s)")
    p_fake, threshold = beside(verdict.p_fake, verdict.threshold)
    wave.set_title(
        f"{_short(verdict.file)}\n{verdict.in_words}: P(fake) {p_fake}, fake from {threshold} on",
        fontsize=10,
        color=INK,
        loc="left",
        parse_math=False,
    )
    legend_below(figure, line)
    return figure


def _wave(axes: Axes, seen: Overview) -> None:
    axes.fill_between(_columns(seen), seen.low, seen.high, color=INK, linewidth=0.4, step="post")
    most = max(float(np.abs([seen.low, seen.high]).max()), 1e-3)
    axes.set_ylim(-1.05 * most, 1.05 * most)
    axes.set_ylabel("sample")


def _columns(seen: Overview) -> np.ndarray:
    return np.linspace(0, seen.seconds, len(seen.low), endpoint=False)


def _levels(axes: Axes, seen: Overview) -> None:
    axes.imshow(
        seen.level_db,
        origin="lower",
        aspect="auto",
        extent=(0, seen.seconds, 0, seen.sample_rate / 2000),
        cmap="magma",
        vmin=-RANGE_DB,
        vmax=0,
    )
    bare(axes)
    axes.grid(visible=False)
    axes.set_ylabel("frequency (kHz)")


def _p_fake(axes: Axes, verdict: Verdict) -> None:
    """Each window from its start to its end, in the colour of its side of the threshold."""
    for label in ("fake", "real"):
        of_label = [
            window for window in verdict.windows if (window.p_fake >= verdict.threshold) == (label == "fake")
        ]
        if of_label:
            axes.hlines(
                [window.p_fake for window in of_label],
                [window.start_seconds for window in of_label],
                [window.end_seconds for window in of_label],
                color=COLOURS[label],
                linewidth=3,
                label=f"window called {label}",
            )
    axes.axhline(min(verdict.threshold, 1.0), color=INK, linewidth=1, linestyle="--", label="threshold")
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("P(fake)")


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= LONGEST_NAME else f"...{name[-LONGEST_NAME:]}"
