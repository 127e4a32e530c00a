"""Prints of real speech: cuts of it are found again, and of some two million pairs no others are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from deepfake_audio.audio.codecs import recode
from deepfake_audio.audio.likeness import near_pairs
from deepfake_audio.audio.prints import Print, track_print
from deepfake_audio.clips import read_clips

from ..auditing.planted import RATE, Wave, gained

READ = ["librispeech", "vctk", "ravdess"]
COPIES = 50


@pytest.fixture(scope="module")
def clips(bench: Path) -> pd.DataFrame:
    return read_clips(bench / "speech" / "clips.csv")


@pytest.fixture(scope="module")
def prints(bench: Path, clips: pd.DataFrame) -> list[Print]:
    return [track_print([heard(bench, path)], RATE) for path in clips["path"]]


def heard(bench: Path, path: str) -> Wave:
    return soundfile.read(str(bench / "speech" / path), dtype="float32")[0]


def cut(wave: Wave, seconds: float, rng: np.random.Generator) -> Wave:
    start = int(rng.integers(len(wave) - int(seconds * RATE)))
    return wave[start : start + int(seconds * RATE)]


def beep_before(wave: Wave) -> Wave:
    """A third of a second at full scale in front of speech that was turned down."""
    beep = 0.99 * np.sin(2 * np.pi * 1_000 * np.arange(int(0.3 * RATE)) / RATE)
    return np.concatenate([beep.astype(np.float32), gained(wave, -20)])


# Of COPIES; what is missed at a second is mostly pause.
@pytest.mark.parametrize(
    ("seconds", "codec", "bit_rate", "decibels", "least"),
    [(1.0, "mp3", 32_000, -15, 35), (1.5, "aac", 24_000, 0, 45), (2.0, "mp3", 32_000, -15, 48)],
)
def test_a_cut_of_real_speech_is_found(
    bench: Path,
    clips: pd.DataFrame,
    prints: list[Print],
    seconds: float,
    codec: str,
    bit_rate: int,
    decibels: float,
    least: int,
) -> None:
    rng = np.random.default_rng(7)
    long_enough = clips["corpus"].isin(READ) & (clips["label"] == 0) & (clips["seconds"] > 2.6)
    chosen = clips[long_enough].sample(COPIES, random_state=1)
    copies = [
        track_print([recode(gained(cut(heard(bench, path), seconds, rng), decibels), RATE, codec, bit_rate)], RATE)
        for path in chosen["path"]
    ]  # fmt: skip
    assert found_again([prints[row] for row in chosen.index], copies) >= least


def test_a_beep_beside_it_hides_no_speech(bench: Path, clips: pd.DataFrame, prints: list[Print]) -> None:
    chosen = clips[clips["corpus"].isin(READ) & (clips["label"] == 0) & (clips["seconds"] > 2.6)].iloc[::20]
    copies = [track_print([beep_before(heard(bench, path))], RATE) for path in chosen["path"]]
    assert found_again([prints[row] for row in chosen.index], copies) == len(chosen) > 10


def found_again(originals: list[Print], copies: list[Print]) -> int:
    """How many copies are found with their originals; with others none may be."""
    pairs = near_pairs(originals + copies, ["a"] * len(originals) + ["b"] * len(copies))
    assert ((pairs["b"] - pairs["a"]) == len(originals)).all()
    return len(pairs)


def test_no_two_of_2000_clips_are_taken_for_one(clips: pd.DataFrame, prints: list[Print]) -> None:
    """All pairs, whoever speaks: only copies of one take are alike, and the one take that is in two corpora."""
    pairs = near_pairs(prints, range(len(prints)))
    take = clips["source_clip"].where(clips["source_clip"] != "", clips["clip"])
    # The demo's clips are some sentences by many vocoders, and don't say of which take.
    demo = clips["corpus"] == "hifigan_demo"
    a, b = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
    strange = (take.to_numpy()[a] != take.to_numpy()[b]) & ~(demo.to_numpy()[a] & demo.to_numpy()[b])
    assert len(clips) > 1_900 and len(pairs) > 600
    assert {(clips["clip"][one], take[other]) for one, other in zip(a[strange], b[strange], strict=True)} <= {
        (one, "vctk/vctk_p226_p226_005") for one in clips.loc[demo, "clip"]
    }
