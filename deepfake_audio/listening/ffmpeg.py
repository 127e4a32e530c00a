"""A media file through the bundled ffmpeg, as a stream of samples; nothing but that file is ever opened.

What somebody sends may be a playlist or a script that calls itself a video, and that names other files or addresses.
So ffmpeg may open plain files alone, and read only formats that hold their sound themselves.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from ..audio.decoding import Samples, reason_of
from ..audio.media import FORMATS, MOST_BYTES_AT_ONCE
from ..errors import UserError

# What it says of the others, as far as it knows them.
NOT_READ = ("not on whitelist", "Not detecting m3u8")
# A decoder that gives nothing for so long is caught in a file made to catch it; one at work gives some every moment.
STALLED_SECONDS = 60
BLOCK_BYTES = 2**20
# Of what ffmpeg says, the beginning tells what is wrong.
TOLD_BYTES = 20_000
# A wav's head: RIFF, its size, WAVE; then chunks of a name and a size.
RIFF_HEAD_BYTES, CHUNK_HEAD_BYTES = 12, 8
# The largest piece of a head before the samples, tags included.
MOST_HEAD_BYTES = 2**20


def decoded_blocks(file: Path, sample_rate: int) -> Iterator[Samples]:
    """The best sound track of a file at `sample_rate`, channels as they are: int16 [T, C] each.

    The samples are those that extraction writes of it.

    Raises:
        UserError: it has no sound, is damaged, or is of a kind that is not read; maybe only after some blocks.
    """
    with tempfile.TemporaryFile() as told:
        try:
            process = subprocess.Popen(
                _command(file, sample_rate), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=told
            )
        except OSError as error:
            raise UserError(f"{file} cannot be read: ffmpeg does not start ({error.strerror})") from None
        with process:
            try:
                assert process.stdout is not None
                yield from _samples(_Pipe(process.stdout, file))
                status = process.wait(STALLED_SECONDS)
            finally:
                # Also where whoever listens has heard enough.
                process.kill()
        if status != 0:
            raise UserError(f"{file} cannot be read: {_what_is_wrong(told)}")


def _command(file: Path, sample_rate: int) -> list[str]:
    import imageio_ffmpeg

    try:
        ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise UserError("ffmpeg is missing: reinstall the package imageio-ffmpeg, which brings it") from None
    limits = ["-protocol_whitelist", "file,pipe", "-format_whitelist", ",".join(FORMATS)]
    # With its protocol in front an absolute path can't be taken for an option or an address.
    source = ["-max_alloc", str(MOST_BYTES_AT_ONCE), *limits, "-i", f"file:{file.absolute()}"]
    sound = ["-vn", "-sn", "-dn", "-ar", str(sample_rate), "-acodec", "pcm_s16le"]
    # Not after every packet of a few kilobytes: each would wake whoever reads.
    sound += ["-flush_packets", "0", "-f", "wav", "pipe:1"]
    return [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", *source, *sound]


class _Pipe:
    """What a process writes, waited for no longer than it may be silent."""

    def __init__(self, end: IO[bytes], file: Path) -> None:
        self._end, self._file, self._held = end, file, b""
        with suppress(OSError, AttributeError):
            # So that decoding goes on while the network is at work; a system may allow less, or know no such thing.
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, BLOCK_BYTES)
        self._ready = select.poll()
        self._ready.register(end, select.POLLIN | select.POLLHUP)

    def read(self, count: int) -> bytes:
        """`count` bytes, or fewer at the end."""
        parts, missing = [self._held[:count]], count - len(self._held)
        self._held = self._held[count:]
        while missing > 0 and (part := self._next()):
            parts.append(part[:missing])
            self._held, missing = part[missing:], missing - len(part)
        return b"".join(parts)

    def _next(self) -> bytes:
        if not self._ready.poll(1000 * STALLED_SECONDS):
            raise UserError(
                f"{self._file} cannot be read: nothing came of it for {STALLED_SECONDS} s, so it was given up"
            )
        return os.read(self._end.fileno(), BLOCK_BYTES)


def _samples(pipe: _Pipe) -> Iterator[Samples]:
    channels = _channels(pipe)
    if channels == 0:
        return
    size = max(1, BLOCK_BYTES // (2 * channels)) * 2 * channels
    while block := pipe.read(size):
        whole = len(block) // (2 * channels) * 2 * channels
        yield np.frombuffer(block[:whole], dtype="<i2").astype(np.int16, copy=False).reshape(-1, channels)


def _channels(pipe: _Pipe) -> int:
    """How many there are, and the pipe at the first sample; 0 where there is nothing."""
    pipe.read(RIFF_HEAD_BYTES)
    channels = 0
    while len(head := pipe.read(CHUNK_HEAD_BYTES)) == CHUNK_HEAD_BYTES:
        name, size = struct.unpack("<4sI", head)
        if name == b"data" or size > MOST_HEAD_BYTES:
            return channels
        chunk = pipe.read(size + size % 2)
        if name == b"fmt " and len(chunk) >= 4:
            channels = struct.unpack_from("<H", chunk, 2)[0]
    return 0


def _what_is_wrong(told: IO[bytes]) -> str:
    told.seek(0)
    words = told.read(TOLD_BYTES).decode(errors="replace")
    if any(sign in words for sign in NOT_READ):
        return "it is a playlist, a script or of another kind that holds no sound of its own"
    return reason_of(words)
