"""A few seconds of speech by speakers that never were, for synthesisers to take apart."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.corpora.toy.cast import draw_cast
from deepfake_audio.corpora.toy.tracks import voice_tracks


@pytest.fixture(scope="session")
def voices() -> list[np.ndarray]:
    """Twelve recordings of real speech [T] at 16 kHz, through 16 bits."""
    return [np.round(voice_tracks(voice)[0][:32_000] * 32767) / 32768 for voice in draw_cast(20, seed=3)[:12]]
