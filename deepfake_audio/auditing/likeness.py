"""Whether two recordings carry the same track, also when one of them was cut, moved, turned down or re-encoded.

A print is a row of 32-bit words, one each 16 ms. A bit says whether the balance between two neighbouring bands
tips up or down within 64 ms (after Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002).
Level, equalisation and codecs leave most of these bits alone; another voice, and the same voice at another
moment, agree in half of them by chance. The bands end at 3.4 kHz, so that a telephone does not change a print.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
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

# A stretch is where frames agree more than this (from -1 to 1). Strangers lie about 0, the same sentence said twice
# by one person below .5, and the same second of sound at .8 as MP3 of 32 kbit/s.
STRETCH_AGREEMENT = 0.5
# The same track, when the agreement beyond that comes to this many frames in all. Measured on 150 clips of real
# speech that were cut, turned down and made an MP3 of 32 kbit/s: 1 s has 8 and more in 115 (half of them 14), 1.5 s
# in 142, 2 s in 147 or so; what falls short is mostly pause. Among all 1.9 million pairs of 1,958 clips no others
# reach it: two takes of one sentence come to 5.2, one sentence by two versions of one synthesiser to 7.6.
SAME_FROM = 8.0
# Frames that two tracks must overlap in to be compared at all.
FEWEST_FRAMES = 20

# An exact hit in three quarters of a word finds a pair, whichever quarter is in error.
QUARTER_BITS = 8
# A hit counts if words before and after it agree too: without this, hits by chance would outnumber the true by a
# thousand to one. First one word on either side is looked at, then all of them; nearer ones share its window.
ASIDE_FRAMES = np.array([-6, 6, -9, -8, -7, -5, -4, -3, 3, 4, 5, 7, 8, 9])
ASIDE_FIRST = 2
# Of the bits: strangers err in half of them, an MP3 of 32 kbit/s in a tenth.
ASIDE_ERRORS = 0.25
# Postings of one word are tied to this many others at most: an endless list costs no more than a long one.
LINKS = 32
# Of two tracks that are compared alone, the best ways to lay them over each other that are looked at closely.
TRIED_OFFSETS = 6
# Frames that are verified at a time.
BATCH_FRAMES = 500_000

Words = NDArray[np.uint32]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_SET_BITS = np.array([value.bit_count() for value in range(1 << 16)], dtype=np.uint8)


_NO_STRETCH = pd.DataFrame(
    {name: np.zeros(0, np.int64) for name in ("a", "b")}
    | {name: np.zeros(0) for name in ("score", "seconds", "offset_seconds", "strength")}
)


@dataclass(frozen=True)
class Print:
    """A track as words [N], and whether each of them stands where something is heard [N]."""

    words: Words
    active: Bools


@dataclass(frozen=True)
class Match:
    """How far two tracks are one: `score` is the share of equal bits in the stretch that they have in common.

    `seconds` is the length of that stretch, and `offset_seconds` when in the first track the second begins.
    """

    score: float
    seconds: float
    offset_seconds: float
    same: bool


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


def similar(first: Print, second: Print) -> Match:
    """The best way to lay one track over the other, and whether they are the same there."""
    offsets = _best_offsets(first, second)
    found = _verified(_shelved([first, second]), np.zeros_like(offsets), np.ones_like(offsets), offsets)
    if found.empty:
        return Match(0.0, 0.0, 0.0, False)
    best = found.iloc[int(found["strength"].argmax())]
    return Match(
        float(best["score"]),
        float(best["seconds"]),
        float(best["offset_seconds"]),
        bool(best["strength"] >= SAME_FROM),
    )


def near_pairs(prints: Sequence[Print], sides: Sequence[Hashable]) -> pd.DataFrame:
    """Pairs of tracks on two different sides that are the same, among any number of tracks.

    Finds what `similar` would, without comparing each with each. Where a track stands in more than some thirty
    copies not every pair need be listed, but every copy is, with others.

    Returns:
        `a`, `b` (places in `prints`, a < b), `score`, `seconds`, `offset_seconds` as in `Match`, in order.
    """
    codes = pd.factorize(np.array([str(side) for side in sides], dtype=object))[0]
    shelf = _shelved(prints)
    known = np.zeros(0, np.int64)
    tables = []
    for a, b, offsets in _candidates(shelf, codes):
        pairs = a * len(prints) + b
        new = ~np.isin(pairs, known)
        found = _verified(shelf, a[new], b[new], offsets[new])
        found = found[found["strength"] >= SAME_FROM]
        found = found.sort_values("strength", ascending=False).drop_duplicates(["a", "b"])
        known = np.union1d(known, found["a"].to_numpy() * len(prints) + found["b"].to_numpy())
        tables.append(found)
    told = pd.concat([_NO_STRETCH, *(table for table in tables if len(table))])
    return told.drop(columns="strength").sort_values(["a", "b"]).reset_index(drop=True)


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


def _best_offsets(first: Print, second: Print) -> Ints:
    """Offsets in frames at which two tracks agree most, over all of their overlap, by cross-correlation."""
    shorter = min(len(first.words), len(second.words))
    if shorter < FEWEST_FRAMES:
        return np.zeros(0, np.int64)
    size = scipy.fft.next_fast_len(len(first.words) + len(second.words), real=True)
    one, other = (scipy.fft.rfft(_signs(each), size) for each in (first, second))
    agreement = scipy.fft.irfft(one * np.conj(other), size)
    together = np.maximum(agreement[-1], 1)
    strength = np.where(together > FEWEST_FRAMES / 2, agreement[:-1].sum(axis=0) / np.sqrt(together), -np.inf)
    best = np.argsort(-strength, kind="stable")[:TRIED_OFFSETS]
    best = best[np.isfinite(strength[best])]
    return np.where(best < len(first.words), best, best - size).astype(np.int64)


def _signs(track: Print) -> Floats:
    """Bits as -1 and 1, nothing where nothing is heard, and in the last row what is heard: [BITS + 1, N]."""
    bits = (track.words >> np.arange(BITS, dtype=np.uint32)[:, None]) & 1
    return np.concatenate([bits * 2.0 - 1, np.ones((1, len(track.words)))]).astype(np.float32) * track.active


@dataclass(frozen=True)
class _Shelf:
    """Many prints end to end: `words` [N] and `active` [N], and of each print where it begins and its length."""

    words: Words
    active: Bools
    begins: Ints
    lengths: Ints


def _shelved(prints: Sequence[Print]) -> _Shelf:
    lengths = np.array([len(each.words) for each in prints], dtype=np.int64)
    return _Shelf(
        np.concatenate([np.zeros(0, np.uint32), *(each.words for each in prints)]),
        np.concatenate([np.zeros(0, bool), *(each.active for each in prints)]),
        np.cumsum(lengths) - lengths,
        lengths,
    )


def _candidates(shelf: _Shelf, sides: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Pairs that share a word, roughly, on different sides: clips a < b, and how many frames b begins after a."""
    words = shelf.words
    clip = np.repeat(np.arange(len(shelf.lengths), dtype=np.int32), shelf.lengths)
    place = np.arange(len(words)) - shelf.begins[clip]
    reach = ASIDE_FRAMES.max()
    inside = (place >= reach) & (place < shelf.lengths[clip] - reach)
    postings = np.flatnonzero(shelf.active & inside)
    # In a list of many postings the neighbours shall be strangers, not the next frames of one clip.
    postings = np.random.default_rng(0).permutation(postings)
    for quarter in range(BITS // QUARTER_BITS):
        key = words[postings] & np.uint32(~(0xFF << quarter * QUARTER_BITS) & 0xFFFFFFFF)
        order = np.argsort(key, kind="stable")
        key, at = key[order], postings[order]
        alike = np.arange(len(key))
        for step in range(1, LINKS + 1):
            alike = alike[alike + step < len(key)]
            alike = alike[key[alike] == key[alike + step]]
            if not len(alike):
                break
            one, other = at[alike], at[alike + step]
            apart = sides[clip[one]] != sides[clip[other]]
            one, other = one[apart], other[apart]
            for aside in (ASIDE_FRAMES[:ASIDE_FIRST], ASIDE_FRAMES):
                true = _agree_aside(words, one, other, aside)
                one, other = one[true], other[true]
            one, other = np.minimum(one, other), np.maximum(one, other)
            hits = np.stack([clip[one], clip[other], place[one] - place[other]], axis=1).astype(np.int64)
            if len(hits):
                a, b, offset = np.unique(hits, axis=0).T
                yield a, b, offset


def _agree_aside(words: Words, one: Ints, other: Ints, aside: Ints) -> Bools:
    """Whether the words around two places, so many frames aside, are alike too."""
    errors = np.zeros(len(one), np.int64)
    for frames in aside:
        errors += _errors(words[one + frames] ^ words[other + frames])
    return errors <= ASIDE_ERRORS * BITS * len(aside)


def _errors(different: Words) -> NDArray[np.uint8]:
    """How many bits are set in each word."""
    return _SET_BITS[different & 0xFFFF] + _SET_BITS[different >> 16]


def _verified(shelf: _Shelf, a: Ints, b: Ints, offsets: Ints) -> pd.DataFrame:
    """For each way to lay b over a (b begins `offsets` frames later): the stretch in which they agree most."""
    overlap = np.minimum(shelf.lengths[a], offsets + shelf.lengths[b]) - np.maximum(offsets, 0)
    order = np.argsort(overlap, kind="stable")
    order = order[overlap[order] >= FEWEST_FRAMES]
    tables, first = [], 0
    while first < len(order):
        # Of similar length, so that little is padded; as many as fit.
        count = max(1, BATCH_FRAMES // int(overlap[order[first]]))
        batch = order[first : first + count]
        while len(batch) > 1 and len(batch) * overlap[batch[-1]] > 2 * BATCH_FRAMES:
            batch = batch[: len(batch) // 2]
        tables.append(_stretches(shelf, a[batch], b[batch], offsets[batch], overlap[batch]))
        first += len(batch)
    return pd.concat(tables, ignore_index=True) if tables else _NO_STRETCH


def _stretches(shelf: _Shelf, a: Ints, b: Ints, offsets: Ints, overlap: Ints) -> pd.DataFrame:
    """The best stretch of each of C ways, from the agreement frame by frame: [C, frames]."""
    frames = int(overlap.max())
    at = np.arange(frames)
    of_a = (shelf.begins[a] + np.maximum(offsets, 0))[:, None] + at
    of_b = (shelf.begins[b] + np.maximum(-offsets, 0))[:, None] + at
    of_a, of_b = (np.minimum(each, len(shelf.words) - 1) for each in (of_a, of_b))
    heard = shelf.active[of_a] & shelf.active[of_b] & (at < overlap[:, None])
    errors = _errors(shelf.words[of_a] ^ shelf.words[of_b])
    agreement = heard * (1 - errors * np.float32(2 / BITS))
    # The largest rise of the running sum is the stretch that stands out most.
    excess = np.pad(np.cumsum(agreement - STRETCH_AGREEMENT * heard, axis=1), ((0, 0), (1, 0)))
    rise = excess - np.minimum.accumulate(excess, axis=1)
    end = np.argmax(rise, axis=1)
    begin = np.argmin(np.where(np.arange(frames + 1) <= end[:, None], excess, np.inf), axis=1)
    within = (np.arange(frames) >= begin[:, None]) & (np.arange(frames) < end[:, None])
    total, count = (np.where(within, values, 0).sum(axis=1) for values in (agreement, heard))
    return pd.DataFrame(
        {
            "a": a,
            "b": b,
            "score": (1 + total / np.maximum(count, 1)) / 2,
            "seconds": (end - begin + LAG_FRAMES) * HOP_SECONDS + WINDOW_SECONDS,
            "offset_seconds": offsets * HOP_SECONDS,
            "strength": rise.max(axis=1),
        }
    )
