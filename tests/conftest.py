"""What several tests need: the real material beside the project, where there is any."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import settings

from deepfake_audio.labels import FAKE

# Test files run side by side: threads that wait for a core by spinning would take it from the other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# librosa compiles some of itself on first use, and numba's cache of that breaks when two processes fill it at once:
# the process that then reads it crashes (numba issue 10128). Each of those side by side has its own.
COMPILED = Path(__file__).parents[1] / ".pytest_cache" / "numba"
os.environ["NUMBA_CACHE_DIR"] = str(COMPILED / os.environ.get("PYTEST_XDIST_WORKER", "alone"))

# What takes long here takes long because the machine is busy, which no example is to blame for.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole roads first: a long file that is begun last keeps one process busy while the other has none left."""
    items.sort(key=lambda item: ("test_demo" not in item.nodeid, "e2e" not in item.nodeid))


@pytest.fixture(scope="session")
def bench() -> Path:
    """The folder of real material, or a skip that says what is missing."""
    told = os.environ.get("DEEPFAKE_AUDIO_BENCH")
    folder = Path(told) if told else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real material at {folder}: set DEEPFAKE_AUDIO_BENCH to its folder")
    return folder


@pytest.fixture(scope="session")
def little_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips.csv and 48 wavs of 0.6 to 1.4 s by 12 voices: reals are noise, fakes carry a buzz.

    Split by voice. For the mechanics of training; what speech is like is the toy corpus' business.
    """
    root = tmp_path_factory.mktemp("little")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(48):
        voice, label = number // 4, number % 2
        samples = int(rng.integers(9_600, 22_400))
        wave = rng.normal(0, 0.1, samples)
        if label == FAKE:
            wave += 0.1 * np.sign(np.sin(2 * np.pi * (100 + 10 * voice) * np.arange(samples) / 16_000))
        soundfile.write(root / f"{number:02d}.wav", wave, 16_000, subtype="PCM_16")
        part = "train" if voice < 8 else "val" if voice < 10 else "test"
        rows.append(
            (f"c{number:02d}", f"{number:02d}.wav", label, f"v{voice}", ["human", "buzz"][label], part)
        )
    clips = pd.DataFrame(rows, columns=["clip", "path", "label", "voice", "system", "split"])
    clips.to_csv(root / "clips.csv", index=False)
    return root
