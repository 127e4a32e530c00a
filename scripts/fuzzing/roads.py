"""What a file goes through: reading, decoding by each backend, prediction, and then all of them through extraction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Road = Callable[[Path], object]

RATE_HZ = 16_000
# What extraction says of a file whose decoder had to be ended, or ended itself; the rest went on.
LOST = ("the process at it", "given up after", "of memory")


def roads(out: Path, detector: str | None = None) -> dict[str, Road]:
    """What a file goes through by itself, by name; each returns, or raises an error for people.

    Args:
        out: an empty folder for what is decoded.
        detector: a folder; the one that comes with the package if not given.
    """
    from deepfake_audio.audio.decoding import BACKENDS
    from deepfake_audio.detector import load_detector
    from deepfake_audio.sharing import find_detector

    out.mkdir()
    predict = load_detector(find_detector(detector)).predict
    decoded = {f"decoding, {backend}": _decoded(out / f"{backend}.wav", backend) for backend in BACKENDS}
    return {"reading": _read, **decoded, "prediction": predict}


def _read(file: Path) -> None:
    """What training asks of a clip, and extraction of a header."""
    from deepfake_audio.audio import check_audible, count_samples, read_window
    from deepfake_audio.audio.media import media_facts

    media_facts(file)
    samples = count_samples(file, RATE_HZ)
    read_window(file, samples // 2, RATE_HZ)
    check_audible(file)


def _decoded(wav: Path, backend: str) -> Road:
    """What a process of extraction's does with a file."""
    from deepfake_audio.audio.decoding import ExtractionError, decode_audio
    from deepfake_audio.errors import UserError

    def decoded(file: Path) -> None:
        try:
            decode_audio(file, wav, RATE_HZ, backend)
        except ExtractionError as error:
            raise UserError(str(error)) from None

    return decoded


def extracted(files: list[Path], out: Path, limit_seconds: float) -> tuple[int, list[str]]:
    """How many of many files became wavs, all in one extraction, and why the others didn't."""
    import pandas as pd

    from deepfake_audio.extraction import extract_corpus

    names = [file.name for file in files]
    numbers = [f"{number}" for number in range(len(files))]
    clips = pd.DataFrame({"clip": numbers, "path": [f"{number}.wav" for number in numbers], "media": names})
    clips = clips.assign(label=0, voice="v")
    done, failures = extract_corpus(
        clips, files[0].parent, out, RATE_HZ, jobs=1, progress=False, most_seconds=limit_seconds
    )
    return len(done), failures["reason"].tolist()
