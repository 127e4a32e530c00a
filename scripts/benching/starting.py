"""How long one waits before anything happens: whole processes, started anew each time."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np

from .frame import Row, side_by_side

GOAL_AT_MOST, HELP_SECONDS = 1.5, 0.5
SECONDS, RATE_HZ = 4, 16_000
VERB = ("-m", "deepfake_audio")


def rows(work: Path, quick: bool) -> list[Row]:
    """The first verdict beside `import torch`, and the help of every verb beside half a second."""
    import soundfile

    from deepfake_audio.__main__ import VERBS

    file = work / "voice.wav"
    noise = 0.05 * np.random.default_rng(0).standard_normal(SECONDS * RATE_HZ)
    soundfile.write(str(file), noise, RATE_HZ)
    ways = {
        "ours": partial(python, *VERB, "predict", str(file)),
        "torch": partial(python, "-c", "import torch"),
    }
    # The first of each comes from the disk.
    side_by_side(ways, 1)
    times = side_by_side(ways, 2 if quick else 7)
    verdict = Row(
        measure=f"first verdict: `predict` on a wav of {SECONDS} s, from nothing",
        against="python -c 'import torch'",
        unit="s",
        ours=times["ours"],
        theirs=times["torch"],
        ratio=times["ours"] / times["torch"],
        goal_at_most=GOAL_AT_MOST,
        note="half of it and more is torch; scipy, pandas, Lightning and PyAV are not loaded",
    )
    verbs = ["predict", "train"] if quick else list(VERBS)
    helps = {verb: partial(python, *VERB, verb, "--help") for verb in verbs}
    helps["Python"] = partial(python, "-c", "pass")
    times = side_by_side(helps, 2 if quick else 5)
    bare = times.pop("Python")
    slowest = max(times, key=lambda verb: times[verb])
    told = Row(
        measure=f"--help of the slowest of {len(verbs)} verbs, which is {slowest}",
        against="half a second",
        unit="s",
        ours=times[slowest],
        theirs=HELP_SECONDS,
        ratio=times[slowest] / HELP_SECONDS,
        goal_at_most=1.0,
        note=f"median of the verbs {np.median(list(times.values())):.2f} s; bare Python takes {bare:.2f} s",
    )
    return [verdict, told]


def python(*arguments: str) -> None:
    """Run it to its end."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=300)
