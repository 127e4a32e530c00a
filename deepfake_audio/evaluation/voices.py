"""How many people a figure rests on, and from how few nothing should be concluded."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..labels import LABEL_NAMES, UNKNOWN_VOICE

# With fewer no difference is called one: the same few people are all that a bootstrap can draw.
FEWEST_VOICES = 8
# With fewer an interval is rough, and whatever rests on it says so.
FEW_VOICES = 20


def count_unknown(voices: ArrayLike) -> int:
    """How many clips have no known voice: each counts as a voice of its own, which is more than it is worth."""
    return int((~is_known(voices)).sum())


def count_voices(voices: ArrayLike) -> int:
    """How many voices are known."""
    return len(np.unique(np.asarray(voices, dtype=str)[is_known(voices)]))


def count_witnesses(labels: ArrayLike, voices: ArrayLike, drawn: ArrayLike) -> dict[str, int]:
    """Of each class by name, how many of what is drawn together has a clip of it and a known voice.

    Args:
        drawn: the cluster of each clip, see `statistics.clusters` [N].
    """
    label, known, cluster = np.asarray(labels), is_known(voices), np.asarray(drawn)
    return {name: len(np.unique(cluster[known & (label == code)])) for code, name in LABEL_NAMES.items()}


def is_known(voices: ArrayLike) -> NDArray[np.bool_]:
    """Whether it is known who speaks [N]."""
    return ~np.char.startswith(np.asarray(voices, dtype=str), UNKNOWN_VOICE)
