"""Fake-or-Real (FoR): four versions of the same speech, each `{training,validation,testing}/{real,fake}`.

Nothing says who speaks nor what a fake was made by, so every file counts as a voice of its own and every fake has
the system `unknown`: use the corpus' own split (`own_split`), and take no figure on it for one about unseen voices.
The versions are unpacked as `for-norm/for-norm`, `for-2sec/for-2seconds`, `for-rerec/for-rerecorded` and
`for-original/for-original`, as public copies have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..audio.media import RECORDINGS
from ..clips import UNKNOWN_VOICE
from ..errors import UserError
from ..labels import FAKE, LABEL_FROM_TEXT
from .base import BONAFIDE, CorpusOnDisk, clip_table, media_below, place_of, without_suffix

INNER = {"norm": "for-norm", "2sec": "for-2seconds", "rerec": "for-rerecorded", "original": "for-original"}
OWN_SPLIT = {"training": "train", "validation": "val", "testing": "test"}


@dataclass(frozen=True)
class FakeOrReal(CorpusOnDisk):
    """One version under `root`: the folder that holds `training`, or one or two above.

    Args:
        version: norm, 2sec, rerec or original.
    """

    root: str | Path | None = None
    version: str = "norm"
    name: str = "fake_or_real"

    def index(self) -> pd.DataFrame:
        """One row a file that is there: the corpus has no table."""
        if self.version not in INNER:
            raise UserError(f"corpus.version={self.version} is none of {', '.join(INNER)}")
        if self.root is None:
            raise UserError("give corpus.root=DIR: Fake-or-Real has no table, its folders say what is in it")
        place, outer, inner = place_of(self.root), f"for-{self.version}", INNER[self.version]
        first = place.find("training", f"{inner}/training", f"{outer}/training", f"{outer}/{inner}/training")
        above = first.removesuffix("training")
        root = Path(self.root)
        found = [file for part in OWN_SPLIT for file in media_below(root, above + part, RECORDINGS)]
        if not found:
            raise UserError(f"{root / first} has no recordings: correct corpus.root or corpus.version")
        files = pd.Series(found)
        parts = files.str.removeprefix(above).str.split("/", n=2, expand=True)
        known = parts[1].isin(["real", "fake"])
        if not known.any():
            raise UserError(
                f"{Path(self.root) / first} has no recordings in real and fake: correct corpus.root"
            )
        files, parts = files[known], parts[known]
        label = parts[1].map(LABEL_FROM_TEXT)
        clip = without_suffix(files.str.removeprefix(above))
        return clip_table(
            self.name,
            files,
            clip,
            label=label,
            voice=UNKNOWN_VOICE + clip,
            system=label.map({0: BONAFIDE, FAKE: "unknown"}),
            own_split=parts[0].map(OWN_SPLIT),
        )
