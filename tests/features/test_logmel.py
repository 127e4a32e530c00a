"""Properties that a log-mel spectrogram has beside those of every front end."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from deepfake_audio.errors import UserError
from deepfake_audio.features import LogMel, build_features

from .sounds import RATE, tone


def mel_bin_of(hz: float, n_mels: int, f_min: float, f_max: float) -> int:
    """Slaney's mel scale, written out anew: linear to 1 kHz, logarithmic above."""

    def mel(f: float) -> float:
        return f / (200 / 3) if f < 1000 else 15 + np.log(f / 1000) / (np.log(6.4) / 27)

    centres = np.linspace(mel(f_min), mel(f_max), n_mels + 2)[1:-1]
    return int(np.argmin(np.abs(centres - mel(hz))))


@pytest.mark.parametrize("hz", [200.0, 440.0, 1000.0, 3000.0, 6500.0])
def test_a_tone_lands_in_its_mel_bin(hz: float) -> None:
    features, _ = LogMel()(tone(hz), torch.tensor([RATE]))
    assert abs(int(features[0, :, 50].argmax()) - mel_bin_of(hz, 80, 20, 8000)) <= 1


def test_an_unknown_front_end_is_named() -> None:
    with pytest.raises(UserError, match=r"'mfc'.*logmel"):
        build_features("mfc")


@pytest.mark.parametrize("how", [{}, {"n_mels": 40, "f_min_hz": 300.0, "f_max_hz": 7000.0}])
@pytest.mark.parametrize("hz", [440.0, 1000.0, 3000.0, 6500.0])
def test_bins_say_which_frequency_they_hear(how: dict[str, float], hz: float) -> None:
    front_end = LogMel(**how)  # type: ignore[arg-type]
    features, _ = front_end(tone(hz), torch.tensor([RATE]))
    found = int(features[0, :, 50].argmax())
    # A bin of the spectrum beneath is 31 Hz wide, so the strongest filter may be the next one.
    edges = front_end.bin_edges_hz()
    assert edges[found] - 16 <= hz <= edges[found + 1] + 16
    assert ((edges[:-1] < front_end.bin_hz()) & (front_end.bin_hz() < edges[1:])).all()
    assert front_end.bin_hz().shape == (front_end.n_mels,)


@pytest.mark.parametrize("hop_samples", [160, 200])
def test_frames_say_when_they_hear(hop_samples: int) -> None:
    """A click is loudest in the frame whose middle is nearest to it."""
    front_end = LogMel(hop_samples=hop_samples)
    for at in (0, 3_210, 8_000, 15_900):
        waveform = torch.randn(1, RATE, generator=torch.manual_seed(0)) * 1e-4
        waveform[0, at] = 1.0
        features, _ = front_end(waveform, torch.tensor([RATE]))
        loudest = int(features[0].mean(dim=0).argmax())
        seconds = front_end.frame_seconds(features.shape[-1])
        assert abs(float(seconds[loudest]) - at / RATE) <= hop_samples / RATE / 2 + 1e-9
