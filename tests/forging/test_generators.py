"""The generators' parts against what a signal must be, and all of them through a step of training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from deepfake_audio.forging.generators import (
    BREATH,
    LAYOUTS,
    LEVELS_EACH_SIDE,
    Generator,
    voice_source,
)

RATE = 16_000


def tone(hz: float, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    return 0.1 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_keeps_the_length_and_every_weight_learns(name: str) -> None:
    layout = LAYOUTS[name]
    torch.manual_seed(0)
    generator = Generator(layout)
    wave = torch.randn(2, 12 * layout.hop_samples) * 0.1
    made = generator(wave, torch.randn_like(wave) if layout.needs_source else None)
    assert made.shape == wave.shape
    made.square().sum().backward()
    still = [
        name for name, weight in generator.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    # Only layouts that breathe use the strength of their breath.
    assert [name for name in still if layout.noisy or not name.endswith("breath")] == []


def test_a_codec_hands_on_its_levels_alone() -> None:
    torch.manual_seed(0)
    generator = Generator(LAYOUTS["frames16"]).eval()
    coded = generator.hear(torch.randn(1, 8 * 256)) * LEVELS_EACH_SIDE
    assert torch.equal(coded, coded.round())
    assert len(coded.unique()) > 2
    assert coded.abs().max() <= LEVELS_EACH_SIDE


def test_the_mel_is_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    layout = LAYOUTS["hifigan22"]
    wave = np.random.default_rng(0).normal(0, 0.1, 256 * 40).astype(np.float32)
    heard = Generator(layout).hear(torch.from_numpy(wave)[None])[0].numpy()
    spectra = np.abs(
        librosa.stft(np.pad(wave, 384, mode="reflect"), n_fft=1024, hop_length=256, center=False)
    )
    filters = librosa.filters.mel(sr=22_050, n_fft=1024, n_mels=80, fmax=8000.0)
    np.testing.assert_allclose(heard, np.log(np.maximum(filters @ spectra, 1e-4)), atol=1e-3)


def test_the_source_beats_at_the_pitch_of_the_voice() -> None:
    pytest.importorskip("pyworld")
    voice = sum((tone(150.0 * harmonic) for harmonic in range(1, 11)), np.zeros(RATE // 2))
    source = voice_source(voice, 24_000, np.random.default_rng(0))
    assert len(source) == 12_000
    middle = source[3000:9000] * np.hanning(6000)
    spectrum = np.abs(np.fft.rfft(middle))
    at = np.arange(150, 7000, 150) * 6000 // 24_000
    beside = at + 75 * 6000 // 24_000
    assert np.median(spectrum[at]) > 5 * np.median(spectrum[beside])


def test_the_source_of_silence_is_breath() -> None:
    pytest.importorskip("pyworld")
    source = voice_source(np.zeros(RATE), RATE, np.random.default_rng(0))
    assert source.std() == pytest.approx(BREATH, rel=0.05)
