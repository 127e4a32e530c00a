"""Judged runs with everything their pages can show, recordings of their test clips among it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
import torch

from deepfake_audio.detector import save_detector
from deepfake_audio.files import read_json, write_json
from deepfake_audio.judgement import judge
from deepfake_audio.models import build_network
from deepfake_audio.runs import RunFolder

from ..scored import made_run, made_scores

RATE = 16_000
NETWORK: dict[str, Any] = {"name": "cnn", "channels": [4, 8], "hidden": 4}
# Long enough to be cut: the page plays eight seconds.
LONG_SECONDS = 9.0


def made_groups() -> list[dict[str, Any]]:
    """As `metrics.json` tells of groups: two that differ for certain, and one too small to judge."""

    def row(
        group: str, voices: int, recall: float | None, alarms: float | None, why: str = ""
    ) -> dict[str, Any]:
        def around(figure: float | None) -> list[float] | None:
            return None if figure is None else [max(0.0, figure - 0.1), min(1.0, figure + 0.1)]

        return {
            "group": group, "n_clips": 8 * voices, "n_voices": voices, "n_real": 4 * voices, "n_fake": 4 * voices,
            "f2": 0.8, "f2_interval": [0.7, 0.9], "f2_all_fake": 0.833,
            "recall": recall, "recall_interval": around(recall),
            "false_alarm_rate": alarms, "false_alarm_interval": around(alarms),
            "judged": not why, "why": why,
        }  # fmt: skip

    gap = {"figure": "false_alarm_rate", "highest": "East <1>", "lowest": "North", "gap": 0.3}
    rows = [
        row("North", 20, 0.95, 0.1),
        row("East <1>", 22, 0.7, 0.4),
        row("South", 5, 0.6, None, "5 voices"),
    ]
    return [
        {
            "column": "race",
            "rows": rows,
            "gaps": [{**gap, "interval": [0.1, 0.5], "certain": True}],
            "comparisons": 14,
            "words": "real clips of East <1> are called fake more often",
        }
    ]


def heard_run(path: Path) -> RunFolder:
    """Scores of 12 voices, the wavs of the test clips, and what training tells of a run."""
    run = made_run(path / "run", voices=12)
    told = {
        "corpus": "made",
        "calibration": {
            "kind": "platt",
            "slope": 1.0,
            "offset": 0.5,
            "prevalence": 0.5,
            "words": "P(fake) was calibrated.",
        },
        "provenance": {
            "started": "2026-03-01T12:00:00Z",
            "seconds": 3905.2,
            "hardware": {"cpu": "A <fast> one", "cores": 2, "memory_gib": 15.3, "gpu": None},
            "platform": "Linux",
            "python": "3.11.9",
            "versions": {"torch": "2.11.0"},
            "fingerprints": {"clips": "c0ffee", "split": "5917"},
        },
    }
    judge(run.path, about=told)
    metrics = read_json(run.metrics)
    metrics["test"]["groups"] = made_groups()
    write_json(run.metrics, metrics)
    run.detector.mkdir()
    write_json(run.detector_config, {})
    run.config.write_text(f"clips: {path / 'clips.csv'}\n")
    _write_recordings(path, made_scores("test", voices=12), _tones())
    pd.DataFrame({"epoch": range(3), "train_loss": [3, 2, 1.0], "val_ap": [0.5, 0.9, 0.8]}).to_csv(
        run.history, index=False
    )
    return run


def explained_run(path: Path) -> RunFolder:
    """A judged run of 6 voices, recordings of its test clips, noise all of them, and a detector of random weights."""
    run = made_run(path / "run", voices=6)
    judge(run.path)
    torch.manual_seed(0)
    config = {
        "features": {"name": "logmel", "sample_rate": RATE},
        "window_samples": RATE,
        "network": NETWORK,
        "threshold": {"threshold": 0.5},
    }
    save_detector(run.detector, config, build_network(**NETWORK).state_dict())
    run.config.write_text(f"clips: {path / 'clips.csv'}\n")
    waves = (np.random.default_rng(number).normal(0, 0.1, RATE + RATE // 2) for number in count())
    _write_recordings(path, made_scores("test", voices=6), waves)
    return run


def _tones() -> Iterator[np.ndarray]:
    """A tone a clip, of 1 s or of more than is played."""
    for seconds in cycle((1.0, LONG_SECONDS)):
        yield 0.3 * np.sin(2 * np.pi * 1000 * np.arange(int(seconds * RATE)) / RATE)


def _write_recordings(folder: Path, scores: pd.DataFrame, waves: Iterator[np.ndarray]) -> None:
    """A wav for each clip, and the table that says where they are."""
    rows = []
    for number, (_, clip) in enumerate(scores.iterrows()):
        soundfile.write(folder / f"{number:03d}.wav", next(waves), RATE, subtype="PCM_16")
        rows.append((clip["clip"], f"{number:03d}.wav", clip["label"], clip["voice"]))
    pd.DataFrame(rows, columns=["clip", "path", "label", "voice"]).to_csv(folder / "clips.csv", index=False)
