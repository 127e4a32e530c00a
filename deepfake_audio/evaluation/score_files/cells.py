"""A text file as columns of cells, whatever stands between them, each row with its line in an editor."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import UserError

SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "blanks"}
SHOWN_CHARACTERS = 60
GZIP = b"\x1f\x8b"
DECIMAL_COMMA = "; numbers have a decimal comma here: write them with a point"


@dataclass(frozen=True)
class Cells:
    """The columns of a file without its header, and the line that each row stands in."""

    path: Path
    separator: str
    header: list[str] | None
    columns: list[list[str]]
    lines: list[int]

    @property
    def form(self) -> str:
        """How the file is laid out, in words."""
        head = "with a header" if self.header else "no header"
        return f"{len(self.columns)} columns, apart by {SEPARATORS[self.separator]}, {head}"

    def name(self, place: int) -> str:
        """What the file calls a column, or its number where there is no header."""
        return self.header[place] if self.header else f"column {place + 1}"

    def at(self, row: int) -> str:
        """The place of a row, for an error."""
        return f"{self.path}, line {self.lines[row]}"


def plain(name: str) -> str:
    """A column's name without what differs for no reason: `CM-score` and `cm_score` are one."""
    return name.strip().lower().replace("-", "_").replace(" ", "_").replace(".", "_")


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number; NaN and infinity are numbers here."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def has_decimal_comma(cell: str) -> bool:
    """Whether it would be a number with a point in the place of its comma."""
    return "," in cell and is_number(cell.replace(",", ".", 1))


def holds_no_number(row: list[str]) -> bool:
    """Every line of scores holds a number, so that one without is a header."""
    return not any(is_number(cell) for cell in row)


def read_cells(path: Path, is_header: Callable[[list[str]], bool] = holds_no_number) -> Cells:
    """The file's cells; blank lines, and comments (#) at its top, are no rows.

    Args:
        is_header: whether a first row is a header.
    """
    text = _text(path)
    rows, lines, separator = _rows(path, text)
    if not rows:
        raise UserError(f"{path} is empty: it holds no line")
    header = rows[0] if is_header(rows[0]) else None
    width = len(rows[0])
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            shown = separator.join(row)[:SHOWN_CHARACTERS]
            why = "; is one of the commas a decimal one?" if separator == "," and len(row) > width else ""
            raise UserError(
                f"{path}, line {line}: another number of cells, {len(row)}, than the first line's {width} "
                f"({shown}){why}"
            )
    first = int(header is not None)
    columns = [list(column) for column in zip(*rows[first:], strict=True)] or [[] for _ in range(width)]
    return Cells(path, separator, header, columns, lines[first:])


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from None
    if content.startswith(GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{path} cannot be unpacked ({error})") from None
    # Excel's "Unicode text" is UTF-16.
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: no UTF-8 text; a text file was expected") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}, line {line}: a zero byte; a text file was expected")
    if text.lstrip()[:1] in ("{", "["):
        raise UserError(f"{path} is JSON; a table was expected, a line for each clip")
    return text


def _rows(path: Path, text: str) -> tuple[list[list[str]], list[int], str]:
    """Rows of stripped cells, the line each begins in, and what stands between cells."""
    skipped, body = _without_comments(text)
    first = next((line for line in body if line.strip()), "")
    separator = _separator(first)
    rows, lines = [], []
    try:
        for line, cells in _split(body, separator):
            if any(cells):
                rows.append(cells)
                lines.append(skipped + line)
    except csv.Error as error:
        raise UserError(
            f"{path} cannot be read as a table apart by {SEPARATORS[separator]}: {error}"
        ) from None
    return rows, lines, separator


def _without_comments(text: str) -> tuple[int, list[str]]:
    """How many lines of comments are at the top (only there: a name may hold a #), and all lines after."""
    # Not splitlines(), which also breaks at characters that an editor shows within a line.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    skipped = 0
    while skipped < len(lines) and lines[skipped].startswith("#"):
        skipped += 1
    return skipped, lines[skipped:]


def _separator(first: str) -> str:
    """A tab before all else, since names hold blanks; then whichever of comma and semicolon there are more of."""
    if "\t" in first:
        return "\t"
    commas, semicolons = first.count(","), first.count(";")
    if commas or semicolons:
        return "," if commas >= semicolons else ";"
    return " "


def _split(body: list[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    if separator == " ":
        yield from ((line, row.split()) for line, row in enumerate(body, start=1))
        return
    # Line breaks in quotes are the only reason not to split each line by itself.
    reader = csv.reader((f"{line}\n" for line in body), delimiter=separator)
    begun = 1
    for cells in reader:
        yield begun, [cell.strip() for cell in cells]
        begun = reader.line_num + 1
