"""Of what pieces a media file is made, as its own sizes say: chunks of a wav, boxes of an mp4, pages, blocks, elements.

Only what a mutator needs: where a piece begins and ends, and where its size stands. Damaged files are read as far as
they make sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# Boxes of an mp4 that hold boxes.
BOXES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts", b"dinf", b"meta", b"ilst")
# Elements of a webm that hold elements: segment, tracks, a track, its audio, cluster, block group, cues, info.
ELEMENTS = (0x18538067, 0x1654AE6B, 0xAE, 0xE1, 0x1F43B675, 0xA0, 0x1C53BB6B, 0x1549A966)
# No reader needs more of them, and a damaged file could hold no end.
MOST_PIECES = 400
RIFF_HEAD_BYTES, FLAC_MARK_BYTES, OGG_HEAD_BYTES, MP3_HEAD_BYTES = 12, 4, 27, 4


@dataclass(frozen=True)
class Piece:
    """`data[start:end]`; its size stands in `size_bytes` bytes from `size_at` on."""

    start: int
    end: int
    size_at: int
    size_bytes: int
    order: Literal["little", "big"] = "big"


def pieces(data: bytes) -> list[Piece]:
    """The pieces of a file, outer ones first; none of what is of no kind that is known here."""
    if data[:4] == b"RIFF":
        found = _chunks(data)
    elif data[4:8] == b"ftyp":
        found = _boxes(data, 0, len(data))
    elif data[:4] == b"fLaC":
        found = _blocks(data)
    elif data[:4] == b"OggS":
        found = _pages(data)
    elif data[:4] == b"\x1a\x45\xdf\xa3":
        found = _elements(data, 0, len(data))
    else:
        found = _frames(data)
    return [piece for piece, _ in zip(found, range(MOST_PIECES), strict=False)]


def _chunks(data: bytes) -> Iterator[Piece]:
    yield Piece(0, len(data), 4, 4, "little")
    place = RIFF_HEAD_BYTES
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        yield Piece(place, min(place + 8 + size, len(data)), place + 4, 4, "little")
        place += 8 + size + size % 2


def _boxes(data: bytes, place: int, end: int) -> Iterator[Piece]:
    while place + 8 <= end:
        size = int.from_bytes(data[place : place + 4], "big")
        if size < 8:
            return
        yield Piece(place, min(place + size, end), place, 4)
        if data[place + 4 : place + 8] in BOXES:
            yield from _boxes(data, place + 8, min(place + size, end))
        place += size


def _blocks(data: bytes) -> Iterator[Piece]:
    place, last = FLAC_MARK_BYTES, False
    while place + 4 <= len(data) and not last:
        last = bool(data[place] & 0x80)
        size = int.from_bytes(data[place + 1 : place + 4], "big")
        yield Piece(place, min(place + 4 + size, len(data)), place + 1, 3)
        place += 4 + size
    yield Piece(min(place, len(data)), len(data), min(place, len(data)), 4)


def _pages(data: bytes) -> Iterator[Piece]:
    place = 0
    while data[place : place + 4] == b"OggS" and place + OGG_HEAD_BYTES <= len(data):
        segments = data[place + 26]
        table = data[place + OGG_HEAD_BYTES : place + OGG_HEAD_BYTES + segments]
        end = place + OGG_HEAD_BYTES + segments + sum(table)
        yield Piece(place, min(end, len(data)), place + 26, 1)
        place = end


def _elements(data: bytes, place: int, end: int) -> Iterator[Piece]:
    while place < end:
        name, after_name = _vint(data, place, keep_mark=True)
        size, begin = _vint(data, after_name, keep_mark=False)
        if begin <= after_name or begin > end:
            return
        yield Piece(place, min(begin + size, end), after_name, begin - after_name)
        if name in ELEMENTS:
            yield from _elements(data, begin, min(begin + size, end))
        place = begin + size


def _vint(data: bytes, place: int, keep_mark: bool) -> tuple[int, int]:
    """A number whose first bits say how many bytes it has, and what comes after it; (0, `place`) if there is none."""
    if place >= len(data) or data[place] == 0:
        return 0, place
    count = 9 - data[place].bit_length()
    value = int.from_bytes(data[place : place + count], "big")
    return value if keep_mark else value & ((1 << 7 * count) - 1), place + count


def _frames(data: bytes) -> Iterator[Piece]:
    """Of an mp3: the tag, then from one mark of a frame to the next."""
    place = 0
    if data[:3] == b"ID3" and len(data) > 10:
        size = sum((byte & 0x7F) << 7 * (3 - number) for number, byte in enumerate(data[6:10]))
        yield Piece(0, min(10 + size, len(data)), 6, 4)
        place = min(10 + size, len(data))
    while (place := data.find(b"\xff", place)) >= 0 and place + MP3_HEAD_BYTES < len(data):
        after = data.find(data[place : place + 2], place + MP3_HEAD_BYTES)
        if data[place + 1] & 0xE0 == 0xE0:
            yield Piece(place, after if after > 0 else len(data), place, MP3_HEAD_BYTES)
        place = after if after > 0 else len(data)
