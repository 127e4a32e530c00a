"""Your own recordings in two folders, `real` and `fake`: no table needed.

    recordings/real/anna/interview.wav
    recordings/fake/anna/clone.mp3

The first folder below says who speaks. Names that say it otherwise are read by a pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from ..audio.media import RECORDINGS
from ..clips import UNKNOWN_VOICE, leaves_root, says_nothing
from ..errors import UserError, named
from ..labels import FAKE, REAL
from .base import BONAFIDE, CorpusOnDisk, clip_table, media_below, place_of, without_suffix


@dataclass(frozen=True)
class Folder(CorpusOnDisk):
    """Any audio or video files below `root/real` and `root/fake`.

    Args:
        real: the name of the folder of real speech.
        fake: the name of the folder of fakes.
        voice: a regular expression with a group called voice, `(?P<voice>[^_]+)_.*`, found in each path below these
            folders; without it the first sub-folder is the voice, and a file in none is a voice of its own.
        system: the same with a group called system, for what made a fake; without it that is `unknown`.
    """

    root: str | Path | None = None
    real: str = "real"
    fake: str = "fake"
    voice: str | None = None
    system: str | None = None
    name: str = "folder"

    def index(self) -> pd.DataFrame:
        """One row a file."""
        if self.root is None:
            raise UserError(f"give corpus.root=DIR: the folder that holds {self.real}/ and {self.fake}/")
        place_of(self.root)
        real, fake = (_name(option, folder) for option, folder in (("real", self.real), ("fake", self.fake)))
        if PurePosixPath(real).is_relative_to(fake) or PurePosixPath(fake).is_relative_to(real):
            raise UserError(
                f"corpus.real={real} and corpus.fake={fake} overlap: give two folders side by side"
            )
        sides = [self._side(real, REAL), self._side(fake, FAKE)]
        table = pd.concat(sides, ignore_index=True)
        name = without_suffix(table["media"])
        twice = table.loc[name.duplicated(keep=False), "media"]
        if len(twice):
            raise UserError(
                f"files that differ in their suffix alone would be one clip: {named(list(twice))}; rename all but one"
            )
        return clip_table(
            self.name,
            table["media"],
            name,
            label=table["label"],
            voice=table["voice"],
            system=table["system"],
        )

    def _side(self, folder: str, label: int) -> pd.DataFrame:
        root = Path(self.root or "")
        files = pd.Series(media_below(root, folder, RECORDINGS), dtype=object)
        if files.empty:
            raise UserError(
                f"{root / folder} has no recordings ({', '.join(RECORDINGS)}): correct corpus.root"
            )
        inside = files.str.removeprefix(f"{folder}/")
        voice = _found(self.voice, "voice", files, inside)
        if voice is None:
            nested = inside.str.contains("/", regex=False)
            voice = inside.str.split("/", n=1).str[0].where(nested, "")
        # A folder called unknown is nobody's.
        voice = voice.mask(says_nothing(voice), UNKNOWN_VOICE + without_suffix(files))
        system = BONAFIDE if label == REAL else _found(self.system, "system", files, inside)
        return pd.DataFrame(
            {
                "media": files,
                "label": label,
                "voice": voice,
                "system": "unknown" if system is None else system,
            }
        )


def _name(option: str, folder: str) -> str:
    """A folder's name below the root, without a slash at its end."""
    if not folder or leaves_root(str(folder)):
        raise UserError(f"corpus.{option}={folder} is no folder below the root: give its name there")
    return str(PurePosixPath(folder))


def _found(pattern: str | None, group: str, files: pd.Series, inside: pd.Series) -> pd.Series | None:
    """What the group of a pattern is in each path."""
    if pattern is None:
        return None
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise UserError(f"corpus.{group}={pattern} is no regular expression: {error}") from None
    if group not in groups:
        raise UserError(f"corpus.{group}={pattern} has no group called {group}: write (?P<{group}>...) in it")
    found = inside.str.extract(pattern)[group]
    missing = files[found.isna() | (found == "")]
    if len(missing):
        raise UserError(
            f"corpus.{group}={pattern} finds nothing in {len(missing)} of {len(files)} paths: {named(list(missing), 3)}"
        )
    return found
