"""One clip of a corpus: its wav found in its place, or made beside it, ready to be moved there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from .decoding import (
    ExtractionError,
    check_there,
    decode_opened,
    fingerprint,
    linkable_samples,
    read_finished,
)
from .media import EXACT, MediaFacts, facts_of, opened_media

# A table that rounds to half a second, or counts the pauses otherwise, still describes the clip.
LENGTH_SHARE, LENGTH_SECONDS = 0.1, 0.5


class Clip(NamedTuple):
    """What is to be extracted."""

    media: str
    path: str
    part: Path  # where the wav, or the link, is made
    stated_seconds: float  # its length by the table, or NaN


@dataclass(frozen=True)
class Manner:
    """How the clips of a corpus are extracted."""

    root: Path
    out: Path
    staging: Path
    sample_rate: int
    overwrite: bool
    link: bool
    backend: str


@dataclass(frozen=True)
class Extracted:
    """A wav, or a link to one, that stands in its place or waits to be moved there."""

    path: str
    seconds: float
    fingerprint: str
    facts: MediaFacts
    already_there: bool = False


def extract_clip(manner: Manner, clip: Clip) -> Extracted | str:
    """What came of a clip, or why nothing did; nothing but its `part` is written."""
    media = manner.root / clip.media
    try:
        check_there(media)
        with opened_media(media) as container:
            facts = facts_of(container, media)
            made = _linked(manner, clip, facts) if manner.link else None
            if made is None:
                made = _finished(manner, clip, facts) or _decoded(manner, clip, facts, container)
        _check_length(made, clip.stated_seconds)
    except ExtractionError as error:
        clip.part.unlink(missing_ok=True)
        return str(error)
    return made


def is_other_length(seconds: float, stated: float) -> bool:
    """Whether a clip is not what a table describes: a tenth and half a second apart; no, if that says nothing (NaN)."""
    return abs(seconds - stated) > max(LENGTH_SHARE * stated, LENGTH_SECONDS)


def _linked(manner: Manner, clip: Clip, facts: MediaFacts) -> Extracted | None:
    """A link to a source that needs no copy; None of any other."""
    media = (manner.root / clip.media).resolve()
    samples = linkable_samples(media, manner.sample_rate)
    if samples is None:
        return None
    path = str(PurePosixPath(clip.path).with_suffix(Path(clip.media).suffix))
    place = manner.out / path
    done = not manner.overwrite and place.is_symlink() and place.resolve() == media
    if not done:
        clip.part.unlink(missing_ok=True)
        clip.part.symlink_to(media)
    return Extracted(path, len(samples) / manner.sample_rate, fingerprint(samples), facts, done)


def _finished(manner: Manner, clip: Clip, facts: MediaFacts) -> Extracted | None:
    """The wav that an earlier run made, if it is whole."""
    wav = manner.out / clip.path
    samples = None if manner.overwrite or wav.is_symlink() else read_finished(wav, manner.sample_rate)
    if samples is None or _cut_short(len(samples) / manner.sample_rate, facts):
        return None
    return Extracted(clip.path, len(samples) / manner.sample_rate, fingerprint(samples), facts, True)


def _decoded(manner: Manner, clip: Clip, facts: MediaFacts, container: Any) -> Extracted:
    samples = decode_opened(
        container, manner.root / clip.media, clip.part, manner.sample_rate, manner.backend
    )
    return Extracted(clip.path, len(samples) / manner.sample_rate, fingerprint(samples), facts)


def _check_length(made: Extracted, stated_seconds: float) -> None:
    """Raise where a clip is not as long as the table, or its own header, says."""
    if is_other_length(made.seconds, stated_seconds):
        raise ExtractionError(f"the table says {stated_seconds:g} s, it is {made.seconds:.2f} s")
    if made.facts.container in EXACT and _cut_short(made.seconds, made.facts):
        raise ExtractionError(
            f"cut off: its header says {made.facts.seconds:.2f} s, it holds {made.seconds:.2f} s"
        )


def _cut_short(seconds: float, facts: MediaFacts) -> bool:
    """Whether what was heard is too short for what the header of its source says."""
    return facts.seconds is not None and seconds < facts.seconds and is_other_length(seconds, facts.seconds)
