"""A codec in the manner of neural ones: what is sent of each frame is indices into stacks of learnt codebooks.

The frames are those of a lapped cosine transform. In each, the level of some twenty bands is kept in steps of
decibels, and the shape within them, eight neighbouring coefficients at a time, is replaced by the nearest entry of
a codebook, what that misses by the nearest entry of a second one, and so on: residual vector quantisation, as in
SoundStream and EnCodec. The codebooks are learnt from the recording itself, so that there is nothing to ship.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.fft import dct

from .frames import SAMPLE_RATE_HZ, Floats

GROUP = 8
LEVEL_BANDS = 20
LEARNING_ROUNDS = 6
# Enough for any of the codebooks, however long the recording is.
LEARNT_FROM = 6000
# The level of a band that holds nothing: 16-bit rounding noise lies above it.
SILENCE = 1e-5


def codec(
    rng: Generator,
    wave: Floats,
    hop_samples: int = 320,
    codes: int = 64,
    stages: int = 2,
    step_db: float = 2.0,
) -> Floats:
    """Encode and decode: [T] -> [T]. `hop_samples` is a multiple of eight; each stage has `codes` entries."""
    coefficients = _analysed(wave, hop_samples)
    levels = _quantised_levels(coefficients, step_db)
    shapes = (coefficients / levels).reshape(-1, GROUP)
    decoded = _through_codebooks(rng, shapes, codes, stages).reshape(coefficients.shape)
    # A codebook holds means, which are weaker than what they stand for.
    decoded *= levels / np.maximum(_band_levels(decoded * levels), SILENCE)
    return _synthesised(decoded * levels, hop_samples, len(wave))


def forge(rng: Generator, wave: Floats) -> Floats:
    """Few bits only: of many, a codec is what an honest recording may have gone through too: [T] -> [T]."""
    return codec(
        rng,
        wave,
        hop_samples=int(rng.choice([160, 240, 320, 480])),
        codes=int(rng.choice([16, 32, 64])),
        stages=int(rng.integers(1, 3)),
        step_db=rng.uniform(1.0, 4.0),
    )


def _through_codebooks(rng: Generator, vectors: Floats, codes: int, stages: int) -> Floats:
    """Each vector as the sum of one entry of each stage's codebook: [N, D] -> [N, D]."""
    decoded = np.zeros_like(vectors)
    for _ in range(stages):
        missed = vectors - decoded
        book = _learn_codebook(rng, missed, codes)
        decoded += book[_nearest(missed, book)]
    return decoded


def _learn_codebook(rng: Generator, vectors: Floats, codes: int) -> Floats:
    """K-means: [N, D] -> [codes, D]."""
    heard = vectors[rng.permutation(len(vectors))[:LEARNT_FROM]]
    book = heard[:codes].copy()
    for _ in range(LEARNING_ROUNDS):
        nearest = _nearest(heard, book)
        counts = np.bincount(nearest, minlength=len(book))
        sums = np.stack([np.bincount(nearest, column, len(book)) for column in heard.T], axis=1)
        # An entry that nothing is near to stays where it is.
        book = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], book)
    return book


def _nearest(vectors: Floats, book: Floats) -> np.ndarray:
    """Index of the entry nearest to each vector: [N, D], [K, D] -> [N]."""
    return ((book**2).sum(axis=1) / 2 - vectors @ book.T).argmin(axis=1)


def _band_starts(bins: int) -> np.ndarray:
    """First coefficients of the level bands, narrow ones at the bottom -> at most [LEVEL_BANDS]."""
    mel = np.linspace(0, np.log10(1 + SAMPLE_RATE_HZ / 2 / 700), LEVEL_BANDS + 1)[:-1]
    return np.unique(np.round((10**mel - 1) * 700 / (SAMPLE_RATE_HZ / 2) * bins).astype(int))


def _band_levels(coefficients: Floats) -> Floats:
    """Root mean square of each coefficient's band: [F, bins] -> [F, bins]."""
    bins = coefficients.shape[1]
    starts = _band_starts(bins)
    widths = np.diff(np.append(starts, bins))
    return np.repeat(np.sqrt(np.add.reduceat(coefficients**2, starts, axis=1) / widths), widths, axis=1)


def _quantised_levels(coefficients: Floats, step_db: float) -> Floats:
    decibels = 20 * np.log10(np.maximum(_band_levels(coefficients), SILENCE))
    return 10 ** (np.round(decibels / step_db) * step_db / 20)


def _sine_window(size: int) -> Floats:
    return np.sin(np.pi * (np.arange(size) + 0.5) / size)


def _analysed(wave: Floats, hop: int) -> Floats:
    """The modified discrete cosine transform: [T] -> [F, hop]."""
    padded = np.pad(wave, (hop, 2 * hop - len(wave) % hop))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop] * _sine_window(2 * hop)
    half = hop // 2
    a, b, c, d = (blocks[:, start : start + half] for start in range(0, 2 * hop, half))
    folded = np.concatenate([-c[:, ::-1] - d, a - b[:, ::-1]], axis=1)
    return np.asarray(dct(folded, type=4, norm="ortho", axis=1))


def _synthesised(coefficients: Floats, hop: int, samples: int) -> Floats:
    """The inverse of `_analysed`: what each block folds over itself its neighbours cancel: [F, hop] -> [samples]."""
    folded = np.asarray(dct(coefficients, type=4, norm="ortho", axis=1))
    first, second = folded[:, : hop // 2], folded[:, hop // 2 :]
    unfolded = np.concatenate([second, -second[:, ::-1], -first[:, ::-1], -first], axis=1)
    blocks = unfolded * _sine_window(2 * hop)
    total = np.zeros((len(blocks) + 1, hop))
    total[:-1] += blocks[:, :hop]
    total[1:] += blocks[:, hop:]
    return total.ravel()[hop : hop + samples]
