"""Two recordings to try a detector on, made on the spot: a voice that never was, and the same through a vocoder."""

from __future__ import annotations

from pathlib import Path

from ..errors import UserError

# What the buttons say, and what the recording is then called.
EXAMPLES = {
    "spoken": "Example: a synthetic speaker",
    "vocoded": "Example: the same speaker through a vocoder",
}
CAUTION = (
    "Both examples are made by a formula. They show how the page works, and say nothing about how well the detector "
    "does on people."
)
# One of the ten voices of the smallest toy corpus.
VOICES, SEED, NUMBER = 10, 0, 1


def write_example(example: str, wav: Path) -> str:
    """Write one of `EXAMPLES`, and say what it is called."""
    if example not in EXAMPLES:
        raise UserError(f"there is no example {example!r}; there is {', '.join(EXAMPLES)}")
    import soundfile

    from ..corpora.toy.cast import draw_cast
    from ..corpora.toy.tracks import voice_tracks
    from ..forging.frames import SAMPLE_RATE_HZ

    spoken, vocoded = voice_tracks(draw_cast(VOICES, SEED)[NUMBER])
    soundfile.write(wav, spoken if example == "spoken" else vocoded, SAMPLE_RATE_HZ, subtype="PCM_16")
    return EXAMPLES[example].partition(": ")[2]
