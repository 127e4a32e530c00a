"""The words of a label column as real and fake; where they could mean either, the user says which is fake."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...clips import NOTHING, REQUIRED
from ...errors import UserError, named
from ...labels import FAKE, REAL
from ...runs import NEEDED_COLUMNS
from .cells import Cells, plain

REAL_WORDS = ("real", "bonafide", "bona-fide", "bona_fide", "genuine", "human", "authentic")
FAKE_WORDS = ("fake", "spoof", "spoofed", "deepfake", "synthetic")
KNOWN_LABELS = {**dict.fromkeys(REAL_WORDS, REAL), **dict.fromkeys(FAKE_WORDS, FAKE)}
# Columns whose name says what yes means.
YES_IS_FAKE, YES_IS_REAL = ("is_fake", "is_spoof"), ("is_real", "is_bonafide")
YES, NO = ("1", "true", "yes"), ("0", "-1", "false", "no")
# A clip whose label is not known.
UNKNOWN = -1


def labels_of(cells: Cells, place: int, fake_label: str | None) -> tuple[NDArray[np.int64], str]:
    """Labels [N], `UNKNOWN` where a cell says nothing, and in words what meant what.

    Args:
        place: of the column.
        fake_label: the word for fake (or several, apart by commas), as the user told it.
    """
    column = cells.columns[place]
    words = [_plain(cell) for cell in column]
    unique = sorted(set(words) - set(NOTHING))
    meaning = _meaning(cells, unique, plain(cells.name(place)), fake_label)
    known = {**dict.fromkeys(NOTHING, UNKNOWN), **meaning}
    strange = next((row for row, word in enumerate(words) if word not in known), None)
    if strange is not None:
        raise UserError(
            f"{cells.at(strange)}: the label {column[strange]!r} is neither real nor fake as far as is known; "
            f"labels are {named(unique)}: say which is fake with --fake-label WORD"
        )
    told = [f"{word} = {'fake' if meaning[word] == FAKE else 'real'}" for word in unique]
    return np.array([known[word] for word in words], dtype=np.int64), ", ".join(told)


def is_ours(cells: Cells) -> bool:
    """Whether it is a score file or a clip table as this library writes them, where 1 is fake."""
    names = {plain(name) for name in cells.header or []}
    return any(set(columns) <= names for columns in (NEEDED_COLUMNS, REQUIRED))


def _plain(word: str) -> str:
    """`Spoof` is spoof, and `1.0` is 1."""
    return word.strip().lower().removesuffix(".0")


def _meaning(cells: Cells, unique: list[str], name: str, fake_label: str | None) -> dict[str, int]:
    if fake_label is not None:
        return _told(cells, unique, [_plain(word) for word in fake_label.split(",")])
    numbered = [word for word in unique if word in (*YES, *NO)]
    if not numbered:
        return KNOWN_LABELS
    if is_ours(cells) or name in YES_IS_FAKE:
        return {**KNOWN_LABELS, **dict.fromkeys(YES, FAKE), **dict.fromkeys(NO, REAL)}
    if name in YES_IS_REAL:
        return {**KNOWN_LABELS, **dict.fromkeys(YES, REAL), **dict.fromkeys(NO, FAKE)}
    raise UserError(
        f"{cells.path}: the labels are {named(unique)}, and nothing says which of them is fake: give "
        f"--fake-label {numbered[-1]}, or another of them"
    )


def _told(cells: Cells, unique: list[str], fakes: list[str]) -> dict[str, int]:
    missing = [word for word in fakes if word not in unique]
    others = [word for word in unique if word not in fakes]
    if missing:
        raise UserError(f"{cells.path}: no clip has the label {named(missing)}; labels are {named(unique)}")
    if len(others) > 1:
        raise UserError(
            f"{cells.path}: with --fake-label {','.join(fakes)} all of {named(others)} would be real; name every "
            "word for a fake, apart by commas, so that one is left"
        )
    return {**dict.fromkeys(others, REAL), **dict.fromkeys(fakes, FAKE)}
