"""The probes: what each looks at, and the small model that turns it into scores.

A probe sees nothing of the voice: only a measure of the clip, or a fact from its source file's header.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ..audio.measures import CODEC_FRAME_SAMPLES, MEASURES
from ..labels import FAKE
from .metrics import Floats

CATEGORIES = ("container", "codec")
FACTS = ("source_rate", "source_channels", "video_fps")
# Rarer ones are too few to learn from.
MOST_CATEGORIES = 20
# Boosted shallow trees: cues need not be monotone (a certain length, one value modulo 1,024), and pairs of them
# are found, but a few hundred clips are not learnt by heart.
TREES = {"max_iter": 60, "max_depth": 3, "learning_rate": 0.1, "early_stopping": False, "random_state": 0}
FEWEST_PER_LEAF, MOST_PER_LEAF = 3, 20

Features = NDArray[np.float64]


@dataclass(frozen=True)
class Probe:
    """What one trivial detector sees of each clip: `features` [N, D], all finite."""

    name: str
    features: Features

    @property
    def is_constant(self) -> bool:
        """Whether all clips look alike to it."""
        return bool(np.all(self.features == self.features[:1]))


def probes_of(table: pd.DataFrame) -> list[Probe]:
    """A probe for each measure and source fact that the columns of `table` tell; none for what it lacks."""
    numbers = {name: _numbers(table, name) for name in (*MEASURES, *FACTS) if name in table}
    numbers |= _derived(table)
    probes = [Probe(name, _filled(values)[:, None]) for name, values in numbers.items()]
    return probes + [Probe(name, _one_hot(table[name])) for name in CATEGORIES if name in table]


def together(probes: list[Probe]) -> Probe:
    """One probe that sees what all of them see."""
    return Probe("all", np.hstack([probe.features for probe in probes]))


def fit_and_score(
    probe: Probe, is_fake: NDArray[np.bool_], fit: NDArray[np.intp], score: NDArray[np.intp]
) -> Floats:
    """P(fake) of the clips `score` (their numbers) from a model that saw the clips `fit` only."""
    target = is_fake[fit]
    if probe.is_constant or target.all() or not target.any():
        return np.full(len(score), float(target.mean()))
    leaf = int(np.clip(len(fit) // 50, FEWEST_PER_LEAF, MOST_PER_LEAF))
    # One thread: several gain nothing on trees this small, and the sums of one are always the same.
    with threadpool_limits(1):
        model = HistGradientBoostingClassifier(min_samples_leaf=leaf, **TREES)
        model.fit(probe.features[fit], target)
        return model.predict_proba(probe.features[score])[:, FAKE]


def _numbers(table: pd.DataFrame, name: str) -> Floats:
    """A column as numbers; an empty or unreadable cell is unknown, and so is infinity."""
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values


def _filled(values: Floats) -> Floats:
    """Unknown ones as a value of their own, below all others: to lack a fact can give a clip away too."""
    known = values[~np.isnan(values)]
    return np.nan_to_num(values, nan=known.min() - 1 if len(known) else 0.0)


def _derived(table: pd.DataFrame) -> dict[str, Floats]:
    """What only two facts together tell: whole codec frames, and sound that outlasts its video."""
    derived = {}
    if "source_samples" in table:
        samples = _numbers(table, "source_samples")
        derived["source_samples_mod_1024"] = np.mod(samples, CODEC_FRAME_SAMPLES)
        if {"source_rate", "video_frames", "video_fps"} <= set(table.columns):
            rate, fps = _numbers(table, "source_rate"), _numbers(table, "video_fps")
            rate[rate == 0], fps[fps == 0] = np.nan, np.nan
            video_seconds = _numbers(table, "video_frames") / fps
            derived["audio_minus_video_seconds"] = samples / rate - video_seconds
    return derived


def _one_hot(column: pd.Series) -> Features:
    """A column for each of the commonest values, in an order that does not hang on that of the rows."""
    text = column.fillna("").astype(str)
    counts = text.value_counts()
    common = sorted(counts.index, key=lambda value: (-counts[value], value))[:MOST_CATEGORIES]
    return np.stack([(text == value).to_numpy(np.float64) for value in common], axis=1)
