"""What the header of a media file says of itself; nothing is decoded."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

# What a folder is searched for; a file that is named by itself is always tried.
RECORDINGS = (
    ".3g2", ".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".asf", ".au", ".avi", ".caf", ".flac", ".flv",
    ".m2ts", ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".mts", ".oga",
    ".ogg", ".ogv", ".opus", ".snd", ".ts", ".vob", ".w64", ".wav", ".webm", ".wma", ".wmv",
)  # fmt: skip
# Containers and bare streams of sound; no playlist, script, list of pictures, device or format without a header.
FORMATS = (
    "3gp", "aa", "aac", "ac3", "ac4", "act", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "asf_o", "ast", "au",
    "avi", "caf", "dsf", "dss", "dts", "dtshd", "dv", "eac3", "flac", "flv", "g729", "gsm", "gxf", "iff", "ilbc",
    "ircam", "ivf", "lc3", "live_flv", "loas", "m4a", "matroska", "mj2", "mlp", "mov", "mp3", "mp4", "mpc", "mpc8",
    "mpeg", "mpegts", "mxf", "nistsphere", "nsv", "nut", "ogg", "oma", "pvf", "qcp", "rm", "sbc", "shn", "sln", "smk",
    "sox", "spdif", "tak", "truehd", "tta", "voc", "w64", "wav", "webm", "wsd", "wtv", "wv", "xwma",
)  # fmt: skip
# FFmpeg's own count of time where a stream has none.
TICKS_PER_SECOND = 1_000_000


@dataclass(frozen=True)
class MediaFacts:
    """Facts that no listener hears and a detector may still learn; None where the header doesn't say.

    `source_samples` is the length of the audio stream as its header gives it, in samples at `source_rate` (Hz).
    """

    container: str = ""
    codec: str = ""
    source_rate: int | None = None
    source_channels: int | None = None
    source_samples: int | None = None
    video_frames: int | None = None
    video_fps: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long the audio should be."""
        if self.source_samples is None or not self.source_rate:
            return None
        return self.source_samples / self.source_rate


FACTS = tuple(field.name for field in fields(MediaFacts))
# Containers whose header counts samples; an MP3 without an index, for one, gives a guess.
EXACT = ("wav", "flac", "mp4", "mov", "m4a")
# A playlist or a script that calls itself a video names other files, and addresses.
NOTHING_ELSE = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
# What FFmpeg may take at once: it makes room for as long a tag as a header claims, up to 2 GB. The index of a recording
# of ten hours needs a tenth of this.
MOST_BYTES_AT_ONCE = 256 * 2**20
# Of a wav's layout.
RIFF_HEAD_BYTES, CHUNK_HEAD_BYTES, BLOCK_ALIGN_AT, UNKNOWN_BYTES = 12, 8, 12, 0x7FFF0000
WHOLE_NUMBERS = ("source_rate", "source_channels", "source_samples", "video_frames")


def media_facts(path: Path) -> MediaFacts:
    """The facts of a file; none at all of one that is missing or can't be opened."""
    with opened_media(path) as container:
        return facts_of(container, path)


@contextmanager
def opened_media(path: Path) -> Iterator[Any]:
    """FFmpeg's view of a file, which may open nothing else; None where it can't be opened."""
    try:
        container = _open(path)
    except unreadable():
        yield None
        return
    with container:
        yield container


def facts_of(container: Any, path: Path) -> MediaFacts:
    """The same of an open file, or of None."""
    if container is None:
        return MediaFacts()
    try:
        facts = MediaFacts(
            container=_format(container.format.name, path), **_audio(container), **_video(container)
        )
        return replace(facts, source_samples=_wav_samples(path)) if facts.container == "wav" else facts
    except unreadable():
        return MediaFacts()


def unreadable() -> tuple[type[Exception], ...]:
    """What a damaged file makes PyAV, and the reading of what it tells, raise."""
    import av

    return (av.FFmpegError, OSError, ValueError, IndexError, struct.error)


def why_unreadable(path: Path) -> str:
    """What FFmpeg says of a file that it can't open."""
    import av.logging

    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as told, _open(path):
            return ""
    except unreadable() as error:
        return "\n".join([*(words for _, _, words in told), str(error)])
    finally:
        av.logging.set_level(before)


def _open(path: Path) -> Any:
    import av

    _bound_memory()
    # With its protocol in front a name can't be taken for an address.
    return av.open(f"file:{path.absolute()}", options=NOTHING_ELSE, metadata_errors="replace")


@cache
def _bound_memory() -> None:
    """Make FFmpeg refuse what would take too much memory at once, in all of this process."""
    import av._core

    # PyAV has no word for it, but its library finds FFmpeg's; not on every system.
    with suppress(AttributeError, OSError):
        ctypes.CDLL(av._core.__file__).av_max_alloc(ctypes.c_size_t(MOST_BYTES_AT_ONCE))


def _wav_samples(path: Path) -> int | None:
    """The samples that a wav's header promises, where FFmpeg tells those that are left of a file cut short."""
    with path.open("rb") as file:
        file.seek(RIFF_HEAD_BYTES)
        bytes_a_sample = 0
        while len(head := file.read(CHUNK_HEAD_BYTES)) == CHUNK_HEAD_BYTES:
            name, size = struct.unpack("<4sI", head)
            if name == b"data":
                # A program that wrote into a pipe didn't know the size, and put none or the largest there.
                return size // bytes_a_sample if bytes_a_sample and 0 < size < UNKNOWN_BYTES else None
            chunk = file.read(size + size % 2) if name == b"fmt " else b""
            if name == b"fmt ":
                bytes_a_sample = struct.unpack_from("<H", chunk, BLOCK_ALIGN_AT)[0]
            else:
                file.seek(size + size % 2, 1)
    return None


def _format(names: str, path: Path) -> str:
    """FFmpeg has one name for mp4, mov and m4a together: the file's suffix says which, where it is one of them."""
    known = names.split(",")
    suffix = path.suffix.lower().removeprefix(".")
    return suffix if suffix in known else known[0]


def _audio(container: Any) -> dict[str, Any]:
    # A damaged file may name a codec that nobody knows.
    if not container.streams.audio or container.streams.audio[0].codec_context is None:
        return {}
    stream = container.streams.audio[0]
    rate = stream.codec_context.sample_rate or None
    return {
        "codec": stream.codec_context.codec.canonical_name,
        "source_rate": rate,
        "source_channels": stream.codec_context.channels or None,
        "source_samples": None if rate is None else _ticks(container, stream, rate),
    }


def _video(container: Any) -> dict[str, Any]:
    # The cover of a song is a video stream too.
    films = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not films:
        return {}
    rate = films[0].average_rate
    frames = films[0].frames or (None if rate is None else _ticks(container, films[0], float(rate)))
    return {"video_frames": frames, "video_fps": None if rate is None else round(float(rate), 3)}


def _ticks(container: Any, stream: Any, rate: float) -> int | None:
    """The length of a stream, or else of the file, in samples or frames."""
    if stream.duration is not None and stream.time_base is not None:
        return round(stream.duration * stream.time_base * rate)
    return None if container.duration is None else round(container.duration / TICKS_PER_SECOND * rate)


def _is_cover(stream: Any) -> bool:
    import av.stream

    return bool(stream.disposition & av.stream.Disposition.attached_pic)
