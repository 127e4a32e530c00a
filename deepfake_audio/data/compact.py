"""What is known of each of many clips, without an object a clip: workers share such memory and never copy it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import overload

import numpy as np


class Names(Sequence[str]):
    """Strings in one piece of memory."""

    def __init__(self, names: Iterable[str]) -> None:
        # Names of files may hold bytes that are no text.
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        self._bytes = b"".join(encoded)
        self._ends = np.fromiter(chain([0], accumulate(map(len, encoded))), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        first, end = self._ends[place : place + 2].tolist()
        return self._bytes[first:end].decode("utf-8", "surrogateescape")


class Bounds:
    """First sample and end of what is listened to in each clip."""

    def __init__(self, bounds: Iterable[tuple[int, int]] | np.ndarray) -> None:
        self.array: np.ndarray = (
            bounds if isinstance(bounds, np.ndarray) else np.fromiter(bounds, dtype=np.dtype((np.int64, 2)))
        )

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, clip: int) -> tuple[int, int]:
        first, end = self.array[clip].tolist()
        return first, end

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return (self[clip] for clip in range(len(self)))
