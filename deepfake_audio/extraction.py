"""A whole corpus of media to wavs: resumable, several at once, each file read once."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from .audio.decoding import (
    ExtractionError,
    decode_audio,
    fingerprint,
    linkable_samples,
    read_finished,
)
from .audio.media import EXACT, FACTS, WHOLE_NUMBERS, MediaFacts, media_facts
from .clips import check_clips, leaves_root
from .errors import UserError, named
from .processes import checked_jobs
from .sharding import Shard, holding

# Wavs come to be here and are then moved to their place; a killed run's is swept away by the next one.
STAGING = ".extracting"
FAILURE_COLUMNS = ["clip", "media", "reason"]
# A table that rounds to half a second, or counts the pauses otherwise, still describes the clip.
LENGTH_SHARE, LENGTH_SECONDS = 0.1, 0.5


@dataclass(frozen=True)
class Extracted:
    """A wav, or a link to one, that stands in its place."""

    path: str
    seconds: float
    fingerprint: str
    facts: MediaFacts
    already_there: bool = False


def extract_corpus(
    clips: pd.DataFrame,
    root: Path,
    out: Path,
    sample_rate: int = 16_000,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
    link: bool = False,
    shard: Shard | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn the `media` of each clip (relative to `root`) into the wav at its `path` (relative to `out`).

    A wav is whole or absent whenever the process dies, and one that is there is not made again, so that a second
    run ends where one undisturbed run would have. One process at a time may extract into a folder. Where the table
    says how long a clip is (`seconds` or `stated_seconds`), one of quite another length is a failure.

    Args:
        jobs: how many at once; as many as there are processors if not given.
        overwrite: make those again that are there.
        link: link to a source that is mono at the rate already, as wav or flac, in place of copying it; the clip's
            `path` then ends as the source does.
        shard: only its clips; several shards may extract into a folder at once.

    Returns:
        The clips that have a wav, with `seconds`, `fingerprint`, the facts of their source (see `media_facts`) and
        `already_there` (whether it was found done), and the failures as `clip`, `media`, `reason`; both in the
        order of `clips`.
    """
    clips = _extractable(clips)
    if shard is not None:
        clips = clips.iloc[shard.rows(clips["clip"])].reset_index(drop=True)
    jobs = checked_jobs(jobs)
    if not isinstance(sample_rate, int) or sample_rate < 1:
        raise UserError(f"sample_rate={sample_rate}: give a whole number of 1 or more")
    with holding(out, shard, "extraction") as place, _staging(place) as staging:

        def extract(number: int, media: str, path: str, stated: float) -> Extracted | str:
            try:
                made = _extract(
                    root / media, out, path, staging / f"{number}.wav", sample_rate, overwrite, link
                )
            except ExtractionError as error:
                return str(error)
            if is_other_length(made.seconds, stated):
                return f"the table says {stated:g} s, it is {made.seconds:.2f} s"
            if made.facts.container in EXACT and _cut_short(made.seconds, made.facts):
                return f"cut off: its header says {made.facts.seconds:.2f} s, it holds {made.seconds:.2f} s"
            return made

        stated = clips["stated_seconds"] if "stated_seconds" in clips else [math.nan] * len(clips)
        work = list(zip(range(len(clips)), clips["media"], clips["path"], stated, strict=True))
        results = _in_parallel(extract, work, jobs, progress)
    return _tables(clips.drop(columns="stated_seconds", errors="ignore"), results)


def _extract(
    media: Path, out: Path, path: str, part: Path, sample_rate: int, overwrite: bool, link: bool
) -> Extracted:
    """One clip's wav, or link, in its place: found there, or made as `part` and moved."""
    facts = media_facts(media)
    if link:
        samples = linkable_samples(media, sample_rate)
        if samples is not None:
            there = str(PurePosixPath(path).with_suffix(media.suffix))
            done = _link(media, out / there, part, overwrite)
            return Extracted(there, len(samples) / sample_rate, fingerprint(samples), facts, done)
    wav = out / path
    finished = None if overwrite or wav.is_symlink() else read_finished(wav, sample_rate)
    if finished is not None and not _cut_short(len(finished) / sample_rate, facts):
        return Extracted(path, len(finished) / sample_rate, fingerprint(finished), facts, True)
    samples = decode_audio(media, part, sample_rate)
    wav.parent.mkdir(parents=True, exist_ok=True)
    part.replace(wav)
    return Extracted(path, len(samples) / sample_rate, fingerprint(samples), facts)


def is_other_length(seconds: float, stated: float) -> bool:
    """Whether a clip is not what a table describes: a tenth and half a second apart; no, if that says nothing (NaN)."""
    return abs(seconds - stated) > max(LENGTH_SHARE * stated, LENGTH_SECONDS)


def _cut_short(seconds: float, facts: MediaFacts) -> bool:
    """Whether what was heard is too short for what the header of its source says."""
    return facts.seconds is not None and seconds < facts.seconds and is_other_length(seconds, facts.seconds)


def _link(media: Path, place: Path, part: Path, overwrite: bool) -> bool:
    """A link to the source in its place; whether it was there."""
    if not overwrite and place.is_symlink() and place.resolve() == media.resolve():
        return True
    place.parent.mkdir(parents=True, exist_ok=True)
    part.symlink_to(media.resolve())
    part.replace(place)
    return False


def unlisted_media(clips: pd.DataFrame, root: Path) -> tuple[int, int]:
    """How many files of the clips' kinds the table doesn't name: macOS' `._` entries, and real ones."""
    listed = set(clips["media"])
    kinds = {Path(media).suffix for media in listed}
    found = (file for file in root.rglob("*") if file.suffix in kinds)
    names = [file.name for file in found if file.relative_to(root).as_posix() not in listed]
    doubles = sum(name.startswith("._") for name in names)
    return doubles, len(names) - doubles


def _extractable(clips: pd.DataFrame) -> pd.DataFrame:
    """`clips`, checked to stay inside the corpus' folder and each to have a wav of its own."""
    if "media" not in clips:
        raise UserError("the clip table has no column 'media', which says what to extract from")
    clips = check_clips(clips, "the corpus' index").reset_index(drop=True)
    outside = clips.loc[clips["media"].map(leaves_root), "media"]
    if len(outside):
        raise UserError(f"media must stay inside the corpus' folder, but {named(list(outside))} leaves it")
    # A length that the table gives is a claim; `seconds` will be what is heard.
    stated = next((column for column in ("stated_seconds", "seconds") if column in clips), None)
    if stated is not None:
        clips = clips.assign(stated_seconds=pd.to_numeric(clips[stated], errors="coerce"))
    return clips


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder of this run's own: an ffmpeg that outlived a killed run still writes into the old one, if anywhere."""
    shutil.rmtree(out / STAGING, ignore_errors=True)
    (out / STAGING).mkdir()
    try:
        yield Path(tempfile.mkdtemp(dir=out / STAGING))
    finally:
        shutil.rmtree(out / STAGING, ignore_errors=True)


def _in_parallel(
    extract: Callable[..., Extracted | str],
    work: list[tuple[Any, ...]],
    jobs: int,
    progress: bool,
) -> list[Extracted | str]:
    """Threads do: the work is done by libraries that let go of Python, and by a process of ffmpeg's for each video."""
    pool = ThreadPoolExecutor(jobs)
    try:
        results = pool.map(lambda each: extract(*each), work)
        return list(tqdm(results, total=len(work), desc="extract", unit="clip", disable=not progress))
    finally:
        pool.shutdown(cancel_futures=True)


def _tables(clips: pd.DataFrame, results: list[Extracted | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What came of each clip, as the table of those that have a wav and the table of those that haven't."""
    failed = np.array([isinstance(result, str) for result in results], dtype=bool)
    failures = clips.loc[failed, ["clip", "media"]].assign(
        reason=[result for result in results if isinstance(result, str)]
    )
    made = [result for result in results if isinstance(result, Extracted)]
    facts = {name: [getattr(result.facts, name) for result in made] for name in FACTS}
    done = clips[~failed].assign(
        path=[result.path for result in made],
        seconds=[result.seconds for result in made],
        fingerprint=[result.fingerprint for result in made],
        already_there=[result.already_there for result in made],
        # Not floats, which a table would write as 16000.0.
        **{name: pd.array(told, "Int64") if name in WHOLE_NUMBERS else told for name, told in facts.items()},
    )
    return done.reset_index(drop=True), failures[FAILURE_COLUMNS].reset_index(drop=True)
