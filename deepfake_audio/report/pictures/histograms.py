"""How P(fake) is spread over the clips of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...evaluation.metrics import Floats
from ...labels import FAKE, LABEL_NAMES, REAL
from ..canvas import COLOURS, INK, NAMES, legend_below, panels_in_a_row
from .scale import Scores, log_odds, probability_axis, shown_range

FEWEST_BARS, MOST_BARS = 12, 40
# Of a thousand clips and more, one mark stands for several: they would run into one stripe.
MOST_MARKS = 250
# Room above the bars for a mark a clip, in shares of the panel: fakes over reals.
HEADROOM = 1.22
MARK_ROWS = {REAL: 0.915, FAKE: 0.97}


def histograms(scores: Scores, threshold: float) -> Figure:
    """Bars by class, and above them a mark a clip; one panel a part.

    What lies beyond the ends of the axis, 1 % of the scores at most, stands in the outermost bars.
    """
    figure, panels = panels_in_a_row(len(scores), share_y=True)
    ends = shown_range(scores, [threshold])
    highest = 0.0
    for axes, (part, table) in zip(panels, scores.items(), strict=True):
        for label, line in ((REAL, "--"), (FAKE, "-")):
            clips = np.clip(log_odds(table.loc[table["label"] == label, "p_fake"].to_numpy()), *ends)
            highest = max(highest, _bars(axes, clips, ends, LABEL_NAMES[label], line))
            row = np.full(min(len(clips), MOST_MARKS), MARK_ROWS[label])
            style: dict[str, Any] = {"color": COLOURS[LABEL_NAMES[label]], "markersize": 6, "alpha": 0.6}
            axes.plot(_spread(clips), row, "|", transform=axes.get_xaxis_transform(), **style)
        axes.axvline(float(log_odds(threshold)), color=INK, linewidth=1, label="threshold")
        probability_axis(axes, "P(fake)", ends)
        axes.set_title(NAMES[part], fontsize=10, color=INK)
    panels[0].set_ylim(0, HEADROOM * max(highest, 1e-9))
    panels[0].set_ylabel("share of the class")
    legend_below(figure, panels[0])
    return figure


def _bars(axes: Axes, clips: Floats, ends: tuple[float, float], name: str, line: str) -> float:
    """Draw a class, told apart by its outline, and return the height of its highest bar."""
    bars = int(np.clip(2 * np.sqrt(len(clips)), FEWEST_BARS, MOST_BARS))
    edges = np.linspace(*ends, bars + 1)
    weights = np.full(len(clips), 1 / max(1, len(clips)))
    shared: dict[str, Any] = {"bins": edges, "weights": weights, "color": COLOURS[name]}
    axes.hist(clips, **shared, histtype="stepfilled", alpha=0.25)
    heights, _, _ = axes.hist(clips, **shared, histtype="step", linestyle=line, linewidth=1.8, label=name)
    return float(np.max(heights))


def _spread(clips: Floats) -> Floats:
    """As many marks as may be, evenly from the lowest to the highest score."""
    if len(clips) <= MOST_MARKS:
        return clips
    return np.sort(clips)[np.linspace(0, len(clips) - 1, MOST_MARKS).astype(int)]
