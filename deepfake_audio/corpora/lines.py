"""Read a corpus' own tables as text, and say of a wrong one in which lines it is wrong."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..errors import UserError
from ..files import read_json_list
from ..labels import FAKE, LABEL_FROM_TEXT, REAL

KEYS = {"bonafide": REAL, "bona-fide": REAL, "spoof": FAKE}
PARQUET = (".parquet", ".pq")
# Apart by these, a cell that holds the separator stands in quotes; elsewhere a quote is a letter like any other.
QUOTED = (",", ";", "\t")
SHOWN = 3
SHOWN_CHARACTERS = 100


def read_protocol(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A protocol without header, its fields apart by blanks: as many in each line as there are `columns`."""
    try:
        table = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            # One more than there should be: there a longer line shows.
            names=[*columns, "_more"],
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
        )
    except pd.errors.ParserError:
        table = pd.DataFrame({column: [""] for column in [*columns, "_more"]})
    except (OSError, UnicodeDecodeError, pd.errors.EmptyDataError) as error:
        raise _unreadable(path, error, "protocol") from None
    if table.empty:
        raise UserError(f"{path} has no lines")
    filled = table.notna() & (table != "")
    if not filled[list(columns)].all(axis=None) or filled["_more"].any():
        _refuse_lengths(path, len(columns))
    return table[list(columns)]


def read_rows(path: Path, required: Sequence[str], separator: str = ",") -> pd.DataFrame:
    """Any table with a header as text cells: CSV (lines at its top that begin with # are skipped) or parquet."""
    try:
        if path.suffix.lower() in PARQUET:
            table = _read_parquet(path)
        else:
            table = pd.read_csv(
                path,
                sep=separator,
                dtype=str,
                keep_default_na=False,
                skiprows=len(_preamble(path)),
                quoting=csv.QUOTE_MINIMAL if separator in QUOTED else csv.QUOTE_NONE,
                encoding="utf-8-sig",
            )
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise _unreadable(path, error, "table") from None
    missing = [column for column in required if column not in table.columns]
    if missing:
        raise UserError(
            f"{path} has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}"
        )
    if table.empty:
        raise UserError(f"{path} has a header and no rows")
    if not isinstance(table.index, pd.RangeIndex):
        # pandas would take the first cells for row names and move every column along.
        raise UserError(f"{path} cannot be read as a table: its rows have more cells than its header")
    return table


def read_entries(path: Path, required: Sequence[str]) -> pd.DataFrame:
    """A JSON list of objects, each with these keys."""
    entries = read_json_list(path)
    if not entries:
        raise UserError(f"{path} is no list of clips")
    for number, entry in enumerate(entries, start=1):
        missing = [key for key in required if not isinstance(entry, dict) or key not in entry]
        if missing:
            raise UserError(f"{path}: entry {number} has no {', '.join(missing)}")
    return pd.DataFrame.from_records(entries)


def labels_of(
    path: Path, words: pd.Series, known: Mapping[str, int] = KEYS, separator: str = ",", header: bool = True
) -> pd.Series:
    """The words of a label column as 0 and 1; a word that isn't known is an error, never a guess."""
    labels = words.str.strip().str.lower().map(known)
    told = "label " + words.map(repr) + f" is none of {', '.join(dict.fromkeys(known))}"
    refuse(path, labels.isna(), told, separator, header)
    return labels.astype(int)


def stated_labels(labels: Mapping[object, object]) -> dict[str, int]:
    """A mapping as a config has it, `{bonafide: real, spoof: fake}`, checked."""
    stated = {str(word).strip().lower(): str(meaning).strip().lower() for word, meaning in labels.items()}
    unknown = [meaning for meaning in stated.values() if meaning not in LABEL_FROM_TEXT]
    if unknown or not stated:
        raise UserError(
            f"corpus.labels: a word means real or fake, not {', '.join(unknown) or 'nothing at all'}"
        )
    return {word: LABEL_FROM_TEXT[meaning] for word, meaning in stated.items()}


def refuse_twice(
    path: Path, clip: pd.Series, label: pd.Series, separator: str = ",", header: bool = True
) -> None:
    """Raise if a clip is named in several lines."""
    twice = clip.duplicated(keep=False)
    if twice.any():
        both = label[twice].groupby(clip[twice]).transform("nunique") > 1
        told = (
            "clip "
            + clip[twice]
            + " is named more than once"
            + both.map({True: ", with two labels", False: ""})
        )
        # Those with two labels first, each beside its double.
        order = both.astype(int) * -1
        refuse(path, twice, told.reindex(clip.index).fillna(""), separator, header, order.reindex(clip.index))


def refuse(
    path: Path,
    wrong: pd.Series,
    why: str | pd.Series,
    separator: str = ",",
    header: bool = True,
    order: pd.Series | None = None,
) -> None:
    """Raise if any row is wrong: how many, and of the first ones the line, what is wrong and the line itself.

    Args:
        wrong: one value a row of the file, in its order, its index counting from 0.
        why: what is wrong, for all or each row.
        order: rows that sort lower are shown first.
    """
    if not wrong.any():
        return
    rows = list(wrong.index[wrong])
    if order is not None:
        rows.sort(key=lambda row: (order[row], row))
    numbered = _numbered(path, separator, header)
    told = []
    for row in rows[:SHOWN]:
        reason = why if isinstance(why, str) else why[row]
        place = f"line {numbered[row][0]}" if numbered else f"row {row + 1}"
        text = f" ({numbered[row][1][:SHOWN_CHARACTERS]})" if numbered else ""
        told.append(f"{place}: {reason}{text}")
    more = f"; {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    raise UserError(f"{path}: {len(rows)} of {len(wrong)} lines cannot be used: {'; '.join(told)}{more}")


def _refuse_lengths(path: Path, fields: int) -> None:
    """Name the lines of a protocol that have not as many fields as they should."""
    lines = [text for _, text in _numbered(path, " ", header=False)]
    counts = pd.Series([len(text.split()) for text in lines])
    refuse(path, counts != fields, "it has " + counts.astype(str) + f" fields, not {fields}", " ", False)


def _numbered(path: Path, separator: str, header: bool) -> list[tuple[int, str]]:
    """Each row's line in an editor and its text; nothing for a file that has no lines."""
    if path.suffix.lower() in PARQUET:
        return []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        if separator in QUOTED:
            # Only here a cell may hold a line break.
            reader = csv.reader(file, delimiter=separator)
            rows, line = [], 1
            for cells in reader:
                rows.append((line, separator.join(cells)))
                line = reader.line_num + 1
        else:
            rows = [(line, text.rstrip("\r\n")) for line, text in enumerate(file, start=1)]
    skipped = len(_preamble(path))
    return [(line, text) for line, text in rows if line > skipped and text.strip()][int(header) :]


def _preamble(path: Path) -> list[str]:
    """The comments at the top of a table (only there: a name may hold a #)."""
    found = []
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            found.append(line)
    return found


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except ImportError:
        raise UserError(f"{path} needs pyarrow to be read: pip install 'deepfake-audio[parquet]'") from None
    # An empty cell is no word "None" or "nan".
    return table.reset_index(drop=True).astype(object).where(table.notna().to_numpy(), "").astype(str)


def _unreadable(path: Path, error: Exception, what: str) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path} is missing")
    return UserError(f"{path} cannot be read as a {what}: {' '.join(str(error).split())}")
