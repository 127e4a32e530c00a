"""Damage media files in a thousand ways and ask for verdicts: `python scripts/fuzz_predict.py [--count N]`.

Every file must be answered or refused in one line, and in time; anything else ends with status 1.
"""

from __future__ import annotations

import argparse
import collections
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

# What each kind of file is made by; at 44.1 kHz it goes through ffmpeg, at 16 kHz libsndfile reads it where it can.
KINDS = {
    "a.wav": ["-ar", "16000"],
    "b.wav": ["-ar", "44100", "-ac", "2"],
    "c.flac": ["-ar", "16000"],
    "d.mp3": ["-ar", "16000"],
    "e.mp3": ["-ar", "44100"],
    "f.mp4": [],
    "g.m4a": ["-vn"],
    "h.ogg": ["-vn", "-c:a", "libvorbis", "-ar", "16000"],
    "i.webm": ["-vn", "-c:a", "libopus"],
}
SECONDS = 2
LIMIT_SECONDS = 60
# Where containers keep what their readers believe.
HEAD_BYTES = 256


def main() -> int:
    """Print how many files were answered and refused; 1 where a file did something else."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="files (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--detector", metavar="DIR", help="default: the one that comes with the package")
    options = parser.parse_args()
    import torch

    from deepfake_audio.detector import load_detector
    from deepfake_audio.sharing import find_detector

    torch.set_num_threads(1)
    detector = load_detector(find_detector(options.detector))
    with tempfile.TemporaryDirectory() as folder:
        files = mutated(make_files(Path(folder)), options.count, options.seed)
        told, slowest, faults = ask_of(detector.predict, files)
    print(", ".join(f"{count} {what}" for what, count in told.items()), f"; slowest {slowest:.1f} s")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def make_files(folder: Path) -> list[Path]:
    """A whole file of each kind: a buzz that comes and goes, and a test picture."""
    import imageio_ffmpeg

    sound = f"aevalsrc='0.3*sin(2*PI*(120+40*sin(5*t))*t)*(1+sin(9*t))/2+0.01*random(0)':d={SECONDS}"
    inputs = ["-f", "lavfi", "-i", sound, "-f", "lavfi", "-i", f"testsrc=d={SECONDS}:s=64x64:r=10"]
    files = []
    for name, settings in KINDS.items():
        files.append(folder / name)
        maps = ["-map", "0", "-map", "1"] if name.endswith(".mp4") else ["-map", "0"]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *inputs, *maps]
        subprocess.run([*command, *settings, str(files[-1])], check=True)
    return files


def mutated(files: list[Path], count: int, seed: int) -> Iterator[Path]:
    """`count` files, each the damaged copy of one of `files`, one at a time in the same folder."""
    whole = {file: file.read_bytes() for file in files}
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        file = files[number % len(files)]
        data = np.frombuffer(whole[file], np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            data = MUTATIONS[int(rng.integers(len(MUTATIONS)))](data, rng)
        # Now and then it calls itself something else, or nothing.
        suffix = (
            file.suffix
            if rng.random() < 0.8
            else str(rng.choice([".wav", ".mp4", ".mp3", ".ogg", ".raw", ""]))
        )
        damaged = file.with_name(f"damaged{suffix}")
        damaged.write_bytes(data.tobytes())
        yield damaged
        damaged.unlink()


def _flip(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    changed = data.copy()
    places = rng.integers(0, max(len(data), 1), int(rng.integers(1, 200)))
    if len(data):
        changed[places] = rng.integers(0, 256, len(places))
    return changed


def _head(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    changed = data.copy()
    reach = min(len(data), HEAD_BYTES)
    if reach:
        places = rng.integers(0, reach, int(rng.integers(1, 9)))
        changed[places] = rng.choice(np.array([0, 1, 127, 128, 254, 255], np.uint8), len(places))
    return changed


def _cut(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return data[: int(rng.integers(0, len(data) + 1))]


def _part(data: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    first, end = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    return first, end


def _drop(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    first, end = _part(data, rng)
    return np.concatenate([data[:first], data[end:]])


def _zero(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    first, end = _part(data, rng)
    changed = data.copy()
    changed[first:end] = 0
    return changed


def _twice(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    first, end = _part(data, rng)
    return np.concatenate([data[:end], data[first:]])


def _insert(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    place = int(rng.integers(0, len(data) + 1))
    noise = rng.integers(0, 256, int(rng.integers(1, 2000))).astype(np.uint8)
    return np.concatenate([data[:place], noise, data[place:]])


MUTATIONS: tuple[Callable[[np.ndarray, np.random.Generator], np.ndarray], ...] = (
    _flip, _head, _head, _cut, _drop, _zero, _twice, _insert,
)  # fmt: skip


def ask_of(
    predict: Callable[[Path], object], files: Iterator[Path]
) -> tuple[dict[str, int], float, list[str]]:
    """How many were answered and refused, the longest that one took in seconds, and what went wrong."""
    from deepfake_audio.errors import UserError

    told: collections.Counter[str] = collections.Counter()
    slowest, faults = 0.0, []
    for number, file in enumerate(files):
        begun = time.monotonic()
        try:
            with _limited(LIMIT_SECONDS):
                predict(file)
            told["answered"] += 1
        except UserError as error:
            told["refused"] += 1
            if "\n" in str(error) and "\n" not in str(file):
                faults.append(f"file {number} ({file.name}): more than a line: {error}")
        except Exception as error:
            told["faults"] += 1
            faults.append(f"file {number} ({file.name}): {type(error).__name__}: {error}")
        slowest = max(slowest, time.monotonic() - begun)
    return dict(told), slowest, faults


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    """Raise where it takes longer."""

    def late(*_: object) -> None:
        raise TimeoutError(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
