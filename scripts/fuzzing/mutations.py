"""Media files damaged by a seed: blindly, and by what readers believe, sizes, counts and rates first of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .structure import Piece, pieces

# Where containers keep what their readers believe.
HEAD_BYTES = 256
# Of a piece: behind its name and size stand counts, rates and times.
BELIEVED_BYTES = 64
# Doubled and put in, files grow; beyond that they only cost time.
MOST_BYTES = 2**20
SUFFIXES = (".wav", ".mp4", ".mp3", ".ogg", ".flac", ".raw", "")
# How often a file keeps the suffix it had.
KEEPS_SUFFIX = 0.8

Mutation = Callable[[bytes, np.random.Generator], bytes]


def mutated(files: list[Path], count: int, seed: int) -> Iterator[Path]:
    """`count` files, each the damaged copy of one of `files`, one at a time in the same folder."""
    whole = {file: file.read_bytes() for file in files}
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        file = files[number % len(files)]
        damaged = file.with_name(f"damaged{suffix_for(file.suffix, rng)}")
        damaged.write_bytes(damage(whole[file], rng))
        yield damaged
        damaged.unlink()


def suffix_for(own: str, rng: np.random.Generator) -> str:
    """Now and then a file calls itself something else, or nothing."""
    return own if rng.random() < KEEPS_SUFFIX else str(rng.choice(SUFFIXES))


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three mutations."""
    for _ in range(int(rng.integers(1, 4))):
        data = MUTATIONS[int(rng.integers(len(MUTATIONS)))](data, rng)[:MOST_BYTES]
    return data


# Blind


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    changed = np.frombuffer(data, np.uint8).copy()
    places = rng.integers(0, max(len(data), 1), int(rng.integers(1, 200)))
    if len(data):
        changed[places] = rng.integers(0, 256, len(places))
    return changed.tobytes()


def _bit(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _head(data: bytes, rng: np.random.Generator) -> bytes:
    changed = np.frombuffer(data, np.uint8).copy()
    reach = min(len(data), HEAD_BYTES)
    if reach:
        places = rng.integers(0, reach, int(rng.integers(1, 9)))
        changed[places] = rng.choice(np.array([0, 1, 127, 128, 254, 255], np.uint8), len(places))
    return changed.tobytes()


def _part(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    first, end = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    return first, end


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(rng.integers(0, len(data) + 1))]


def _drop(data: bytes, rng: np.random.Generator) -> bytes:
    first, end = _part(data, rng)
    return data[:first] + data[end:]


def _zero(data: bytes, rng: np.random.Generator) -> bytes:
    first, end = _part(data, rng)
    return data[:first] + bytes(end - first) + data[end:]


def _twice(data: bytes, rng: np.random.Generator) -> bytes:
    first, end = _part(data, rng)
    return data[:end] + data[first:]


def _insert(data: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(0, len(data) + 1))
    return data[:place] + rng.bytes(int(rng.integers(1, 2000))) + data[place:]


# By what the file says of itself


def _believed(value: int, size: int, rng: np.random.Generator) -> int:
    """A number that a reader may not be ready for, in the place of `value`, of `size` bytes."""
    most = 256**size - 1
    odd = (
        0, 1, most, most - 1, most // 2, most // 2 + 1, value + 1, value - 1, value * 2, value // 2, most - value,
        int(rng.integers(0, min(most, 2**62), endpoint=True)),
    )  # fmt: skip
    return odd[int(rng.integers(len(odd)))] & most


def _replaced(data: bytes, place: int, size: int, piece: Piece, rng: np.random.Generator) -> bytes:
    value = int.from_bytes(data[place : place + size], piece.order)
    return data[:place] + _believed(value, size, rng).to_bytes(size, piece.order) + data[place + size :]


def _size(data: bytes, rng: np.random.Generator) -> bytes:
    """A piece lies about its size."""
    piece = _one(data, rng)
    if piece is None or piece.size_at + piece.size_bytes > len(data):
        return data
    return _replaced(data, piece.size_at, piece.size_bytes, piece, rng)


def _number(data: bytes, rng: np.random.Generator) -> bytes:
    """A count, a rate or a time near the beginning of a piece is another."""
    piece = _one(data, rng)
    if piece is None:
        return data
    size = int(rng.choice([1, 2, 4, 8]))
    room = min(piece.end - piece.start, BELIEVED_BYTES) - size
    if room <= 0:
        return data
    return _replaced(data, piece.start + int(rng.integers(room + 1)), size, piece, rng)


def _without(data: bytes, rng: np.random.Generator) -> bytes:
    piece = _one(data, rng)
    return data if piece is None else data[: piece.start] + data[piece.end :]


def _again(data: bytes, rng: np.random.Generator) -> bytes:
    """A piece stands many times."""
    piece = _one(data, rng)
    if piece is None:
        return data
    copies = data[piece.start : piece.end] * int(rng.integers(2, 50))
    return data[: piece.start] + copies[:MOST_BYTES] + data[piece.end :]


def _swapped(data: bytes, rng: np.random.Generator) -> bytes:
    """Two pieces in each other's place."""
    one, other = _one(data, rng), _one(data, rng)
    if one is None or other is None or one.end > other.start:
        return data
    return (
        data[: one.start] + data[other.start : other.end] + data[one.end : other.start]
        + data[one.start : one.end] + data[other.end :]
    )  # fmt: skip


def _inside(data: bytes, rng: np.random.Generator) -> bytes:
    """A piece in itself, or in another."""
    one, other = _one(data, rng), _one(data, rng)
    if one is None or other is None:
        return data
    middle = (other.start + other.end) // 2
    return data[:middle] + data[one.start : one.end] + data[middle:]


def _end_in(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut off within a piece."""
    piece = _one(data, rng)
    return data if piece is None else data[: int(rng.integers(piece.start, piece.end + 1))]


def _one(data: bytes, rng: np.random.Generator) -> Piece | None:
    found = pieces(data)
    return found[int(rng.integers(len(found)))] if found else None


MUTATIONS: tuple[Mutation, ...] = (
    _flip, _bit, _head, _head, _cut, _drop, _zero, _twice, _insert,
    _size, _size, _number, _number, _number, _without, _again, _swapped, _inside, _end_in,
)  # fmt: skip
