"""ASVspoof 2019, logical access: three protocols and their FLAC folders.

A line is `LA_0079 LA_T_1138215 - A01 spoof`: speaker, file, a column of the other track, attack, key. Spoofed speech
carries the speaker's name too: it is made to sound like that person. Speakers of the three parts are different
people. Layout as in the corpus' own README: `LA/ASVspoof2019_LA_cm_protocols` beside `LA/ASVspoof2019_LA_train/flac`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..labels import FAKE
from .base import BONAFIDE, CorpusOnDisk, chosen, clip_table, place_of
from .lines import labels_of, read_protocol, refuse, refuse_twice

COLUMNS = ("voice", "clip", "environment", "system", "key")
PROTOCOLS = {
    "train": "ASVspoof2019.LA.cm.train.trn.txt",
    "dev": "ASVspoof2019.LA.cm.dev.trl.txt",
    "eval": "ASVspoof2019.LA.cm.eval.trl.txt",
}
OWN_SPLIT = {"train": "train", "dev": "val", "eval": "test"}
# The evaluation's two attacks by the algorithms of known ones (Wang et al., arXiv 1911.01601).
SAME_ATTACK = {"A16": "A04", "A19": "A06"}
ATTACK = r"A\d\d"
FOLDER = "ASVspoof2019_LA_cm_protocols"


@dataclass(frozen=True)
class ASVspoof2019(CorpusOnDisk):
    """The corpus under `root`: the folder that holds `ASVspoof2019_LA_train`, or the one above.

    Args:
        protocols: the folder of the protocols, if it isn't `ASVspoof2019_LA_cm_protocols` in the root.
        parts: which of train, dev and eval.
    """

    root: str | Path | None = None
    protocols: str | Path | None = None
    parts: Sequence[str] = ("train", "dev", "eval")
    name: str = "asvspoof2019"

    def index(self) -> pd.DataFrame:
        """One row a line of the protocols; attacks as `system`, the parts as `own_split`."""
        place = place_of(self.root)
        parts = chosen("parts", self.parts, list(PROTOCOLS))
        folder = place.file("protocols", self.protocols, FOLDER, f"LA/{FOLDER}")
        tables = [read_part(folder / PROTOCOLS[part], COLUMNS).assign(part=part) for part in parts]
        table = pd.concat(tables, ignore_index=True)
        audio = {part: place.find(f"ASVspoof2019_LA_{part}", f"LA/ASVspoof2019_LA_{part}") for part in parts}
        return clip_table(
            self.name,
            table["part"].map(audio) + "/flac/" + table["clip"] + ".flac",
            table["clip"],
            label=table["label"],
            voice=table["voice"],
            system=table["system"],
            synthesiser=synthesisers(table["system"]),
            own_split=table["part"].map(OWN_SPLIT),
        )


def synthesisers(system: pd.Series) -> pd.Series:
    """What is behind each attack's number: two may be one, and other years number others alike."""
    number = system.str.fullmatch(ATTACK)
    return ("asvspoof2019/" + system.replace(SAME_ATTACK)).where(number, "")


def read_part(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """An ASVspoof protocol with `label` for its key, each file once, and `bonafide` for the system of real speech."""
    table = read_protocol(path, columns)
    label = labels_of(path, table["key"], {"bonafide": 0, "spoof": 1}, " ", header=False)
    nameless = (label == FAKE) & table["system"].isin(["-", BONAFIDE])
    refuse(path, nameless, "spoofed speech without its attack", " ", header=False)
    refuse_twice(path, table["clip"], label, " ", header=False)
    return table.assign(label=label, system=table["system"].where(label == FAKE, BONAFIDE))
