"""Which clips of a table are a shard's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError

# A name's place among all names; with so many bytes no two of a corpus' names share one.
DIGEST_BYTES = 8


@dataclass(frozen=True)
class Shard:
    """One of `of` equal shares of a table; `number` counts from 0."""

    number: int
    of: int

    def __post_init__(self) -> None:
        whole = all(isinstance(each, int) and not isinstance(each, bool) for each in (self.number, self.of))
        if not whole or not 0 <= self.number < self.of:
            raise UserError(
                f"shard={self.number} shards={self.of}: shards are counted from 0, so give 0 to shards - 1"
            )

    def __str__(self) -> str:
        return f"{self.number}-of-{self.of}"

    def rows(self, clips: Iterable[str]) -> NDArray[np.int64]:
        """The rows that are its own, in the table's order.

        By what the clips are called, not by where they stand: a table in another order has the same shards, and
        clips that lie together, which are often alike in length, are spread over all of them.
        """
        names = list(clips)
        if len(names) < self.of:
            raise UserError(f"shards={self.of} is more than there are clips ({len(names)}): give fewer")
        digests = np.array([_digest(name) for name in names], dtype=np.uint64)
        # Where two digests were ever equal, the names decide.
        order = np.lexsort((np.array(names, dtype=object), digests)) if _clash(digests) else digests.argsort()
        return np.sort(order[self.number :: self.of])


def asked_shard(shard: Any, shards: Any) -> Shard | None:
    """The shard that two settings name, or None where they name none."""
    if shard is None and shards is None:
        return None
    if shard is None or shards is None:
        raise UserError(
            f"shard={_told(shard)} shards={_told(shards)}: give both, such as `-m 'shard=range(16)' shards=16`"
        )
    return Shard(shard, shards)


def _told(value: Any) -> Any:
    return "null" if value is None else value


def _digest(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=DIGEST_BYTES).digest()
    return int.from_bytes(digest, "big")


def _clash(digests: NDArray) -> bool:
    return len(np.unique(digests)) < len(digests)
