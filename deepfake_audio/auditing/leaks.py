"""What the sides of a split have in common that they must not: voices, faces, tracks, file names.

A leak is counted in what stands on more than one side, and in the test clips that have a share in it on another
side. Whether it is forbidden is the caller's to say; a forbidden leak that can't be looked for counts as found.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..audio.likeness import near_pairs
from ..audio.prints import Print
from ..clips import UNKNOWN_VOICE
from ..errors import UserError
from ..evaluation.doubts import counted
from .oddities import odd_lengths, odd_twins, sources_in_words
from .survey import Survey

KINDS = ("voice", "face", "track", "near_track", "name")
# A face is not heard, and corpora number their files alike: these two are told, not forbidden.
FORBIDDEN = ("voice", "track", "near_track")
MOST_EXAMPLES = 20
# In words: one and more than one.
CALLED = {
    "voice": ("voice", "voices"),
    "face": ("face", "faces"),
    "track": ("track", "tracks"),
    "near_track": ("nearly equal track", "nearly equal tracks"),
    "name": ("file name", "file names"),
}
SIDES_ORDER = {"train": 0, "val": 1, "test": 2}


def find_leaks(
    clips: pd.DataFrame, survey: Survey | None = None, forbid: Sequence[str] = FORBIDDEN
) -> dict[str, Any]:
    """Look for all `KINDS` of leaks between the sides of `clips` (with a column `split`).

    Without a survey exact tracks are told by the column `fingerprint`, and nearly equal ones not at all.

    Returns:
        `n_clips`, `n_voices`, `leaks` by kind (`forbidden`, `found`, `test_clips`, `share_of_test`, `examples`),
        `passed` and `words`, a line for each thing found.
    """
    check_forbidden(forbid)
    clips = clips.reset_index(drop=True)
    if survey is not None and survey.clips != tuple(clips["clip"]):
        raise ValueError("the survey is of other clips, or of another order")
    pairs = None if survey is None else _near(clips, survey.prints, survey.fingerprints)
    leaks, words = {}, []
    for kind in KINDS:
        forbidden = kind in forbid
        if kind == "near_track":
            found = None if pairs is None else _near_leak(clips, pairs)
        else:
            names = _names(clips, kind, survey)
            found = None if names is None else _shared(clips, names, kind)
        if found is not None:
            leaks[kind] = {"forbidden": forbidden, **found}
            words += _leak_in_words(kind, leaks[kind])
        elif forbidden:
            words.append(
                f"{CALLED[kind][1]} are forbidden on two sides but can't be looked for: {_lack(kind)}"
            )
    if survey is not None and pairs is not None:
        words += odd_twins(clips, survey.fingerprints, pairs) + odd_lengths(clips, survey)
    words += sources_in_words(clips)
    unnamed = int(clips["voice"].astype(str).str.startswith(UNKNOWN_VOICE).sum())
    if unnamed:
        words.append(
            f"the voice of {counted(unnamed, 'clip is', 'clips is')} unknown: they may leak voices that nobody can see"
        )
    unchecked = [kind for kind in forbid if kind not in leaks]
    return {
        "n_clips": len(clips),
        "n_voices": int(clips["voice"].nunique()),
        "leaks": leaks,
        "passed": not unchecked and not any(leak["forbidden"] and leak["found"] for leak in leaks.values()),
        "words": words,
    }


def check_forbidden(forbid: Sequence[str]) -> None:
    """Raise if `forbid` names what is no kind of leak."""
    if isinstance(forbid, str):
        raise UserError(f"forbid={forbid} must be a list, such as [{forbid}]")
    unknown = sorted(set(forbid) - set(KINDS))
    if unknown:
        raise UserError(f"forbid={unknown[0]} is not known: give some of {', '.join(KINDS)}")


def _names(clips: pd.DataFrame, kind: str, survey: Survey | None) -> pd.Series | None:
    """By what a kind of leak is known, of each clip: empty where a clip has none, None where no clip has."""
    if kind == "name":
        return clips["path"].map(lambda path: PurePosixPath(path.replace("\\", "/")).stem.casefold())
    if kind == "track" and survey is not None:
        return pd.Series(survey.fingerprints, index=clips.index)
    column = "fingerprint" if kind == "track" else kind
    return clips[column].fillna("").astype(str).str.strip() if column in clips else None


def _lack(kind: str) -> str:
    return "no audio was read" if kind == "near_track" else f"the clip table has no column {kind}"


def _shared(clips: pd.DataFrame, names: pd.Series, kind: str) -> dict[str, Any]:
    """What stands on more than one side under one name."""
    table = pd.DataFrame({"name": names, "split": clips["split"], "clip": clips["clip"]})
    table = table[table["name"] != ""]
    sides = table.groupby("name")["split"].agg(["nunique", "unique"])
    across = sides.index[sides["nunique"] > 1]
    told = table[table["name"].isin(across)]
    with_test = set(told.loc[told["split"] == "test", "name"])
    # Those that touch test first; of each, one clip of its first side and one of its last.
    rank = told["split"].map(SIDES_ORDER).fillna(len(SIDES_ORDER))
    told = told.assign(rank=rank, first=~told["name"].isin(with_test)).sort_values(
        ["first", "name", "rank", "clip"], kind="stable"
    )
    ends = told.groupby("name", sort=False).agg(["first", "last"]).head(MOST_EXAMPLES)
    examples = [
        {
            "clips": [ends.loc[name, ("clip", "first")], ends.loc[name, ("clip", "last")]],
            "splits": [ends.loc[name, ("split", "first")], ends.loc[name, ("split", "last")]],
            "what": f"{CALLED[kind][0]} {name}",
        }
        for name in ends.index
    ]
    return _told(clips, len(across), int((told["split"] == "test").sum()), examples)


def _told(clips: pd.DataFrame, found: int, test_clips: int, examples: list[dict[str, Any]]) -> dict[str, Any]:
    of_test = int((clips["split"] == "test").sum())
    return {
        "found": found,
        "test_clips": test_clips,
        "share_of_test": test_clips / of_test if of_test else 0.0,
        "examples": examples,
    }


def _near(clips: pd.DataFrame, prints: list[Print], fingerprints: list[str]) -> pd.DataFrame:
    """Nearly equal tracks under another side, voice or label; of exact copies under the same, one stands for all."""
    kin = clips["split"].astype(str) + "\t" + clips["voice"].astype(str) + "\t" + clips["label"].astype(str)
    exact = pd.Series(fingerprints)
    chosen = np.flatnonzero(~(exact + "\t" + kin).duplicated())
    pairs = near_pairs([prints[place] for place in chosen], list(kin.iloc[chosen]))
    pairs = pairs.assign(a=chosen[pairs["a"].to_numpy(int)], b=chosen[pairs["b"].to_numpy(int)])
    copies = exact.iloc[pairs["a"]].to_numpy() == exact.iloc[pairs["b"]].to_numpy()
    # All the others of that sound go with the one that was compared.
    stands_for = (exact + "\t" + kin).groupby(exact + "\t" + kin, sort=False).ngroup()
    pairs.attrs["stands_for"] = stands_for.to_numpy()
    return pairs[~copies].reset_index(drop=True)


def _near_leak(clips: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """Families of nearly equal tracks that reach over a border, and the test clips in them."""
    side = clips["split"].to_numpy(str)
    a, b = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
    across = side[a] != side[b]
    pairs, a, b = pairs[across], a[across], b[across]
    _, family = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(len(clips), len(clips))))
    stands_for = pairs.attrs["stands_for"]
    touched = np.isin(stands_for, stands_for[np.concatenate([a, b])])
    in_test = (side[a] == "test") | (side[b] == "test")
    # One a family, so that twenty examples are of twenty tracks as far as there are as many.
    order = np.lexsort((np.arange(len(a)), pd.Series(family[a]).duplicated().to_numpy(), ~in_test))
    examples = [_near_example(clips, pairs.iloc[place]) for place in order[:MOST_EXAMPLES]]
    return _told(clips, len(np.unique(family[a])), int((touched & (side == "test")).sum()), examples)


def _near_example(clips: pd.DataFrame, pair: pd.Series) -> dict[str, Any]:
    one, other = (clips.loc[int(pair[end])] for end in "ab")
    offset = float(pair["offset_seconds"])
    when = "both begin together" if abs(offset) < 0.02 else (
        f"the {'second' if offset > 0 else 'first'} begins {abs(offset):.2f} s into the other"
    )  # fmt: skip
    return {
        "clips": [one["clip"], other["clip"]],
        "splits": [one["split"], other["split"]],
        "what": f"{pair['seconds']:.1f} s in common, {when}, {pair['score']:.0%} of the bits agree",
    }


def _leak_in_words(kind: str, leak: dict[str, Any]) -> list[str]:
    if not leak["found"]:
        return []
    who = counted(leak["found"], *CALLED[kind])
    where = counted(leak["test_clips"], "test clip")
    told = f"{who} on more than one side, in {where} ({leak['share_of_test']:.1%})"
    return [told + (": forbidden" if leak["forbidden"] else "")]
