"""What was heard in a corpus' folder, kept in one file; a clip is heard again only when its file has changed."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np

from ..audio.measures import MEASURES
from ..audio.prints import Print
from ..files import replacing
from .hearing import Heard

# Of another format, or with other measures, a kept survey is made anew.
FORMAT = 2

# By a file's name: its stamp, and what it told.
Entries = dict[str, tuple[tuple[int, int], Heard]]


class Memory:
    """What was heard in a corpus' folder; also of clips that this table doesn't have, while their files stand."""

    def __init__(self, place: Path, folder: Path, files: list[Path]) -> None:
        self.place, self.folder, self._changed = place, folder, False
        self._stamps = {file: _stamp(file) for file in files if self.holds(file)}
        kept = {self.folder / name: entry for name, entry in read_kept(place).items()}
        self._kept = {
            file: entry
            for file, entry in kept.items()
            if entry[0] == (self._stamps.get(file) or _stamp(file))
        }

    def holds(self, file: Path) -> bool:
        """Whether a file lies in this folder."""
        return file.is_relative_to(self.folder)

    def recall(self, file: Path) -> Heard | None:
        """What a file told, if it has been heard as it is now."""
        entry = self._kept.get(file)
        return entry[1] if entry else None

    def heard(self, file: Path) -> Heard:
        """The same of a file that has."""
        return self._kept[file][1]

    def keep(self, file: Path, heard: Heard) -> None:
        """Remember it, in memory until `save`."""
        self._kept[file] = (self._stamps.get(file) or _stamp(file), heard)
        self._changed = True

    def save(self) -> None:
        """Write down what is new."""
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


def _write(file: Path, entries: Entries) -> None:
    """Keep what was heard, whole or not at all; where nothing can be written, nothing is kept."""
    with contextlib.suppress(OSError):
        write_kept(file, entries)


def write_kept(file: Path, entries: Entries) -> None:
    """Write what was heard of files, by their names from the corpus' folder."""
    heard = [each for _, each in entries.values()]
    head = {
        "format": FORMAT,
        "measures": MEASURES,
        "paths": list(entries),
        "fingerprints": [each.fingerprint for each in heard],
    }
    rows = [[each.measures[name] for name in MEASURES] for each in heard]
    words = [each.track.words for each in heard]
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


def read_kept(file: Path) -> Entries:
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
