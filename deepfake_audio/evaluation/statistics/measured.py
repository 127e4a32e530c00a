"""The figures of drawn sets: each from how often a voice stands in the set, without putting the set together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import metrics
from ..metrics import Counts, Floats
from .draws import Times, numbered

Figure = Callable[[Counts], Floats]

# Of sweeps that are made at once: their dozen or so arrays then stay in a core's cache.
CACHE_CELLS = 160_000


def f2_over_all_fake(counts: Counts) -> Floats:
    """By how much the F2 is above that of calling everything in the same set fake."""
    fakes = counts.tp + counts.fn
    share = fakes / np.maximum(fakes + counts.fp + counts.tn, 1)
    return metrics.f_beta(counts, 2.0) - metrics.f_beta_all_fake(share, 2.0)


AT_CUT: dict[str, Figure] = {
    "f2": metrics.f_beta,
    "f2_over_all_fake": f2_over_all_fake,
    "recall": metrics.recall,
    "precision": metrics.precision,
    "accuracy": metrics.accuracy,
    "balanced_accuracy": metrics.balanced_accuracy,
    "mcc": metrics.matthews,
    "false_alarm_rate": metrics.false_alarm_rate,
}
OF_CURVE: dict[str, Figure] = {
    "auc": metrics.roc_auc,
    "eer": metrics.equal_error_rate,
    "average_precision": metrics.average_precision,
    "min_dcf": metrics.min_dcf,
}


@dataclass(frozen=True)
class Clips:
    """Clips of which figures are drawn: [N] each."""

    fake: NDArray[np.bool_]
    score: Floats
    voice: NDArray[np.intp]
    n_voices: int

    @classmethod
    def of(cls, labels: ArrayLike, scores: ArrayLike, voices: ArrayLike) -> Clips:
        """Checked, and voices as numbers."""
        fake, score = metrics.checked(labels, scores)
        voice, count = numbered(voices)
        return cls(fake, score, voice, count)

    def only(self, kept: NDArray[np.bool_]) -> Clips:
        """Those clips, of as many voices as before."""
        return Clips(self.fake[kept], self.score[kept], self.voice[kept], self.n_voices)

    def voices_with(self, fake: bool) -> int:
        """How many voices have a clip of the class."""
        return len(np.unique(self.voice[self.fake == fake]))

    def by_voice(self, weights: NDArray[np.generic]) -> Floats:
        """Sum of `weights` [N] over each voice's clips: [V]."""
        sums = np.bincount(self.voice, weights=weights, minlength=self.n_voices)
        return sums.astype(np.float64, copy=False)


class AtCut:
    """Confusion counts of drawn sets where clips that score at least `threshold` are called fake."""

    def __init__(self, clips: Clips, threshold: float) -> None:
        called, fake = clips.score >= threshold, clips.fake
        cells = (called & fake, called & ~fake, ~called & ~fake, ~called & fake)
        self.by_voice = np.stack([clips.by_voice(cell) for cell in cells], axis=1)

    def __call__(self, times: Times) -> Counts:
        """[r, V] -> [r] each."""
        return Counts(*(times.astype(np.float64) @ self.by_voice).T)


class Sweeps:
    """Sweeps of drawn sets over all distinct scores, highest first."""

    def __init__(self, clips: Clips) -> None:
        order = np.argsort(-clips.score, kind="stable")
        score = clips.score[order]
        self._voice = clips.voice[order]
        self._fake = clips.fake[order].astype(np.int32)
        last = np.append(np.flatnonzero(score[1:] != score[:-1]), len(score) - 1)
        self.scores = score[last]
        # Where all scores differ there is nothing to pick out of the ranks, which takes its time.
        self._last = last if len(last) < len(score) else slice(None)

    def figures(self, wanted: dict[str, Figure], times: Times) -> dict[str, Floats]:
        """[r, V] -> [r] each."""
        told = [{name: of(curve) for name, of in wanted.items()} for curve in self(times)]
        return {name: np.concatenate([each[name] for each in told]) for name in wanted}

    def __call__(self, times: Times) -> Iterator[Counts]:
        """[r, V] -> counts [r', K+1] of a few drawn sets after the other."""
        rows = max(1, CACHE_CELLS // len(self._voice))
        for first in range(0, len(times), rows):
            yield self._counts(np.take(times[first : first + rows], self._voice, axis=1))

    def _counts(self, weights: Times) -> Counts:
        """Sweeps of sets in which the clip at rank n stands `weights[r, n]` times: [r, N] -> [r, K+1]."""
        calls, tp = (np.zeros((len(weights), len(self.scores) + 1)) for _ in range(2))
        calls[:, 1:] = np.cumsum(weights, axis=1, dtype=np.int32)[:, self._last]
        tp[:, 1:] = np.cumsum(weights * self._fake, axis=1, dtype=np.int32)[:, self._last]
        fp = calls - tp
        return Counts(tp, fp, fp[:, -1:] - fp, tp[:, -1:] - tp)


class Losses:
    """Mean of a loss [N] over drawn sets: over all clips, or half over each class."""

    def __init__(self, clips: Clips, loss: Floats, halves: bool = False) -> None:
        self._halves = halves
        # An infinite loss times a voice that was not drawn would be no number.
        finite = np.where(np.isfinite(loss), loss, 0.0)
        cells = [
            clips.by_voice(each * of_class)
            for of_class in (clips.fake, ~clips.fake)
            for each in (finite, np.isinf(loss), np.ones(len(loss)))
        ]
        self._by_voice = np.stack(cells, axis=1)

    def __call__(self, times: Times) -> Floats:
        """[r, V] -> [r]; NaN where a class is wanting whose mean is asked for."""
        drawn = (times.astype(np.float64) @ self._by_voice).reshape(len(times), 2, 3)
        total = np.where(drawn[..., 1] > 0, np.inf, drawn[..., 0])
        if not self._halves:
            return total.sum(axis=1) / drawn[..., 2].sum(axis=1)
        lacking = np.full(total.shape, np.nan)
        return np.divide(total, drawn[..., 2], out=lacking, where=drawn[..., 2] > 0).mean(axis=1)
