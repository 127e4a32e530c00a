"""The clip table: the only description of a corpus that the rest of the library ever sees.

One row a clip. `clip`, `path`, `label` and `voice` must be there; whatever else a corpus knows (`face`,
`system`, `method`, `race`, `gender`, ...) is carried along and can be split and reported by.
`path` is relative to the folder of the table.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from .errors import UserError, named
from .files import replacing
from .labels import LABEL_FROM_TEXT

REQUIRED = ("clip", "path", "label", "voice")
# The order in which the table is written; columns that only one corpus has come after these.
ORDER = (
    "clip", "path", "label", "voice", "face", "system", "method", "category", "race", "gender",
    "corpus", "seconds", "fingerprint", "media", "container", "codec",
    "source_rate", "source_channels", "source_samples", "video_frames", "video_fps",
)  # fmt: skip
GROUP_COLUMNS = ("race", "gender")


def leaves_root(path: str) -> bool:
    """Whether a relative path from a table or a metadata file points outside the folder it belongs to."""
    parts = PurePosixPath(path.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or "\0" in path


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


def read_clips(path: str | Path) -> pd.DataFrame:
    """The clip table at `path`, checked: each clip once, each label known, each voice named."""
    path = Path(path)
    clips = read_table(path, REQUIRED)
    return check_clips(clips, str(path))


def check_clips(clips: pd.DataFrame, name: str) -> pd.DataFrame:
    """`clips` with `label` as 0 or 1 and `seconds` as a number, or an error that names the rows."""
    if clips.empty:
        raise UserError(f"{name} has no clips")
    labels = clips["label"].astype(str).str.strip().str.lower().map(LABEL_FROM_TEXT)
    if labels.isna().any():
        rows = clips.loc[labels.isna()]
        raise UserError(
            f"{name}: label must be real, fake, 0 (real) or 1 (fake), but {named(list(rows['clip']))} has "
            f"{rows['label'].iloc[0]!r}"
        )
    twice = clips.loc[clips["clip"].duplicated(), "clip"]
    if len(twice):
        raise UserError(f"{name}: clips named more than once: {named(list(twice.unique()))}")
    for column in ("clip", "path", "voice"):
        empty = clips.index[clips[column].astype(str).str.strip() == ""]
        if len(empty):
            raise UserError(
                f"{name}: {len(empty)} rows have no {column}, the first is data row {empty[0] + 1}"
            )
    outside = clips.loc[clips["path"].map(leaves_root), "path"]
    if len(outside):
        raise UserError(f"{name}: paths must stay inside its folder, but {named(list(outside))} leaves it")
    shared = clips.loc[clips["path"].duplicated(), "path"]
    if len(shared):
        raise UserError(
            f"{name}: clips must not share a file, but several have {named(list(shared.unique()))}"
        )
    # A blank would make two voices of one, and put them on two sides of a split.
    checked = clips.assign(label=labels.astype(int), voice=clips["voice"].astype(str).str.strip())
    if "seconds" in checked:
        checked["seconds"] = pd.to_numeric(checked["seconds"], errors="coerce")
    return checked


def write_clips(clips: pd.DataFrame, path: str | Path) -> None:
    """Write the table whole or not at all, its columns in one order."""
    first = [column for column in ORDER if column in clips.columns]
    rest = [column for column in clips.columns if column not in ORDER]
    with replacing(Path(path)) as part:
        clips[first + rest].to_csv(part, index=False, lineterminator="\n")
