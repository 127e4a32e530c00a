"""What the adapters share: nothing to make, nothing to settle, and how a row of the clip table comes about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from ..errors import UserError, named

BONAFIDE = "bonafide"


class CorpusOnDisk:
    """A corpus that others made: there is nothing to prepare, and its tables say all there is to say."""

    def prepare(self) -> None:
        """Nothing: the corpus comes from its authors."""

    def settle(self, clips: pd.DataFrame, out: Path) -> tuple[pd.DataFrame, list[str]]:
        """The table as it is."""
        return clips, []


@dataclass(frozen=True)
class Place:
    """A corpus' folder, and where in it things lie that copies nest differently."""

    root: Path | None

    def find(self, *candidates: str) -> str:
        """The first of these paths that is there, relative to the root; the first one if none is."""
        root = self.root
        if root is not None:
            for candidate in candidates:
                if (root / candidate).exists():
                    return candidate
        return candidates[0]

    def file(self, option: str, given: str | Path | None, *candidates: str) -> Path:
        """A table of the corpus: the one given, or the first of the candidates that is there."""
        if given is not None:
            return Path(given)
        if self.root is None:
            raise UserError(f"give corpus.root=DIR, the folder of the corpus, or corpus.{option}=PATH")
        found = self.root / self.find(*candidates)
        if not found.exists():
            raise UserError(f"{self.root} has no {candidates[0]}: say where it is with corpus.{option}=PATH")
        return found


def place_of(root: str | Path | None) -> Place:
    """The corpus' folder, if one is given, checked to be one."""
    if root is not None and not Path(root).is_dir():
        raise UserError(f"corpus.root={root} is no folder: give the one that holds the corpus")
    return Place(None if root is None else Path(root))


def chosen(option: str, given: str | Sequence[str], known: Sequence[str]) -> list[str]:
    """The parts of a corpus that are asked for, each checked to be one; a command line may name a single one."""
    asked = [given] if isinstance(given, str) else list(given)
    unknown = [part for part in asked if part not in known]
    if unknown or not asked:
        raise UserError(
            f"corpus.{option}: give some of {', '.join(known)}, not {', '.join(unknown) or 'none'}"
        )
    return asked


def clip_table(
    corpus: str, media: Iterable[str], clip: Iterable[str] | None = None, **columns: Any
) -> pd.DataFrame:
    """The clip table of a corpus, sorted by clip.

    Args:
        media: each file, relative to the root.
        clip: its name; the file without its suffix if not given.
        columns: `label`, `voice`, `system` and whatever else is known.
    """
    files = pd.Series(list(media), dtype=object)
    names = without_suffix(files) if clip is None else pd.Series(list(clip), dtype=object)
    table = pd.DataFrame({"clip": names, "path": "wav/" + names + ".wav"})
    for name, values in columns.items():
        table[name] = values.to_numpy() if isinstance(values, pd.Series) else values
    return table.assign(corpus=corpus, media=files).sort_values("clip", ignore_index=True)


def without_suffix(files: pd.Series) -> pd.Series:
    """`a/b.c.wav` -> `a/b.c`."""
    return files.str.replace(r"\.[^./]+$", "", regex=True)


def media_below(root: Path, folder: str, suffixes: Iterable[str]) -> list[str]:
    """Every media file below a folder (links followed), relative to the root and sorted; no `._` entries of macOS."""
    kinds = tuple(suffixes)
    found = []
    for here, folders, names in os.walk(root / folder, followlinks=True):
        folders[:] = sorted(folder for folder in folders if not _leads_back(Path(here), folder))
        inside = PurePosixPath(Path(here).relative_to(root).as_posix())
        found += [
            str(inside / name) for name in names if name.lower().endswith(kinds) and not name.startswith("._")
        ]
    strange = [name for name in found if not _is_text(name)]
    if strange:
        # A table is text.
        shown = named([name.encode("utf-8", "backslashreplace").decode() for name in strange], 3)
        raise UserError(
            f"{len(strange)} files below {root / folder} have names that are no UTF-8: {shown}; rename them"
        )
    return sorted(found)


def _is_text(name: str) -> bool:
    """Whether a file's name is more than bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _leads_back(here: Path, folder: str) -> bool:
    """Whether a folder is a link to one that we are in, which would go round in circles."""
    place = here / folder
    return place.is_symlink() and here.resolve().is_relative_to(place.resolve())
