"""What an audit tells beside leaks: sources of fakes on another side, twins under two names, lengths that are off."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..errors import named
from ..evaluation.doubts import counted
from ..labels import LABEL_NAMES
from ..splitting.leakage import on_two_sides
from .survey import Survey

# Columns that say what a fake was made of, and what that is called where it stands for itself.
SOURCES = {"source_clip": "clip", "source_voice": "voice"}
# How far the length in the table may be from that of the file: a fade, a codec's frame.
LENGTH_TOLERANCE_SECONDS = 0.5


def sources_in_words(clips: pd.DataFrame) -> list[str]:
    """What fakes were made of, where the table says so and it is on another side too: told, never forbidden."""
    words = []
    for column, own in SOURCES.items():
        if column not in clips:
            continue
        sources = clips[column].fillna("").astype(str).str.strip()
        sides = clips.assign(**{column: sources})[[column, own, "split"]]
        shared = (set(on_two_sides(sides, [column, own])) & set(sources)) - {""}
        touched = sources.isin(shared) | clips[own].isin(shared)
        in_test = int((touched & (clips["split"] == "test")).sum())
        if shared:
            where = f"in {counted(in_test, 'test clip')}: {named(sorted(shared), most=3)}"
            words.append(
                f"{counted(len(shared), f'{column} is', f'{column}s are')} on more than one side, {where}"
            )
    return words


def odd_twins(clips: pd.DataFrame, fingerprints: list[str], pairs: pd.DataFrame) -> list[str]:
    """The same track under two voices or two labels, also within one side: a hint that the table is wrong."""
    exact = pd.Series(fingerprints)
    linked = pd.DataFrame({"a": exact.groupby(exact).transform(lambda same: same.index[0]), "b": exact.index})
    a, b = (np.concatenate([linked[end].to_numpy(int), pairs[end].to_numpy(int)]) for end in "ab")
    return [
        *_twins_in_words(clips, a, b, clips["voice"].to_numpy(str), "voices", "is the voice column right?"),
        *_twins_in_words(
            clips,
            a,
            b,
            clips["label"].map(LABEL_NAMES).to_numpy(str),
            "labels",
            "copies made by a vocoder look so, and so does a wrong label",
        ),
    ]


def _twins_in_words(
    clips: pd.DataFrame,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    names: NDArray[np.str_],
    what: str,
    why: str,
) -> list[str]:
    odd = np.flatnonzero(names[a] != names[b])
    if not len(odd):
        return []
    size = (len(clips), len(clips))
    _, family = connected_components(coo_array((np.ones(len(odd)), (a[odd], b[odd])), shape=size))
    one, other = a[odd[0]], b[odd[0]]
    return [
        f"{counted(len(np.unique(family[a[odd]])), 'track stands', 'tracks stand')} under two {what}, such as "
        f"{clips['clip'][one]} ({names[one]}) and {clips['clip'][other]} ({names[other]}): {why}"
    ]


def odd_lengths(clips: pd.DataFrame, survey: Survey) -> list[str]:
    """Clips that are not as long as the table says: cut off, or exchanged, after it was written."""
    if "seconds" not in clips:
        return []
    heard = np.array([each.seconds for each in survey.heard])
    stated = pd.to_numeric(clips["seconds"], errors="coerce").to_numpy(float)
    wrong = np.flatnonzero(np.abs(heard - stated) > LENGTH_TOLERANCE_SECONDS)
    if not len(wrong):
        return []
    told = [
        f"{clips['path'][row]} ({stated[row]:.1f} s in the table, {heard[row]:.1f} s heard)" for row in wrong
    ]
    return [
        f"{counted(len(wrong), 'clip is', 'clips are')} not as long as the table says: {named(told, most=3)}"
    ]
