"""Whether two recordings carry the same track, also when one of them was cut, moved, turned down or re-encoded.

Their prints are laid over each other: the same track agrees in most bits along a stretch, strangers nowhere.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.fft
from numpy.typing import NDArray

from .prints import BITS, HOP_SECONDS, LAG_FRAMES, WINDOW_SECONDS, Bools, Floats, Ints, Print, Words

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

_SET_BITS = np.array([value.bit_count() for value in range(1 << 16)], dtype=np.uint8)

_NO_STRETCH = pd.DataFrame(
    {name: np.zeros(0, np.int64) for name in ("a", "b")}
    | {name: np.zeros(0) for name in ("score", "seconds", "offset_seconds", "strength")}
)


@dataclass(frozen=True)
class Match:
    """How far two tracks are one: `score` is the share of equal bits in the stretch that they have in common.

    `seconds` is the length of that stretch, and `offset_seconds` when in the first track the second begins.
    """

    score: float
    seconds: float
    offset_seconds: float
    same: bool


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
