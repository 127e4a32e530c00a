"""The real clips of a table in, a clip table of fakes out: resumable, several at once, each file whole or absent."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from tqdm import tqdm

from ..audio import count_samples, read_window
from ..audio.decoding import fingerprint
from ..clips import check_clips, corpus_names
from ..errors import UserError, one_line
from ..files import alone_in, read_json, replacing, write_json
from ..labels import FAKE, REAL
from ..processes import checked_jobs, in_processes
from .frames import SAMPLE_RATE_HZ
from .systems import PREFIX, ForgingError, Synthesiser, build_systems, copy_synthesis

MARKER = "forged.json"
WAVS = "wav"
# Part of the marker: raise it with any change that changes what is forged.
GENERATOR = 1
FAILURE_COLUMNS = ["clip", "source_clip", "reason"]
# A fake is taken from no file. The facts of its source's file stay with it: left blank they would mark every forged
# clip for a probe, where a detector sees nothing of them.
OF_THE_MEDIA = ["media"]
# What FakeAVCeleb and its like call how a clip was made; a fake must not carry the word for real ones.
OF_THE_MAKING = ["method", "category", "type"]


@dataclass(frozen=True)
class Job:
    """One fake to be made; sent to another process."""

    synthesise: Synthesiser
    source: Path
    wav: Path
    draw: str
    overwrite: bool


@dataclass(frozen=True)
class Made:
    """A wav that stands in its place."""

    seconds: float
    fingerprint: str
    already_there: bool


def forge_corpus(
    clips: pd.DataFrame,
    root: Path,
    out: Path,
    systems: Sequence[str],
    each: int = 1,
    share: float = 1.0,
    vocoders: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forge the real clips of a table (its files under `root`) as wavs under `out`.

    What a fake is like follows from the seed, the name of its source and the system alone: not from the order of
    the table, nor from how many processes there are. One process at a time may forge into a folder.

    Args:
        each: fakes of a clip, each by another system, drawn for each clip by itself.
        share: of the real clips that are forged.
        vocoders: ONNX vocoders by their names, which `systems` may name too.
        jobs: how many at once; as many as there are processors if not given.
        overwrite: make those again that are there.

    Returns:
        The table of the fakes, with `already_there` (whether it was found done), and the failures as `clip`,
        `source_clip`, `reason`.
    """
    built = build_systems(systems, vocoders)
    jobs = checked_jobs(jobs)
    _check_settings(seed, each, share, len(built))
    clips = check_clips(clips, "the clip table")
    # As where corpora are joined, so that a voice and its forgery get one name.
    clips = clips.assign(corpus=corpus_names(clips, root))
    plan = plan_fakes(clips, list(built), each, share, seed)
    with alone_in(out, "forging"):
        _claim(out, {"generator": GENERATOR, "seed": seed, "vocoders": _plain(vocoders)}, overwrite)
        work = [
            Job(built[name], root / source, out / path, f"{seed}\t{source_clip}\t{name}", overwrite)
            for name, source, path, source_clip in zip(
                plan["system"].str.removeprefix(PREFIX),
                plan["source_path"],
                plan["path"],
                plan["source_clip"],
                strict=True,
            )
        ]
        made = in_processes(_forge, work, jobs, "forged")
        results = list(tqdm(made, total=len(work), desc="forge", unit="clip", disable=not progress))
    return _tables(plan.drop(columns="source_path"), results)


def plan_fakes(clips: pd.DataFrame, systems: list[str], each: int, share: float, seed: int) -> pd.DataFrame:
    """The rows of the fakes to be made of clips that name their corpus: their sources' rows, but for what is other.

    `path` is relative to the forged corpus, `source_path` to the source's.
    """
    real = clips[clips["label"] == REAL]
    if real.empty:
        raise UserError("there is no real clip to forge")
    drawn = real.assign(_draw=[_draw(seed, clip) for clip in real["clip"]]).sort_values("_draw")
    chosen = drawn.head(max(1, round(share * len(real)))).sort_index().drop(columns="_draw")
    ranked = [sorted(systems, key=lambda name, clip=clip: _draw(seed, clip, name)) for clip in chosen["clip"]]  # type: ignore[misc]
    plans = [chosen.assign(_system=[names[place] for names in ranked], _place=place) for place in range(each)]
    plan = pd.concat(plans).sort_index(kind="stable")
    names = list(plan["_system"])
    made = plan.assign(
        source_clip=plan["clip"],
        source_path=plan["path"],
        clip=[f"{name}/{clip}" for name, clip in zip(names, plan["clip"], strict=True)],
        path=[_wav(name, path) for name, path in zip(names, plan["path"], strict=True)],
        label=FAKE,
        system=[PREFIX + name for name in names],
        corpus=plan["corpus"].astype(str) + "_forged",
        # Its voices are those of its source: beside it, they must not be taken for other people of the same name.
        voice_corpus=plan["corpus"],
        **{column: "forged" for column in OF_THE_MAKING if column in plan},
    )
    dropped = ["_system", "_place", *(column for column in OF_THE_MEDIA if column in made)]
    return check_clips(made.drop(columns=dropped).reset_index(drop=True), "the table of fakes")


def _draw(*names: object) -> str:
    return hashlib.sha256("\t".join(str(name) for name in names).encode()).hexdigest()


def _wav(system: str, path: str) -> str:
    """Where a fake lies: the tree of the sources, once a system."""
    source = PurePosixPath(path)
    inside = source.relative_to(WAVS) if source.parts[0] == WAVS and len(source.parts) > 1 else source
    return str(PurePosixPath(WAVS) / system / inside.with_suffix(".wav"))


def _check_settings(seed: int, each: int, share: float, systems: int) -> None:
    for name, value, least in (("seed", seed, 0), ("each", each, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UserError(f"{name}={value}: give a whole number of {least} or more")
    if each > systems:
        raise UserError(f"each={each} fakes of a clip need as many systems, but there are {systems}")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise UserError(f"share={share} is a share of the real clips: give more than 0, and at most 1")


def _plain(vocoders: Mapping[str, Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
    """The settings of each vocoder, and what its file holds: another network under the same name is another one."""
    return {
        name: {**settings, "sha256": hashlib.sha256(Path(settings["file"]).read_bytes()).hexdigest()}
        for name, settings in (vocoders or {}).items()
    }


def _claim(out: Path, settings: dict[str, Any], overwrite: bool) -> None:
    """Mark an empty folder as one of fakes; refuse one of anything else, or of fakes that other settings made."""
    marker = out / MARKER
    if not marker.is_file():
        if any(not entry.name.startswith(".") for entry in out.iterdir()):
            raise UserError(f"{out} holds something else than fakes: give an empty or a new folder as out")
    elif read_json(marker) != settings:
        if not overwrite:
            raise UserError(
                f"{out} holds fakes of another seed, other vocoders or another version: give another out, or "
                "overwrite=true"
            )
        # What the new settings don't make again would pass for theirs later on.
        shutil.rmtree(out / WAVS, ignore_errors=True)
    write_json(marker, settings)


def _forge(job: Job) -> Made | str:
    """The fake in its place, or why there is none."""
    try:
        samples = count_samples(job.source, SAMPLE_RATE_HZ)
        done = None if job.overwrite else _finished(job.wav, job.source, samples)
        if done is not None:
            return done
        rng = np.random.default_rng(int(_draw(job.draw), 16))
        forged = copy_synthesis(job.synthesise, rng, read_window(job.source, 0, samples))
    except (UserError, ForgingError) as error:
        return one_line(error)
    written = np.round(np.clip(forged, -1, 1) * 32767).astype(np.int16)
    try:
        with replacing(job.wav) as part:
            soundfile.write(str(part), written, SAMPLE_RATE_HZ, subtype="PCM_16")
    except (OSError, soundfile.LibsndfileError) as error:
        return f"it cannot be written: {one_line(error)}"
    return Made(len(written) / SAMPLE_RATE_HZ, fingerprint(written), already_there=False)


def _finished(wav: Path, source: Path, samples: int) -> Made | None:
    """What an earlier run made, if it is as long as what this one would make, and of the source as it is now."""
    try:
        if wav.stat().st_mtime_ns < source.stat().st_mtime_ns:
            return None
        info = soundfile.info(str(wav))
        if (info.samplerate, info.channels, info.subtype, info.frames) != (
            SAMPLE_RATE_HZ,
            1,
            "PCM_16",
            samples,
        ):
            return None
        there, _ = soundfile.read(str(wav), dtype="int16")
    except (soundfile.LibsndfileError, OSError):
        return None
    return Made(samples / SAMPLE_RATE_HZ, fingerprint(there), already_there=True)


def _tables(plan: pd.DataFrame, results: list[Made | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What came of each fake: the table of those that are there, and the table of those that aren't."""
    failed = np.array([isinstance(result, str) for result in results], dtype=bool)
    reasons = [result for result in results if isinstance(result, str)]
    failures = plan.loc[failed, ["clip", "source_clip"]].assign(reason=reasons)
    made = [result for result in results if isinstance(result, Made)]
    done = plan[~failed].assign(
        seconds=[result.seconds for result in made],
        fingerprint=[result.fingerprint for result in made],
        already_there=[result.already_there for result in made],
    )
    return done.reset_index(drop=True), failures[FAILURE_COLUMNS].reset_index(drop=True)
