"""Your own table: any CSV or parquet file that names recordings, with its columns and words translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from ..clips import UNKNOWN_VOICE, leaves_root, says_nothing
from ..errors import UserError
from ..labels import FAKE, LABEL_FROM_TEXT, LABEL_NAMES, REAL
from .base import BONAFIDE, CorpusOnDisk, clip_table, place_of, without_suffix
from .lines import labels_of, read_rows, refuse, refuse_twice, stated_labels

REQUIRED = ("path", "label")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# Made here, whatever the table says of them.
MADE = ("corpus", "media", "fingerprint")
# Where a column `corpus` of the table goes: joined with others, the whole table is one corpus.
OWN_CORPUS = "source_corpus"
# How long a clip is said to be; a claim that extraction holds it to, so it must be one.
LENGTHS = ("seconds", "stated_seconds")


@dataclass(frozen=True)
class Table(CorpusOnDisk):
    """The recordings that a table names.

    Args:
        table: a CSV or parquet file.
        root: the folder that its paths are relative to; that of the table if not given.
        columns: what the table calls our columns, `{path: file, label: target, voice: speaker}`; those it calls as we
            do need not be named, and all others are taken along as they are.
        labels: what its labels mean, `{bonafide: real, spoof: fake}`; not needed where they are real and fake.
        separator: what is between the cells of a line: comma, semicolon or tab; tab for a .tsv if not given.
    """

    table: str | Path | None = None
    root: str | Path | None = None
    columns: Mapping[str, str] | None = None
    labels: Mapping[object, object] | None = None
    separator: str | None = None
    name: str = "table"

    def __post_init__(self) -> None:
        """Paths begin where the table is."""
        if self.root is None and self.table is not None:
            object.__setattr__(self, "root", Path(self.table).parent)

    def index(self) -> pd.DataFrame:
        """One row a row; without a column of voices each clip is a voice of its own."""
        if self.table is None:
            raise UserError("give corpus.table=FILE, a CSV or parquet file that names recordings")
        path, separator = Path(self.table), self._separator()
        for option, mapping in (("columns", self.columns), ("labels", self.labels)):
            if mapping is not None and not isinstance(mapping, Mapping):
                raise UserError(
                    f"corpus.{option}={mapping} is no mapping: write 'corpus.{option}={{a: b, c: d}}'"
                )
        columns = {str(ours): str(theirs) for ours, theirs in (self.columns or {}).items()}
        needed = [columns.get(name, name) for name in {**columns, **dict.fromkeys(REQUIRED)}]
        rows = _renamed(read_rows(path, needed, separator), columns, path)
        place_of(self.root)
        root = Path(self.root or ".")
        media = _inside(root, rows["path"])
        clip = rows["clip"].str.strip() if "clip" in rows else without_suffix(media)
        wrong = partial(refuse, path, separator=separator)
        wrong(media == "", "no path")
        wrong(media.map(leaves_root), f"its path leaves the root {root}")
        label = labels_of(path, rows["label"], self._words(path, rows["label"]), separator)
        refuse_twice(path, clip, label, separator)
        wrong(clip == "", "no clip name")
        wrong(media.duplicated(keep=False), "a file named more than once")
        for column in [name for name in LENGTHS if name in rows]:
            length = pd.to_numeric(rows[column].replace("", "0"), errors="coerce")
            wrong(~(length >= 0), f"{column} is no number of seconds")
        if "voice" in rows:
            nameless = says_nothing(rows["voice"])
            wrong(nameless, "no voice; fill it in, or take the whole column away")
        voice = rows["voice"].str.strip() if "voice" in rows else UNKNOWN_VOICE + clip
        system = rows["system"] if "system" in rows else label.map({REAL: BONAFIDE, FAKE: "unknown"})
        known = ("clip", "path", "label", "voice", "system", *MADE)
        more = {str(name): rows[name] for name in rows if name not in known}
        if "corpus" in rows:
            more.setdefault(OWN_CORPUS, rows["corpus"])
        return clip_table(self.name, media, clip, label=label, voice=voice, system=system, **more)

    def _separator(self) -> str:
        if self.separator is None:
            return SEPARATORS["tab" if Path(self.table or "").suffix.lower() == ".tsv" else "comma"]
        if self.separator not in SEPARATORS:
            raise UserError(f"corpus.separator={self.separator!r} is none of {', '.join(SEPARATORS)}")
        return SEPARATORS[self.separator]

    def _words(self, path: Path, words: pd.Series) -> dict[str, int]:
        """What each label word means: as stated, or as it says itself."""
        if self.labels is not None:
            return stated_labels(self.labels)
        if words.str.strip().isin(["0", "1"]).all():
            raise UserError(
                f"{path}: the labels are 0 and 1, and nothing says which of them is fake: give "
                "'corpus.labels={0: real, 1: fake}' or the other way round"
            )
        return {word: LABEL_FROM_TEXT[word] for word in LABEL_NAMES.values()}


def _inside(root: Path, paths: pd.Series) -> pd.Series:
    """Paths relative to the root, as far as they lie in it; an absolute one may do so too."""
    clean = paths.str.strip().str.replace("\\", "/", regex=False)
    for place in (root.resolve(), root.absolute()):
        clean = clean.str.removeprefix(f"{place.as_posix()}/")
    return clean.str.removeprefix("./")


def _renamed(rows: pd.DataFrame, columns: dict[str, str], path: Path) -> pd.DataFrame:
    """The table with our names; a column that has one of these names and another meaning is left out."""
    if len(set(columns.values())) < len(columns):
        raise UserError(f"corpus.columns names a column of {path} twice: {columns}")
    taken = [name for name in columns if name in rows and name not in columns.values()]
    names = {theirs: ours for ours, theirs in columns.items()}
    return rows.drop(columns=taken).rename(columns=names)
