"""The built-in corpus: a small FakeAVCeleb made on the spot from a seed, real .mp4 files and all.

Its voices are synthetic, and so easy to judge that no number on it says anything about real deepfakes. It shows
that every stage works, on data that has FakeAVCeleb's tree, metadata and traps.
"""

from __future__ import annotations

from .corpus import ToyCorpus, make_toy_corpus

__all__ = ["ToyCorpus", "make_toy_corpus"]
