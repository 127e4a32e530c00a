"""Make the toy corpus in a folder, whole, once; and read it as the FakeAVCeleb that it imitates."""

from __future__ import annotations

import csv
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UserError
from ...files import alone_in, read_json, write_json, write_text
from .cast import FAKE_AUDIO, GROUPS, Clip, draw_cast, plan_clips

if TYPE_CHECKING:
    import pandas as pd

MARKER = "toy.json"
# Part of the marker: raise it with any change that changes the bytes of a corpus.
GENERATOR = 1
HEADER = ["source", "target1", "target2", "method", "category", "type", "race", "gender", "path", ""]


@dataclass(frozen=True)
class ToyCorpus:
    """`voices` people over the ten groups of FakeAVCeleb, about six files each, under `root`."""

    root: str | Path
    voices: int = 60
    seed: int = 0
    name: str = "toy"
    jobs: int | None = None
    progress: bool = True

    def prepare(self) -> None:
        """Make what is missing of it: all of it, what a killed process left undone, or nothing."""
        make_toy_corpus(Path(self.root), self.voices, self.seed, self.jobs, self.progress)

    def index(self) -> pd.DataFrame:
        """The clip table, with the vocoder that made each fake as its `system`."""
        from ..fakeavceleb import FakeAVCeleb

        table = FakeAVCeleb(Path(self.root), name=self.name).index()
        vocoders = {voice.identity: voice.vocoder for voice in draw_cast(self.voices, self.seed)}
        fake = table["category"].isin(FAKE_AUDIO)
        return table.assign(system=table["system"].where(~fake, table["voice"].map(vocoders)))

    def settle(self, clips: pd.DataFrame, out: Path) -> tuple[pd.DataFrame, list[str]]:
        """As FakeAVCeleb's."""
        from ..fakeavceleb import FakeAVCeleb

        return FakeAVCeleb(Path(self.root), name=self.name).settle(clips, out)


def make_toy_corpus(
    root: Path, voices: int = 60, seed: int = 0, jobs: int | None = None, progress: bool = True
) -> Path:
    """Write the corpus into `root` and return it; equal settings give equal bytes.

    Args:
        root: A new or empty folder, or one that an earlier call with the same settings began or finished.
        voices: How many people, a multiple of ten.
        seed: Of everything.
        jobs: How many clips at once; as many as there are processors if not given.
        progress: Whether to show a bar.
    """
    if voices < len(GROUPS) or voices % len(GROUPS):
        raise UserError(
            f"voices={voices}: give a multiple of {len(GROUPS)}, one voice for each group or more"
        )
    if seed < 0:
        raise UserError(f"seed={seed}: give 0 or a positive number")
    with alone_in(root, "corpus", wait=True):
        _claim(root, {"corpus": "toy", "generator": GENERATOR, "voices": voices, "seed": seed})
        clips = plan_clips(draw_cast(voices, seed), seed)
        _write_missing(root, clips, jobs or len(os.sched_getaffinity(0)), progress)
        _write_metadata(root, clips)
    return root


def _claim(root: Path, settings: dict[str, Any]) -> None:
    """Mark an empty folder as this corpus; refuse one that holds anything else."""
    marker = root / MARKER
    if marker.is_file():
        found = read_json(marker)
        if found != settings:
            told, asked = (_settings_in_words(each) for each in (found, settings))
            raise UserError(
                f"{root} holds a toy corpus with {told}, not {asked}: give another root or delete the folder"
            )
    elif any(entry.name != f".toy.part{marker.suffix}" for entry in root.iterdir()):
        raise UserError(
            f"{root} holds something else than a toy corpus: give an empty or a new folder as root"
        )
    else:
        write_json(marker, settings)


def _settings_in_words(settings: Any) -> str:
    """What tells two toy corpora apart, as the user gives it."""
    return ", ".join(f"{key}={value}" for key, value in dict(settings).items() if key != "corpus")


def _write_missing(root: Path, clips: list[Clip], jobs: int, progress: bool) -> None:
    """Sound and video of each clip that is not there yet (a file is whole or absent, so being there is enough)."""
    missing = [clip for clip in clips if not (root / clip.path).is_file()]
    if not missing:
        return
    from tqdm import tqdm

    from .tracks import voice_tracks
    from .videos import write_apple_double, write_clip

    def write_voice(mine: list[Clip]) -> int:
        real, fake = voice_tracks(mine[0].voice)
        for clip in mine:
            write_clip(root, clip, fake if clip.category in FAKE_AUDIO else real)
        return len(mine)

    # A voice at a time: its two tracks are made once and its files share them.
    by_voice: dict[int, list[Clip]] = {}
    for clip in missing:
        by_voice.setdefault(clip.voice.number, []).append(clip)
    bar = tqdm(total=len(missing), desc="toy corpus", unit="clip", disable=not progress)
    with bar, ThreadPoolExecutor(jobs) as pool:
        for count in pool.map(write_voice, by_voice.values()):
            bar.update(count)
    first = clips[0]
    write_apple_double(root / first.folder / f"._{first.name}")


def _write_metadata(root: Path, clips: list[Clip]) -> None:
    """`meta_data.csv` in the official form: the file under `path`, its folder under no name at all."""
    rows = sorted((row for clip in clips for row in clip.rows()), key=lambda row: (row[4], row[3]))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *rows])
    if not (root / "meta_data.csv").is_file():
        write_text(root / "meta_data.csv", text.getvalue())
