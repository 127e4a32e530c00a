"""WaveFake: the speech of two readers, made again by vocoders or synthesised.

One folder a generator, in the root or in `generated_audio`: `ljspeech_melgan`, `jsut_parallel_wavegan`, ... and
`common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech`, as public copies have them. The corpus holds no real
speech: that is LJSpeech (one Englishwoman) and JSUT (one Japanese woman), which are downloaded from their own authors.
All in all there are TWO VOICES, each one reader: no split can keep these apart and have three sides. Join a corpus of
many voices, and test on this one (`split=corpus`) or on some of its vocoders (`split=system`). `source_clip` is the
sentence, which stands once in real speech and once a vocoder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from ..audio.media import RECORDINGS
from ..errors import UserError
from ..labels import FAKE, REAL
from .base import BONAFIDE, CorpusOnDisk, clip_table, media_below, place_of, without_suffix

READERS = ("ljspeech", "jsut")
ABOVE = "generated_audio/"
GENERATOR = re.compile(r"(ljspeech|jsut)_(\w+)")
PROMPTED = "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech"
# LJ001-0001_gen.wav, LJ001-0001_generated.wav and LJ001-0001.wav are one sentence.
SPOKEN = re.compile(r"_gen(erated)?$")


@dataclass(frozen=True)
class WaveFake(CorpusOnDisk):
    """The generators' folders under `root`.

    Args:
        ljspeech: the folder of LJSpeech's wavs, below the root (a link will do); null to do without.
        jsut: the same for JSUT.
    """

    root: str | Path | None = None
    ljspeech: str | None = "LJSpeech-1.1/wavs"
    jsut: str | None = "jsut_ver1.1/basic5000/wav"
    name: str = "wavefake"

    def index(self) -> pd.DataFrame:
        """One row a file that is there: the corpus has no table."""
        if self.root is None:
            raise UserError("give corpus.root=DIR: WaveFake has no table, its folders say what is in it")
        place_of(self.root)
        root = Path(self.root)
        rows = [row for folder in _generators(root) for row in _made(root, folder)]
        for reader, folder in zip(READERS, (self.ljspeech, self.jsut), strict=True):
            rows += _spoken(root, reader, folder)
        table = pd.DataFrame(rows, columns=["media", "label", "voice", "system", "source_clip"])
        media = table.pop("media")
        clip = without_suffix(media.str.removeprefix(ABOVE))
        return clip_table(self.name, media, clip, **{str(name): table[name] for name in table})


def _generators(root: Path) -> list[str]:
    """Folders of generated speech, relative to the root."""
    above = ABOVE if (root / ABOVE).is_dir() else ""
    names = sorted(entry.name for entry in (root / above).iterdir() if entry.is_dir())
    found = [above + name for name in names if GENERATOR.fullmatch(name) or name == PROMPTED]
    if not found:
        raise UserError(
            f"{root} has no folder like ljspeech_melgan, nor generated_audio: correct corpus.root"
        )
    return found


def _made(root: Path, folder: str) -> list[tuple[str, int, str, str, str]]:
    name = PurePosixPath(folder).name
    match = GENERATOR.fullmatch(name)
    reader, system = (match[1], match[2]) if match else ("ljspeech", "conformer_fastspeech2_pwg")
    files = media_below(root, folder, RECORDINGS)
    # Copies have the prompted files twice, once more in a folder inside.
    above = {PurePosixPath(file).name for file in files if PurePosixPath(file).parent.name == name}
    kept = [
        file
        for file in files
        if PurePosixPath(file).parent.name == name or PurePosixPath(file).name not in above
    ]
    return [(file, FAKE, reader, system, _sentence(file, "" if match else "prompt_")) for file in kept]


def _spoken(root: Path, reader: str, folder: str | None) -> list[tuple[str, int, str, str, str]]:
    if folder is None:
        return []
    files = media_below(root, folder, RECORDINGS) if (root / folder).is_dir() else []
    if not files:
        raise UserError(
            f"{root / folder} has no recordings: WaveFake holds no real speech; put {reader}'s there (a link will do), "
            f"say where it is with corpus.{reader}=FOLDER, or corpus.{reader}=null to do without"
        )
    return [(file, REAL, reader, BONAFIDE, _sentence(file)) for file in files]


def _sentence(file: str, prefix: str = "") -> str:
    return prefix + SPOKEN.sub("", PurePosixPath(file).stem)
