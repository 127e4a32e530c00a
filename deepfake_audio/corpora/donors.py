"""Whose voice a lip-synced clip of FakeAVCeleb carries: what its name says, held against what is heard.

Its track is another clip's: that of the donor whom the name gives last, or else that of its own source. Both people
have a clip of their own with real sound and one with cloned sound, so the tracks can be laid side by side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import soundfile

from ..audio import BLOCK_SAMPLES
from ..audio.likeness import similar
from ..audio.prints import Floats, Print, track_print
from ..errors import named

NAME, TRACK = "name", "track"
DONOR, SOURCE, NEITHER, UNKNOWN = "donor", "source", "neither", "unknown"
# Clips whose own person is the only one in question.
OWN_CATEGORIES = ("A", "B")


def settle_voices(clips: pd.DataFrame, out: Path, borrowed: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    """The table with `voice_by` (`track` where the sound told, `name` where only the name did), and what came of it.

    Args:
        clips: with `voice` as the names say, `face` the source, and `path` under `out`.
        borrowed: which clips (by their names) carry another person's track.
    """
    asked = clips[borrowed & (clips["voice"] != clips["face"])]
    own = clips[clips["category"].isin(OWN_CATEGORIES)].drop_duplicates(["face", "label"])
    if asked.empty:
        return clips.assign(voice_by=NAME), []
    track_of = {
        (face, label): path for face, label, path in own[["face", "label", "path"]].itertuples(index=False)
    }
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        paths = sorted(set(track_of.values()))
        prints = dict(zip(paths, pool.map(lambda path: _print_of(out / path), paths), strict=True))
        known = {key: prints[path] for key, path in track_of.items()}

        def hear(path: str, voice: str, face: str, label: int) -> str:
            return _heard(out / path, known.get((voice, label)), known.get((face, label)))

        heard = list(pool.map(hear, *(asked[column] for column in ("path", "voice", "face", "label"))))
    found = pd.Series(heard, index=asked.index)
    told = found[found.isin([DONOR, SOURCE])].index
    other = found[found == SOURCE].index
    voice, by = clips["voice"].copy(), pd.Series(NAME, index=clips.index)
    voice[other], by[told] = clips.loc[other, "face"], TRACK
    return clips.assign(voice=voice, voice_by=by), _report(found, clips["clip"])


def _heard(wav: Path, donor: Print | None, source: Print | None) -> str:
    """Whose track is on it."""
    if donor is None or source is None:
        return UNKNOWN
    track = _print_of(wav)
    by_donor, by_source = similar(track, donor), similar(track, source)
    if not by_donor.same and not by_source.same:
        return NEITHER
    if by_donor.same and by_source.same:
        return DONOR if by_donor.seconds * by_donor.score >= by_source.seconds * by_source.score else SOURCE
    return DONOR if by_donor.same else SOURCE


def _print_of(wav: Path) -> Print:
    with soundfile.SoundFile(str(wav)) as recording:
        return track_print(_blocks(recording), recording.samplerate)


def _blocks(recording: soundfile.SoundFile) -> Iterator[Floats]:
    for block in recording.blocks(BLOCK_SAMPLES, dtype="float32", always_2d=True):
        yield block.mean(axis=1)


def _report(found: pd.Series, clips: pd.Series) -> list[str]:
    """In words, with the clips (by name) that are not what they are called."""
    count = {kind: int((found == kind).sum()) for kind in (DONOR, SOURCE, NEITHER, UNKNOWN)}
    lines = [
        f"lip-synced clips: {count[DONOR]} of {len(found)} carry the track of the donor in their name, {count[SOURCE]} "
        f"that of their source, {count[NEITHER]} neither's; {count[UNKNOWN]} have nothing to be compared with"
    ]
    for kind, told in (
        (SOURCE, "these take their source's voice, as is heard (voice_by=track)"),
        (NEITHER, "these carry neither's track, and keep the voice of their name (voice_by=name)"),
    ):
        if count[kind]:
            lines.append(f"warning: {told}: {named(list(clips[found.index[found == kind]]), most=3)}")
    return lines
