"""Listen to each clip of a corpus once, and keep what the audit needs to know of it.

Of a clip that is: its length, the fingerprint of its samples, what `measures` says, and its print. They are kept
in one file beside the clip table; a clip is listened to again only when its file has changed.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from ..audio import BLOCK_SAMPLES
from ..errors import UserError, named
from ..files import replacing
from .likeness import Print, track_print
from .measures import MEASURES, measure

SURVEY = "survey.npz"
# Of another format, or with other measures, a kept survey is made anew.
FORMAT = 1
FINGERPRINT_DIGITS = 32
# Longer clips are measured by their first and their last minute: silences and levels stand there too, and an
# hour-long file takes no more memory than a short one.
MEASURED_SECONDS = 60.0
# Below this a pool of processes costs more than it saves.
CLIPS_WORTH_A_POOL = 64
CLIPS_A_TASK = 16
# A survey that is stopped loses at most this much work.
SAVE_EVERY_SECONDS = 30.0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """What one pass over a clip told."""

    seconds: float
    fingerprint: str
    measures: dict[str, float]
    track: Print


@dataclass(frozen=True)
class Survey:
    """What each clip of a table told, in the order of the table."""

    clips: tuple[str, ...]
    heard: tuple[Heard, ...]

    @property
    def fingerprints(self) -> list[str]:
        return [each.fingerprint for each in self.heard]

    @property
    def prints(self) -> list[Print]:
        return [each.track for each in self.heard]

    @property
    def measures(self) -> pd.DataFrame:
        """One row a clip: `clip` and all `MEASURES`."""
        rows = [each.measures for each in self.heard]
        table = pd.DataFrame(rows, columns=list(MEASURES))
        table.insert(0, "clip", list(self.clips))
        return table


def survey(
    clips: pd.DataFrame,
    root: Path,
    cache: Path | None = None,
    jobs: int | None = None,
    progress: bool = True,
) -> Survey:
    """Listen to each clip of a table, or remember it.

    Args:
        root: folder that the `path` of each clip is relative to.
        cache: file to remember in, `survey.npz` in `root` if not given; where it can't be written it goes on
            without. It may be stopped at any time, and goes on from there.
        jobs: how many processes; as many as there are processors if not given.

    Raises:
        UserError: some clips can't be read; all of them are counted, the first ones named.
    """
    cache = root / SURVEY if cache is None else cache
    stamps = {path: _stamp(root / path) for path in clips["path"]}
    kept = {path: entry for path, entry in _read(cache).items() if entry[0] == stamps.get(path)}
    known = {path: heard for path, (_, heard) in kept.items()}
    missing = [path for path in clips["path"] if path not in known]
    failures = {}
    saved = time.monotonic()

    def save() -> None:
        _write(cache, {path: (stamps[path], heard) for path, heard in known.items()})

    try:
        for path, told in _listened(root, missing, jobs, progress):
            if isinstance(told, str):
                failures[path] = told
                continue
            known[path] = told
            if time.monotonic() - saved > SAVE_EVERY_SECONDS:
                save()
                saved = time.monotonic()
    finally:
        if missing:
            save()
    if failures:
        told = named([f"{path} ({reason})" for path, reason in failures.items()], most=3)
        raise UserError(
            f"{len(failures)} of {len(clips)} clips in {root} cannot be read: {told}; extract them again or take "
            "them off the table"
        )
    return Survey(tuple(clips["clip"]), tuple(known[path] for path in clips["path"]))


def listen(file: Path) -> Heard:
    """One pass over a recording, block by block, its channels averaged.

    Raises:
        soundfile.LibsndfileError, OSError, ValueError: it can't be read, is empty, or holds what is no number.
    """
    digest = hashlib.sha256()
    ends = _Ends()
    with soundfile.SoundFile(str(file)) as recording:
        rate = recording.samplerate

        def blocks() -> Iterator[Floats]:
            for block in recording.blocks(BLOCK_SAMPLES, dtype="float32", always_2d=True):
                mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
                if not np.isfinite(mono).all():
                    raise ValueError("it holds samples that are NaN or infinite")
                # What a 16-bit file holds, to the bit, as extraction takes its fingerprints.
                digest.update(np.clip(np.rint(mono * 32768), -32768, 32767).astype("<i2").tobytes())
                ends.add(mono, round(MEASURED_SECONDS * rate))
                yield mono

        track = track_print(blocks(), rate)
    if not ends.samples:
        raise ValueError("it is empty")
    seconds = ends.samples / rate
    told = measure(ends.waveform(), rate)
    if "seconds" in told:
        told["seconds"] = seconds
    return Heard(seconds, digest.hexdigest()[:FINGERPRINT_DIGITS], told, track)


class _Ends:
    """The first and the last samples of a recording that comes in blocks; all of it, if it is short."""

    def __init__(self) -> None:
        self.samples = 0
        self._head: list[Floats] = []
        self._tail = np.zeros(0, np.float32)

    def add(self, block: Floats, most: int) -> None:
        room = max(0, most - self.samples)
        self.samples += len(block)
        # Copies: a view, even an empty one, would hold on to its whole block.
        if room:
            self._head.append(block[:room].copy())
        self._tail = np.concatenate([self._tail, block[room:]])[-most:].copy()

    def waveform(self) -> Floats:
        return np.concatenate([*self._head, self._tail])


def _listened(
    root: Path, paths: list[str], jobs: int | None, progress: bool
) -> Iterator[tuple[str, Heard | str]]:
    """What each clip told, or why it could not be heard, as they come."""
    jobs = jobs if jobs is not None else len(os.sched_getaffinity(0))
    if not isinstance(jobs, int) or jobs < 1:
        raise UserError(f"jobs={jobs}: give a whole number of 1 or more")
    files = [str(root / path) for path in paths]
    bar = tqdm(total=len(paths), desc="listen", unit="clip", disable=not progress or not paths)
    with bar, _mapper(jobs if len(paths) >= CLIPS_WORTH_A_POOL else 1) as each:
        for path, told in zip(paths, each(_try_to_listen, files), strict=True):
            bar.update()
            yield path, told


@contextmanager
def _mapper(jobs: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """A `map` over several processes, or over none."""
    if jobs == 1:
        yield map
        return
    # A forked process need not import anything again; where there is no fork, a new one is started.
    kind = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(kind), initializer=_one_thread)
    try:
        yield lambda task, items: pool.map(task, items, chunksize=CLIPS_A_TASK)
    finally:
        pool.shutdown(cancel_futures=True)


def _one_thread() -> None:
    """As many threads as processors in each process would only get into each other's way."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(1)


def _try_to_listen(file: str) -> Heard | str:
    try:
        return listen(Path(file))
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        return str(error).rsplit(": ", 1)[-1].rstrip(".")


def _stamp(file: Path) -> tuple[int, int]:
    """By which a changed file is known: its size and when it was written."""
    try:
        status = file.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _write(file: Path, entries: dict[str, tuple[tuple[int, int], Heard]]) -> None:
    """Keep what was heard, whole or not at all; where nothing can be written, nothing is kept."""
    heard = [each for _, each in entries.values()]
    head = {
        "format": FORMAT,
        "measures": MEASURES,
        "paths": list(entries),
        "fingerprints": [each.fingerprint for each in heard],
    }
    rows = [[each.measures[name] for name in MEASURES] for each in heard]
    words = [each.track.words for each in heard]
    try:
        with replacing(file) as part:
            np.savez(
                part,
                head=np.frombuffer(json.dumps(head).encode(), np.uint8),
                stamps=np.array([stamp for stamp, _ in entries.values()], np.int64).reshape(-1, 2),
                seconds=np.array([each.seconds for each in heard]),
                measures=np.array(rows).reshape(-1, len(MEASURES)),
                lengths=np.array([len(each) for each in words], np.int64),
                words=np.concatenate([*words, np.zeros(0, np.uint32)]),
                active=np.concatenate([*(each.track.active for each in heard), np.zeros(0, bool)]),
            )
    except OSError:
        return


def _read(file: Path) -> dict[str, tuple[tuple[int, int], Heard]]:
    """What was kept, or nothing where there is nothing of use."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            head = json.loads(kept["head"].tobytes())
            if head["format"] != FORMAT or tuple(head["measures"]) != MEASURES:
                return {}
            ends = np.cumsum(kept["lengths"])[:-1]
            words, active = np.split(kept["words"], ends), np.split(kept["active"], ends)
            heard = [
                Heard(
                    float(seconds), fingerprint, dict(zip(MEASURES, row.tolist(), strict=True)), Print(*track)
                )
                for seconds, fingerprint, row, *track in zip(
                    kept["seconds"], head["fingerprints"], kept["measures"], words, active, strict=True
                )
            ]
            stamps = [(int(size), int(when)) for size, when in kept["stamps"]]
            return dict(zip(head["paths"], zip(stamps, heard, strict=True), strict=True))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return {}
