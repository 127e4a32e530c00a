"""One pass over a recording: refuse what holds no voice, measure the rest, find its edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import TooLongError, UserError
from .conditions import Conditions, Excerpt, conditions
from .edges import EdgeFinder

Wave = NDArray[np.float32]

# Shorter than this there is hardly a syllable to judge by.
SHORTEST_SECONDS = 0.5


class Hearing:
    """What is known of a recording once all of it has gone `through`.

    Args:
        name: of the recording, for messages.
        silence_db: of the edges to find, see `EdgeFinder`; None where all is listened to.
        most_seconds: refuse what is longer, as soon as it is.
    """

    def __init__(
        self, name: str, sample_rate: int, silence_db: float | None, most_seconds: float | None = None
    ) -> None:
        self.name, self.sample_rate = name, sample_rate
        self.most_seconds = most_seconds
        self.samples = 0
        self._audible = False
        self._excerpt = Excerpt(sample_rate)
        self._edges = None if silence_db is None else EdgeFinder(sample_rate, silence_db)

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate

    def through(self, blocks: Iterable[Wave]) -> Iterator[Wave]:
        """The blocks as they come, float32 [T] each; at their end, or before, an error if they can't be judged."""
        for block in blocks:
            if not np.isfinite(block).all():
                raise UserError(
                    f"{self.name} holds samples that are NaN or infinite: export it again from its source"
                )
            self.samples += len(block)
            if self.most_seconds is not None and self.seconds > self.most_seconds:
                raise TooLongError(
                    f"{self.name} is longer than {self.most_seconds:g} s, the most that is taken here: cut it"
                )
            self._audible = self._audible or bool(block.any())
            self._excerpt.add(block)
            if self._edges is not None:
                self._edges.add(block)
            yield block
        self._check()

    def _check(self) -> None:
        if self.samples == 0:
            raise UserError(f"{self.name} has no audio: it is empty")
        if self.seconds < SHORTEST_SECONDS:
            raise UserError(
                f"{self.name} lasts {self.seconds:.2f} s; at least {SHORTEST_SECONDS} s are needed to judge a voice"
            )
        if not self._audible:
            raise UserError(f"{self.name} is silent: every sample is zero, so there is no voice to judge")

    def bounds(self) -> tuple[int, int]:
        """First sample and end of what is listened to."""
        return (0, self.samples) if self._edges is None else self._edges.bounds()

    def conditions(self) -> Conditions:
        return conditions(self._excerpt.waveform(), self.sample_rate, self.seconds)
