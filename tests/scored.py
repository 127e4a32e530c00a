"""Runs with made-up scores: normal logits around a mean of each voice's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from deepfake_audio.runs import SCORE_COLUMNS, RunFolder, write_scores

FAKE_SYSTEMS = ("tacotron", "griffin-lim")


def made_scores(
    part: str = "val", voices: int = 30, clips: int = 8, distance: float = 2.0, seed: int = 0
) -> pd.DataFrame:
    """Half real, half fake, `distance` apart on either side of 0 before voice and clip have their say."""
    rng = np.random.default_rng(seed + (part == "test"))
    rows = []
    for voice in range(voices):
        own = rng.normal(0, 0.7)
        for number in range(clips):
            label = number % 2
            system = str(rng.choice(FAKE_SYSTEMS)) if label else "human"
            logit = rng.normal(own + (distance if label else -distance), 1.5)
            name = f"{part}{voice:03d}"
            rows.append((f"{name}/{number}", name, system, label, logit, 1 / (1 + np.exp(-logit))))
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def made_run(path: Path, parts: tuple[str, ...] = ("val", "test"), **how: float) -> RunFolder:
    """A folder with nothing but scores."""
    run = RunFolder(path)
    for part in parts:
        write_scores(made_scores(part, **how), run.scores(part))  # type: ignore[arg-type]
    return run
