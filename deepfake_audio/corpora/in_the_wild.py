"""In-the-Wild: celebrities and politicians, real and fake, collected from the web.

`meta.csv` is `file,speaker,label` with labels `bona-fide` and `spoof`, the wavs lie beside it. A fake has the name of
the person it imitates. Nobody knows by what they were made: the system of every fake is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..clips import says_nothing
from ..labels import FAKE
from .base import BONAFIDE, CorpusOnDisk, clip_table, place_of, without_suffix
from .lines import labels_of, read_rows, refuse, refuse_twice

FOLDER = "release_in_the_wild"


@dataclass(frozen=True)
class InTheWild(CorpusOnDisk):
    """The corpus under `root`: the folder that holds `meta.csv`, or the one above."""

    root: str | Path | None = None
    metadata: str | Path | None = None
    name: str = "in_the_wild"

    def index(self) -> pd.DataFrame:
        """One row a file."""
        place = place_of(self.root)
        file = place.file("metadata", self.metadata, "meta.csv", f"{FOLDER}/meta.csv")
        table = read_rows(file, ("file", "speaker", "label"))
        label = labels_of(file, table["label"])
        refuse(file, says_nothing(table["speaker"]), "no speaker")
        refuse_twice(file, table["file"], label)
        folder = "" if place.find("meta.csv", f"{FOLDER}/meta.csv") == "meta.csv" else f"{FOLDER}/"
        return clip_table(
            self.name,
            folder + table["file"],
            without_suffix(table["file"]),
            label=label,
            voice=table["speaker"].str.strip(),
            system=label.map({0: BONAFIDE, FAKE: "unknown"}),
        )
