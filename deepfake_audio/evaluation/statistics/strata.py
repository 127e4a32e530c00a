"""The AUC of scores that share a scale only within a stratum, as those of different models do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .. import metrics
from ..metrics import Floats
from .draws import RESAMPLES, Times, over_draws
from .figures import affordable, as_they_are
from .measured import Clips, Sweeps
from .spread import Interval, plain, spread


def auc_in_strata(
    labels: ArrayLike,
    scores: ArrayLike,
    voices: ArrayLike,
    strata: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float | None, Interval]:
    """The chance that a fake outscores a real of its own stratum, and the 95 % interval over voices.

    One stratum for all clips is the common AUC. None where no stratum holds both classes; no interval where a class
    has one voice.
    """
    clips = Clips.of(labels, scores, voices)
    stratum = np.zeros(len(clips.score)) if strata is None else np.asarray(strata)
    sweeps = [Sweeps(clips.only(stratum == name)) for name in np.unique(stratum)]

    def tell(times: Times) -> dict[str, Floats]:
        """Pairs in the right order among the pairs within strata."""
        won, pairs = np.zeros(len(times)), np.zeros(len(times))
        for swept in sweeps:
            drawn = [_pairs(curve) for curve in swept(times)]
            won += np.concatenate([each[0] for each in drawn])
            pairs += np.concatenate([each[1] for each in drawn])
        return {"auc": np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)}

    auc = plain(as_they_are(tell, clips)["auc"])
    drawn = over_draws(tell, clips.n_voices, affordable(resamples, len(clips.score)), seed)["auc"]
    voices_of = min(clips.voices_with(True), clips.voices_with(False))
    return auc, spread(drawn, voices_of)


def _pairs(curve: metrics.Counts) -> tuple[Floats, Floats]:
    """Of each sweep: pairs of a fake and a real in the right order (ties half), and all pairs."""
    pairs = curve.tp[:, -1] * curve.fp[:, -1]
    return np.where(pairs > 0, metrics.roc_auc(curve) * pairs, 0.0), pairs
