"""Which pairs an epoch of training shows: a real clip and beside it a fake, of the same clip where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from ..labels import FAKE, REAL
from .kin import Kin
from .sampler import EpochOrder, shared_out


class Pair(NamedTuple):
    """What both of a pair know, so that they are cut and changed alike."""

    number: int  # its place in the epoch
    real: int  # row of the clip
    fake: int | None  # row of the clip; None where there is none but what is forged
    own: bool  # whether the fake was made of this very clip
    forged: bool  # a fake is made of the real window itself; `fake` stands in where no speech is in that
    seed: int


# A pair, and the label of the one that is meant.
Half = tuple[Pair, int]


class PairSampler(EpochOrder[Half]):
    """The pairs of an epoch: real, fake, real, fake, as many windows as there are clips.

    All of it follows from (seed, epoch) alone, and each of several processes takes whole pairs of one common order.

    Args:
        labels: of each clip.
        kin: which fakes are made of which clip.
        forged: share of the pairs whose fake is forged out of the real window.
        unpaired: share of the pairs whose fake is made of no clip here, as far as `forged` leaves room. A real clip
            without a fake of its own has one of these wherever it isn't forged.
        groups: of each clip; every group has an equal share of the real ones.
    """

    def __init__(
        self,
        labels: np.ndarray,
        kin: Kin,
        seed: int,
        forged: float = 0.0,
        unpaired: float = 0.3,
        rank: int = 0,
        world: int = 1,
        groups: np.ndarray | None = None,
    ) -> None:
        if isinstance(unpaired, bool) or not isinstance(unpaired, int | float) or not 0 <= unpaired <= 1:
            raise UserError(f"data.unpaired={unpaired} is a share of the pairs: give 0 to 1")
        super().__init__()
        self.kin = kin
        self.seed = seed
        self.forged = forged
        self.any_strangers = len(kin.strangers) > 0
        self.unpaired = unpaired if self.any_strangers else 0.0
        self.rank = rank
        self.world = world
        self.pairs = -(-len(labels) // 2)
        reals = np.flatnonzero(np.asarray(labels).astype(int) == REAL)
        if not (self.any_strangers or forged):
            # Whoever has no fake has nobody to stand beside.
            reals = reals[[row in kin.own for row in reals.tolist()]]
        if not len(reals):
            raise UserError(
                "data.pairs=true finds no pair in train: no real clip has a fake that names it in source_clip or "
                "track, and there are no other fakes; switch forging on, or set data.pairs=false"
            )
        self.reals = reals
        self.groups = np.zeros(len(labels)) if groups is None else np.asarray(groups)

    def __len__(self) -> int:
        return 2 * -(-self.pairs // self.world)

    def order(self) -> Iterator[Half]:
        """Real, fake, real, fake."""
        pairs = self._drawn()
        # Every process must take the same number of steps: the first few pairs are shown twice to fill up.
        places = np.resize(np.arange(len(pairs)), len(self) // 2 * self.world)[self.rank :: self.world]
        for number, place in enumerate(places):
            pair = pairs[place]._replace(number=number)
            yield pair, REAL
            yield pair, FAKE

    def _drawn(self) -> list[Pair]:
        """All pairs of the epoch, the same in each process."""
        rng = np.random.default_rng([self.seed, self.epoch])
        reals = rng.permutation(shared_out(self.reals, self.groups[self.reals], self.pairs, rng))
        seeds, lot = rng.integers(2**63, size=self.pairs), rng.random(self.pairs)
        with_own = np.array([row in self.kin.own for row in reals.tolist()])
        forged = lot < np.where(with_own | self.any_strangers, self.forged, 1.0)
        # What stands in for a forged one is of the same clip, too, where it can be.
        own = with_own & (forged | (lot >= self.forged + self.unpaired))
        strangers = iter(self._strangers(int((~own).sum()), rng))
        return [
            Pair(
                number,
                real,
                self._own(real, rng) if its_own else next(strangers, None),
                its_own,
                is_forged,
                seed,
            )
            for number, (real, its_own, is_forged, seed) in enumerate(
                zip(reals.tolist(), own.tolist(), forged.tolist(), seeds.tolist(), strict=True)
            )
        ]

    def _own(self, real: int, rng: np.random.Generator) -> int:
        """A fake of this clip, each system as likely as any other."""
        systems = self.kin.own[real]
        fakes = systems[int(rng.integers(len(systems)))]
        return fakes[int(rng.integers(len(fakes)))]

    def _strangers(self, wanted: int, rng: np.random.Generator) -> list[int]:
        """So many fakes of no clip here, as many by each system; none where there are none."""
        if not (wanted and self.any_strangers):
            return []
        return rng.permutation(shared_out(self.kin.strangers, self.kin.strangers_by, wanted, rng)).tolist()
