"""How long the audit of a large corpus takes, how much memory, and whether it cries wolf.

    python scripts/bench_audit.py FOLDER [--clips 21544] [--kind distinct]

Writes a made-up corpus of FakeAVCeleb's size into FOLDER (4 GB; kept for a second run) and audits it:
    distinct: syllables of toy speech, each at a pace of its own, strung together anew for each clip: no two clips
        have a track in common, and whatever is found is a false alarm;
    spoken: sentences of toy voices, twenty a voice (slow to make: some 2,000 will do);
    repeated: 1,000 such tracks, each in some twenty clips that are cuts of it at other levels, split so that
        nearly every test track is in train: hundreds of thousands of true pairs.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from deepfake_audio.auditing import audit_clips, in_words
from deepfake_audio.auditing.leaks import find_leaks
from deepfake_audio.auditing.survey import SURVEY, survey
from deepfake_audio.corpora.toy.voices import draw_speaker, speak
from deepfake_audio.files import replacing

SAMPLE_RATE = 16_000
# FakeAVCeleb's own.
CLIPS, MEAN_SECONDS, TRACKS = 21_544, 5.5, 1_000
SPEAKERS, SPOKEN_SECONDS = 40, 10
# Shorter than what a print needs to know a track by, so that equal syllables are no equal tracks.
SYLLABLE_SECONDS = (0.12, 0.28)


def main() -> None:
    """Make, listen, search, and say what it cost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--kind", choices=("distinct", "spoken", "repeated"), default="distinct")
    options = parser.parse_args()
    clips = make_corpus(options.folder, options.clips, options.kind)
    seconds = clips["seconds"].sum()
    print(
        f"{len(clips)} clips, {seconds / 3600:.1f} h, {options.kind}; {len(os.sched_getaffinity(0))} processors"
    )
    (options.folder / SURVEY).unlink(missing_ok=True)
    began = time.perf_counter()
    heard = survey(clips, options.folder)
    listened = time.perf_counter()
    print(
        f"listening: {listened - began:.0f} s, {mebibytes()} MiB at most; kept in {kept(options.folder)} MiB"
    )
    told = find_leaks(clips, heard)
    print(f"searching: {time.perf_counter() - listened:.0f} s, {mebibytes()} MiB at most")
    del heard, told
    began = time.perf_counter()
    told = audit_clips(clips, options.folder).told
    print(f"all again, from memory and with shortcuts: {time.perf_counter() - began:.0f} s")
    print(in_words(told))


def mebibytes() -> int:
    """The most that this process, or any that it started, has held at a time."""
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        >> 10
    )


def kept(folder: Path) -> int:
    return (folder / SURVEY).stat().st_size >> 20


def make_corpus(folder: Path, count: int, kind: str) -> pd.DataFrame:
    """The wavs, unless they are there, and their table with its split."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    pool = np.concatenate(
        [
            speak(rng, draw_speaker(rng, ("men", "women")[number % 2]), SPOKEN_SECONDS * SAMPLE_RATE)
            for number in range(SPEAKERS)
        ]
    )
    pool = (0.1 * pool / np.sqrt(np.mean(pool**2))).astype(np.float32)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as processes:
        make = partial(make_clip, folder, pool, kind)
        lengths = list(processes.map(make, range(count), chunksize=256))
    number = np.arange(count)
    sides = np.array(["train"] * 70 + ["val"] * 15 + ["test"] * 15)
    # Voices are whole on a side, but where tracks shall leak.
    unit = number // 20 if kind == "spoken" else number // 500 if kind == "repeated" else number % 500
    return pd.DataFrame(
        {
            "clip": [f"c{n:05d}" for n in number],
            "path": [f"{n:05d}.wav" for n in number],
            "label": number % 2,
            "voice": [f"v{n // 20 if kind == 'spoken' else n % 500}" for n in number],
            "split": sides[unit % 100],
            "seconds": np.array(lengths) / SAMPLE_RATE,
        }
    )


def make_clip(folder: Path, pool: np.ndarray, kind: str, number: int) -> int:
    """Write one clip; the samples in it."""
    rng = np.random.default_rng([1, number])
    samples = int((1 + rng.gamma(12, (MEAN_SECONDS - 1) / 12)) * SAMPLE_RATE)
    file = folder / f"{number:05d}.wav"
    if file.is_file():
        return int(soundfile.info(str(file)).frames)
    if kind == "repeated":
        track = string_syllables(np.random.default_rng([2, number % TRACKS]), pool, 2 * samples)
        start = int(rng.integers(samples))
        wave = track[start : start + samples] * 10 ** (rng.uniform(-20, 0) / 20)
    elif kind == "spoken":
        speaker = draw_speaker(np.random.default_rng([3, number // 20]), ("men", "women")[number // 20 % 2])
        wave = speak(rng, speaker, samples)
        wave *= 0.05 / np.sqrt(np.mean(wave**2))
    else:
        wave = string_syllables(rng, pool, samples)
    with replacing(file) as part:
        soundfile.write(str(part), wave + rng.normal(0, 1e-3, samples), SAMPLE_RATE, subtype="PCM_16")
    return samples


def string_syllables(rng: np.random.Generator, pool: np.ndarray, samples: int) -> np.ndarray:
    """Pieces of the pool, each resampled by a factor of its own, end to end -> [samples]."""
    pieces, made = [], 0
    while made < samples:
        length = int(rng.uniform(*SYLLABLE_SECONDS) * SAMPLE_RATE)
        pace = rng.uniform(0.75, 1.35)
        start = rng.integers(len(pool) - 2 * length)
        at = start + np.arange(length) * pace
        whole = at.astype(int)
        part = (at - whole).astype(np.float32)
        edge = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 80)
        pieces.append((pool[whole] * (1 - part) + pool[whole + 1] * part) * edge)
        made += length
    return np.concatenate(pieces)[:samples]


if __name__ == "__main__":
    main()
