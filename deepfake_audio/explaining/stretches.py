"""Windows that follow one another or overlap, laid on the recording's own time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .patches import Floats
from .silence import silent_frames

# Two windows that meet to within half a frame are one stretch.
SAME_SECONDS = 0.006


@dataclass(frozen=True)
class Window:
    """One window as it was explained: where it lies, what the detector said, and why. Maps are [F, T']."""

    start_seconds: float
    end_seconds: float
    logit: float
    p_fake: float
    picture: Floats  # what the network was shown, or a spectrogram where that has no frequencies
    evidence: Floats
    seconds: Floats  # of each frame in the recording, [T']


@dataclass(frozen=True)
class Stretch:
    """An unbroken part of the recording: picture and evidence [F, T'], times and silence [T']."""

    start_seconds: float
    end_seconds: float
    seconds: Floats
    picture: Floats
    evidence: Floats
    silent: NDArray[np.bool_]


def joined(
    windows: list[Window], frame_seconds: float, waveform: NDArray[np.float32], sample_rate: int
) -> list[Stretch]:
    """The stretches of a recording [T] that its windows make up; where windows overlap their mean stands."""
    groups: list[list[Window]] = []
    for window in sorted(windows, key=lambda window: window.start_seconds):
        if groups and window.start_seconds <= groups[-1][-1].end_seconds + SAME_SECONDS:
            groups[-1].append(window)
        else:
            groups.append([window])
    return [_stretch(group, frame_seconds, waveform, sample_rate) for group in groups]


def _stretch(
    group: list[Window], frame_seconds: float, waveform: NDArray[np.float32], sample_rate: int
) -> Stretch:
    first = group[0].seconds[0]
    places = [np.round((each.seconds - first) / frame_seconds).astype(int) for each in group]
    count = np.zeros(max(int(place[-1]) for place in places) + 1)
    maps = np.zeros((2, len(group[0].picture), len(count)))
    for window, place in zip(group, places, strict=True):
        maps[:, :, place] += np.stack([window.picture, window.evidence])
        count[place] += 1
    picture, evidence = maps / np.maximum(count, 1)
    seconds = first + np.arange(len(count)) * frame_seconds
    silent = silent_frames(waveform, sample_rate, seconds)
    end = max(window.end_seconds for window in group)
    return Stretch(group[0].start_seconds, end, seconds, picture, evidence, silent)
