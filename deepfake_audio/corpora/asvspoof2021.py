"""ASVspoof 2021, logical access (LA) and deepfake (DF): one evaluation set each, its keys handed out later.

A line of LA is `LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval`; one of DF has the source corpus in place of
the transmission, and after the phase the vocoder, task, team, genders and language. The speech is ASVspoof 2019's
evaluation set (in DF also the Voice Conversion Challenges'), sent through codecs: its speakers are the same people, so
never join the two without `same_voices`. Layout as in the keys' README; that of DF's four unpacked archives, which
fill one `flac` folder, is from public loaders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import UserError
from .asvspoof2019 import read_part, synthesisers
from .base import CorpusOnDisk, chosen, clip_table, place_of

SHARED = ("voice", "clip", "channel_codec")
COLUMNS = {
    "LA": (*SHARED, "transmission", "system", "key", "trim", "phase"),
    "DF": (
        *SHARED, "source_corpus", "system", "key", "trim", "phase", "vocoder", "task", "team", "genders", "language",
    ),
}  # fmt: skip
TOLD = ("channel_codec", "transmission", "source_corpus", "phase", "vocoder", "language")
PHASES = ("progress", "eval", "hidden")


@dataclass(frozen=True)
class ASVspoof2021(CorpusOnDisk):
    """The corpus under `root`: the folder that holds `ASVspoof2021_LA_eval` (or `_DF_eval`).

    Args:
        track: LA or DF.
        keys: the file `trial_metadata.txt`, if it isn't where the keys' archive unpacks to in the root.
        phases: which of progress, eval (what published figures are about) and hidden (silences cut off).
    """

    root: str | Path | None = None
    track: str = "LA"
    keys: str | Path | None = None
    phases: Sequence[str] = ("eval",)
    name: str = "asvspoof2021_la"

    def index(self) -> pd.DataFrame:
        """One row a trial, all of it `own_split` test: the corpus is there to be tested on."""
        if self.track not in COLUMNS:
            raise UserError(f"corpus.track={self.track} is none of {', '.join(COLUMNS)}")
        phases = chosen("phases", self.phases, PHASES)
        place, audio = place_of(self.root), f"ASVspoof2021_{self.track}_eval"
        inside = f"keys/{self.track}/CM/trial_metadata.txt"
        file = place.file("keys", self.keys, inside, f"{self.track}-keys-full/{inside}", f"{audio}/{inside}")
        table = read_part(file, COLUMNS[self.track])
        table = table[table["phase"].isin(phases)]
        if table.empty:
            raise UserError(f"{file} has no line of the phases {', '.join(phases)}")
        return clip_table(
            self.name,
            place.find(f"{audio}/flac", "flac") + "/" + table["clip"] + ".flac",
            table["clip"],
            label=table["label"],
            voice=table["voice"],
            system=table["system"],
            synthesiser=synthesisers(table["system"]),
            own_split="test",
            **{column: table[column] for column in TOLD if column in table},
        )
