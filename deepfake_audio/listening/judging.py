"""A recording in, a verdict out, whatever answers for the network: torch, or an exported graph."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UserError
from ..verdict import CANT_TELL, Verdict, WindowScore
from . import cautions
from .conditions import Conditions
from .hearing import Hearing
from .profile import Heard
from .segments import suspicious_segments
from .streams import Wave, between, cut_windows, in_batches, recording_blocks

Floats = NDArray[np.float64]
Spans = list[tuple[int, int]]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Judge:
    """All of a detector but its network.

    Args:
        threshold: as a detector's config holds it.
        heard: what the training clips are like, where that is known.
        silence_db: of the edges that are not listened to; None where all is.
        any_level: loud and quiet are the same to the detector.
        hears_up_to_hz: what lies above never comes to its ears.
        score: some windows, float32 [T] each, none longer than `window_samples` -> the logit of each.
        at_once: so many windows are scored together.
        p_fake: logits -> calibrated probabilities.
    """

    sample_rate: int
    window_samples: int
    threshold: dict[str, Any]
    heard: Heard | None
    silence_db: float | None
    any_level: bool
    hears_up_to_hz: float
    score: Callable[[list[Wave]], Floats]
    at_once: int
    p_fake: Callable[[ArrayLike], Floats]

    def of_file(
        self, file: str | Path, progress: Progress | None = None, most_seconds: float | None = None
    ) -> Verdict:
        """Of a recording, heard block by block, so that memory does not grow with its length."""
        blocks = functools.partial(recording_blocks, Path(file), self.sample_rate)
        return self.of_blocks(blocks, str(file), progress, most_seconds)

    def of_waveform(self, waveform: ArrayLike, name: str = "") -> Verdict:
        """Of mono samples at `sample_rate`: [T]."""
        wave = np.asarray(waveform, dtype=np.float32)
        if wave.ndim != 1:
            raise UserError(f"{name or 'the waveform'}: expected mono samples of shape [T], got {wave.shape}")
        return self.of_blocks(lambda: iter([wave]), name)

    def window_logits(
        self, blocks: Iterable[Wave], first: int, progress: Progress | None = None
    ) -> tuple[Spans, Floats]:
        """First sample and end of each window, and its logit; the stream's first sample is the recording's `first`."""
        spans: Spans = []
        logits = []
        for some in in_batches(cut_windows(blocks, self.window_samples), self.at_once):
            logits.append(self.score([window for _, window in some]))
            spans += [(first + start, first + start + len(window)) for start, window in some]
            if progress is not None:
                progress(spans[-1][1] / self.sample_rate)
        return spans, np.concatenate(logits)

    def of_blocks(
        self,
        blocks: Callable[[], Iterator[Wave]],
        name: str,
        progress: Progress | None = None,
        most_seconds: float | None = None,
    ) -> Verdict:
        """Of what `blocks` gives each time it is asked: float32 [T] each."""
        called = name or "the waveform"
        hearing = Hearing(called, self.sample_rate, self.silence_db, most_seconds)
        stream, first = hearing.through(blocks()), 0
        if self.silence_db is not None:
            # Where the edges lie is known at the end; only then can windows be laid between them.
            deque(stream, maxlen=0)
            first, end = hearing.bounds()
            stream = between(blocks(), first, end)
        spans, logits = self.window_logits(stream, first, progress)
        if not np.isfinite(logits).all():
            raise UserError(f"{called} has samples so far out of range that there is no answer")
        return self._told(name, hearing.conditions(), spans, logits)

    def _told(self, name: str, found: Conditions, spans: Spans, logits: Floats) -> Verdict:
        rate, least, logit = self.sample_rate, float(self.threshold["threshold"]), float(logits.mean())
        p_fake = float(self.p_fake(logit))
        windows = tuple(
            WindowScore(start / rate, end / rate, p)
            for (start, end), p in zip(spans, self.p_fake(logits).tolist(), strict=True)
        )
        doubts = cautions.doubts(found, p_fake, self.threshold, self.heard, self.hears_up_to_hz)
        verdict = CANT_TELL if doubts else "fake" if p_fake >= least else "real"
        warnings = cautions.warnings(
            found,
            (spans[-1][1] - spans[0][0]) / rate,
            self.window_samples / rate,
            self.heard,
            self.any_level,
            self.hears_up_to_hz,
        )
        return Verdict(
            file=name,
            p_fake=p_fake,
            verdict=verdict,
            threshold=least,
            logit=logit,
            seconds=found.seconds,
            windows=windows,
            warnings=(*warnings, *cautions.of_parts(verdict, windows, least)),
            doubts=doubts,
            segments=suspicious_segments(windows, least),
        )
