"""Send damaged files through every road, each strand of them in a process of its own that may die or hang.

A file that brought a new answer is kept, and damaged further: so the damage finds its way deeper into the readers.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from .mutations import damage, suffix_for
from .roads import LOST, Road, extracted, roads
from .whole import make_files

# Files that follow from one another; whatever the number of processes, the same files are made.
STRAND_FILES = 500
SECONDS = 0.6
# No file is to take longer on one road, however busy the machine is.
LIMIT_SECONDS = 120
# What a process may grow by for a file of a second, and what an ffmpeg may take in all.
MOST_GROWTH_MB, MOST_FFMPEG_MB = 512, 1024
EXTRACTION = "extraction"
# How often a file is made of one that brought a new answer.
FROM_POOL = 0.5
MOST_POOL = 200
# GNU's, which alone says what a process of its own took at most.
TIME = shutil.which("time")
# What in an answer is of the file and not of the reader.
OF_THE_FILE = re.compile(r"\S*/\S+|\d+|0x[0-9a-f]+")


@dataclass
class Told:
    """What came of the files on one road."""

    answered: int = 0
    refused: int = 0
    slowest_seconds: float = 0.0
    seconds: float = 0.0
    growth_mb: float = 0.0
    ffmpeg_mb: float = 0.0
    words: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    # Refused, because extraction had to do without the process at it.
    lost: int = 0

    def add(self, other: Told) -> None:
        """Both together."""
        self.answered += other.answered
        self.refused += other.refused
        self.seconds += other.seconds
        self.slowest_seconds = max(self.slowest_seconds, other.slowest_seconds)
        self.growth_mb = max(self.growth_mb, other.growth_mb)
        self.ffmpeg_mb = max(self.ffmpeg_mb, other.ffmpeg_mb)
        self.words |= other.words
        self.faults += other.faults
        self.lost += other.lost

    @property
    def files(self) -> int:
        """How many there were."""
        return self.answered + self.refused + len(self.faults)


def ask_all(count: int, seed: int, jobs: int, detector: str | None, keep: Path | None) -> dict[str, Told]:
    """What comes of `count` files, by road; files that did harm are copied to `keep`."""
    strands = [(first, min(first + STRAND_FILES, count)) for first in range(0, count, STRAND_FILES)]
    together: dict[str, Told] = {}
    with ThreadPoolExecutor(jobs) as pool:
        told_of = pool.map(lambda ends: _watched(ends[0], ends[1], seed, detector, keep), strands)
        for (_, end), told in zip(strands, told_of, strict=True):
            for road, part in told.items():
                together.setdefault(road, Told()).add(part)
            print(f"{end} of {count} files", file=sys.stderr, flush=True)
    return together


def _watched(first: int, end: int, seed: int, detector: str | None, keep: Path | None) -> dict[str, Told]:
    """A strand in its process; where that dies or hangs, another goes on behind the file that did it."""
    together: dict[str, Told] = {}
    while first < end:
        with TemporaryDirectory() as folder:
            ours, theirs = get_context("spawn").Pipe(duplex=False)
            process = get_context("spawn").Process(
                target=_strand, args=(theirs, first, end, seed, detector, Path(folder)), daemon=True
            )
            process.start()
            theirs.close()
            at, road = first, "start"
            # Its first word takes as long as its imports.
            while ours.poll(LIMIT_SECONDS * (STRAND_FILES // 100 if road == EXTRACTION else 1)):
                try:
                    at, road, told = ours.recv()
                except EOFError:
                    break
                if told is not None:
                    together.setdefault(road, Told()).add(told)
                    _keep(told, at, Path(folder), keep)
            else:
                process.kill()
            process.join()
            if process.exitcode == 0:
                return together
            why = "hung" if process.exitcode == -9 else f"died with {process.exitcode}"
            fault = Told(faults=[f"file {at} on {road}: the process {why}"])
            together.setdefault(road, Told()).add(fault)
            _keep(fault, at, Path(folder), keep)
            first = at + 1
    return together


def _keep(told: Told, number: int, folder: Path, keep: Path | None) -> None:
    """The file that did harm, to be looked at."""
    if told.faults and keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("damaged*"):
            (keep / f"{number}{file.suffix}").write_bytes(file.read_bytes())


def _strand(end: Connection, first: int, last: int, seed: int, detector: str | None, folder: Path) -> None:
    """Tell through a pipe on which road a file goes, and then what came of it."""
    import torch

    torch.set_num_threads(1)
    # Decoders have much to say of damaged files.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    (folder / "whole").mkdir()
    whole = [(file.suffix, file.read_bytes()) for file in make_files(folder / "whole", SECONDS)]
    measured = _measure_ffmpeg(folder)
    ways = roads(folder / "out", detector)
    # What is loaded at the first use is no growth of the first file's.
    for file in (folder / "whole").iterdir():
        for road in ways.values():
            ask(road, file, measured)
    pool: list[tuple[str, bytes]] = []
    known: set[tuple[str, str]] = set()
    (folder / "all").mkdir()
    for number in range(first, last):
        rng = np.random.default_rng([seed, number])
        suffix, data = _origin(whole, pool, number, rng)
        damaged = damage(data, rng)
        file = folder / f"damaged{suffix_for(suffix, rng)}"
        file.write_bytes(damaged)
        answers = set()
        for name, road in ways.items():
            end.send((number, name, None))
            told = ask(road, file, measured)
            told.faults = [f"file {number} on {name}: {fault}" for fault in told.faults]
            end.send((number, name, told))
            answers |= {(name, words) for words in told.words}
        if answers - known and len(pool) < MOST_POOL:
            pool.append((suffix, damaged))
        known |= answers
        file.rename(folder / "all" / f"{number}{file.suffix}")
    end.send((last - 1, EXTRACTION, None))
    end.send((last - 1, EXTRACTION, _extracted(sorted((folder / "all").iterdir()), folder / "corpus")))


def _extracted(files: list[Path], out: Path) -> Told:
    """What comes of all files of a strand in one extraction."""
    begun = time.monotonic()
    done, reasons = extracted(files, out, LIMIT_SECONDS / 2)
    lines = [f"more than a line: {reason!r}" for reason in reasons if "\n" in reason]
    return Told(
        answered=done,
        refused=len(reasons) - len(lines),
        seconds=time.monotonic() - begun,
        words={OF_THE_FILE.sub("#", reason) for reason in reasons},
        faults=lines,
        lost=sum(any(words in reason for words in LOST) for reason in reasons),
    )


def _origin(
    whole: list[tuple[str, bytes]], pool: list[tuple[str, bytes]], number: int, rng: np.random.Generator
) -> tuple[str, bytes]:
    """Suffix and bytes of what a file is made of."""
    if pool and rng.random() < FROM_POOL:
        return pool[int(rng.integers(len(pool)))]
    return whole[number % len(whole)]


def _measure_ffmpeg(folder: Path) -> Path:
    """Where it will be written what each ffmpeg took at most, in kB; nowhere without GNU's `time`."""
    import imageio_ffmpeg

    measured, script = folder / "ffmpeg_kb", folder / "ffmpeg"
    if TIME is not None:
        real = imageio_ffmpeg.get_ffmpeg_exe()
        script.write_text(f"#!/bin/sh\nexec {TIME} -q -a -o '{measured}' -f %M '{real}' \"$@\"\n")
        script.chmod(stat.S_IRWXU)
        os.environ["IMAGEIO_FFMPEG_EXE"] = str(script)
    return measured


def ask(road: Road, file: Path, measured: Path) -> Told:
    """What comes of one file on one road; anything but an answer or a refusal of one line is a fault.

    Args:
        measured: where the ffmpegs that it starts leave what they took, see `_measure_ffmpeg`.
    """
    from deepfake_audio.errors import UserError

    told = Told()
    before, begun = _held_mb(), time.monotonic()
    try:
        road(file)
        words, told.answered = "", 1
    except UserError as error:
        words = str(error)
        if "\n" in words:
            told.faults.append(f"more than a line: {words!r}")
        else:
            told.refused = 1
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        told.faults.append(words)
    told.words = {OF_THE_FILE.sub("#", words)}
    told.seconds = told.slowest_seconds = time.monotonic() - begun
    told.growth_mb = max(0.0, _peak_mb() - before)
    if measured.exists():
        told.ffmpeg_mb = max(map(int, measured.read_text().split()), default=0) / 1024
        measured.unlink()
    if told.growth_mb > MOST_GROWTH_MB or told.ffmpeg_mb > MOST_FFMPEG_MB:
        told.answered = told.refused = 0
        told.faults.append(f"took {told.growth_mb:.0f} MB, its ffmpeg {told.ffmpeg_mb:.0f} MB")
    return told


def _held_mb() -> float:
    """What this process holds; its peak is counted from here on."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak_mb() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    for line in _lines(Path("/proc/self/status")):
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _lines(path: Path) -> Iterator[str]:
    yield from path.read_text().splitlines()


def as_row(name: str, told: Told) -> dict[str, Any]:
    """A line of the table."""
    return {
        "road": name,
        "files": told.files,
        "answered": told.answered,
        "refused": told.refused,
        "different answers": len(told.words),
        "mean": f"{1000 * told.seconds / max(told.files, 1):.0f} ms",
        "slowest": f"{told.slowest_seconds:.1f} s" if told.slowest_seconds else "",
        "memory": f"{told.growth_mb:.0f} MB" if told.slowest_seconds else "",
        "ffmpeg": f"{told.ffmpeg_mb:.0f} MB" if told.ffmpeg_mb else "",
        "processes lost": told.lost,
        "faults": len(told.faults),
    }
