"""Runs that only say what they came to: enough for a board, and made in no time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from deepfake_audio.files import write_json
from deepfake_audio.runs import RunFolder

CONFIG = {
    "seed": 0,
    "clips": "data/clips.csv",
    "model": {"name": "cnn", "dropout": 0.1},
    "data": {"batch_size": 16, "workers": 2},
    "trainer": {"accelerator": "auto", "devices": 1},
    "split": {"policy": "voice", "seed": 0},
}


def told_run(
    folder: Path,
    seed: int = 0,
    val_f2: float = 0.9,
    val_ap: float = 0.9,
    test_f2: float = 0.8,
    config: dict[str, Any] | None = None,
    clips: dict[str, list[tuple[str, int]]] | None = None,
    overrides: list[str] | None = None,
    **more: Any,
) -> RunFolder:
    """A run with a config, figures, and score files whose P(fake) is .5 everywhere."""
    run = RunFolder(folder)
    run.overrides.parent.mkdir(parents=True)
    OmegaConf.save(OmegaConf.create({**CONFIG, **(config or {}), "seed": seed}), run.config)
    OmegaConf.save(OmegaConf.create([*(overrides or []), f"seed={seed}"]), run.overrides)
    for part in ("val", "test"):
        rows = (clips or {}).get(part, [(f"{part}0", 0), (f"{part}1", 1)])
        table = pd.DataFrame(rows, columns=["clip", "label"])
        table.assign(voice=table["clip"], p_fake=0.5).to_csv(run.scores(part), index=False)
    metrics = {
        "val": {"f2": val_f2, "average_precision": val_ap, "threshold": 0.5},
        "test": {"f2": test_f2, "f2_all_fake": 0.83},
    }
    write_json(run.metrics, {**metrics, **more})
    return run
