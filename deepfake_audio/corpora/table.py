"""Your own table: any CSV or parquet file that names recordings, with its columns and words translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..clips import leaves_root
from ..errors import UserError
from ..labels import FAKE, LABEL_FROM_TEXT, LABEL_NAMES, REAL
from .base import BONAFIDE, UNKNOWN_VOICE, CorpusOnDisk, clip_table, place_of, without_suffix
from .lines import labels_of, read_rows, refuse, refuse_twice, stated_labels

REQUIRED = ("path", "label")
# Made here; a column of this name in the table would be lost without a word.
MADE = ("corpus", "media", "fingerprint")


@dataclass(frozen=True)
class Table(CorpusOnDisk):
    """The recordings that a table names.

    Args:
        table: a CSV or parquet file.
        root: the folder that its paths are relative to; that of the table if not given.
        columns: what the table calls our columns, `{path: file, label: target, voice: speaker}`; those it calls as we
            do need not be named, and all others are taken along as they are.
        labels: what its labels mean, `{bonafide: real, spoof: fake}`; not needed where they are real and fake.
    """

    table: str | Path | None = None
    root: str | Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[object, object] | None = None
    name: str = "table"

    def __post_init__(self) -> None:
        """Paths begin where the table is."""
        if self.root is None and self.table is not None:
            object.__setattr__(self, "root", Path(self.table).parent)

    def index(self) -> pd.DataFrame:
        """One row a row; without a column of voices each clip is a voice of its own."""
        if self.table is None:
            raise UserError("give corpus.table=FILE, a CSV or parquet file that names recordings")
        path = Path(self.table)
        columns = {str(ours): str(theirs) for ours, theirs in self.columns.items()}
        rows = read_rows(path, [columns.get(name, name) for name in {**columns, **dict.fromkeys(REQUIRED)}])
        rows = _renamed(rows, columns, path)
        place_of(self.root)
        media = self._inside(path, rows["path"].str.strip())
        clip = rows["clip"] if "clip" in rows else without_suffix(media)
        label = self._labels(path, rows["label"])
        refuse_twice(path, clip, label)
        refuse(path, clip.str.strip() == "", "no clip name")
        refuse(path, media.duplicated(keep=False), "a file named more than once")
        if "voice" in rows:
            refuse(
                path, rows["voice"].str.strip() == "", "no voice; fill it in, or take the whole column away"
            )
        voice = rows["voice"].str.strip() if "voice" in rows else UNKNOWN_VOICE + clip
        system = rows["system"] if "system" in rows else label.map({REAL: BONAFIDE, FAKE: "unknown"})
        known = ("clip", "path", "label", "voice", "system", *MADE)
        more = {str(name): rows[name] for name in rows if name not in known}
        return clip_table(self.name, media, clip, label=label, voice=voice, system=system, **more)

    def _inside(self, table: Path, paths: pd.Series) -> pd.Series:
        """Paths relative to the root; an absolute one may lie in it too."""
        root = Path(self.root or ".")
        refuse(table, paths == "", "no path")
        clean = paths.str.replace("\\", "/", regex=False)
        media = clean.str.removeprefix(f"{root.resolve().as_posix()}/").str.removeprefix("./")
        refuse(table, media.map(leaves_root), f"its path leaves the root {root}")
        return media

    def _labels(self, path: Path, words: pd.Series) -> pd.Series:
        if self.labels is not None:
            return labels_of(path, words, stated_labels(self.labels))
        plain = words.str.strip().str.lower()
        if plain.isin(["0", "1"]).all():
            raise UserError(
                f"{path}: the labels are 0 and 1, and nothing says which of them is fake: give "
                "'corpus.labels={0: real, 1: fake}' or the other way round"
            )
        return labels_of(path, words, {word: LABEL_FROM_TEXT[word] for word in LABEL_NAMES.values()})


def _renamed(rows: pd.DataFrame, columns: dict[str, str], path: Path) -> pd.DataFrame:
    """The table with our names; a column that has one of these names and another meaning is left out."""
    if len(set(columns.values())) < len(columns):
        raise UserError(f"corpus.columns names a column of {path} twice: {columns}")
    taken = [name for name in columns if name in rows and name not in columns.values()]
    names = {theirs: ours for ours, theirs in columns.items()}
    return rows.drop(columns=taken).rename(columns=names)
