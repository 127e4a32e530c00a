"""Which clips an epoch of training shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
from torch.utils.data import Sampler

from ..labels import FAKE, REAL

Drawn = TypeVar("Drawn", covariant=True)


class EpochOrder(Sampler[Drawn], ABC):
    """An order that follows from the epoch alone, so that an epoch can be gone on with where it was left."""

    def __init__(self) -> None:
        self.epoch = 0
        self._left = (-1, 0)

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def begin_at(self, epoch: int, place: int) -> None:
        """Of this one epoch leave out what comes before a place: it was learnt from already."""
        self._left = (epoch, place)

    def __iter__(self) -> Iterator[Drawn]:
        epoch, place = self._left
        return islice(self.order(), place if epoch == self.epoch else 0, None)

    @abstractmethod
    def order(self) -> Iterator[Drawn]:
        """All that this process shows in the epoch."""


class EpochSampler(EpochOrder[tuple[int, int]]):
    """Which clips an epoch shows, in which order, and the seed by which each is cropped.

    All of it follows from (seed, epoch) alone, so that equal seeds give equal batches whatever the number of
    workers, and each of several processes takes its own share of one common order.

    Args:
        balance: as many fakes as reals in an epoch of the same length; the rarer class is repeated.
        real_share: of an epoch that is balanced; more than half where fakes are forged out of reals.
        groups: of each clip; in an epoch that is balanced every group has an equal share of its class.
    """

    def __init__(
        self,
        labels: np.ndarray,
        seed: int,
        balance: bool,
        rank: int = 0,
        world: int = 1,
        real_share: float = 0.5,
        groups: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.labels = np.asarray(labels).astype(int)
        self.seed = seed
        self.balance = balance
        self.rank = rank
        self.world = world
        self.real_share = real_share
        self.groups = np.zeros(len(self.labels)) if groups is None else np.asarray(groups)

    def __len__(self) -> int:
        return -(-len(self.labels) // self.world)

    def order(self) -> Iterator[tuple[int, int]]:
        """Rows and seeds."""
        rng = np.random.default_rng([self.seed, self.epoch])
        order = self._balanced(rng) if self.balance else rng.permutation(len(self.labels))
        seeds = rng.integers(2**63, size=len(order))
        # Every process must take the same number of steps: the first few clips are shown twice to fill up.
        whole = np.resize(np.arange(len(order)), len(self) * self.world)
        for place in whole[self.rank :: self.world]:
            yield int(order[place]), int(seeds[place])

    def _balanced(self, rng: np.random.Generator) -> np.ndarray:
        total = len(self.labels)
        fakes = int(total * (1 - self.real_share))
        chosen = []
        for label, wanted in ((REAL, total - fakes), (FAKE, fakes)):
            members = np.flatnonzero(self.labels == label)
            chosen.append(shared_out(members, self.groups[members], wanted, rng))
        return rng.permutation(np.concatenate(chosen))


def shared_out(members: np.ndarray, groups: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """So many of the members, as many of each group: [N] and the group of each [N] -> [wanted]."""
    alike = [members[groups == group] for group in np.unique(groups)]
    # Who has one clip more, where it doesn't come out even, is another one in each epoch.
    first = int(rng.integers(len(alike))) if wanted % len(alike) else 0
    more = [(place - first) % len(alike) < wanted % len(alike) for place in range(len(alike))]
    shares = [
        _taken(of_group, wanted // len(alike) + one, rng) for of_group, one in zip(alike, more, strict=True)
    ]
    return np.concatenate(shares)


def _taken(members: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """So many of the members, each as often as any other, or once more."""
    rounds = max(1, -(-wanted // len(members)))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:wanted]
