"""How two ways of doing the same are timed beside each other, and what a line of the table says of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import set_start_method


@dataclass(frozen=True)
class Row:
    """One line: ours beside another way of doing the same, both measured in this run.

    `ratio` is how many times as fast ours is (or, where `goal_at_most` is set, how many times as long it takes).
    """

    measure: str  # what is done: "extract, 8 s videos, backend=pyav"
    against: str  # what stands beside it: "VideoFileClip(f).audio.write_audiofile, one by one"
    unit: str  # of `ours` and `theirs`: "videos/s"
    ours: float
    theirs: float
    ratio: float
    goal: float | None = None  # at least
    goal_at_most: float | None = None
    note: str = ""  # what limits it, where the goal is missed

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal_at_most is not None:
            return self.ratio <= self.goal_at_most
        return None if self.goal is None else self.ratio >= self.goal


@dataclass(frozen=True)
class Point:
    """What one size costs, for the curves of how cost grows."""

    curve: str  # "tune"
    size: float
    size_unit: str  # "scores"
    seconds: float
    peak_mib: float | None = None


def seconds_of(task: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def side_by_side(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median seconds of each way; they take turns, so that what slows the machine for a while slows all of them."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, task in ways.items():
            times[name].append(seconds_of(task))
    return {name: statistics.median(taken) for name, taken in times.items()}


def as_a_command(start_method: str) -> None:
    """In a process of a measure's own: its workers begin as they do for a command, and not as this process did."""
    set_start_method(start_method, force=True)
