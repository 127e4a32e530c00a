"""AV-Deepfake1M: a million films in which words were replaced, in the picture, in the sound, or in both.

`train_metadata.json` and `val_metadata.json` list `file` (`id00012/21Uxsk56VDQ/00001/real_video_fake_audio.mp4`, below
`train` or `val`), `modify_type`, `audio_model` and `audio_fake_segments` (seconds); the test set has no labels. A clip
is fake where its SOUND is, by `modify_type` alone, whatever seconds an entry names. The voice is the `idNNNNN` of
VoxCeleb2; a file without one is a voice of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..clips import UNKNOWN_VOICE
from ..labels import FAKE
from .base import BONAFIDE, CorpusOnDisk, chosen, clip_table, place_of, without_suffix
from .lines import read_entries
from .segments import kind_of, refuse_entries, refuse_unless_text, segment_cells, sound_label

KEYS = ("file", "modify_type", "audio_fake_segments")
FAKED = {"audio_modified": (False, True), "visual_modified": (True, False), "both_modified": (True, True)}
MODIFIED = {"real": (False, False), **FAKED}
PARTS = ("train", "val")
NESTED = ("", "AV-Deepfake1M/")


@dataclass(frozen=True)
class AVDeepfake1M(CorpusOnDisk):
    """The corpus under `root`: the folder that holds `train_metadata.json`.

    Args:
        metadata: the folder of the JSON files, if it is another.
        parts: which of train and val.
    """

    root: str | Path | None = None
    metadata: str | Path | None = None
    parts: Sequence[str] = PARTS
    name: str = "av_deepfake1m"

    def index(self) -> pd.DataFrame:
        """One row a film."""
        parts = [self._part(part) for part in chosen("parts", self.parts, PARTS)]
        return pd.concat(parts, ignore_index=True).sort_values("clip", ignore_index=True)

    def _part(self, part: str) -> pd.DataFrame:
        place, name = place_of(self.root), f"{part}_metadata.json"
        given = None if self.metadata is None else Path(self.metadata) / name
        path = place.file("metadata", given, *(nest + name for nest in NESTED))
        table = read_entries(path, KEYS)
        refuse_unless_text(path, table, "file", "modify_type")
        files, kind = table["file"].str.removeprefix(f"{part}/"), table["modify_type"]
        refuse_entries(
            path, ~kind.isin(list(MODIFIED)), files, f"modify_type is none of {', '.join(MODIFIED)}"
        )
        refuse_entries(path, files.duplicated(keep=False), files, "named more than once")
        fake_video, fake_audio = (kind.map(lambda each, side=side: MODIFIED[each][side]) for side in (0, 1))
        label = sound_label(fake_audio)
        models = (
            table["audio_model"]
            if "audio_model" in table
            else pd.Series(None, index=table.index, dtype=object)
        )
        person = files.str.extract(r"(?:^|/)(id\d{5})/")[0]
        return clip_table(
            self.name,
            f"{place.find(*(nest + part for nest in NESTED))}/" + files,
            f"{part}/" + without_suffix(files),
            label=label,
            voice=person.where(person.notna(), UNKNOWN_VOICE + files.str.rsplit("/", n=1).str[0]),
            system=models.fillna("unknown").replace("", "unknown").where(label == FAKE, BONAFIDE),
            category=kind_of(fake_video, fake_audio),
            own_split=part,
            fake_segments=segment_cells(path, table, "audio_fake_segments", label),
        )
