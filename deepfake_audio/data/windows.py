"""Windows of clips as they are read from disk: one random one in training, every one in evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from torch.utils.data import Dataset

from ..audio import count_samples, padded, read_window, window_starts
from ..augment.chain import WindowSteps
from ..forging.on_the_fly import STREAM as FORGING_STREAM
from ..forging.on_the_fly import Forger
from ..labels import FAKE, REAL
from ..neutral import Neutral
from .bounds import find_bounds
from .compact import Bounds, Names
from .pairs import Half, Pair

# So that where an augmented window is cut is drawn apart from all else that its seed decides.
CUT_STREAM = 3
# A fake whose length is that of its source but for this runs in step with it; others have a tempo of their own.
IN_STEP_SECONDS = 0.05


class Item(TypedDict):
    """One window as a worker hands it over; a batch is the same keys, stacked."""

    waveform: np.ndarray  # [T], zeros after `samples`
    samples: int  # how many of them belong to the clip
    label: float
    clip: int  # row of the clip in its part of the table
    window: int  # which of the clip's windows


class PairedItem(Item):
    """One window of a pair."""

    pair: int  # equal for the two, and for no others of a batch


class ClipWindows(Dataset[Item]):
    """Windows of clips, each made neutral; what differs is where they lie.

    Args:
        clips: `path` under `root`, and `label`.
        neutral: what is done to each clip and window; nothing if not given.
        bounds: of what is listened to in each clip, if they are known already.
    """

    def __init__(
        self,
        clips: pd.DataFrame,
        root: Path,
        window_samples: int,
        sample_rate: int,
        neutral: Neutral | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.root = root
        self.paths = Names(clips["path"])
        self.labels = clips["label"].to_numpy(dtype=np.float32)
        self.window_samples = window_samples
        self.sample_rate = sample_rate
        self.neutral = neutral or Neutral()
        self.bounds = find_bounds(root, self.paths, sample_rate, self.neutral) if bounds is None else bounds

    def read(self, clip: int, start: int) -> np.ndarray:
        """What is listened to of a clip from sample `start` of the file on, at most a window -> [T]."""
        return read_window(self.path(clip), start, min(self.window_samples, self.bounds[clip][1] - start))

    def path(self, clip: int) -> Path:
        """The file of a clip."""
        return self.root / self.paths[clip]

    def item(self, waveform: np.ndarray, label: float, clip: int, window: int) -> Item:
        """A window as it was read [T], made neutral."""
        waveform = self.neutral.treat(waveform, self.sample_rate)
        return Item(
            waveform=padded(waveform, self.window_samples),
            samples=len(waveform),
            label=float(label),
            clip=clip,
            window=window,
        )


class TrainingWindows(ClipWindows):
    """One random window of each clip. Where it lies is drawn from the seed that comes with the index.

    Args:
        forger: makes fakes of some of the real windows.
        augment: what is done to windows, real and fake alike.
    """

    def __init__(
        self,
        *arguments: Any,
        forger: Forger | None = None,
        augment: WindowSteps | None = None,
        **named_arguments: Any,
    ) -> None:
        super().__init__(*arguments, **named_arguments)
        self.forger = forger
        self.augment = augment

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, drawn: tuple[int, int]) -> Item:
        clip, seed = drawn
        waveform, label = self.cropped(clip, self.bounds[clip], seed), float(self.labels[clip])
        if self.forger is not None:
            waveform, label = self.forger(waveform, label, seed)
        if self.augment is not None:
            # Before it is made neutral, as a recording that somebody sends has gone through all this before.
            waveform = self._cut(self.augment(waveform, seed), seed)
        return self.item(waveform, label, clip, 0)

    def cropped(self, clip: int, bounds: tuple[int, int], seed: int) -> np.ndarray:
        """A window of what lies between two samples of a clip, or all of that if it is no longer -> [T]."""
        first, end = bounds
        room = end - first - self.window_samples
        start = first + int(np.random.default_rng(seed).integers(room + 1)) if room > 0 else first
        return read_window(self.path(clip), start, min(self.window_samples, end - start))

    def _cut(self, waveform: np.ndarray, seed: int) -> np.ndarray:
        """No longer than a window: either end may go, or what is added behind would never be heard."""
        more = len(waveform) - self.window_samples
        if more <= 0:
            return waveform
        start = int(np.random.default_rng([seed, CUT_STREAM]).integers(more + 1))
        return waveform[start : start + self.window_samples]


class PairedWindows(TrainingWindows):
    """One random window of each of a pair: cut at the same place, and changed by the same draws."""

    def __getitem__(self, half: Half) -> PairedItem:  # type: ignore[override]
        pair, label = half
        clip, waveform, label = self._fake(pair) if label == FAKE else (pair.real, self._real(pair), REAL)
        if self.augment is not None:
            waveform = self._cut(self.augment(waveform, pair.seed, apart=True), pair.seed)
        return PairedItem(**self.item(waveform, label, clip, 0), pair=pair.number)

    def _real(self, pair: Pair) -> np.ndarray:
        return self.cropped(pair.real, self._heard_of(pair, pair.real), pair.seed)

    def _fake(self, pair: Pair) -> tuple[int, np.ndarray, int]:
        """Row of the clip that the fake is or is made of, its window [T], and its label."""
        if pair.forged and self.forger is not None:
            rng = np.random.default_rng([pair.seed, FORGING_STREAM])
            forged = self.forger.forged(self._real(pair), rng)
            if forged is not None:
                return pair.real, forged, FAKE
        if pair.fake is None:
            # Nothing to forge and no fake: better heard as real a second time than called what it isn't.
            return pair.real, self._real(pair), REAL
        return pair.fake, self.cropped(pair.fake, self._heard_of(pair, pair.fake), pair.seed), FAKE

    def _heard_of(self, pair: Pair, clip: int) -> tuple[int, int]:
        """Between which samples a clip is listened to: where it runs in step with its fake, what both have."""
        if not pair.own or pair.fake is None:
            return self.bounds[clip]
        if abs(self._samples(pair.real) - self._samples(pair.fake)) > IN_STEP_SECONDS * self.sample_rate:
            return self.bounds[clip]
        firsts, ends = zip(self.bounds[pair.real], self.bounds[pair.fake], strict=True)
        return (max(firsts), min(ends)) if max(firsts) < min(ends) else self.bounds[clip]

    def _samples(self, clip: int) -> int:
        """Length of a clip's file, which is opened for it only where something is trimmed off its end."""
        if self.neutral.silence_db is None:
            return self.bounds[clip][1]
        return count_samples(self.path(clip), self.sample_rate)


class FixedWindows(ClipWindows):
    """Every window of every clip, the same each time: what validation, test and prediction hear."""

    def __init__(self, *arguments: Any, **named_arguments: Any) -> None:
        super().__init__(*arguments, **named_arguments)
        every = _every_window(self.bounds, self.window_samples)
        self.windows = np.fromiter(every, dtype=np.dtype((np.int64, 3)))

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, place: int) -> Item:
        clip, number, start = self.windows[place].tolist()
        return self.item(self.read(clip, start), self.labels[clip], clip, number)


def _every_window(bounds: Bounds, window_samples: int) -> Iterator[tuple[int, int, int]]:
    """Clip, number within it, and first sample of the file of each window."""
    for clip, (first, end) in enumerate(bounds):
        for number, start in enumerate(window_starts(end - first, window_samples)):
            yield clip, number, first + start
