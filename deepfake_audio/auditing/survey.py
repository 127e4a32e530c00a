"""Listen to each clip of a corpus once, and keep what the audit needs to know of it.

Of a clip that is: its length, the fingerprint of its samples, what `measures` says, and its print. They are kept
in one file beside the clip table; a clip is listened to again only when its file has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from ..audio import BLOCK_SAMPLES
from ..audio.decoding import FINGERPRINT_DIGITS
from ..audio.measures import MEASURES, measure
from ..audio.prints import Print, track_print
from ..errors import UserError, named
from ..files import replacing
from ..processes import checked_jobs, in_processes

SURVEY = "survey.npz"
# Of another format, or with other measures, a kept survey is made anew.
FORMAT = 2
# Longer clips are measured by their first and their last minute: silences and levels stand there too, and an
# hour-long file takes no more memory than a short one.
MEASURED_SECONDS = 60.0
# Below this a pool of processes costs more than it saves.
CLIPS_WORTH_A_POOL = 200
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
    folders: Sequence[Path] | None = None,
) -> Survey:
    """Listen to each clip of a table, or remember it.

    Args:
        root: folder that the `path` of each clip is relative to.
        cache: one file to remember all in, in the place of one in each folder.
        jobs: how many processes; as many as there are processors if not given.
        folders: of the corpora that the clips are from, if several: each remembers its own in its `survey.npz`,
            whatever it is joined with. `root` if not given.

    Where nothing can be written it goes on without. It may be stopped at any time, and goes on from there.

    Raises:
        UserError: some clips can't be read; all of them are counted, the first ones named.
    """
    base = root.resolve()
    files = [base / path for path in clips["path"]]
    homes = {base: cache} if cache else {each.resolve(): each / SURVEY for each in folders or [root]}
    memories = [_Memory(place, home, files) for home, place in homes.items()]
    # The innermost folder's, where one corpus lies in another; the last, whatever is in none of them.
    memories.sort(key=lambda memory: -len(memory.folder.parts))
    memory_of = {file: next((each for each in memories if each.holds(file)), memories[-1]) for file in files}
    missing = [file for file in files if memory_of[file].recall(file) is None]
    failures = {}
    saved = time.monotonic()
    try:
        for file, told in _listened(missing, jobs, progress):
            if isinstance(told, str):
                failures[file] = told
                continue
            memory_of[file].keep(file, told)
            if time.monotonic() - saved > SAVE_EVERY_SECONDS:
                for memory in memories:
                    memory.save()
                saved = time.monotonic()
    finally:
        for memory in memories:
            memory.save()
    if failures:
        told = named([f"{file.relative_to(base)} ({reason})" for file, reason in failures.items()], most=3)
        raise UserError(
            f"{len(failures)} of {len(clips)} clips in {root} cannot be read: {told}; extract them again or take "
            "them off the table"
        )
    return Survey(tuple(clips["clip"]), tuple(memory_of[file].heard(file) for file in files))


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


def _listened(files: list[Path], jobs: int | None, progress: bool) -> Iterator[tuple[Path, Heard | str]]:
    """What each clip told, or why it could not be heard, as they come."""
    jobs = checked_jobs(jobs) if len(files) >= CLIPS_WORTH_A_POOL else min(checked_jobs(jobs), 1)
    told = in_processes(_try_to_listen, files, jobs, "listened", CLIPS_A_TASK)
    disabled = not progress or not files
    yield from zip(
        files, tqdm(told, total=len(files), desc="listen", unit="clip", disable=disabled), strict=True
    )


def _try_to_listen(file: Path) -> Heard | str:
    try:
        return listen(file)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        return str(error).rsplit(": ", 1)[-1].rstrip(".")


class _Memory:
    """What was heard in a corpus' folder; also of clips that this table doesn't have, while their files stand."""

    def __init__(self, place: Path, folder: Path, files: list[Path]) -> None:
        self.place, self.folder, self._changed = place, folder, False
        self._stamps = {file: _stamp(file) for file in files if self.holds(file)}
        kept = {self.folder / name: entry for name, entry in _read(place).items()}
        self._kept = {
            file: entry
            for file, entry in kept.items()
            if entry[0] == (self._stamps.get(file) or _stamp(file))
        }

    def holds(self, file: Path) -> bool:
        return file.is_relative_to(self.folder)

    def recall(self, file: Path) -> Heard | None:
        entry = self._kept.get(file)
        return entry[1] if entry else None

    def heard(self, file: Path) -> Heard:
        return self._kept[file][1]

    def keep(self, file: Path, heard: Heard) -> None:
        self._kept[file] = (self._stamps.get(file) or _stamp(file), heard)
        self._changed = True

    def save(self) -> None:
        if self._changed:
            _write(self.place, {_name(file, self.folder): entry for file, entry in self._kept.items()})
            self._changed = False


def _name(file: Path, folder: Path) -> str:
    return os.path.relpath(file, folder)


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
