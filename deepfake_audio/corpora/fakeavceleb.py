"""FakeAVCeleb v1.2: its metadata, as the clip table.

The traps that this file is here for: the label of the audio stands in `type` and nowhere else, the voice of a
lip-synced file is not its `source`, equal file names stand in folders of opposite label, some files have two rows,
and the metadata's folder prefix is not the one on disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from ..clips import leaves_root, read_table
from ..errors import UserError, named
from ..labels import FAKE, REAL
from .base import BONAFIDE, CorpusOnDisk
from .lines import refuse

LABEL_OF_TYPE = {
    "RealVideo-RealAudio": REAL,
    "RealVideo-FakeAudio": FAKE,
    "FakeVideo-RealAudio": REAL,
    "FakeVideo-FakeAudio": FAKE,
}
# One synthesiser made all of the corpus' fake audio: SV2TTS, by its public code called Real-Time-Voice-Cloning.
SYNTHESISER = "rtvc"
METADATA = "meta_data.csv"
COLUMNS = ("source", "method", "category", "type", "race", "gender", "path")
# Where unpacking leaves the four folders: in the root given, or one or two folders below it, whatever these are called.
NESTED = ("", "FakeAVCeleb_v1.2", "FakeAVCeleb", "FakeAVCeleb_v1.2/FakeAVCeleb_v1.2")
DEEPER = ("*", "*/*")
# Public loaders leave these out as unreadable.
KNOWN_UNREADABLE = (
    "FakeVideo-FakeAudio/African/men/id01170/00021_id01933_I5XXxgK7QpE_id00781_wavtolip",
    "FakeVideo-FakeAudio/African/women/id02071/00195_id01661_SdP_Monh-_4_id04547_wavtolip",
    "FakeVideo-FakeAudio/African/women/id02071/00195_id04245_nQD_PRlBDyw_id03658_wavtolip",
    "RealVideo-RealAudio/Asian (East)/men/id04789/002121",
)

LIP_SYNCED = "_wavtolip.mp4"
IDENTITY = re.compile(r"id\d{5}")


@dataclass(frozen=True)
class FakeAVCeleb(CorpusOnDisk):
    """The corpus under `root`: the folder that holds `RealVideo-RealAudio` and its like, or the one above.

    Args:
        root: may be left out where `metadata` is given and no media are needed.
        metadata: the CSV, if it isn't `meta_data.csv` in the root.
    """

    root: str | Path | None = None
    metadata: str | Path | None = None
    name: str = "fakeavceleb"

    def index(self) -> pd.DataFrame:
        """One row a file, sorted by clip; `media` is relative to `root`. Whether the media are there isn't looked at.

        A file that stands under several methods has them all in `method`, joined by |.
        """
        table = _rows_by_file(self._metadata_file())
        kind = table["type"].map(LABEL_OF_TYPE)
        source = table["source"]
        clip = table["file"].str.replace(r"\.[^./]+$", "", regex=True)
        clips = pd.DataFrame(
            {
                "clip": clip,
                "path": "wav/" + clip + ".wav",
                "label": kind.astype(int),
                "voice": [voice_of(file, face) for file, face in zip(table["file"], source, strict=True)],
                "face": source,
                "system": kind.map({REAL: BONAFIDE, FAKE: SYNTHESISER}),
                "method": table["method"],
                "category": table["category"],
                "race": table["race"],
                "gender": table["gender"],
                "corpus": self.name,
                "media": self._on_disk(table["file"]),
            }
        )
        return clips.sort_values("clip", ignore_index=True)

    def settle(self, clips: pd.DataFrame, out: Path) -> tuple[pd.DataFrame, list[str]]:
        """The table with the voices that the tracks show, where they show any; see `donors`."""
        from .donors import settle_voices

        settled, told = settle_voices(clips, out, clips["media"].str.endswith(LIP_SYNCED))
        missing = set(self.index()["clip"]) & set(KNOWN_UNREADABLE) - set(clips["clip"])
        if missing:
            told.append(f"{len(missing)} of the failures are known: public loaders leave these files out too")
        return settled, told

    def _media_folder(self) -> str:
        """Where the four folders are, relative to the root; the root itself if they are nowhere."""
        if self.root is None:
            return ""
        root = Path(self.root)
        return next((nest for nest in self._nests() if _holds_types(root / nest)), "")

    def _nests(self) -> Iterator[str]:
        """Folders that the four may be in, relative to the root, the likely ones first."""
        yield from NESTED
        root = Path(self.root or "")
        for pattern in DEEPER:
            yield from sorted(
                folder.relative_to(root).as_posix() for folder in root.glob(pattern) if folder.is_dir()
            )

    def _on_disk(self, files: pd.Series) -> list[str]:
        """Each file below the root, through race folders that some copies spell otherwise (`Asian-South`)."""
        media = PurePosixPath(self._media_folder())
        spelling = _spelled_folders(Path(self.root) / media) if self.root is not None else {}
        places = []
        for file in files:
            folder, _, rest = file.partition("/")[2].partition("/")
            kind = file.partition("/")[0]
            places.append(str(media / kind / spelling.get((kind, _letters(folder)), folder) / rest))
        return places

    def _metadata_file(self) -> Path:
        if self.root is not None and not Path(self.root).is_dir():
            raise UserError(
                f"corpus.root={self.root} is no folder: give the one that holds {next(iter(LABEL_OF_TYPE))}"
            )
        if self.metadata is not None:
            return Path(self.metadata)
        if self.root is None:
            raise UserError(
                "give corpus.root=DIR, the folder of the videos, or corpus.metadata=FILE to index alone"
            )
        media = Path(self.root) / self._media_folder()
        candidates = [media, *(Path(self.root) / folder for folder in NESTED), media.parent]
        found = next((folder / METADATA for folder in candidates if (folder / METADATA).is_file()), None)
        if found is None:
            raise UserError(f"{self.root} has no {METADATA}: say where it is with corpus.metadata=FILE")
        return found


def voice_of(file: str, source: str) -> str:
    """Who is heard in a file: a lip-synced one borrows the voice of the last identity in its name."""
    donors = IDENTITY.findall(PurePosixPath(file).name) if file.endswith(LIP_SYNCED) else []
    return str(donors[-1]) if donors else source


def _holds_types(folder: Path) -> bool:
    return any((folder / kind).is_dir() for kind in LABEL_OF_TYPE)


def _spelled_folders(media: Path) -> dict[tuple[str, str], str]:
    """The race folders of each type as they are on disk, by the letters of their names."""
    kinds = [kind for kind in LABEL_OF_TYPE if (media / kind).is_dir()]
    # A blank sorts first, so in reverse the right spelling comes last and wins over a second copy beside it.
    return {
        (kind, _letters(race.name)): race.name
        for kind in kinds
        for race in sorted((media / kind).iterdir(), reverse=True)
    }


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _rows_by_file(path: Path) -> pd.DataFrame:
    """The metadata with a `file` column (relative, from the type's folder on), each file once."""
    rows = read_table(path, COLUMNS)
    if rows.empty:
        raise UserError(f"{path} has a header and no rows: give the whole file with corpus.metadata=FILE")
    rows = rows.assign(file=_files(rows, path))
    refuse(path, ~rows["type"].isin(list(LABEL_OF_TYPE)), "type is none of " + ", ".join(LABEL_OF_TYPE))
    astray = rows["file"].str.split("/").str[0] != rows["type"]
    refuse(path, astray, "its type and its folder differ; correct one of them, the label depends on it")
    refuse(path, (rows["source"] == "") | rows["file"].str.endswith("/"), "no source or no file name")
    methods = rows.groupby("file")["method"].agg(lambda names: "|".join(sorted(set(names))))
    once = rows.drop_duplicates("file")
    return once.assign(method=once["file"].map(methods))


def _files(rows: pd.DataFrame, path: Path) -> pd.Series:
    """Folder and name joined, without the prefix that differs between the metadata and the disk."""
    if "filename" in rows:
        folder, name = rows["path"], rows["filename"]
    elif rows.columns[-1].startswith("Unnamed"):
        # As distributed, the header ends in a comma: `path` is the file name and its folder has no header.
        folder, name = rows[rows.columns[-1]], rows["path"]
    else:
        raise UserError(
            f"{path} has neither a column 'filename' nor the nameless last one of the official form; it has "
            + ", ".join(rows.columns)
        )
    whole = folder.str.rstrip("/") + "/" + name
    refuse(path, whole.map(leaves_root), "its path leaves the corpus' folder")
    inside = whole.str.extract(rf"(?:^|/)((?:{'|'.join(LABEL_OF_TYPE)})/.*)$")[0]
    refuse(path, inside.isna(), f"it lies in none of the folders {named(list(LABEL_OF_TYPE))}")
    return inside
