"""What a verdict costs: how many times faster than the recording it is heard, and in how much memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .frame import Point, Row

RATE_HZ = 16_000
LENGTHS_SECONDS = {"10 s": 10, "10 min": 600, "2 h": 7200}
# A made-up voice of this length, over and over: what is said costs no more or less than what was said before.
SPOKEN_SECONDS = 20
# Seconds at a time: a made-up recording of hours need not be held whole.
BLOCK_SECONDS = 60
AAC_BITS_A_SECOND = 64_000
MIB = 2**20

# In a process of its own, so that the most memory it ever held is its own: once loaded, once heard something short
# (torch makes what it needs), then the file itself.
CHILD = """
import json, resource, sys, time
from deepfake_audio.detector import load_detector
from deepfake_audio.shipped import shipped_detector
detector = load_detector(shipped_detector())
detector.predict(sys.argv[1])
most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, began = most(), time.perf_counter()
detector.predict(sys.argv[2])
print(json.dumps([time.perf_counter() - began, before, most()]))
"""


@dataclass(frozen=True)
class Heard:
    """Of one file in a process of its own: seconds, and the most memory before and after."""

    seconds: float
    ready_mib: float
    peak_mib: float


def rows(work: Path, quick: bool) -> list[Row]:
    """Each length as wav and as m4a, beside the time it would take to listen."""
    told = []
    for words, length in _lengths(quick).items():
        for form in ("wav", "m4a"):
            found = heard(recording(work, length, form), warming(work), 1 if quick or length > 60 else 3)
            more = found.peak_mib - found.ready_mib
            told.append(
                Row(
                    measure=f"verdict on {words} of {form}",
                    against="listening to it",
                    unit="s",
                    ours=found.seconds,
                    theirs=length,
                    ratio=length / found.seconds,
                    note=f"{found.peak_mib:.0f} MiB at most, {more:.0f} MiB more than once it is loaded",
                )
            )
    return told


def growth(work: Path, quick: bool) -> list[Point]:
    """Seconds and memory over the length of a wav."""
    points = []
    for length in _lengths(quick).values():
        found = heard(recording(work, length, "wav"), warming(work), 1 if quick or length > 60 else 3)
        points.append(Point("predict", length, "s of audio", found.seconds, found.peak_mib))
    return points


def _lengths(quick: bool) -> dict[str, int]:
    return {"10 s": 10, "1 min": 60} if quick else LENGTHS_SECONDS


def heard(file: Path, first: Path, repeats: int) -> Heard:
    """Medians over processes."""
    found = []
    for _ in range(repeats):
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(first), str(file)], check=True, capture_output=True, timeout=600
        )
        found.append(json.loads(done.stdout))
    return Heard(*(statistics.median(each) for each in zip(*found, strict=True)))


def warming(work: Path) -> Path:
    return recording(work, 4, "wav")


def recording(work: Path, seconds: int, form: str) -> Path:
    """A made-up voice, so long: a wav of 16 bits, or AAC in an m4a."""
    file = work / f"{seconds}.{form}"
    if not file.is_file():
        make = _write_wav if form == "wav" else _write_m4a
        make(file, seconds)
    return file


def _blocks(seconds: int) -> list[np.ndarray]:
    """int16 [T] each, the same few blocks again and again."""
    from deepfake_audio.corpora.toy.voices import draw_speaker, speak

    rng = np.random.default_rng(0)
    voice = speak(rng, draw_speaker(rng, "women"), SPOKEN_SECONDS * RATE_HZ)
    loud = np.round(0.3 * 32767 * voice / np.abs(voice).max()).astype(np.int16)
    block = np.tile(loud, BLOCK_SECONDS // SPOKEN_SECONDS)
    whole, rest = divmod(seconds, BLOCK_SECONDS)
    return [block] * whole + [block[: rest * RATE_HZ]] * (rest > 0)


def _write_wav(file: Path, seconds: int) -> None:
    import soundfile

    with soundfile.SoundFile(str(file), "w", RATE_HZ, 1, "PCM_16") as out:
        for block in _blocks(seconds):
            out.write(block)


def _write_m4a(file: Path, seconds: int) -> None:
    import av

    with av.open(str(file), "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=RATE_HZ, layout="mono", bit_rate=AAC_BITS_A_SECOND)
        for block in _blocks(seconds):
            frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
            frame.sample_rate = RATE_HZ
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
