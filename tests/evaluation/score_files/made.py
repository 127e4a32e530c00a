"""Score files with a known truth, on a scale of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...scored import made_scores


def score_file(
    path: Path, distance: float = 1.0, seed: int = 0, sign: int = 1, voices: int = 30, **columns: object
) -> pd.DataFrame:
    """Write clips of `voices` speakers whose scores are raw logits times `sign`; return what was written."""
    made = made_scores(path.stem, voices=voices, distance=distance, seed=seed)
    table = made[["clip", "voice", "system"]].assign(
        label=np.where(made["label"] == 1, "spoof", "bonafide"), score=sign * made["logit"], **columns
    )
    table.to_csv(path, index=False)
    return table
