"""A real server on a free port, by the real command, and a detector for it."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from deepfake_audio.detector import save_detector
from deepfake_audio.models import build_network

from ..warm import REPOSITORY

RATE = 16_000
CARD = "---\nlicense: apache-2.0\n---\n# A detector for tests\n\nIt knows nothing.\n"
START_SECONDS = 240


@dataclass(frozen=True)
class Served:
    """Where it answers, where it keeps what it was sent, and the detector it asks."""

    url: str
    temporary: Path
    detector: Path
    process: subprocess.Popen[str]

    def kept(self) -> list[Path]:
        """Every file that lies in its folder."""
        return [file for file in self.temporary.rglob("*") if file.is_file()]

    def left(self, seconds: float = 5) -> list[Path]:
        """What lies there still, after it had some time to delete it."""
        until = time.monotonic() + seconds
        while self.kept() and time.monotonic() < until:
            time.sleep(0.05)
        return self.kept()


def a_detector(folder: Path) -> Path:
    """One that has learnt nothing, and so hears nothing in particular."""
    config: dict[str, Any] = {
        "features": {"name": "logmel", "sample_rate": RATE},
        "window_samples": RATE,
        "network": {"name": "cnn", "channels": [8, 16], "hidden": 8},
        "threshold": {"threshold": 0.3, "recall": 0.9, "false_alarm_rate": 0.1, "n_clips": 40, "n_voices": 8},
        "corpus": "toy",
    }
    torch.manual_seed(0)
    save_detector(folder, config, build_network(**config["network"]).state_dict())
    (folder / "README.md").write_text(CARD)
    return folder


def speech(path: Path, seconds: float = 2.5, seed: int = 0) -> Path:
    """Noise that comes and goes like syllables, with a buzz in it."""
    rng, time_seconds = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    wave = 0.02 * rng.normal(size=len(time_seconds)) + 0.2 * np.sign(np.sin(2 * np.pi * 120 * time_seconds))
    soundfile.write(path, wave * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * time_seconds)), RATE, subtype="PCM_16")
    return path


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    """The command until the block ends."""
    temporary, detector = folder / "temporary", a_detector(folder / "detector")
    temporary.mkdir()
    command = [
        sys.executable,
        "-m",
        "deepfake_audio.app",
        "--detector",
        str(detector),
        "--port",
        "0",
        *options,
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            said = select.select([process.stdout], [], [], START_SECONDS)[0] and process.stdout.readline()
            found = re.search(r"http://\S+", said or "")
            assert found, (said, (folder / "log").read_text())
            yield Served(found.group(), temporary, detector, process)
        finally:
            process.terminate()
            process.wait(30)
