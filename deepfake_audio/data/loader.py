"""A loader whose epoch begins when its first batch is asked for, at its start or where it was left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader

from .sampler import EpochOrder


class EpochLoader(DataLoader[Any]):
    """Batches in the order of an `EpochOrder`.

    Lightning asks for the iterator before it says which epoch it is to be of; workers that began to read at once
    would read the first one's clips.
    """

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        yield from super().__iter__()

    def state_dict(self) -> dict[str, Any]:
        """Nothing: a loader cannot tell what was learnt of what it gave. By this Lightning knows that it goes on."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Begin an epoch (`epoch`) after so many of its batches (`batches`), without reading them."""
        assert isinstance(self.sampler, EpochOrder) and self.batch_size is not None
        if state:
            self.sampler.begin_at(state["epoch"], state["batches"] * self.batch_size)
