"""Who is drawn for an interval: voices, where a score file knows them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...clips import UNKNOWN_VOICE
from ..statistics import clusters


class Witnesses(NamedTuple):
    """What each clip is drawn with [N], how many voices there are (None if unknown), and whether these are drawn."""

    cluster: NDArray[np.generic]
    n_voices: int | None
    n_clusters: int

    @property
    def are(self) -> str:
        """What is drawn, in a word."""
        return "clips" if self.n_voices is None else "voices"


def witnesses(table: pd.DataFrame) -> Witnesses:
    """Voices, those that share a track together; clips where voices are unknown."""
    if "voice" not in table:
        return Witnesses(np.arange(len(table)), None, len(table))
    drawn = clusters(table["voice"], table.get("track"))
    known = table.loc[~table["voice"].str.startswith(UNKNOWN_VOICE), "voice"]
    return Witnesses(drawn, int(known.nunique()), len(np.unique(drawn)))
