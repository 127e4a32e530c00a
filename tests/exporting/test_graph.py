"""The parts of the graph against what they stand for: windows, level, transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from deepfake_audio.audio import window_starts
from deepfake_audio.errors import UserError
from deepfake_audio.exporting.graph import Levelled, check_exportable, cut
from deepfake_audio.exporting.plain import plain
from deepfake_audio.features import build_features
from deepfake_audio.neutral import levelled

from .made import RATE, SMALL, make_detector


def test_windows_are_those_of_prediction() -> None:
    """Of clips of all lengths in one batch; what stands behind a clip's end is not in them."""
    window = 7
    lengths = torch.arange(1, 40)
    waveform = torch.arange(1.0, 41.0).repeat(len(lengths), 1)
    windows, valid, counted = cut(waveform, lengths, window)
    for clip, length in enumerate(lengths.tolist()):
        starts = window_starts(length, window)
        assert int(counted[clip].sum()) == len(starts)
        for number, start in enumerate(starts):
            heard = min(window, length)
            wanted = torch.zeros(window)
            wanted[:heard] = torch.arange(start + 1.0, start + heard + 1)
            assert torch.equal(windows[clip, number], wanted)
            assert int(valid[clip, number]) == heard


@pytest.mark.parametrize(("n_fft", "window", "hop"), [(512, 400, 160), (441, 441, 100), (509, 300, 77)])
def test_power_is_that_of_the_exact_transform(n_fft: int, window: int, hop: int) -> None:
    """Against double precision, 80 dB down; lengths that are no powers of two, one of them a prime."""
    features = build_features(
        "spectrum", sample_rate=RATE, n_fft=n_fft, window_samples=window, hop_samples=hop, f_min_hz=0.0
    )
    seconds = torch.arange(2 * RATE + 13) / RATE
    torch.manual_seed(0)
    wave = (0.5 * torch.sin(2 * torch.pi * 200 * seconds) + 1e-4 * torch.randn(len(seconds))).repeat(2, 1)
    wave[1] = torch.randn(len(seconds))
    exact = torch.stft(
        wave.double(), n_fft, hop, window, torch.hann_window(window).double(), pad_mode="constant",
        return_complex=True,
    ).abs().square()  # fmt: skip
    power = plain(features).power(wave)
    assert power.shape == exact.shape
    heard = exact > 1e-8 * exact.amax(dim=(1, 2), keepdim=True)
    error_db = (10 * torch.log10(power.double() / exact))[heard].abs()
    # A prime length is a single sum, as a convolution would be.
    assert error_db.mean() < (1e-5 if n_fft != 509 else 1e-3)
    assert error_db.max() < 0.05 * (1 if n_fft != 509 else 10)


@pytest.mark.parametrize("name", ["logmel", "spectrum", "lfcc", "mfcc", "cqt", "waveform"])
def test_plain_front_ends_show_the_same_picture(name: str) -> None:
    features = build_features(name, sample_rate=RATE)
    torch.manual_seed(0)
    seconds = torch.arange(RATE) / RATE
    wave = 0.3 * torch.sign(torch.sin(2 * torch.pi * 150 * seconds)) + 0.01 * torch.randn(3, RATE)
    samples = torch.tensor([RATE, RATE // 2, 9_001])
    wave = wave * (torch.arange(RATE) < samples[:, None])
    wanted, frames = features(wave, samples)
    picture, plain_frames = plain(features)(wave, samples)
    assert torch.equal(frames, plain_frames)
    torch.testing.assert_close(picture, wanted, rtol=0, atol=0.01 if name == "cqt" else 2e-3)


def test_level_is_neutrals() -> None:
    rng = np.random.default_rng(0)
    module = Levelled(-26.0, RATE)
    wave = rng.normal(0, 0.02, (4, RATE)).astype(np.float32)
    wave[0, 5_000:] *= 0.001
    wave[1] *= 1e-3
    wave[2, 100] = 1.0
    wave[3] = 0
    lengths = [RATE, 12_345, RATE, RATE]
    wave[1, 12_345:] = 0
    found = module(torch.from_numpy(wave), torch.tensor(lengths)).numpy()
    for window, length, result in zip(wave, lengths, found, strict=True):
        np.testing.assert_allclose(
            result[:length], levelled(window[:length], RATE, -26.0), rtol=1e-5, atol=1e-8
        )


@pytest.mark.parametrize(
    ("neutral", "named"), [({"name": "all"}, "codec mp3 and band"), ({"low_hz": 60.0}, "band")]
)
def test_what_no_graph_can_do_is_refused(neutral: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        check_exportable(make_detector(SMALL["cnn"], {"name": "logmel"}, neutral=neutral))
