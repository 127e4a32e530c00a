"""The test clips that teach most: the surest mistakes of both kinds, and what lay nearest to the threshold."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from ..labels import FAKE, REAL
from .pictures.scale import log_odds

WRONG_OF_A_KIND, NEAREST = 3, 2


class Hard(NamedTuple):
    """Clips that are hard in one way, as rows of the score table."""

    title: str
    none: str
    clips: pd.DataFrame


def hardest_clips(scores: pd.DataFrame, threshold: float) -> list[Hard]:
    """The fakes it was surest are real, the reals it was surest are fake, and the closest calls.

    One clip a voice of each kind: recordings of one voice fail together, and one shows what three would.
    """
    order = log_odds(scores["p_fake"].to_numpy())
    clips = scores.assign(_order=order, _distance=abs(order - log_odds(threshold)))
    called = clips["p_fake"] >= threshold
    missed = _first(clips[(clips["label"] == FAKE) & ~called], "_order", WRONG_OF_A_KIND)
    alarms = _first(clips[(clips["label"] == REAL) & called], "_order", WRONG_OF_A_KIND, ascending=False)
    seen = set(missed["clip"]) | set(alarms["clip"])
    nearest = _first(clips[~clips["clip"].isin(seen)], "_distance", NEAREST)
    return [
        Hard("Fakes it took for real", "It missed no fake.", missed),
        Hard("Real clips it called fake", "It called no real clip fake.", alarms),
        Hard("Nearest to the threshold", "There are no others.", nearest),
    ]


def _first(clips: pd.DataFrame, by: str, most: int, ascending: bool = True) -> pd.DataFrame:
    """The first few of different voices; of equal ones by name, so that equal runs show equal clips."""
    ordered = clips.sort_values([by, "clip"], ascending=[ascending, True])
    return ordered.drop_duplicates("voice").head(most)
