"""How many people a figure rests on, and from how few nothing should be concluded."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..clips import UNKNOWN_VOICE

# With fewer no difference is called one: the same few people are all that a bootstrap can draw.
FEWEST_VOICES = 8
# With fewer an interval is rough, and whatever rests on it says so.
FEW_VOICES = 20


def count_unknown(voices: ArrayLike) -> int:
    """How many clips have no known voice: each counts as a voice of its own, which is more than it is worth."""
    return int(np.char.startswith(np.asarray(voices, dtype=str), UNKNOWN_VOICE).sum())
