"""Whether scores run the wrong way: a good detector read upside down looks like a very bad one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...errors import UserError
from .. import metrics
from ..metrics import equal_error_rate, sweep
from ..statistics.figures import curves
from ..statistics.measured import Clips
from ..statistics.spread import spread
from .higher import DIRECTIONS
from .reading import ScoreFile
from .witnesses import witnesses

# An EER just above a half is chance. Only one whose interval lies above it as a whole is a direction.
CHANCE = 0.5
RESAMPLES = 200


class Turned(NamedTuple):
    """The EER as the file was read, and as it would be the other way round."""

    as_read: float
    turned: float


def checked_direction(scores: ScoreFile) -> list[str]:
    """A warning, or an error, if the scores run the wrong way: who said which way they run has been told."""
    found = turned_wrong(scores)
    if found is None:
        return []
    if not scores.reading.stated:
        raise UserError(wrong_in_words(scores, found))
    return [wrong_in_words(scores, found)]


def turned_wrong(scores: ScoreFile) -> Turned | None:
    """The two EERs if the scores run the wrong way beyond luck: the 95 % interval lies above one half."""
    label, score = scores.table["label"], scores.table["score"]
    eer = float(equal_error_rate(sweep(label, score).counts))
    if eer <= CHANCE:
        return None
    drawn = witnesses(scores.table).cluster
    if len(np.unique(drawn)) < 2:
        drawn = np.arange(len(drawn))
    clips = Clips.of(label, score, drawn)
    fewest = min(clips.voices_with(True), clips.voices_with(False))
    interval = spread(curves(clips, {"eer": metrics.equal_error_rate}, RESAMPLES, seed=0)["eer"], fewest)
    if interval is None or interval[0] <= CHANCE:
        return None
    return Turned(eer, float(equal_error_rate(sweep(label, -score).counts)))


def wrong_in_words(scores: ScoreFile, found: Turned) -> str:
    """Both figures, and what to say."""
    read = scores.reading.higher
    other = next(name for name in DIRECTIONS if name != read)
    told = (
        f"{scores.reading.path}: the scores run the wrong way: EER {100 * found.as_read:.4g} % as read (higher = "
        f"{DIRECTIONS[read]}; {scores.reading.labels}), {100 * found.turned:.4g} % turned round"
    )
    if scores.reading.stated:
        return told
    return f"{told}; say --higher {other} if that is what they mean, or --higher {read} to judge them as they are"
