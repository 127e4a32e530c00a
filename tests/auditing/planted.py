"""A corpus in which every leak is known, because it was planted: for the tests of prints, surveys and leaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from deepfake_audio.audio.codecs import recode
from deepfake_audio.corpora.toy.voices import Speaker, draw_speaker, speak

RATE = 16_000
Wave = NDArray[np.float32]


def utterance(seed: int, seconds: float = 2.5, speaker: Speaker | None = None) -> Wave:
    """A sentence at -30 dB, with room to be turned up by 20 dB; by a speaker of its own if none is given."""
    rng = np.random.default_rng([77, seed])
    who = speaker or draw_speaker(rng, ("men", "women")[seed % 2])
    wave = speak(rng, who, int(seconds * RATE))
    noise = rng.normal(0, 1e-3, len(wave))
    return (wave / np.sqrt(np.mean(wave**2)) * 0.03 + noise * 0.03).astype(np.float32)


def sixteen_bits(wave: Wave) -> Wave:
    """As a wav holds it."""
    return (np.clip(np.rint(wave * 32768), -32768, 32767) / 32768).astype(np.float32)


def cut(wave: Wave, seconds: float = 1.25) -> Wave:
    """From the middle, off the grid of frames."""
    start = len(wave) // 4 + 77
    return wave[start : start + int(seconds * RATE)]


def by_telephone(wave: Wave) -> Wave:
    """Down to 8 kHz and up again."""
    return resample_poly(resample_poly(wave, 1, 2), 2, 1).astype(np.float32)


def after_silence(wave: Wave, samples: int = 5_003) -> Wave:
    return np.pad(wave, (samples, 0))


def gained(wave: Wave, decibels: float) -> Wave:
    return wave * np.float32(10 ** (decibels / 20))


# What happens to tracks on their way from one corpus to the next.
CHANGES: dict[str, Callable[[Wave], Wave]] = {
    "copy": lambda wave: wave,
    "20 ms later": lambda wave: after_silence(wave, 320),
    "20 ms cut off": lambda wave: wave[320:],
    "37 samples cut off": lambda wave: wave[37:],
    "silence in front": after_silence,
    "cut": cut,
    "-20 dB": lambda wave: gained(wave, -20),
    "+20 dB": lambda wave: gained(wave, 20),
    "AAC 32k": lambda wave: recode(wave, RATE, "aac", 32_000),
    "AAC 64k": lambda wave: recode(wave, RATE, "aac", 64_000),
    "MP3 32k": lambda wave: recode(wave, RATE, "mp3", 32_000),
    "MP3 64k": lambda wave: recode(wave, RATE, "mp3", 64_000),
    "Opus 16k": lambda wave: recode(wave, RATE, "opus", 16_000),
    "telephone": by_telephone,
    "AAC 32k, half a frame off, -12 dB": lambda wave: recode(gained(wave[128:], -12), RATE, "aac", 32_000),
    "cut, MP3 32k": lambda wave: recode(cut(wave), RATE, "mp3", 32_000),
    "cut, AAC 32k, -20 dB, silence": lambda wave: after_silence(
        recode(gained(cut(wave), -20), RATE, "aac", 32_000)
    ),
    "telephone, MP3 32k, cut": lambda wave: cut(recode(by_telephone(wave), RATE, "mp3", 32_000)),
    "upside down": lambda wave: -wave,
    "between two others": lambda wave: np.concatenate(
        [utterance(900, 1.0), cut(wave, 1.5), utterance(901, 1.0)]
    ),
}


def plant(root: Path, originals: int = 48, each: int = 11) -> pd.DataFrame:
    """Clips of train and val, and for each change `each` clips of test that hold a changed one of them.

    Every clip has a voice and a file name of its own, so that only its sound gives it away. Of the planted ones
    `planted` says what was done and `of` which clip they hold; as many clips of test again hold nothing.
    """
    rows = []

    def add(wave: Wave, side: str, planted: str = "", of: str = "") -> str:
        clip = f"{'abcdefghij'[len(rows) % 10]}{len(rows):04d}"
        soundfile.write(str(root / f"{clip}.wav"), wave, RATE, subtype="PCM_16")
        rows.append((clip, f"{clip}.wav", len(rows) % 2, f"v_{clip}", side, planted, of))
        return clip

    waves = [sixteen_bits(utterance(number)) for number in range(originals)]
    clips = [add(wave, "val" if number % 6 == 5 else "train") for number, wave in enumerate(waves)]
    for number, (name, change) in enumerate(list(CHANGES.items()) * each):
        chosen = number * 7 % originals
        add(change(waves[chosen]), "test", name, clips[chosen])
    for number in range(originals):
        add(utterance(1_000 + number, 1.5), "test")
    return pd.DataFrame(rows, columns=["clip", "path", "label", "voice", "split", "planted", "of"])
