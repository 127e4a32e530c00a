"""When a run of a sweep is not worth going on with, by what validation said of the others after as many epochs.

The others are read from their folders, so runs in other processes and on other machines need nothing but the disk
that they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ..errors import UserError
from ..runs import RunFolder
from .objective import choices_by_epoch

RULES = ("median", "halving", "none")
# After each epoch that was learnt, counted from 1: what validation said.
Choices = dict[int, float]


class PrunedError(Exception):
    """A run that ended early because others did better: no fault, and no result."""


@dataclass(frozen=True)
class Pruning:
    """The rule and what it waits for.

    Args:
        rule: median: worse, at its best, than the median of the finished runs after as many epochs. halving: not
            among the best of every `keep` runs at rungs of startup_epochs, startup_epochs x keep, ...
        startup_epochs: no run ends before it has learnt so many.
        startup_trials: for median, so many finish before it begins.
        keep: for halving, one of so many goes on from each rung.
    """

    rule: str = "median"
    startup_epochs: int = 2
    startup_trials: int = 5
    keep: int = 3

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise UserError(f"hydra.sweeper.pruning.rule={self.rule} is not known: give {', '.join(RULES)}")
        for name, least in (("startup_epochs", 1), ("startup_trials", 1), ("keep", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UserError(f"hydra.sweeper.pruning.{name}={value}: give a whole number from {least} on")

    def ends(self, own: Choices, finished: Sequence[Choices], unfinished: Sequence[Choices] = ()) -> bool:
        """Whether a run that stands where `own` ends should end there."""
        epoch = max(own, default=0)
        if self.rule == "none" or epoch < self.startup_epochs:
            return False
        if self.rule == "median":
            return self._below_median(own, epoch, finished)
        return self._left_behind(own, epoch, [*finished, *unfinished])

    def _below_median(self, own: Choices, epoch: int, finished: Sequence[Choices]) -> bool:
        there = [each[epoch] for each in finished if epoch in each]
        return len(finished) >= self.startup_trials and bool(there) and max(own.values()) < median(there)

    def _left_behind(self, own: Choices, epoch: int, others: Sequence[Choices]) -> bool:
        rung = self.startup_epochs
        while rung < epoch:
            rung *= self.keep
        if rung != epoch:
            return False
        there = sorted([own[epoch], *(each[epoch] for each in others if epoch in each)], reverse=True)
        # The first few have nobody to be compared with: the best of them goes on.
        return own[epoch] < there[max(len(there) // self.keep, 1) - 1]


def neighbours(run: RunFolder) -> tuple[list[Choices], list[Choices]]:
    """What validation said of the other runs in the folder: of those that finished, and of the rest."""
    finished: list[Choices] = []
    unfinished: list[Choices] = []
    for folder in _others(run.path):
        other = RunFolder(folder)
        choices = choices_by_epoch(other.history)
        if choices:
            (finished if other.metrics.is_file() else unfinished).append(choices)
    return finished, unfinished


def _others(folder: Path) -> list[Path]:
    return sorted(each for each in folder.parent.iterdir() if each.is_dir() and each != folder)
