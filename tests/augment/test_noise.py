"""Noise: as far below the speech as drawn, of the colour that was drawn, from a folder where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from deepfake_audio.augment import Noise, build_augmentation
from deepfake_audio.augment.levels import mean_power, speech_power
from deepfake_audio.errors import UserError
from deepfake_audio.features import valid_frames

RATE = 16_000


def voice(length: int = 2 * RATE) -> Tensor:
    """A buzz with a pause in its middle, 8 clips: [B, T]."""
    clock = torch.arange(length) / RATE
    buzz = sum(torch.sin(2 * torch.pi * 120 * n * clock) / n for n in range(1, 20))
    buzz[length // 3 : length // 2] = 0
    return (0.1 * buzz).expand(8, length).clone()


def noises(noise: Noise, samples: Tensor, clips: Tensor) -> tuple[Tensor, dict[str, Any]]:
    """What is added, and what was drawn for it."""
    drawn = noise.draw(len(clips), clips.shape[1], clips.device)
    return (noise.change(clips, samples, **drawn) - clips) * valid_frames(samples, clips.shape[1]), drawn


@pytest.mark.parametrize("babble_share", [0.0, 1.0])
def test_it_lies_below_the_speech_as_drawn(babble_share: float) -> None:
    torch.manual_seed(0)
    samples = torch.tensor([32_000] * 4 + [20_000] * 4)
    clips = voice() * valid_frames(samples, 32_000)
    added, drawn = noises(Noise((0, 30), babble_share=babble_share), samples, clips)
    snr_db = 10 * (speech_power(clips, samples, RATE) / mean_power(added, samples)).log10()
    assert torch.allclose(snr_db, drawn["snr_db"], atol=0.05)
    assert drawn["snr_db"].max() - drawn["snr_db"].min() > 5


@pytest.mark.parametrize("slope", [0.0, -3.0, -6.0])
def test_its_colour_is_the_slope(slope: float) -> None:
    torch.manual_seed(1)
    added, _ = noises(
        Noise(slope_db_per_octave=(slope, slope), babble_share=0.0), torch.full((8,), 32_000), voice()
    )
    power = torch.fft.rfft(added).abs().square().mean(dim=0)
    octaves = [10 * power[2 * low : 4 * low].mean().log10() for low in (250, 500, 1_000, 2_000, 4_000)]
    steps = torch.stack(octaves).diff()
    # An octave's bins, whose mean this is, fall by the slope from one octave to the next.
    assert steps.mean().item() == pytest.approx(slope, abs=0.3)


def test_babble_has_the_voices_spectrum_without_its_harmonics() -> None:
    torch.manual_seed(2)
    length = 2 * RATE
    clock = torch.arange(length) / RATE
    clips = sum(torch.sin(2 * torch.pi * 500 * n * clock) for n in (1, 2)).expand(8, length) * 0.1
    added, _ = noises(Noise(babble_share=1.0), torch.full((8,), length), clips)
    power = torch.fft.rfft(added).abs().square().mean(dim=0)
    near, between, far = power[940:1_060].mean(), power[1_300:1_700].mean(), power[6_000:].mean()
    assert near > 20 * between
    assert near > 1_000 * far
    # Spread over many bins, where the tone had all its power in one.
    assert power[940:1_060].max() < 20 * near


def test_babble_swells_and_plain_noise_does_not() -> None:
    torch.manual_seed(4)
    unbroken = voice(RATE)[:, :4_000].repeat(1, 8)
    for babble_share, least, most in ((0.0, 0.0, 1.2), (1.0, 1.6, 6.0)):
        added, _ = noises(Noise(babble_share=babble_share), torch.full((8,), 2 * RATE), unbroken)
        level_db = 10 * added.unflatten(1, (20, -1)).square().mean(dim=2).log10()
        assert least < level_db.std(dim=1).mean() < most


def test_noise_has_no_constant_offset() -> None:
    added, _ = noises(Noise((0, 0), (-6, -6), babble_share=0.0), torch.full((8,), 2 * RATE), voice())
    assert added.mean(dim=1).abs().max() < 1e-4 * added.std()


def test_noise_of_a_folder_is_that_of_its_recordings(tmp_path: Path) -> None:
    torch.manual_seed(3)
    clock = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "hum.wav", 0.2 * np.sin(2 * np.pi * 3_000 * clock), RATE)
    both = 0.01 * np.sin(2 * np.pi * 1_000 * np.arange(22_050) / 22_050)
    soundfile.write(tmp_path / "other.flac", np.stack([both, both], axis=1), 22_050)
    (tmp_path / "readme.txt").write_text("not a sound")
    noise = Noise((10, 10), folder=tmp_path)
    samples = torch.full((8,), 2 * RATE)
    added, _ = noises(noise, samples, voice())
    power = torch.fft.rfft(added).abs().square().mean(dim=0)
    # A stretch that goes over from one to the other smears its line a little.
    heard = torch.stack([power[line - 20 : line + 20].sum() for line in (2_000, 6_000)]) / power.sum()
    # Both at the rate of the batch and, whatever their own level, about as loud.
    assert heard.sum() > 0.9
    assert heard.min() > 0.3
    snr_db = 10 * (speech_power(voice(), samples, RATE) / mean_power(added, samples)).log10()
    assert torch.allclose(snr_db, torch.full((8,), 10.0), atol=0.05)


def test_a_folder_without_recordings_or_with_bad_ones_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no recording"):
        build_augmentation("noise", folder=str(tmp_path))
    soundfile.write(tmp_path / "zeros.wav", np.zeros(100), RATE)
    with pytest.raises(UserError, match=r"zeros\.wav is silent"):
        build_augmentation("room", folder=str(tmp_path))
    (tmp_path / "zeros.wav").unlink()
    hiss = np.random.default_rng(0).normal(0, 0.1, 1_000)
    soundfile.write(tmp_path / "against.wav", np.stack([hiss, -hiss], axis=1), RATE, "FLOAT")
    with pytest.raises(UserError, match=r"against\.wav is silent .*as mono"):
        build_augmentation("noise", folder=str(tmp_path))
    (tmp_path / "a.wav").write_bytes(b"no sound at all")
    with pytest.raises(UserError, match=r"a\.wav cannot be read"):
        build_augmentation("noise", folder=str(tmp_path))
