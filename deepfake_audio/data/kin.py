"""Of which real clip each fake was made, as far as the clip table says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..clips import says_nothing
from ..joined import VOICE_CORPUS
from ..labels import FAKE, REAL
from ..splitting.kinds import kinds

# Columns that name what a clip was made of: a clip, or a recording that several clips were made of.
SOURCES = ("source_clip", "track")


@dataclass(frozen=True)
class Kin:
    """Rows of a clip table: fakes with the real clip that each was made of, and those of no real clip in it.

    Args:
        own: the fakes of each real clip that has any, those of one system together.
        strangers: the other fakes, as speech synthesis makes them of nothing but words.
        strangers_by: a number for what made each of them.
    """

    own: dict[int, list[list[int]]]
    strangers: np.ndarray
    strangers_by: np.ndarray


def kin_of(clips: pd.DataFrame) -> Kin:
    """Who is made of whom, by `source_clip` or `track`: a fake's names the real clip or its track."""
    by = kinds(clips, "system").to_numpy() if "system" in clips else np.full(len(clips), "")
    reals: dict[str, list[int]] = {}
    for row, names in enumerate(_names_of_reals(clips)):
        for name in names:
            reals.setdefault(name, []).append(row)
    own: dict[int, dict[str, list[int]]] = {}
    strangers = []
    for row, told in enumerate(_sources_of_fakes(clips)):
        sources = next((reals[name] for name in told if name in reals), [])
        for source in sources:
            own.setdefault(source, {}).setdefault(by[row], []).append(row)
        if clips["label"].iat[row] == FAKE and not sources:
            strangers.append(row)
    return Kin(
        {source: [fakes[system] for system in sorted(fakes)] for source, fakes in own.items()},
        np.array(strangers, dtype=int),
        np.unique(by[strangers], return_inverse=True)[1],
    )


def _names_of_reals(clips: pd.DataFrame) -> list[set[str]]:
    """What the fakes of each clip may call it: its name, and under its corpus its name and its track; none of fakes."""
    corpus = _cells(clips, "corpus")
    named = [_under(corpus, _cells(clips, column)) for column in ("clip", *SOURCES)]
    real = (clips["label"] == REAL).to_numpy()
    rows = zip(real, clips["clip"].astype(str), *named, strict=True)
    return [{name for name in names if name} if is_real else set() for is_real, *names in rows]


def _sources_of_fakes(clips: pd.DataFrame) -> list[list[str]]:
    """What each fake says it was made of, surest first; nothing of reals."""
    # A forged corpus names clips as its source does, also where both are joined and clips are called anew.
    corpus = _cells(clips, VOICE_CORPUS)
    corpus = [voice or own for voice, own in zip(corpus, _cells(clips, "corpus"), strict=True)]
    told = [_cells(clips, column) for column in SOURCES]
    under = [_under(corpus, cells) for cells in told]
    fake = (clips["label"] == FAKE).to_numpy()
    rows = zip(fake, *told, *under, strict=True)
    return [[name for name in names if name] if is_fake else [] for is_fake, *names in rows]


def _cells(clips: pd.DataFrame, column: str) -> list[str]:
    """What a column says of each clip; "" where it says nothing, or isn't there."""
    if column not in clips:
        return [""] * len(clips)
    return clips[column].astype(str).str.strip().mask(says_nothing(clips[column]), "").tolist()


def _under(corpora: list[str], names: list[str]) -> list[str]:
    """`corpus/name` as clips of joined tables are called, so that equal names of two corpora are two."""
    return [
        name if not name or name.startswith(f"{corpus}/") else f"{corpus}/{name}"
        for corpus, name in zip(corpora, names, strict=True)
    ]
