"""The 26 figures a second, against librosa, and what padding and short clips must not change."""

from __future__ import annotations

import warnings
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from deepfake_audio.errors import UserError
from deepfake_audio.features import build_features
from deepfake_audio.features.handcrafted import COLUMNS, Handcrafted

# Largest difference from librosa, a figure. The roll-off is a bin of the spectrum, and where two of them weigh alike
# the last digit decides: that moves one of 32 frames by one bin. So it is where two tunings have as many votes.
TOLERANCE = {
    "chroma_stft": 0.01,
    "rms": 1e-6,
    "spectral_centroid": 0.05,
    "spectral_bandwidth": 0.05,
    "rolloff": 0.5,
    "zero_crossing_rate": 1e-6,
    **dict.fromkeys(COLUMNS[6:], 0.01),
}


def by_librosa(second: np.ndarray, rate: int) -> np.ndarray:
    """[T] -> [26]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of clips without tones and of short ones
        figures = [
            librosa.feature.chroma_stft(y=second, sr=rate),
            librosa.feature.rms(y=second),
            librosa.feature.spectral_centroid(y=second, sr=rate),
            librosa.feature.spectral_bandwidth(y=second, sr=rate),
            librosa.feature.spectral_rolloff(y=second, sr=rate),
            librosa.feature.zero_crossing_rate(second),
            *librosa.feature.mfcc(y=second, sr=rate, n_mfcc=20),
        ]
    return np.array([figure.mean() for figure in figures])


def made_speech(rate: int, seconds: float, seed: int = 0) -> np.ndarray:
    """Tones that glide, noise and a pause: [T]."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(rate * seconds)) / rate
    tones = sum(np.sin(2 * np.pi * k * (110 + 40 * time) * time) / k for k in range(1, 12))
    wave = 0.05 * tones * (1.2 + np.sin(7 * time)) + rng.normal(0, 0.004, len(time))
    wave[round(0.3 * rate) : round(0.4 * rate)] = 0.0
    return wave.astype(np.float32)


def check(front_end: Handcrafted, wave: np.ndarray) -> None:
    rate = front_end.sample_rate
    features, frames = front_end(torch.from_numpy(wave)[None], torch.tensor([len(wave)]))
    for second in range(int(frames)):
        expected = by_librosa(wave[second * rate : (second + 1) * rate], rate)
        off = np.abs(features[0, :, second].numpy() - expected)
        assert {n: d for n, d, most in zip(COLUMNS, off, TOLERANCE.values(), strict=True) if d > most} == {}


@pytest.mark.parametrize("rate", [16_000, 22_050])
def test_each_figure_is_librosas(rate: int) -> None:
    """The last part of a second, here 0.7 s, is measured as librosa measures a clip of that length."""
    check(Handcrafted(sample_rate=rate), made_speech(rate, 1.7))


def test_each_figure_is_librosas_on_speech(bench: Path) -> None:
    clips = pd.read_csv(bench / "speech" / "clips.csv").sample(3, random_state=0)
    for path in clips["path"]:
        wave, _ = soundfile.read(bench / "speech" / path, dtype="float32")
        check(Handcrafted(), wave[:40_000])


def test_rows_are_those_of_the_published_table(bench: Path) -> None:
    table = pd.read_csv(bench / "deep_voice" / "DATASET-balanced.csv", nrows=2)
    assert list(table.columns) == [*COLUMNS, "label"]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.1, 1), (0.6, 1), (1.4, 1), (1.5, 2), (2.0, 2), (2.4, 2)]
)
def test_half_a_second_counts(seconds: float, expected: int) -> None:
    wave = torch.from_numpy(made_speech(16_000, seconds))[None]
    features, frames = Handcrafted()(wave, torch.tensor([wave.shape[1]]))
    assert int(frames) == features.shape[2] == expected
    assert features.isfinite().all()


def test_a_clip_does_not_see_what_follows_it() -> None:
    wave, other = (torch.from_numpy(made_speech(16_000, 1.7, seed)) for seed in (0, 1))
    alone, frames = Handcrafted()(wave[None], torch.tensor([len(wave)]))
    padded = torch.stack(
        [torch.cat([wave, torch.full((30_000,), 0.3)]), other.repeat(3)[: len(wave) + 30_000]]
    )
    together, counted = Handcrafted()(padded, torch.tensor([len(wave), padded.shape[1]]))
    assert counted.tolist() == [int(frames), 4]
    torch.testing.assert_close(together[:1, :, : int(frames)], alone, rtol=1e-5, atol=1e-5)
    assert not together[0, :, int(frames) :].any()


def test_a_tone_shows_in_its_figures() -> None:
    time = torch.arange(16_000) / 16_000
    features, _ = Handcrafted()(0.5 * torch.sin(2 * torch.pi * 1000 * time)[None], torch.tensor([16_000]))
    told = dict(zip(COLUMNS, features[0, :, 0].tolist(), strict=True))
    assert told["spectral_centroid"] == pytest.approx(1000, abs=60)
    # At the edges the window hears the tone begin and end.
    assert told["rms"] == pytest.approx(0.5 / 2**0.5, rel=0.06)
    assert told["zero_crossing_rate"] == pytest.approx(2000 / 16_000, rel=0.06)


def test_silence_is_finite_and_has_no_tone() -> None:
    features, _ = Handcrafted()(torch.zeros(2, 16_000), torch.tensor([16_000, 9_000]))
    assert features.isfinite().all()
    assert not features[:, :6].any()


def test_settings_that_cannot_be_are_named() -> None:
    with pytest.raises(UserError, match="n_fft=20000"):
        build_features("handcrafted", n_fft=20_000)
    with pytest.raises(UserError, match="frame_hop_samples=0"):
        build_features("handcrafted", frame_hop_samples=0)
