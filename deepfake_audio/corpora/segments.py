"""Corpora of films in which only some seconds are faked: which seconds of the sound, as one cell of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ..errors import UserError, named
from ..labels import FAKE, REAL

KINDS = {
    (False, False): "RealVideo-RealAudio",
    (False, True): "RealVideo-FakeAudio",
    (True, False): "FakeVideo-RealAudio",
    (True, True): "FakeVideo-FakeAudio",
}


def segment_cells(periods: Iterable[Sequence[Sequence[float]]], label: pd.Series) -> list[str]:
    """`[[0.4, 1.25], [3.1, 3.9]]` -> `0.40-1.25;3.10-3.90` for each clip; nothing where the sound is real."""
    pairs = zip(periods, label, strict=True)
    return [";".join(f"{a:.2f}-{b:.2f}" for a, b in each) if fake == FAKE else "" for each, fake in pairs]


def kind_of(fake_video: pd.Series, fake_audio: pd.Series) -> list[str]:
    """What is faked of each clip, in the words of FakeAVCeleb."""
    return [KINDS[bool(video), bool(audio)] for video, audio in zip(fake_video, fake_audio, strict=True)]


def refuse_entries(path: Path, wrong: pd.Series, files: pd.Series, why: str) -> None:
    """Raise if any entry of a JSON list is wrong."""
    if wrong.any():
        told = [f"entry {number + 1} ({files[number]})" for number in wrong.index[wrong]]
        raise UserError(
            f"{path}: {len(told)} of {len(wrong)} entries cannot be used, {why}: {named(told, most=3)}"
        )


def sound_label(fake_audio: pd.Series) -> pd.Series:
    """Fake where the sound is: a film whose picture alone is faked has real sound."""
    return fake_audio.map({True: FAKE, False: REAL}).astype(int)
