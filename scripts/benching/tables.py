"""What tables of clips and of scores cost as they grow: reading, checking, splitting, writing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from .frame import Point, Row, side_by_side

SIZES, FEW = (10_000, 100_000, 1_000_000), (1_000, 10_000)
CLIPS_A_VOICE = 40

# In a process of its own, so that the most memory it ever held is that of this table.
CHILD = """
import json, resource, sys, time
from pathlib import Path
from deepfake_audio.clips import read_clips, write_clips
from deepfake_audio.runs import read_scores
from deepfake_audio.splitting import split_clips
task, file = sys.argv[1], Path(sys.argv[2])
clips = None if task.startswith("read") else read_clips(file)
ways = {
    "read the clip table": lambda: read_clips(file),
    "read the scores": lambda: read_scores(file),
    "write the clip table": lambda: write_clips(clips, file.with_suffix(".again.csv")),
    "split by voice": lambda: split_clips(clips, policy="voice"),
}
began = time.perf_counter()
ways[task]()
seconds = time.perf_counter() - began
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
TASKS = ("read the clip table", "write the clip table", "split by voice", "read the scores")


def rows(work: Path, quick: bool) -> list[Row]:
    """The clip table read and checked, beside pandas reading it and checking nothing."""
    import pandas as pd

    from deepfake_audio.clips import read_clips

    size = FEW[-1] if quick else SIZES[1]
    file = clip_table(work, size)
    times = side_by_side(
        {"ours": lambda: read_clips(file), "pandas": lambda: pd.read_csv(file, dtype=str)}, 2 if quick else 5
    )
    return [
        Row(
            measure=f"clip table of {size:,} rows, read and checked",
            against="pandas.read_csv, nothing checked",
            unit="s",
            ours=times["ours"],
            theirs=times["pandas"],
            ratio=times["ours"] / times["pandas"],
            note="each clip once, labels, voices, paths that stay inside: no step grows faster than the table",
        )
    ]


def growth(work: Path, quick: bool) -> list[Point]:
    """Seconds and memory over rows."""
    points = []
    for task in TASKS:
        for size in FEW if quick else SIZES:
            file = score_table(work, size) if task == "read the scores" else clip_table(work, size)
            command = [sys.executable, "-c", CHILD, task, str(file)]
            done = subprocess.run(command, check=True, capture_output=True, timeout=600)
            seconds, mib = json.loads(done.stdout.splitlines()[-1])
            points.append(Point(task, size, "rows", seconds, mib))
    return points


def clip_table(work: Path, size: int) -> Path:
    """A table such as `extract` writes, of so many rows."""
    import pandas as pd

    file = work / f"clips_{size}.csv"
    if not file.is_file():
        number = np.arange(size)
        table = {
            "clip": [f"part{n // 1000}/clip{n:08d}" for n in number],
            "path": [f"wavs/part{n // 1000}/clip{n:08d}.wav" for n in number],
            "label": np.where(number % 2, "fake", "real"),
            "voice": [f"id{n // CLIPS_A_VOICE:06d}" for n in number],
            "system": np.where(number % 2, "rtvc", "real"),
            "seconds": np.round(2 + number % 70 / 10, 4),
            "fingerprint": [f"{n:032x}" for n in number],
        }
        pd.DataFrame(table).to_csv(file, index=False)
    return file


def score_table(work: Path, size: int) -> Path:
    """Scores of a validation of so many clips."""
    import pandas as pd

    from deepfake_audio.runs import write_scores

    file = work / f"scores_{size}.csv"
    if not file.is_file():
        number = np.arange(size)
        logit = np.random.default_rng(0).normal(2.6 * (number % 2) - 1.3, 1.0)
        table = {
            "clip": [f"part{n // 1000}/clip{n:08d}" for n in number],
            "voice": [f"id{n // CLIPS_A_VOICE:06d}" for n in number],
            "system": np.where(number % 2, "rtvc", "real"),
            "label": number % 2,
            "logit": logit,
            "p_fake": 1 / (1 + np.exp(-logit)),
        }
        write_scores(pd.DataFrame(table), file)
    return file
