"""Audio out of video by moviepy: one file, or a whole corpus, resumable and several at once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from moviepy.video.io.ffmpeg_tools import ffmpeg_extract_audio
from tqdm import tqdm

from .clips import check_clips, leaves_root
from .errors import UserError, named

# Wavs come to be here and are then moved to their place; a killed run's is swept away by the next one.
STAGING = ".extracting"
FINGERPRINT_DIGITS = 32
FAILURE_COLUMNS = ["clip", "media", "reason"]

# What ffmpeg says, most telling first, and what it means.
REASONS = {
    "does not contain any stream": "it has no audio track",
    "matches no streams": "it has no audio track",
    "moov atom not found": "unreadable: its index is missing (moov atom not found), it is probably cut off",
    "No space left on device": "no space left on the disk",
    "Permission denied": "no permission to read it",
    "Invalid data found": "unreadable: it is no audio or video, or damaged",
}
# Of the disk, not of the video: to go on would only fail for each clip.
FATAL = "no space left on the disk"


class ExtractionError(Exception):
    """Why there is no audio to be had from a file, in a few words."""


@dataclass(frozen=True)
class Extracted:
    """A wav that stands in its place."""

    seconds: float
    fingerprint: str
    already_there: bool = False


def decode_audio(media: Path, wav: Path, sample_rate: int) -> np.ndarray:
    """Write the sound of a video (or of any audio file) as a 16-bit mono wav, its channels averaged.

    Returns:
        The samples written, int16 [T].

    Raises:
        ExtractionError: it is missing, empty, unreadable or silent, or has no audio track; no `wav` is left.
    """
    if not media.is_file():
        raise ExtractionError("the file is missing")
    if media.stat().st_size == 0:
        raise ExtractionError("the file is empty (0 bytes)")
    try:
        # An absolute path can't be taken for an option or a protocol.
        ffmpeg_extract_audio(str(media.absolute()), str(wav.absolute()), fps=sample_rate, logger=None)
        samples, _ = soundfile.read(str(wav), dtype="int16", always_2d=True)
        if len(samples) == 0:
            raise ExtractionError("its audio track is empty")
        mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1).round().astype(np.int16)
        if not mono.any():
            raise ExtractionError("silent: every sample is zero")
        # Written anew, so that the bytes are those of the sound alone, without the tags that ffmpeg carries over.
        soundfile.write(str(wav), mono, sample_rate, subtype="PCM_16")
    except FileNotFoundError:
        raise UserError("ffmpeg is missing: reinstall the package imageio-ffmpeg, which brings it") from None
    except (OSError, UnicodeDecodeError, soundfile.LibsndfileError, ExtractionError) as error:
        wav.unlink(missing_ok=True)
        if isinstance(error, ExtractionError):
            raise
        reason = _reason(str(error))
        if reason == FATAL:
            raise UserError(f"{reason}: make room, then run it again, it goes on where it stopped") from None
        raise ExtractionError(reason) from None
    return mono


def fingerprint(samples: np.ndarray) -> str:
    """Of the sound itself: equal for equal samples (int16 [T]), whatever the file is called."""
    return hashlib.sha256(samples.astype("<i2", copy=False).tobytes()).hexdigest()[:FINGERPRINT_DIGITS]


def extract_corpus(
    clips: pd.DataFrame,
    videos: Path,
    out: Path,
    sample_rate: int = 16_000,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn the `media` of each clip (relative to `videos`) into the wav at its `path` (relative to `out`).

    A wav is whole or absent whenever the process dies, and one that is there is not made again, so that a second
    run ends where one undisturbed run would have. One process at a time may extract into a folder.

    Args:
        jobs: how many at once; as many as there are processors if not given.
        overwrite: make those again that are there.

    Returns:
        The clips that have a wav, with `seconds`, `fingerprint` and `already_there` (whether it was found done),
        and the failures as `clip`, `media`, `reason`; both in the order of `clips`.
    """
    clips = _extractable(clips)
    jobs = jobs if jobs is not None else len(os.sched_getaffinity(0))
    for name, value in (("jobs", jobs), ("sample_rate", sample_rate)):
        if not isinstance(value, int) or value < 1:
            raise UserError(f"{name}={value}: give a whole number of 1 or more")
    with _alone_in(out), _staging(out) as staging:

        def extract(number: int, video: str, path: str) -> Extracted | str:
            wav = out / path
            done = None if overwrite else _finished(wav, sample_rate)
            if done is not None:
                return done
            try:
                part = staging / f"{number}.wav"
                samples = decode_audio(videos / video, part, sample_rate)
            except ExtractionError as error:
                return str(error)
            wav.parent.mkdir(parents=True, exist_ok=True)
            part.replace(wav)
            return Extracted(len(samples) / sample_rate, fingerprint(samples))

        work = list(zip(range(len(clips)), clips["media"], clips["path"], strict=True))
        results = _in_parallel(extract, work, jobs, progress)
    return _tables(clips, results)


def unlisted_videos(clips: pd.DataFrame, videos: Path) -> tuple[int, int]:
    """How many files of the clips' kinds the table doesn't name: macOS' `._` entries, and real ones."""
    listed = set(clips["media"])
    kinds = {Path(video).suffix for video in listed}
    found = (file for file in videos.rglob("*") if file.suffix in kinds)
    names = [file.name for file in found if file.relative_to(videos).as_posix() not in listed]
    doubles = sum(name.startswith("._") for name in names)
    return doubles, len(names) - doubles


def _reason(told: str) -> str:
    """The telling line of what ffmpeg wrote, without banner and paths."""
    for words, meaning in REASONS.items():
        if words in told:
            return meaning
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return f"unreadable: {lines[-1].rsplit(': ', 1)[-1]}" if lines else "unreadable"


def _finished(wav: Path, sample_rate: int) -> Extracted | None:
    """What an earlier run made of a clip, if it is what this one would make."""
    try:
        info = soundfile.info(str(wav))
        if (info.samplerate, info.channels, info.subtype) != (sample_rate, 1, "PCM_16") or info.frames == 0:
            return None
        samples, _ = soundfile.read(str(wav), dtype="int16")
    except (soundfile.LibsndfileError, OSError):
        return None
    return Extracted(len(samples) / sample_rate, fingerprint(samples), already_there=True)


def _extractable(clips: pd.DataFrame) -> pd.DataFrame:
    """`clips`, checked to stay inside the folder of the videos and each to have a wav of its own."""
    if "media" not in clips:
        raise UserError("the clip table has no column 'media', which says what to extract from")
    clips = check_clips(clips, "the corpus' index").reset_index(drop=True)
    outside = clips.loc[clips["media"].map(leaves_root), "media"]
    if len(outside):
        raise UserError(f"videos must stay inside the corpus' folder, but {named(list(outside))} leaves it")
    return clips


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Hold the folder itself locked, without a lock file; the kernel lets go when the process dies."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise UserError(
            f"out={out} can't be made or opened ({error.strerror}); give another folder"
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UserError(
            f"another extraction into {out} is running: wait for it, or give another out"
        ) from None
    finally:
        os.close(handle)


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder of this run's own: an ffmpeg that outlived a killed run still writes into the old one, if anywhere."""
    shutil.rmtree(out / STAGING, ignore_errors=True)
    (out / STAGING).mkdir()
    try:
        yield Path(tempfile.mkdtemp(dir=out / STAGING))
    finally:
        shutil.rmtree(out / STAGING, ignore_errors=True)


def _in_parallel(
    extract: Callable[[int, str, str], Extracted | str],
    work: list[tuple[int, str, str]],
    jobs: int,
    progress: bool,
) -> list[Extracted | str]:
    """Threads do: the work is done by a process of ffmpeg's for each clip."""
    pool = ThreadPoolExecutor(jobs)
    try:
        results = pool.map(lambda each: extract(*each), work)
        return list(tqdm(results, total=len(work), desc="extract", unit="clip", disable=not progress))
    finally:
        pool.shutdown(cancel_futures=True)


def _tables(clips: pd.DataFrame, results: list[Extracted | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What came of each clip, as the table of those that have a wav and the table of those that haven't."""
    failed = np.array([isinstance(result, str) for result in results], dtype=bool)
    failures = clips.loc[failed, ["clip", "media"]].assign(
        reason=[result for result in results if isinstance(result, str)]
    )
    made = [result for result in results if isinstance(result, Extracted)]
    done = clips[~failed].assign(
        seconds=[result.seconds for result in made],
        fingerprint=[result.fingerprint for result in made],
        already_there=[result.already_there for result in made],
    )
    return done.reset_index(drop=True), failures[FAILURE_COLUMNS].reset_index(drop=True)
