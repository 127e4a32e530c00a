"""Fixed band-passes against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import firwin

from deepfake_audio.errors import UserError
from deepfake_audio.models.sinc import SincFilters


def mel_edges_hz(filters: int, sample_rate: int) -> np.ndarray:
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    return 700 * (10 ** (np.linspace(0, top, filters + 1) / 2595) - 1)


@pytest.mark.parametrize("sample_rate", [16_000, 8_000])
def test_filters_are_windowed_ideal_band_passes(sample_rate: int) -> None:
    filters = SincFilters(20, 128, sample_rate).taps[:, 0].numpy()
    assert filters.shape == (20, 129)
    edges = mel_edges_hz(20, sample_rate)
    lowest = firwin(129, edges[1], window="hamming", scale=False, fs=sample_rate)
    assert np.allclose(filters[0], lowest, atol=1e-7)
    for number in range(1, 19):
        band = list(edges[number : number + 2])
        expected = firwin(129, band, window="hamming", pass_zero=False, scale=False, fs=sample_rate)
        assert np.allclose(filters[number], expected, atol=1e-7)


def test_a_tone_passes_where_it_belongs() -> None:
    filters, edges = SincFilters(20, 1024, 16_000), mel_edges_hz(20, 16_000)
    for number in (5, 12, 19):
        hz = edges[number : number + 2].mean()
        tone = torch.sin(2 * torch.pi * hz * torch.arange(8_000) / 16_000)
        assert int(filters(tone[None, None]).abs().mean(dim=2).argmax()) == number


def test_nothing_is_learnt_or_kept() -> None:
    filters = SincFilters(4, 16, 16_000)
    assert not list(filters.parameters()) and not filters.state_dict()
    with pytest.raises(UserError, match="filters=0"):
        SincFilters(0, 16, 16_000)
