"""The print of a track: a row of 32-bit words, one each 16 ms, that survives cuts, gain and codecs.

A bit says whether the balance between two neighbouring bands tips up or down within 64 ms (after Haitsma and Kalker,
"A highly robust audio fingerprinting system", ISMIR 2002). Level, equalisation and codecs leave most of these bits
alone; another voice, and the same voice at another moment, agree in half of them by chance. The bands end at
3.4 kHz, so that a telephone does not change a print.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

HOP_SECONDS = 0.016
# Eight hops, so that a shift by half a hop changes little of what a window holds.
WINDOW_SECONDS = 0.128
# Over one hop a balance hardly moves, and its sign would be noise.
LAG_FRAMES = 4
BITS = 32
BAND_EDGES_HZ = np.geomspace(200, 3400, BITS + 2)
# Quieter than this under the loudest frame nearby, bits are the noise of the room or of the codec.
ACTIVE_BELOW_DB = 40.0
# Not of the whole track: one beep would make all speech beside it quiet. Not much less either: the lead-in that
# one synthesiser puts before each of its sentences would be heard for itself, and be a track in common.
AROUND_SECONDS = 3.0
SILENCE_POWER = 1e-9
# In speech and in noise a balance tips by 1 or so (in nats); in a hum it stands still, and its sign means nothing.
LEAST_TIP = 0.1

Words = NDArray[np.uint32]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Print:
    """A track as words [N], and whether each of them stands where something is heard [N]."""

    words: Words
    active: Bools


def track_print(blocks: Iterable[Floats], sample_rate: int) -> Print:
    """The print of a track that comes in blocks, float32 [T] each, of any length: one print however it is cut up.

    A track shorter than 0.2 s has a print without words, which is like no other.
    """
    words, levels, moving = [], [], [np.zeros(0, bool)]
    before = np.zeros((0, BITS + 1), np.float32)
    for power in _band_powers(blocks, sample_rate):
        levels.append(power.sum(axis=1))
        log_power = np.concatenate([before, np.log(power + SILENCE_POWER)])
        balance = log_power[:, :-1] - log_power[:, 1:]
        tips = balance[LAG_FRAMES:] - balance[:-LAG_FRAMES]
        words.append(np.packbits(tips > 0, axis=1).view(">u4").ravel().astype(np.uint32))
        moving.append(np.median(np.abs(tips), axis=1) > LEAST_TIP if len(tips) else np.zeros(0, bool))
        before = log_power[-LAG_FRAMES:]
    level = np.concatenate([*levels, np.zeros(0, np.float32)])
    heard = _is_heard(level)
    active = heard[LAG_FRAMES:] & heard[:-LAG_FRAMES] & np.concatenate(moving)
    return Print(np.concatenate([*words, np.zeros(0, np.uint32)]), active)


def _band_powers(blocks: Iterable[Floats], sample_rate: int) -> Iterator[Floats]:
    """Power in each band, frame by frame: [T] -> [N, BITS + 1]."""
    size = round(WINDOW_SECONDS * sample_rate)
    bell = np.hanning(size).astype(np.float32)
    first_bin, weights = _bands(size, sample_rate)
    rest, start, frame = np.zeros(0, np.float32), 0, 0
    for block in blocks:
        rest = np.concatenate([rest, block])
        # Rounded one by one: at 44.1 kHz a hop is no whole number of samples, and rounding must not add up.
        last = int((start + len(rest) - size) / (HOP_SECONDS * sample_rate)) + 1
        begins = np.round(np.arange(frame, last + 1) * HOP_SECONDS * sample_rate).astype(np.int64) - start
        begins = begins[begins + size <= len(rest)]
        if not len(begins):
            continue
        frames = np.lib.stride_tricks.sliding_window_view(rest, size)[begins] * bell
        spectrum = scipy.fft.rfft(frames, axis=1)[:, first_bin : first_bin + len(weights)]
        yield (spectrum.real**2 + spectrum.imag**2) @ weights
        frame += len(begins)
        # From where the next frame begins, or a little before.
        done = int(begins[-1])
        rest, start = rest[done:], start + done


def _is_heard(level: Floats) -> Bools:
    """Whether a frame is loud enough beside those around it: power [N] -> [N]."""
    frames = round(AROUND_SECONDS / HOP_SECONDS)
    loudest = scipy.ndimage.maximum_filter1d(level, frames, mode="nearest") if len(level) else level
    return level > np.maximum(loudest * 10 ** (-ACTIVE_BELOW_DB / 10), SILENCE_POWER)


def _bands(size: int, sample_rate: int) -> tuple[int, Floats]:
    """The first bin that any band hears, and triangles over the bins from there on: [F, BITS + 1]."""
    bin_hz = sample_rate / size
    ratio = BAND_EDGES_HZ[1] / BAND_EDGES_HZ[0]
    first, last = (int(edge / bin_hz) for edge in (BAND_EDGES_HZ[0] / ratio, BAND_EDGES_HZ[-1] * ratio))
    hz = np.arange(first, last + 2)[:, None] * bin_hz
    low, high = BAND_EDGES_HZ[:-1], BAND_EDGES_HZ[1:]
    centre = np.sqrt(low * high)
    # Each reaches into its neighbours, so that a partial on a border does not jump from one to the other.
    rising = (hz - low / ratio) / (centre - low / ratio)
    falling = (high * ratio - hz) / (high * ratio - centre)
    weights = np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
    return first, weights[: size // 2 + 1 - first]
