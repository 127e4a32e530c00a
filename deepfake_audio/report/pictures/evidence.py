"""An explanation as a picture: the evidence over what the detector was shown, its time line, and P(fake) below."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from ...evaluation.metrics import Floats
from ...explaining import Explanation
from ...explaining.stretches import Stretch
from ..canvas import COLOURS, INK, WIDTH_INCHES, bare, legend_below

HEIGHT_INCHES = 5.6
ROWS = (3.2, 1.0, 1.0)
TICKS_HZ = (200, 500, 1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000)
# On the dark of a spectrogram the palette's lighter members.
OVER = {"fake": (0.95, 0.52, 0.16), "real": (0.34, 0.71, 0.91)}
# The strongest evidence still lets the spectrogram shine through.
MOST_OPAQUE = 0.8
# Beyond it lie single cells that would make all others pale.
FULL_AT_QUANTILE = 0.99
# Cells of a gradient's map are too small for the eye: bins and frames that they are smeared over.
SMEARED = {"integrated_gradients": (1.0, 2.0)}
LINE_SECONDS = 0.04
SILENCE_ALPHA = 0.18


def evidence_picture(told: Explanation) -> Figure:
    """Map, time line and P(fake); stretches that do not meet stand side by side."""
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    widths = [stretch.end_seconds - stretch.start_seconds for stretch in told.stretches]
    grid = figure.add_gridspec(3, len(widths), height_ratios=ROWS, width_ratios=widths)
    scale = _scale(told)
    lines = [_line(stretch) for stretch in told.stretches]
    for column, stretch in enumerate(told.stretches):
        over = figure.add_subplot(grid[0, column])
        line = figure.add_subplot(grid[1, column], sharex=over)
        _map(over, stretch, told, scale)
        _time_line(line, stretch, lines[column])
        # One scale over all: what hardly speaks beside the others must look so.
        line.set_ylim(*_ends(np.concatenate(lines)))
        if column:
            over.tick_params(labelleft=False)
            line.tick_params(labelleft=False)
        else:
            over.set_ylabel("frequency (Hz)")
            line.set_ylabel("evidence")
    probability = figure.add_subplot(grid[2, :])
    _p_fake(probability, told)
    for label, colour, alpha in (
        ("speaks for fake", COLOURS["fake"], 1.0),
        ("speaks for real", COLOURS["real"], 1.0),
        ("silence", INK, SILENCE_ALPHA),
    ):
        probability.scatter([], [], marker="s", s=70, color=colour, alpha=alpha, linewidths=0, label=label)
    legend_below(figure, probability)
    figure.patch.set_alpha(0)
    return figure


def _scale(told: Explanation) -> float:
    """The evidence that is drawn at full strength, in all stretches alike."""
    strengths = np.concatenate([np.abs(_smeared(stretch, told)).ravel() for stretch in told.stretches])
    return float(np.quantile(strengths, FULL_AT_QUANTILE)) or float(strengths.max()) or 1.0


def _smeared(stretch: Stretch, told: Explanation) -> Floats:
    """Evidence as it is drawn: [F, T']."""
    return gaussian_filter(stretch.evidence, SMEARED.get(told.method, 0.0))


def _map(axes: Axes, stretch: Stretch, told: Explanation, scale: float) -> None:
    evidence = _smeared(stretch, told)
    bins = len(evidence)
    axes.imshow(
        painted(stretch.picture, evidence / scale),
        origin="lower",
        aspect="auto",
        extent=(*_reach(stretch), 0, bins),
        interpolation="none",
    )
    bare(axes)
    axes.grid(visible=False)
    shown = [hz for hz in TICKS_HZ if told.edges_hz[0] <= hz <= told.edges_hz[-1]]
    places = np.interp(shown, told.edges_hz, np.arange(bins + 1))
    axes.set_yticks(places, [f"{hz / 1000:g}k" if hz >= 1000 else str(hz) for hz in shown])
    axes.tick_params(labelbottom=False)


def painted(picture: Floats, strength: Floats) -> Floats:
    """Level as grey, evidence from -1 (for real) to 1 (for fake) as colour over it: [F, T'] -> [F, T', 3]."""
    low, high = np.quantile(picture, (0.02, 0.995))
    grey = 0.85 * np.clip((picture - low) / max(high - low, 1e-9), 0, 1)[..., None]
    colour = np.where(strength[..., None] > 0, OVER["fake"], OVER["real"])
    opaque = MOST_OPAQUE * np.clip(np.abs(strength), 0, 1)[..., None]
    return (1 - opaque) * grey + opaque * colour


def _line(stretch: Stretch) -> Floats:
    """Evidence over time, smooth enough for the eye: [T']."""
    return gaussian_filter1d(stretch.evidence.sum(axis=0), LINE_SECONDS / _step(stretch))


def _step(stretch: Stretch) -> float:
    return float(stretch.seconds[1] - stretch.seconds[0]) if len(stretch.seconds) > 1 else 1.0


def _ends(line: Floats) -> tuple[float, float]:
    """The scale on which a line is drawn; 0 stands in its middle, or at the bottom of what is never below."""
    most = max(float(np.abs(line).max()), 1e-12)
    return -1.1 * most if (line < 0).any() else -0.1 * most, 1.1 * most


def _time_line(axes: Axes, stretch: Stretch, line: Floats) -> None:
    step = _step(stretch)
    for label, which in (("fake", line >= 0), ("real", line <= 0)):
        axes.fill_between(
            stretch.seconds, line, 0, where=which, interpolate=True, color=COLOURS[label], linewidth=0
        )
    axes.axhline(0, color=INK, linewidth=0.6)
    for start, end in runs(stretch.silent):
        axes.axvspan(
            stretch.seconds[start] - step / 2,
            stretch.seconds[end - 1] + step / 2,
            color=INK,
            alpha=SILENCE_ALPHA,
            linewidth=0,
        )
    bare(axes)
    axes.set_yticks([0], ["0"])
    axes.set_xlim(*_reach(stretch))


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First place and end of each run of true ones: [N]."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(start), int(end)) for start, end in changes.reshape(-1, 2)]


def _p_fake(axes: Axes, told: Explanation) -> None:
    """Each window of the recording from its start to its end; those that were explained are thick."""
    explained = {window.start_seconds for window in told.windows}
    for window in told.verdict.windows:
        thick = window.start_seconds in explained
        axes.plot(
            [window.start_seconds, window.end_seconds],
            [window.p_fake] * 2,
            color=COLOURS["fake" if window.p_fake >= told.verdict.threshold else "real"],
            linewidth=3.5 if thick else 1.2,
            solid_capstyle="butt",
            marker="|",
            markersize=9,
        )
    axes.axhline(min(told.verdict.threshold, 1.0), color=INK, linewidth=1, linestyle="--", label="threshold")
    bare(axes)
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([0, 0.5, 1])
    windows = told.verdict.windows
    axes.set_xlim(windows[0].start_seconds, max(window.end_seconds for window in windows))
    axes.set_ylabel("P(fake)")
    axes.set_xlabel("time (s)")


def _reach(stretch: Stretch) -> tuple[float, float]:
    return stretch.start_seconds, stretch.end_seconds
