"""MLAAD: synthetic speech in many languages, made from sentences of M-AILABS.

`fake/<language>/<model>/meta.csv`, its cells apart by |: `path|original_file|language|...|model_name|...`, wavs beside
it. The corpus holds no real speech; that is M-AILABS, which has its own authors, and of which `reals` takes the very
recordings that the sentences are from. A model's voice is nobody's among the readers: each model counts as one voice,
whatever language it speaks. Columns from public loaders.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from ..clips import says_nothing
from ..errors import UserError
from ..labels import FAKE, REAL
from .base import BONAFIDE, CorpusOnDisk, clip_table, place_of
from .lines import read_rows, refuse

SEPARATOR = "|"
# Within M-AILABS: en_US/by_book/female/judy_bieber/the_sea_fairies/wavs/x.wav; French has no by_book.
RECORDING = r"([a-z]{2}_[A-Z]{2}/(?:by_book/)?(female|male|mix)/([^/]+)/.+)$"
GENDERS = {"female": "women", "male": "men"}


@dataclass(frozen=True)
class MLAAD(CorpusOnDisk):
    """The corpus under `root`: the folder that holds `fake`.

    Args:
        reals: the folder of M-AILABS, below the root (a link will do); null to do without.
    """

    root: str | Path | None = None
    reals: str | None = None
    name: str = "mlaad"

    def index(self) -> pd.DataFrame:
        """One row a fake, and one for each recording that fakes were made from, if there are `reals`."""
        if self.root is None:
            raise UserError("give corpus.root=DIR: MLAAD has a table in each model's folder")
        place_of(self.root)
        root = Path(self.root)
        metas = sorted((root / "fake").glob("*/*/meta.csv"))
        if not metas:
            raise UserError(f"{root} has no fake/*/*/meta.csv: correct corpus.root")
        fakes = pd.concat([_model(root, meta) for meta in metas], ignore_index=True)
        tables = [fakes.drop(columns="recording")] + (
            [] if self.reals is None else [_reals(self.reals, fakes)]
        )
        table = pd.concat(tables, ignore_index=True).fillna("")
        return clip_table(self.name, table.pop("media"), **{str(name): table[name] for name in table})


def _model(root: Path, meta: Path) -> pd.DataFrame:
    """The rows of one model's folder."""
    rows = read_rows(meta, ("path", "original_file"), SEPARATOR)
    names = rows["path"].str.rsplit("/", n=1).str[-1]
    refuse(meta, names.str.strip() == "", "no path", SEPARATOR)
    refuse(meta, names.duplicated(keep=False), "a file named more than once", SEPARATOR)
    folder = PurePosixPath(meta.parent.relative_to(root).as_posix())
    model = rows.get("model_name", pd.Series("", index=rows.index)).str.strip()
    model = model.mask(says_nothing(model), folder.name)
    return pd.DataFrame(
        {
            "media": f"{folder}/" + names,
            "label": FAKE,
            "voice": "tts:" + model,
            "system": model,
            "language": folder.parent.name,
            "source_clip": rows["original_file"],
            "recording": rows["original_file"].str.extract(RECORDING)[0],
            "stated_seconds": rows.get("duration", ""),
        }
    )


def _reals(folder: str, fakes: pd.DataFrame) -> pd.DataFrame:
    """The recordings of M-AILABS that the fakes name, each once."""
    named = fakes["recording"].dropna().drop_duplicates().sort_values(ignore_index=True)
    parts = named.str.extract(RECORDING)
    return pd.DataFrame(
        {
            "media": f"{folder}/" + named,
            "label": REAL,
            "voice": parts[2],
            "system": BONAFIDE,
            "language": named.str[:2],
            "gender": parts[1].map(GENDERS).fillna(""),
            "source_clip": named,
        }
    )
