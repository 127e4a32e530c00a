"""Corpora of films in which only some seconds are faked: which seconds of the sound, as one cell of a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UserError, named
from ..labels import FAKE, REAL

KINDS = {
    (False, False): "RealVideo-RealAudio",
    (False, True): "RealVideo-FakeAudio",
    (True, False): "FakeVideo-RealAudio",
    (True, True): "FakeVideo-FakeAudio",
}


def segment_cells(path: Path, table: pd.DataFrame, key: str, label: pd.Series) -> list[str]:
    """`[[0.4, 1.25], [3.1, 3.9]]` -> `0.40-1.25;3.10-3.90` for each clip; nothing where the sound is real.

    A fake without seconds is one all the same, and told of on stderr.
    """
    periods, fake = table[key], label == FAKE
    refuse_entries(
        path, ~periods.map(_are_periods), table["file"], f"{key} is no list of [from, to] in seconds"
    )
    silent = fake & (periods.map(len) == 0)
    if silent.any():
        print(
            f"warning: {path}: {silent.sum()} of {fake.sum()} fakes don't say which seconds are fake: "
            f"{named(_entries(silent, table['file']), most=3)}; they count as fakes without segments",
            file=sys.stderr,
        )
    pairs = zip(periods, fake, strict=True)
    return [";".join(f"{a:.2f}-{b:.2f}" for a, b in each) if told else "" for each, told in pairs]


def refuse_unless_text(path: Path, table: pd.DataFrame, *keys: str) -> None:
    """Raise if any entry has something else than a word where there must be one."""
    for key in keys:
        wrong = ~table[key].map(lambda cell: isinstance(cell, str) and cell != "")
        refuse_entries(path, wrong, table["file"], f"{key} is no text")


def _are_periods(cell: Any) -> bool:
    return isinstance(cell, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(end, int | float) for end in pair)
        and 0 <= pair[0] <= pair[1]
        for pair in cell
    )


def kind_of(fake_video: pd.Series, fake_audio: pd.Series) -> list[str]:
    """What is faked of each clip, in the words of FakeAVCeleb."""
    return [KINDS[bool(video), bool(audio)] for video, audio in zip(fake_video, fake_audio, strict=True)]


def refuse_entries(path: Path, wrong: pd.Series, files: pd.Series, why: str) -> None:
    """Raise if any entry of a JSON list is wrong."""
    if wrong.any():
        raise UserError(
            f"{path}: {wrong.sum()} of {len(wrong)} entries cannot be used, {why}: "
            f"{named(_entries(wrong, files), most=3)}"
        )


def _entries(which: pd.Series, files: pd.Series) -> list[str]:
    return [f"entry {number + 1} ({files[number]})" for number in which.index[which]]


def sound_label(fake_audio: pd.Series) -> pd.Series:
    """Fake where the sound is: a film whose picture alone is faked has real sound."""
    return fake_audio.map({True: FAKE, False: REAL}).astype(int)
