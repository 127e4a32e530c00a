"""What a corpus of ten million clips would take, worked out from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .frame import Point
from .growth import mib_at, seconds_at

CLIPS = 10_000_000
# FakeAVCeleb's mean, and what a wav of it weighs: 16 bits at 16 kHz, and a header.
MEAN_SECONDS, SAMPLE_RATE, BYTES_A_SAMPLE, HEADER_BYTES = 5.5, 16_000, 2, 44
# Of the clips: those trained on, and those of validation, on which the threshold is chosen.
TRAINED_ON, VALIDATION = 0.7, 0.15
MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Cost:
    """What one stage takes."""

    stage: str
    amount: str
    source: str  # where the figure comes from: a curve, or arithmetic


@dataclass(frozen=True)
class Stage:
    """A stage whose cost a curve tells, how many of the curve's units a clip is, and whether all are held at once."""

    name: str
    curve: str
    units_a_clip: float = 1.0
    holds_all: bool = False


STAGES = (
    Stage("extraction", "extract"),
    Stage("reading the clip table", "read the clip table", holds_all=True),
    Stage("writing the clip table", "write the clip table", holds_all=True),
    Stage("split by voice", "split by voice", holds_all=True),
    Stage("looking at every file before training", "look at every file"),
    Stage("an epoch's order", "draw an epoch's order", TRAINED_ON),
    Stage("one epoch of feeding", "feed", TRAINED_ON),
    Stage("one epoch of training", "train", TRAINED_ON),
    Stage("scoring, every window heard", "predict", MEAN_SECONDS),
    Stage("reading the scores of validation", "read the scores", VALIDATION, holds_all=True),
    Stage("choosing the threshold", "choose a threshold", VALIDATION),
)


def on_paper(points: Sequence[Point]) -> list[Cost]:
    """One line a stage; those whose curve was not measured are left out."""
    wav_bytes = CLIPS * (MEAN_SECONDS * SAMPLE_RATE * BYTES_A_SAMPLE + HEADER_BYTES)
    costs = [Cost("disk for the wavs", f"{wav_bytes / 1e12:.2f} TB", "16 bits at 16 kHz")]
    for stage in STAGES:
        its = [point for point in points if point.curve == stage.curve]
        if not its:
            continue
        size = CLIPS * stage.units_a_clip
        mib = mib_at(its, size) if stage.holds_all else None
        memory = "" if mib is None else f", {mib / 1024:.2g} GiB" if mib >= 1024 else f", {mib:.0f} MiB"
        source = f"{stage.curve}, {size:,.0f} {its[0].size_unit}"
        costs.append(Cost(stage.name, duration(seconds_at(its, size)) + memory, source))
    return costs


def duration(seconds: float) -> str:
    """As people say it: 12 s, 3.4 minutes, 5.6 hours, 7.8 days."""
    for length, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if seconds >= length:
            return f"{seconds / length:.3g} {name}"
    return f"{seconds:.2g} s"
