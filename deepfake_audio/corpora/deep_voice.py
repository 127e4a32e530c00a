"""DEEP-VOICE: speeches of eight people, each turned into the voices of the others (by RVC); and its feature table.

`AUDIO/REAL/linus-original.wav` and `AUDIO/FAKE/linus-to-musk.wav`: what is said is Linus', the voice one hears is
Musk's. So the voice of a fake is its target, and `source_voice` is who spoke; the same speech stands under all
voices, so no split of the eight is without shared speech: join others, and test on these. Recordings are up to ten
minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from ..audio.media import RECORDINGS
from ..errors import UserError
from ..labels import FAKE, REAL
from .base import BONAFIDE, CorpusOnDisk, clip_table, media_below, place_of
from .lines import labels_of, read_rows, refuse, stated_labels

SYNTHESISER = "rvc"
WORDS = {"real": REAL, "fake": FAKE}
CONVERTED = "-to-"


@dataclass(frozen=True)
class DeepVoice(CorpusOnDisk):
    """The recordings under `root`: the folder that holds `REAL` and `FAKE`, or `AUDIO`, or `KAGGLE/AUDIO`."""

    root: str | Path | None = None
    name: str = "deep_voice"

    def index(self) -> pd.DataFrame:
        """One row a recording that is there."""
        if self.root is None:
            raise UserError("give corpus.root=DIR: DEEP-VOICE's recordings are named by who speaks")
        place, root = place_of(self.root), Path(self.root)
        above = place.find("REAL", "AUDIO/REAL", "KAGGLE/AUDIO/REAL").removesuffix("REAL")
        rows = []
        for folder, label in (("REAL", REAL), ("FAKE", FAKE)):
            files = media_below(root, above + folder, RECORDINGS)
            if not files:
                raise UserError(f"{root / (above + folder)} has no recordings: correct corpus.root")
            rows += [(file, label, *_who(file, label)) for file in files]
        table = pd.DataFrame(rows, columns=["media", "label", "voice", "source_voice"])
        return clip_table(
            self.name,
            table["media"],
            label=table["label"],
            voice=table["voice"],
            system=table["label"].map({REAL: BONAFIDE, FAKE: SYNTHESISER}),
            source_voice=table["source_voice"],
        )


def read_features(file: str | Path, labels: Mapping[object, object] | None = None) -> pd.DataFrame:
    """The published feature table: a row a second of speech, its features as numbers and `label` as 0 real, 1 fake.

    Args:
        labels: what the words of the label column mean, as `{"0": "fake", "1": "real"}`. The original says REAL and
            FAKE, which needs none. A copy that says 0 and 1 does not tell which is which: then this must.
    """
    path = Path(file)
    table = read_rows(path, ())
    column = next((name for name in table.columns if name.lower() == "label"), None)
    if column is None:
        raise UserError(f"{path} has no column LABEL; it has {', '.join(table.columns)}")
    words = table.pop(column).str.strip().str.lower()
    if labels is None and not words.isin(list(WORDS)).all() and words.isin(["0", "1"]).all():
        raise UserError(
            f"{path}: the labels are 0 and 1, and nothing says which of them is fake: give labels={{0: ..., 1: ...}}"
        )
    label = labels_of(path, words, WORDS if labels is None else stated_labels(labels))
    features = table.apply(pd.to_numeric, errors="coerce")
    refuse(path, features.isna().any(axis=1), "a feature that is no number")
    return features.assign(label=label)


def _who(file: str, label: int) -> tuple[str, str]:
    """Whose voice is heard, and who spoke."""
    name = PurePosixPath(file).stem.lower()
    if label == REAL:
        speaker = name.removesuffix("-original")
        return speaker, speaker
    source, arrow, target = name.partition(CONVERTED)
    if not arrow or not source or not target:
        raise UserError(f"{file} is not named like linus-to-musk: say whose voice it is, or take it away")
    return target, source
