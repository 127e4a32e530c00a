"""Of what kind each clip is: what a hold-out holds out."""

from __future__ import annotations

import pandas as pd

from ..clips import says_nothing
from ..labels import FAKE

# Beside `system`, as the corpus calls it: what made a fake, where one has several names or one name is of several.
SYNTHESISER = "synthesiser"


def kinds(clips: pd.DataFrame, column: str) -> pd.Series:
    """What stands in the column; of `system`, what made a fake: nothing where it is real or doesn't say."""
    if column != "system":
        return clips[column].astype(str)
    system = clips["system"].astype(str).str.strip()
    who = system
    if SYNTHESISER in clips:
        told = clips[SYNTHESISER].astype(str).str.strip()
        who = told.mask(says_nothing(told), system)
    return who.mask(says_nothing(who) | (clips["label"] != FAKE), "")
