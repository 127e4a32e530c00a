"""ASVspoof 5, track 1: three protocols, about a million lines.

A line is `E_1607 E_0009538969 M C05 2 E_0009486171 AC1 A26 spoof -`: speaker, file, gender, codec and its quality, the
file that was sent through the codec, attack condition, attack, key; apart by blanks, although the files are called
.tsv. Layout from public loaders: `ASVspoof5.*.tsv` in the root or in `ASVspoof5_protocols`, audio in `flac_T`, `flac_D`
and `flac_E_eval`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .asvspoof2019 import ATTACK, OWN_SPLIT, read_part
from .base import CorpusOnDisk, chosen, clip_table, place_of

COLUMNS = (
    "voice", "clip", "gender", "channel_codec", "codec_quality", "source_clip", "condition", "system", "key", "last",
)  # fmt: skip
PROTOCOLS = {
    "train": "ASVspoof5.train.tsv",
    "dev": "ASVspoof5.dev.track_1.tsv",
    "eval": "ASVspoof5.eval.track_1.tsv",
}
FOLDERS = {"train": ("flac_T",), "dev": ("flac_D",), "eval": ("flac_E_eval", "flac_E")}
# As in the other corpora, so that groups can be joined.
GENDERS = {"F": "women", "M": "men"}
UNCODED = "-"


@dataclass(frozen=True)
class ASVspoof5(CorpusOnDisk):
    """The corpus under `root`.

    Args:
        protocols: the folder of the protocols, if it is elsewhere.
        parts: which of train, dev and eval.
    """

    root: str | Path | None = None
    protocols: str | Path | None = None
    parts: Sequence[str] = ("train", "dev", "eval")
    name: str = "asvspoof5"

    def index(self) -> pd.DataFrame:
        """One row a line; `source_clip` is the file before the codec, so that its versions can be kept together."""
        parts = chosen("parts", self.parts, list(PROTOCOLS))
        place = place_of(self.root)
        tables = []
        for part in parts:
            given = None if self.protocols is None else Path(self.protocols) / PROTOCOLS[part]
            file = place.file("protocols", given, PROTOCOLS[part], f"ASVspoof5_protocols/{PROTOCOLS[part]}")
            tables.append(read_part(file, COLUMNS).assign(part=part))
        table = pd.concat(tables, ignore_index=True)
        audio = {part: place.find(*FOLDERS[part]) for part in parts}
        return clip_table(
            self.name,
            table["part"].map(audio) + "/" + table["clip"] + ".flac",
            table["clip"],
            label=table["label"],
            voice=table["voice"],
            system=table["system"],
            # Other ones than those of 2019, though numbered alike.
            synthesiser=("asvspoof5/" + table["system"]).where(table["system"].str.fullmatch(ATTACK), ""),
            gender=table["gender"].map(GENDERS).fillna(""),
            channel_codec=table["channel_codec"],
            source_clip=table["source_clip"].where(table["source_clip"] != UNCODED, table["clip"]),
            own_split=table["part"].map(OWN_SPLIT),
        )
