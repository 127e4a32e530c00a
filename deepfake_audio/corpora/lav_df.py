"""LAV-DF: films in which words were replaced, in the picture, in the sound, or in both.

`metadata.json` (or `metadata.min.json`) lists `file`, `split`, `modify_video`, `modify_audio`, `fake_periods` (seconds)
and `original`. A clip is fake where its SOUND is; most of a fake clip is real all the same, `fake_segments` says which
seconds are not. Nothing says who speaks: a film and all that was made of it count as one voice, other films of the
same person as others.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..clips import UNKNOWN_VOICE
from ..errors import named
from ..labels import FAKE, REAL
from .base import BONAFIDE, CorpusOnDisk, clip_table, place_of, without_suffix
from .lines import read_entries
from .segments import kind_of, refuse_entries, refuse_unless_text, segment_cells, sound_label

# SV2TTS, as the paper has it; called as FakeAVCeleb calls the same one.
SYNTHESISER = "rtvc"
OWN_SPLIT = {"train": "train", "dev": "val", "test": "test"}
KEYS = ("file", "split", "modify_video", "modify_audio", "fake_periods", "original")
METADATA = ("metadata.json", "metadata.min.json", "LAV-DF/metadata.json", "LAV-DF/metadata.min.json")


@dataclass(frozen=True)
class LAVDF(CorpusOnDisk):
    """The corpus under `root`: the folder that holds `metadata.json`, or the one above."""

    root: str | Path | None = None
    metadata: str | Path | None = None
    name: str = "lav_df"

    def index(self) -> pd.DataFrame:
        """One row a film."""
        place = place_of(self.root)
        path = place.file("metadata", self.metadata, *METADATA)
        table = read_entries(path, KEYS)
        refuse_unless_text(path, table, "file", "split")
        files = table["file"]
        refuse_entries(
            path, ~table["split"].isin(list(OWN_SPLIT)), files, f"split is none of {', '.join(OWN_SPLIT)}"
        )
        refuse_entries(path, files.duplicated(keep=False), files, "named more than once")
        for key in ("modify_audio", "modify_video"):
            refuse_entries(
                path,
                ~table[key].map(lambda cell: cell in (True, False)),
                files,
                f"{key} is neither true nor false",
            )
        fake_audio = table["modify_audio"].astype(bool)
        label = sound_label(fake_audio)
        folder = place.find("train", "LAV-DF/train").removesuffix("train")
        return clip_table(
            self.name,
            folder + files,
            without_suffix(files),
            label=label,
            voice=UNKNOWN_VOICE + without_suffix(_first_films(path, files, table["original"])),
            system=label.map({REAL: BONAFIDE, FAKE: SYNTHESISER}),
            category=kind_of(table["modify_video"], fake_audio),
            own_split=table["split"].map(OWN_SPLIT),
            fake_segments=segment_cells(path, table, "fake_periods", label),
            stated_seconds=table.get("duration", ""),
        )


def _first_films(path: Path, files: pd.Series, original: pd.Series) -> pd.Series:
    """The film that each was made of in the end: its original, or that one's, and so on."""
    stated = original.where(original.notna() & (original != ""), files)
    wrong = ~stated.map(lambda cell: isinstance(cell, str))
    refuse_entries(path, wrong, files, "original is no text")
    above = dict(zip(files, stated, strict=True))
    astray = ~stated.isin(files)
    if astray.any():
        print(
            f"warning: {path}: {astray.sum()} of {len(files)} films have an original that is no file here: "
            f"{named(list(dict.fromkeys(stated[astray])), most=3)}; films of the same missing one count as one voice, "
            "but if it is here under another name, that one counts as another",
            file=sys.stderr,
        )
    first = files.map(lambda file: _first_film(file, above))
    refuse_entries(path, first.isna(), files, "its originals go round in a circle")
    return first


def _first_film(file: str, above: dict[str, str]) -> str | None:
    """The end of a chain of originals; None if it has none."""
    seen = {file}
    while (of := above.get(file, file)) != file:
        if of in seen:
            return None
        seen.add(of)
        file = of
    return file
