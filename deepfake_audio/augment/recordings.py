"""A user's folder of recordings: noises or room responses, read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from ..audio.codecs import Wave, resampled
from ..errors import UserError

# What libsndfile reads.
SUFFIXES = (".flac", ".mp3", ".ogg", ".opus", ".wav")


def recordings_in(folder: str | Path, setting: str) -> list[Path]:
    """The recordings below a folder, in order of their names; an error with the setting's name if there are none."""
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise UserError(f"augment: {setting}={folder} is no folder; give one that holds recordings")
    found = sorted(
        path
        for path in place.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not found:
        raise UserError(
            f"augment: {setting}={folder} holds no recording ({', '.join(SUFFIXES)}); give another folder or null"
        )
    return found


def read_recording(path: Path, sample_rate: int, most_seconds: float) -> Wave:
    """The beginning of a recording, mono at the rate that is asked for: -> [T]."""
    try:
        with soundfile.SoundFile(str(path)) as recording:
            rate = recording.samplerate
            samples = recording.read(round(most_seconds * rate), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}); take it out of the folder") from None
    # Two channels may cancel out, and one sample that is no number makes the mean none.
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all() or not mono.any():
        raise UserError(
            f"{path} is silent (at its beginning, or as mono) or holds samples that are no numbers; take it out of "
            "the folder"
        )
    return resampled(mono, rate, sample_rate)
