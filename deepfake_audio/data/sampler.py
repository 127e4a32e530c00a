"""Which clips an epoch of training shows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from ..labels import FAKE, REAL


class EpochSampler(Sampler[tuple[int, int]]):
    """Which clips an epoch shows, in which order, and the seed by which each is cropped.

    All of it follows from (seed, epoch) alone, so that equal seeds give equal batches whatever the number of
    workers, and each of several processes takes its own share of one common order.

    Args:
        balance: as many fakes as reals in an epoch of the same length; the rarer class is repeated.
        real_share: of an epoch that is balanced; more than half where fakes are forged out of reals.
    """

    def __init__(
        self,
        labels: np.ndarray,
        seed: int,
        balance: bool,
        rank: int = 0,
        world: int = 1,
        real_share: float = 0.5,
    ) -> None:
        self.labels = np.asarray(labels).astype(int)
        self.seed = seed
        self.balance = balance
        self.rank = rank
        self.world = world
        self.real_share = real_share
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.labels) // self.world)

    def __iter__(self) -> Iterator[tuple[int, int]]:
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
            rounds = max(1, -(-wanted // len(members)))
            chosen.append(np.concatenate([rng.permutation(members) for _ in range(rounds)])[:wanted])
        return rng.permutation(np.concatenate(chosen))
