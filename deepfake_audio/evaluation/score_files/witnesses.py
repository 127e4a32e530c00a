"""Who is drawn for an interval: voices, where a score file knows them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..statistics import clusters
from ..voices import count_unknown, count_voices, count_witnesses


class Witnesses(NamedTuple):
    """What each clip is drawn with [N], and of how many people that is."""

    cluster: NDArray[np.generic]
    # None where no voice is known.
    n_voices: int | None
    n_clusters: int
    n_unknown_voice: int
    # Of each class, what is drawn and has a known voice.
    n_witnesses: dict[str, int]

    @property
    def are(self) -> str:
        """What is drawn, in a word."""
        return "clips" if self.n_voices is None else "voices"


def witnesses(table: pd.DataFrame) -> Witnesses:
    """Voices, those that share a track together; clips where voices are unknown."""
    if "voice" not in table:
        return Witnesses(np.arange(len(table)), None, len(table), len(table), {"real": 0, "fake": 0})
    drawn = clusters(table["voice"], table.get("track"))
    return Witnesses(
        drawn,
        count_voices(table["voice"]) or None,
        len(np.unique(drawn)),
        count_unknown(table["voice"]),
        count_witnesses(table["label"], table["voice"], drawn),
    )
