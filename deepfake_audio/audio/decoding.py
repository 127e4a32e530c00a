"""One media file to one mono wav of 16 bits: by libsndfile where it is at the rate, else by PyAV or moviepy."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import UserError
from .media import opened_media, unreadable, why_unreadable
from .tracks import decoded_blocks, heard_track

# What decodes: PyAV in this process, or moviepy by a process of ffmpeg's for each file. The first if nobody chooses.
BACKENDS = ("pyav", "moviepy")
FINGERPRINT_DIGITS = 32
# Formats of libsndfile that hold speech as it is, without loss: these may be linked instead of copied.
LOSSLESS = ("WAV", "WAVEX", "FLAC")
# The header of the wavs that are written here; the size of what follows stands in its last four bytes.
HEADER_BYTES = 44

# What ffmpeg says, most telling first, and what it means.
REASONS = {
    "does not contain any stream": "it has no audio track",
    "matches no streams": "it has no audio track",
    "moov atom not found": "unreadable: its index is missing (moov atom not found), it is probably cut off",
    "No space left on device": "no space left on the disk",
    "Disk quota exceeded": "no space left on the disk",
    "Permission denied": "no permission to read it",
    "not on whitelist": "it is a playlist, a script or of another kind that holds no sound of its own",
    "Invalid data found": "unreadable: it is no audio or video, or damaged",
}
# Of the disk, not of the file: to go on would only fail for each clip.
FATAL = "no space left on the disk"

# What soundfile raises of a file that it can't read; the third for one without a header, which it would have to be
# told, the last two for one whose header claims a length below zero or beyond all memory.
NOT_FOR_SOUNDFILE = (soundfile.LibsndfileError, OSError, TypeError, ValueError, MemoryError)

# What recorders have, and far on both sides. A filter down from more takes gigabytes and minutes; up from less a
# small file becomes hours.
LEAST_RATE_HZ, MOST_RATE_HZ = 1_000, 1_000_000
# That are made into 16 bits together.
SAMPLES_AT_ONCE = 2**20

Samples = NDArray[np.int16]


class ExtractionError(Exception):
    """Why there is no audio to be had from a file, in a few words."""


def decode_audio(media: Path, wav: Path, sample_rate: int, backend: str = BACKENDS[0]) -> Samples:
    """Write the sound of a video or of an audio file as a 16-bit mono wav, its channels averaged.

    Args:
        backend: what decodes a file that is not at the rate already, see `BACKENDS`.

    Returns:
        The samples written, int16 [T].

    Raises:
        ExtractionError: it is missing, empty, unreadable or silent, or has no audio track; no `wav` is left.
    """
    check_there(media)
    with opened_media(media) as container:
        return decode_opened(container, media, wav, sample_rate, backend)


def decode_opened(container: Any, media: Path, wav: Path, sample_rate: int, backend: str) -> Samples:
    """The same of a file that is there and open: see `opened_media`."""
    try:
        mono = read_samples(media, sample_rate)
        if mono is None:
            mono = _WAYS[checked_backend(backend)](container, media, wav, sample_rate)
        check_heard(mono)
        # Written anew, so that the bytes are those of the sound alone, without the tags that ffmpeg carries over.
        write_wav(wav, mono, sample_rate)
    except (*unreadable(), UnicodeDecodeError, soundfile.LibsndfileError, ExtractionError) as error:
        wav.unlink(missing_ok=True)
        if isinstance(error, ExtractionError | MemoryError):
            raise
        reason = reason_of(str(error))
        if reason == FATAL:
            raise UserError(f"{reason}: make room, then run it again, it goes on where it stopped") from None
        raise ExtractionError(reason) from None
    return mono


def checked_backend(backend: str) -> str:
    """A backend that there is."""
    if backend not in BACKENDS:
        raise UserError(f"backend={backend}: give {' or '.join(BACKENDS)}")
    return backend


def _by_pyav(container: Any, media: Path, wav: Path, sample_rate: int) -> Samples:
    """In this process."""
    track = _track(container, media)
    blocks = [as_int16_mono(block) for block in decoded_blocks(container, track, sample_rate)]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def _by_moviepy(container: Any, media: Path, wav: Path, sample_rate: int) -> Samples:
    """By a process of ffmpeg's, through `wav`; only what PyAV could open, which may open nothing else."""
    _track(container, media)
    # An absolute path can't be taken for an option or a protocol.
    try:
        ffmpeg_extract_audio(str(media.absolute()), str(wav.absolute()), fps=sample_rate, logger=None)
    except FileNotFoundError:
        raise UserError("ffmpeg is missing: reinstall the package imageio-ffmpeg, which brings it") from None
    return as_int16_mono(soundfile.read(str(wav), dtype="int16", always_2d=True)[0])


_WAYS = {"pyav": _by_pyav, "moviepy": _by_moviepy}


def _track(container: Any, media: Path) -> Any:
    if container is None:
        raise ExtractionError(reason_of(why_unreadable(media)))
    track = heard_track(container)
    if track is None:
        raise ExtractionError("it has no audio track")
    rate = track.codec_context.sample_rate
    if rate and is_no_rate(rate):
        raise ExtractionError(f"it claims {rate} samples a second: it is damaged")
    return track


def is_no_rate(rate_hz: int) -> bool:
    """Whether no recording has so many samples a second."""
    return not LEAST_RATE_HZ <= rate_hz <= MOST_RATE_HZ


def write_wav(wav: Path, samples: Samples, sample_rate: int) -> None:
    """A mono wav of 16 bits (samples int16 [T]), to the byte as libsndfile writes it."""
    body = _little_endian(samples)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", body.nbytes + HEADER_BYTES - 8, b"WAVE",
        b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16, b"data", body.nbytes,
    )  # fmt: skip
    with wav.open("wb") as file:
        file.write(head)
        file.write(body.data)


def _little_endian(samples: np.ndarray) -> np.ndarray:
    """Bytes as they stand in a wav, without a copy wherever they do already."""
    return np.ascontiguousarray(samples, dtype="<i2")


def linkable_samples(media: Path, sample_rate: int) -> Samples | None:
    """The samples of a file that needs no copy: mono at the rate, without loss; None of any other.

    Raises:
        ExtractionError: it is such a file, but silent or empty.
    """
    check_there(media)
    try:
        info = soundfile.info(str(media))
    except NOT_FOR_SOUNDFILE:
        return None
    if info.format not in LOSSLESS or info.channels != 1:
        return None
    mono = read_samples(media, sample_rate)
    if mono is not None:
        check_heard(mono)
    return mono


def read_samples(media: Path, sample_rate: int) -> Samples | None:
    """A file that libsndfile reads and that is at the rate already, as int16 mono [T]; None of any other.

    Raises:
        ExtractionError: its samples are no numbers.
    """
    try:
        with soundfile.SoundFile(str(media)) as recording:
            if recording.samplerate != sample_rate:
                return None
            # Asked for int16, libsndfile cuts floats off at the point and gives silence.
            whole = recording.subtype == "PCM_16"
            read = recording.read(dtype="int16" if whole else "float32", always_2d=True)
    except NOT_FOR_SOUNDFILE:
        return None
    if not np.isfinite(read).all():
        raise ExtractionError("it holds samples that are NaN or infinite")
    return as_int16_mono(read)


def fingerprint(samples: np.ndarray) -> str:
    """Of the sound itself: equal for equal samples (int16 [T]), whatever the file is called."""
    return hashlib.sha256(_little_endian(samples).data).hexdigest()[:FINGERPRINT_DIGITS]


def read_finished(wav: Path, sample_rate: int) -> Samples | None:
    """The samples of a wav that an earlier run wrote, if it is whole and what this run would write."""
    try:
        info = soundfile.info(str(wav))
        if (info.samplerate, info.channels, info.subtype) != (sample_rate, 1, "PCM_16") or info.frames == 0:
            return None
        with wav.open("rb") as file:
            said = int.from_bytes(file.read(HEADER_BYTES)[-4:], "little")
        if info.format != "WAV" or wav.stat().st_size < HEADER_BYTES + said:
            # Cut short since: libsndfile takes what is there for the whole.
            return None
        samples, _ = soundfile.read(str(wav), dtype="int16")
    except NOT_FOR_SOUNDFILE:
        return None
    return samples


def ffmpeg_extract_audio(media: str, wav: str, **options: Any) -> None:
    """moviepy's, imported where it is needed: what libsndfile reads has not to wait for it, nor to have it."""
    from moviepy.video.io import ffmpeg_tools

    ffmpeg_tools.ffmpeg_extract_audio(media, wav, **options)


def check_there(media: Path) -> None:
    """Raise of a file that is missing or empty."""
    if not media.is_file():
        raise ExtractionError("the file is missing")
    if media.stat().st_size == 0:
        raise ExtractionError("the file is empty (0 bytes)")


def check_heard(mono: Samples) -> None:
    """Raise where there is nothing to hear."""
    if len(mono) == 0:
        raise ExtractionError("its audio track is empty")
    if not mono.any():
        raise ExtractionError("silent: every sample is zero (its channels averaged)")


def as_int16_mono(samples: np.ndarray) -> Samples:
    """int16 or float32 [T, C] -> int16 [T]."""
    if samples.dtype == np.int16 and samples.shape[1] == 1:
        return samples[:, 0]
    if samples.dtype == np.int16:
        # Whole numbers add up exactly, column by column faster than row by row.
        total = samples[:, 0].astype(np.int32)
        for channel in range(1, samples.shape[1]):
            total += samples[:, channel]
        return np.rint(total / samples.shape[1]).astype(np.int16)
    mono = np.empty(len(samples), np.int16)
    # Piece by piece: in double precision hours would take four times what they take as they are.
    for first in range(0, len(samples), SAMPLES_AT_ONCE):
        scaled = samples[first : first + SAMPLES_AT_ONCE].mean(axis=1, dtype=np.float64) * 32768
        mono[first : first + len(scaled)] = np.clip(np.rint(scaled), -32768, 32767)
    return mono


def reason_of(told: str) -> str:
    """The telling line of what ffmpeg wrote, without banner and paths."""
    for words, meaning in REASONS.items():
        if words in told:
            return meaning
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return f"unreadable: {lines[-1].rsplit(': ', 1)[-1]}" if lines else "unreadable"
