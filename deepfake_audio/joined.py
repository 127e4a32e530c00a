"""Several corpora as one: their clip tables joined, with names that don't clash and paths from one root."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from .clips import UNKNOWN_VOICE, corpus_names, read_clips
from .errors import UserError, named

# Of a forged fake: the corpus that the voice, and so the person, is from.
VOICE_CORPUS = "voice_corpus"


def read_corpora(
    tables: str | Path | Sequence[str | Path], same_voices: bool = False
) -> tuple[pd.DataFrame, Path]:
    """The clip table at a path, or several joined, and the folder that its paths are relative to.

    Joined clips are called `<corpus>/<clip>`. Voices and faces are called so too, as "p225" of two corpora is two
    people; the voice of a forged fake is that of its source. So is a `system` that has its `synthesiser` beside it.

    Args:
        same_voices: voices and faces of the same name are the same person in all of them.
    """
    paths = table_paths(tables)
    if len(paths) == 1:
        return read_clips(paths[0]), paths[0].parent
    places = [path.resolve() for path in paths]
    root = Path(os.path.commonpath([place.parent for place in places]))
    parts = [_renamed(read_clips(place), place, root, same_voices) for place in places]
    _check_distinct(parts, paths)
    joined = pd.concat(parts, ignore_index=True)
    if "face" in joined:
        # Where nobody is seen, whoever speaks is all the people there are.
        joined["face"] = joined["face"].fillna(joined["voice"])
    numbers = joined.select_dtypes("number").columns
    return joined.fillna(dict.fromkeys(joined.columns.difference(numbers), "")), root


def table_paths(tables: str | Path | Sequence[str | Path]) -> list[Path]:
    """One path or several as a list, none of them twice."""
    paths = [Path(table) for table in ([tables] if isinstance(tables, str | Path) else tables)]
    if not paths:
        raise UserError(
            "clips=[] names no clip table: give one FILE, or several as [a/clips.csv,b/clips.csv]"
        )
    places = [path.resolve() for path in paths]
    twice = sorted({str(path) for path, place in zip(paths, places, strict=True) if places.count(place) > 1})
    if twice:
        raise UserError(f"the same clip table is given twice: {named(twice)}")
    return paths


def folders_of(tables: Sequence[Path]) -> list[Path]:
    """The folders of the corpora; of one table alone just that which its clips' paths are relative to."""
    return list(dict.fromkeys(table.resolve().parent for table in tables))


def _renamed(clips: pd.DataFrame, table: Path, root: Path, same_voices: bool) -> pd.DataFrame:
    """A table as part of a whole: corpus filled in, names under it, paths from `root`."""
    corpus = corpus_names(clips, table.parent)
    folder = table.parent.relative_to(root)
    renamed = clips.assign(
        corpus=corpus,
        clip=corpus + "/" + clips["clip"],
        path=[(folder / path).as_posix() for path in clips["path"]],
    )
    if "synthesiser" in clips:
        # What says of itself which synthesiser it is has a name that isn't the whole world's, such as A07.
        bare = clips["synthesiser"].str.strip() == ""
        renamed["system"] = clips["system"].where(bare, corpus + "/" + clips["system"])
    # A forged fake has its source's voice, so that it must get its source's name.
    owner = (
        corpus
        if VOICE_CORPUS not in clips
        else clips[VOICE_CORPUS].str.strip().mask(lambda of: of == "", corpus)
    )
    for column in ("voice", "face"):
        if column in clips:
            renamed[column] = _people(clips[column], owner, same_voices)
    return renamed


def _people(names: pd.Series, owner: pd.Series, same: bool) -> pd.Series:
    """Names under the corpus they are from; who is unknown stays so, and is never anybody else."""
    unknown = UNKNOWN_VOICE + owner + "/" + names.str.removeprefix(UNKNOWN_VOICE)
    return (names if same else owner + "/" + names).mask(names.str.startswith(UNKNOWN_VOICE), unknown)


def _check_distinct(parts: list[pd.DataFrame], paths: list[Path]) -> None:
    """Raise if two tables are of one corpus: their clips could not be told apart."""
    owner: dict[str, Path] = {}
    for part, path in zip(parts, paths, strict=True):
        for corpus in sorted(set(part["corpus"])):
            if corpus in owner:
                raise UserError(
                    f"{owner[corpus]} and {path} are both of the corpus {corpus}: give one another name in its column "
                    "corpus"
                )
            owner[corpus] = path
