"""The clip table: the only description of a corpus that the rest of the library ever sees.

One row a clip. `clip`, `path`, `label` and `voice` must be there; whatever else a corpus knows (`face`,
`system`, `method`, `race`, `gender`, ...) is carried along and can be split and reported by.
`path` is relative to the folder of the table.
"""

from __future__ import annotations

import csv
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pandas as pd

from .errors import UserError, named
from .labels import LABEL_FROM_TEXT, LABEL_NAMES
from .labels import UNKNOWN_VOICE as UNKNOWN_VOICE
from .spreadsheets import table_as_it_was, write_table

REQUIRED = ("clip", "path", "label", "voice")
# The order in which the table is written; columns that only one corpus has come after these.
ORDER = (
    "clip", "path", "label", "voice", "face", "system", "synthesiser", "method", "category", "race", "gender",
    "corpus", "seconds", "fingerprint", "media", "container", "codec",
    "source_rate", "source_channels", "source_samples", "video_frames", "video_fps",
)  # fmt: skip
GROUP_COLUMNS = ("race", "gender")
# What people and programs write into a cell that they can't fill.
NOTHING = ("", "unknown", "nan", "na", "n/a", "none", "null", "-", "?")


def leaves_root(path: str) -> bool:
    """Whether a relative path from a table or a metadata file points outside the folder it belongs to."""
    if not (path.startswith("/") or ".." in path or "\\" in path or "\0" in path):
        # Nearly all of a million paths; taking each apart takes its time.
        return False
    parts = PurePosixPath(path.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or "\0" in path


def corpus_names(clips: pd.DataFrame, folder: Path) -> pd.Series:
    """The corpus of each clip: a table that doesn't name it is called by its folder."""
    return (
        clips.get("corpus", pd.Series("", index=clips.index)).str.strip().replace("", folder.resolve().name)
    )


def says_nothing(cells: pd.Series) -> pd.Series:
    """Whether a cell is blank, or says in a word that nobody knows: all those are no name."""
    return cells.astype(str).str.strip().str.casefold().isin(NOTHING)


def read_table(path: Path, required: tuple[str, ...]) -> pd.DataFrame:
    """Any CSV as text cells (lines that begin with # are skipped), with the columns that must be there."""
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, comment=None, skiprows=_comment_lines(path)
        )
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read as a CSV table: {error}") from None
    if not isinstance(table.index, pd.RangeIndex):
        # pandas would take the first cells for row names and move every column along.
        raise UserError(f"{path} cannot be read as a CSV table: its rows have more cells than its header")
    table = table_as_it_was(table)
    missing = [column for column in required if column not in table.columns]
    if missing:
        raise UserError(
            f"{path} has no column {named([repr(m) for m in missing])}; it has {', '.join(table.columns)}"
        )
    return table


def _comment_lines(path: Path) -> int:
    """How many lines at the top are comments (only there: a clip's name may hold a #)."""
    count = 0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            count += 1
    return count


def line_of(path: Path, row: int) -> int:
    """The line, as an editor counts, on which data row `row` (from 0) of a CSV begins."""
    skipped = _comment_lines(path)
    with path.open(encoding="utf-8", newline="") as lines:
        for _ in range(skipped):
            next(lines)
        rows = csv.reader(lines)
        begun, seen = skipped + 1, -1
        for cells in rows:
            # An empty line is no row, and one cell may go over several lines.
            if any(cell.strip() for cell in cells) or len(cells) > 1:
                if seen == row:
                    break
                seen += 1
            begun = skipped + rows.line_num + 1
    return begun


def read_clips(path: str | Path) -> pd.DataFrame:
    """The clip table at `path`, checked: each clip once, each label known, each voice named."""
    path = Path(path)
    clips = read_table(path, REQUIRED)
    return check_clips(clips, str(path), lambda row: f"line {line_of(path, row)}")


def check_clips(
    clips: pd.DataFrame, name: str, place: Callable[[int], str] = lambda row: f"row {row + 1}"
) -> pd.DataFrame:
    """`clips` with `label` as 0 or 1 and `seconds` as a number, or an error that names the rows.

    Args:
        name: what the table is called in an error.
        place: where in it a row (counted from 0) is found, in words.
    """

    def at(rows: pd.Series) -> str:
        return f"{name}, {place(int(rows.to_numpy().argmax()))}"

    if clips.empty:
        raise UserError(f"{name} has no clips")
    labels = _labels(clips, at)
    _check_each_clip_once(clips.assign(label=labels), name, place)
    for column in ("clip", "path", "voice"):
        _check_filled(clips, column, at)
    _check_paths(clips, at)
    # A blank would make two voices of one, and put them on two sides of a split.
    checked = clips.assign(label=labels.astype(int), voice=clips["voice"].astype(str).str.strip())
    if "face" in checked:
        # Where nobody is seen, whoever speaks is all the people there are.
        face = checked["face"].astype(str).str.strip()
        checked["face"] = face.mask(says_nothing(face), checked["voice"])
    _warn_of_twins(checked["voice"], name)
    if "seconds" in checked:
        checked["seconds"] = pd.to_numeric(checked["seconds"], errors="coerce")
    return checked


def _labels(clips: pd.DataFrame, at: Callable[[pd.Series], str]) -> pd.Series:
    """The labels as 0 and 1; `at` says in words where the first of some rows stands."""
    labels = clips["label"].astype(str).str.strip().str.lower().map(LABEL_FROM_TEXT)
    strange = labels.isna()
    if strange.any():
        raise UserError(
            f"{at(strange)}: label must be real, fake, 0 (real) or 1 (fake), but "
            f"{named(list(clips.loc[strange, 'clip']))} has {clips.loc[strange, 'label'].iloc[0]!r}"
        )
    return labels


def _check_filled(clips: pd.DataFrame, column: str, at: Callable[[pd.Series], str]) -> None:
    """Raise where a cell is blank; a voice that is called unknown says no more than that."""
    cells = clips[column].astype(str).str.strip()
    empty = says_nothing(cells) if column == "voice" else cells == ""
    if empty.any():
        unknown = "; where nobody knows who speaks, give each clip a voice of its own" * (column == "voice")
        word = f" ({cells[empty].iloc[0]!r})" if cells[empty].iloc[0] else ""
        raise UserError(f"{at(empty)}: no {column}{word}, as in {empty.sum()} of {len(clips)} rows{unknown}")


def _check_paths(clips: pd.DataFrame, at: Callable[[pd.Series], str]) -> None:
    """Raise where a path leaves the table's folder, or two clips share a file."""
    outside = clips["path"].map(leaves_root)
    if outside.any():
        raise UserError(
            f"{at(outside)}: paths must stay inside its folder, but {named(list(clips.loc[outside, 'path']))} leaves it"
        )
    shared = clips["path"].duplicated()
    if shared.any():
        raise UserError(
            f"{at(shared)}: clips must not share a file, but several have "
            f"{named(list(clips.loc[shared, 'path'].unique()))}"
        )


def _warn_of_twins(voices: pd.Series, name: str) -> None:
    """Say on stderr which voices differ in capitals or in how an accent is encoded alone."""
    names = pd.Series(sorted(set(voices)), dtype=object)
    alike = names.map(
        lambda each: unicodedata.normalize("NFC", unicodedata.normalize("NFC", each).casefold())
    )
    twins = names.groupby(alike).agg(list)
    twins = twins[twins.map(len) > 1]
    if len(twins):
        told = named([" and ".join(map(repr, each)) for each in twins], most=3)
        print(
            f"warning: {name}: names of voices that look like one person's but count as two: {told}; if they "
            "are one, write them alike, or a split will not keep that person apart",
            file=sys.stderr,
        )


def _check_each_clip_once(clips: pd.DataFrame, name: str, place: Callable[[int], str]) -> None:
    """A clip named twice is worst with two labels, so those are told first."""
    twice = clips["clip"].duplicated()
    if not twice.any():
        return
    disputed = twice & (clips["label"] != clips.groupby("clip")["label"].transform("first"))
    row = int((disputed if disputed.any() else twice).to_numpy().argmax())
    clip, label = clips["clip"].iloc[row], LABEL_NAMES[int(clips["label"].iloc[row])]
    first = int((clips["clip"] == clip).to_numpy().argmax())
    other = LABEL_NAMES[int(clips["label"].iloc[first])]
    told = f"is {label} here and {other} in {place(first)}" if label != other else f"is in {place(first)} too"
    raise UserError(
        f"{name}, {place(row)}: {clip} {told}; clips named more than once: "
        f"{named(list(clips.loc[twice, 'clip'].unique()))}"
    )


def write_clips(clips: pd.DataFrame, path: str | Path) -> None:
    """Write the table whole or not at all, its columns in one order."""
    first = [column for column in ORDER if column in clips.columns]
    rest = [column for column in clips.columns if column not in ORDER]
    write_table(clips[first + rest], Path(path))
