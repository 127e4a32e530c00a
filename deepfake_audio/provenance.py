"""Where figures come from: when, on what hardware, with which versions, from exactly which clips and scores.

Never the name of a machine, of a person or of a folder: a run's files are handed on.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

# What a run is later repeated with, or blamed on.
VERSIONS_OF = ("deepfake-audio", "torch", "torchaudio", "pytorch-lightning", "numpy")
GIB = 2**30


def versions() -> dict[str, str]:
    """Of this library and of those that figures hang on."""
    return {name: version(name) for name in VERSIONS_OF}


def now() -> datetime:
    """The time that a record begins at."""
    return datetime.now(UTC)


def provenance(started: datetime, clips: pd.DataFrame) -> dict[str, Any]:
    """What a run tells of itself once it has ended.

    Args:
        clips: the clip table with its column `split`.
    """
    return {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((now() - started).total_seconds(), 1),
        "hardware": hardware(),
        # Not platform.node(): that is a name.
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(),
        "fingerprints": fingerprints(clips),
    }


def fingerprints(clips: pd.DataFrame) -> dict[str, str]:
    """Of a clip table with its column `split`: what it says, who is on which side, and what is judged."""
    from .splitting import split_fingerprint

    return {
        "clips": table_fingerprint(clips),
        "split": split_fingerprint(clips),
        **_recordings(clips),
    }


def hardware() -> dict[str, Any]:
    """Processor, cores that may be used, memory and GPU; None where one is not to be found out."""
    import torch

    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def table_fingerprint(clips: pd.DataFrame) -> str:
    """Of what a clip table says (sha256), whatever the order of its rows and columns; its split is another matter."""
    columns = sorted(column for column in clips.columns if column != "split")
    text = clips.sort_values("clip")[columns].to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def file_fingerprint(path: Path) -> str:
    """Of a file's bytes (sha256)."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _recordings(clips: pd.DataFrame) -> dict[str, str]:
    """Of what the clips that are judged sound like, where the table knows: names alone may hide other audio."""
    if "fingerprint" not in clips:
        return {}
    judged = clips.loc[clips["split"].isin(("val", "test")), ["clip", "fingerprint"]]
    return {"recordings": table_fingerprint(judged)}


def with_score_fingerprints(
    told: Mapping[str, Any], scores: Mapping[str, Path]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The content of `metrics.json` with its record brought up to the score files `{part: path}`, and their sums.

    A folder of scores alone has no record, and gets none.
    """
    prints = {f"scores_{part}": file_fingerprint(path) for part, path in scores.items()}
    record = told.get("provenance")
    if not record:
        return dict(told), prints
    kept = {
        key: value for key, value in record.get("fingerprints", {}).items() if not key.startswith("scores_")
    }
    return {**told, "provenance": {**record, "fingerprints": {**kept, **prints}}}, prints


def _processor() -> str | None:
    """Its model's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine() or None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB, 1)
    except (AttributeError, ValueError, OSError):
        return None
