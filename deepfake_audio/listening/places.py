"""Where recordings are: files, folders, patterns, and what comes in by standard input."""

from __future__ import annotations

import codecs
import glob
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..errors import UserError

STDIN = "-"
STDIN_NAME = "standard input"
# So much of the beginning tells a list of names from a recording; no container hides its nature longer.
HEAD_BYTES = 4096
# Of a list, which no name of a file holds but by mischief; every container and every coded sound has some at once.
NO_TEXT = bytes(set(range(32)) - set(b"\t\n\r\0"))
# Names beyond that are no list that anybody made.
MOST_LIST_BYTES = 2**26
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Every other byte NUL is UTF-16 and no list of names of one letter, if there are so many.
LEAST_UTF16_BYTES = 8


@dataclass(frozen=True)
class Place:
    """A recording, and what it is called to people."""

    path: Path
    name: str


def find_recordings(
    places: Sequence[str], stdin: IO[bytes], spool: Path, passed_over: list[str] | None = None
) -> list[Place]:
    """Files as they are named; in folders all that look like recordings; `-` is standard input. In order.

    Args:
        stdin: a list of names, one a line (or with NUL between them, as `find -print0` gives them), or a recording:
            the bytes decide. A list may be UTF-16, with its mark in front.
        spool: a folder for a recording that comes by `stdin`, as most containers can't be read in one go.
        passed_over: is added the files of folders whose suffix is none of a recording; hidden ones are none of them.
    """
    if list(places).count(STDIN) > 1:
        raise UserError("- is given twice, and standard input can be read but once")
    found: list[Place] = []
    others: list[str] = [] if passed_over is None else passed_over
    for place in places:
        if place == STDIN:
            found += _of_stdin(stdin, spool, others)
        elif os.path.lexists(place):
            found += _at(place, others)
        elif glob.has_magic(place):
            # Not `Path.glob`, which takes no pattern that begins at the root.
            matches = sorted(glob.glob(place, recursive=True))  # noqa: PTH207
            if not matches:
                raise UserError(f"nothing is called like {place}")
            found += [each for match in matches for each in _at(match, others)]
        else:
            found.append(Place(Path(place), place))
    return found


def _at(place: str, passed_over: list[str]) -> list[Place]:
    folder = Path(place)
    if not folder.is_dir():
        return [Place(folder, place)]
    inside = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("._"))
    files = [file for file in inside if _by_suffix(file)]
    others = [str(file) for file in inside if not _by_suffix(file) and not file.name.startswith(".")]
    passed_over += others
    if not files:
        from ..audio.media import RECORDINGS

        more = f"; {others_in_words(others)}" if others else ""
        raise UserError(f"{place} holds no recording ({', '.join(RECORDINGS)}){more}")
    return [Place(file, str(file)) for file in files]


def _by_suffix(file: Path) -> bool:
    # Not above: what reads media takes its time to load, and help needs none of it.
    from ..audio.media import RECORDINGS

    return file.suffix.lower() in RECORDINGS


def others_in_words(others: Sequence[str]) -> str:
    """What is said of files that were passed over."""
    number = "1 file" if len(others) == 1 else f"{len(others)} files"
    return f"{number} not looked at, such as {others[0]}: name them to try them"


def _of_stdin(stdin: IO[bytes], spool: Path, passed_over: list[str]) -> list[Place]:
    head = _filled(stdin, HEAD_BYTES)
    if not is_utf16(head) and not is_list(head):
        path = spool / "stdin"
        with path.open("wb") as file:
            file.write(head)
            shutil.copyfileobj(stdin, file)
        return [Place(path, STDIN_NAME)]
    told = head + stdin.read(MOST_LIST_BYTES)
    if len(told) > MOST_LIST_BYTES:
        raise UserError(
            f"the list on standard input is longer than {MOST_LIST_BYTES // 2**20} MiB: cut it up"
        )
    names = [os.fsdecode(name) for name in names_in(_without_mark(told))]
    if not names:
        raise UserError(
            "standard input is empty: pipe in a list of recordings, one a line, or a recording itself"
        )
    return [
        each
        for name in names
        for each in (_at(name, passed_over) if _is_folder(name) else [Place(Path(name), name)])
    ]


def _is_folder(name: str) -> bool:
    """Also of what no file could be called, which `Path.is_dir` raises of."""
    return os.path.isdir(name)  # noqa: PTH112


def is_list(head: bytes) -> bool:
    """Whether bytes are a list of names, by their beginning, and no recording.

    Every recording has control characters, or several zeros in a row, or one in front, within its first bytes.
    """
    return not (head.translate(None, NO_TEXT) != head or head.startswith(b"\0") or b"\0\0" in head)


def is_utf16(head: bytes) -> bool:
    """Whether bytes are a list of names in UTF-16 with its mark, as some shells write one.

    Its letters of ASCII are half NUL, at which the names would be cut up. No recording makes nothing but letters.
    """
    if not head.startswith(UTF16_MARKS) or b"\0" not in head:
        return False
    try:
        # The last letter may not be there yet.
        text = codecs.getincrementaldecoder("utf-16")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(letter >= " " or letter in "\t\r\n" for letter in text)


def _without_mark(told: bytes) -> bytes:
    """A list in the bytes that file names have, whatever it was written in."""
    if is_utf16(told[:HEAD_BYTES]):
        try:
            return told.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise UserError("the list on standard input is damaged UTF-16: write it as UTF-8") from None
    if len(told) >= LEAST_UTF16_BYTES and not (any(told[::2]) and any(told[1::2])):
        raise UserError(
            "the list on standard input looks like UTF-16 without its mark: write it as UTF-8, one name a line"
        )
    return told.removeprefix(codecs.BOM_UTF8)


def names_in(told: bytes) -> list[bytes]:
    """The names in a list; where NUL stands between them, line ends belong to names."""
    if b"\0" in told:
        return [name for name in told.split(b"\0") if name]
    return [name.rstrip(b"\r") for name in told.split(b"\n") if name.strip()]


def _filled(stdin: IO[bytes], count: int) -> bytes:
    """A pipe may give less at a time than it has."""
    parts: list[bytes] = []
    while (missing := count - sum(map(len, parts))) > 0 and (part := stdin.read(missing)):
        parts.append(part)
    return b"".join(parts)
