"""LAV-DF: films in which words were replaced, in the picture, in the sound, or in both.

`metadata.json` (or `metadata.min.json`) lists `file`, `split`, `modify_video`, `modify_audio`, `fake_periods` (seconds)
and `original`. A clip is fake where its SOUND is; most of a fake clip is real all the same, `fake_segments` says which
seconds are not. Nothing says who speaks: a film and all that was made of it count as one voice, other films of the
same person as others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..clips import UNKNOWN_VOICE
from ..labels import FAKE, REAL
from .base import BONAFIDE, CorpusOnDisk, clip_table, place_of, without_suffix
from .lines import read_entries
from .segments import kind_of, refuse_entries, segment_cells, sound_label

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
        files = table["file"]
        refuse_entries(
            path, ~table["split"].isin(list(OWN_SPLIT)), files, f"split is none of {', '.join(OWN_SPLIT)}"
        )
        refuse_entries(path, files.duplicated(keep=False), files, "named more than once")
        for key in ("modify_audio", "modify_video"):
            refuse_entries(path, ~table[key].isin([True, False]), files, f"{key} is neither true nor false")
        fake_audio = table["modify_audio"].astype(bool)
        refuse_entries(
            path, fake_audio & (table["fake_periods"].str.len() == 0), files, "faked, but in no second"
        )
        label = sound_label(fake_audio)
        folder = place.find("train", "LAV-DF/train").removesuffix("train")
        original = table["original"].where(table["original"].notna() & (table["original"] != ""), files)
        return clip_table(
            self.name,
            folder + files,
            without_suffix(files),
            label=label,
            voice=UNKNOWN_VOICE + without_suffix(original),
            system=label.map({REAL: BONAFIDE, FAKE: SYNTHESISER}),
            category=kind_of(table["modify_video"], fake_audio),
            own_split=table["split"].map(OWN_SPLIT),
            fake_segments=segment_cells(table["fake_periods"], label),
            stated_seconds=table.get("duration", ""),
        )
