"""What a file goes through: reading, extraction by each backend, prediction. Each ends in words or in a `UserError`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

Road = Callable[[Path], str]

RATE_HZ = 16_000
ANSWERED, REFUSED = "answered", "refused"


def roads(out: Path, detector: str | None = None) -> dict[str, Road]:
    """All of them, by name.

    Args:
        out: an empty folder for what is extracted.
        detector: a folder; the one that comes with the package if not given.
    """
    from deepfake_audio.detector import load_detector
    from deepfake_audio.extraction import extract_corpus
    from deepfake_audio.sharing import find_detector

    predict = load_detector(find_detector(detector)).predict

    def predicted(file: Path) -> str:
        predict(file)
        return ANSWERED

    found: dict[str, Road] = {"reading": _read}
    backends = ("moviepy", "pyav") if "backend" in inspect.signature(extract_corpus).parameters else ("",)
    for backend in backends:
        found[f"extraction {backend}".strip()] = _extracted(out / (backend or "any"), backend)
    return {**found, "prediction": predicted}


def _read(file: Path) -> str:
    """What training asks of a clip, and extraction of a header."""
    from deepfake_audio.audio import check_audible, count_samples, read_window
    from deepfake_audio.audio.media import media_facts

    media_facts(file)
    samples = count_samples(file, RATE_HZ)
    read_window(file, samples // 2, RATE_HZ)
    check_audible(file)
    return ANSWERED


def _extracted(out: Path, backend: str) -> Road:
    import pandas as pd

    from deepfake_audio.errors import UserError
    from deepfake_audio.extraction import extract_corpus

    chosen = {"backend": backend} if backend else {}

    def extracted(file: Path) -> str:
        clips = pd.DataFrame(
            {"clip": ["a"], "path": ["a.wav"], "media": [file.name], "label": [0], "voice": ["v"]}
        )
        done, failures = extract_corpus(
            clips, file.parent, out, RATE_HZ, jobs=1, overwrite=True, progress=False, **chosen
        )
        if len(done):
            (out / done["path"].iloc[0]).unlink()
            return ANSWERED
        # As a run does that loses more than it may.
        raise UserError(str(failures["reason"].iloc[0]))

    return extracted
