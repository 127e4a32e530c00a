"""What several tests need: the real material beside the project, where there is any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bench() -> Path:
    """The folder of real material, or a skip that says what is missing."""
    told = os.environ.get("DEEPFAKE_AUDIO_BENCH")
    folder = Path(told) if told else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real material at {folder}: set DEEPFAKE_AUDIO_BENCH to its folder")
    return folder
