"""RawBoost: each kind of noise by its formula, and what the paper's numbers put together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import firwin, freqz, lfilter
from torch import Tensor

from deepfake_audio.augment import RawBoost
from deepfake_audio.augment.levels import mean_power
from deepfake_audio.augment.notches import BLOCK, Notches, draw_notches, notch_spectra
from deepfake_audio.augment.rawboost import CHANNEL, IMPULSES, STEADY

RATE = 16_000
CPU = torch.device("cpu")


def speech(clips: int = 3, length: int = 9_000, level: float = 0.1) -> Tensor:
    return level * torch.randn(clips, length, generator=torch.Generator().manual_seed(0))


def reference_taps(filters: Notches, clip: int, power: int) -> np.ndarray:
    """The same filter by scipy: band-stops one after the other, the strongest frequency at the gain."""
    taps = np.ones(1)
    each = (value[clip, power].tolist() for value in (filters.centre_hz, filters.width_hz, filters.taps))
    for centre, width, count in zip(*each, strict=True):
        edges = max(centre - width / 2, 1e-3), min(centre + width / 2, RATE / 2 - 1e-3)
        taps = np.convolve(taps, firwin(int(count), edges, window="hamming", fs=RATE, scale=False))
    _, gain = freqz(taps, worN=BLOCK // 2, include_nyquist=True)
    return taps / abs(gain).max() * 10 ** (float(filters.gain_db[clip, power]) / 20)


def test_notches_are_scipys_filters() -> None:
    torch.manual_seed(0)
    filters = draw_notches(torch.tensor([[0.0, -7.0], [0.0, -12.0], [3.0, 0.0]]))
    spectra = notch_spectra(filters, RATE)
    for clip in range(3):
        for power in range(2):
            _, gain = freqz(reference_taps(filters, clip, power), worN=BLOCK // 2 + 1, include_nyquist=True)
            assert np.allclose(spectra[clip, power].abs().numpy(), abs(gain), atol=2e-4)


def test_a_linear_channel_is_scipys_filtering_without_its_delay() -> None:
    torch.manual_seed(1)
    boost, wave, samples = RawBoost(1, powers=1), speech(), torch.full((3,), 9_000)
    filters = boost.draw(3, 9_000, CPU)[CHANNEL]["filters"]
    heard = boost.with_channel(wave, samples, filters=filters)
    for clip in range(3):
        taps = reference_taps(filters, clip, 0)
        delay = len(taps) // 2
        late = lfilter(taps, 1, np.pad(wave[clip].numpy(), (0, delay)))
        expected = late[delay:] - late[delay:].mean()
        assert np.allclose(heard[clip].numpy(), expected, atol=2e-4)


def test_a_bent_channel_adds_filtered_powers() -> None:
    """In all, what each power gives by itself."""
    torch.manual_seed(2)
    boost, wave, samples = RawBoost(1, powers=3), speech(), torch.full((3,), 9_000)
    filters = boost.draw(3, 9_000, CPU)[CHANNEL]["filters"]
    alone = RawBoost(1, powers=1)
    parts = [
        alone.with_channel(
            wave**power,
            samples,
            filters=Notches(*(value[:, power - 1 : power] for value in vars(filters).values())),
        )
        for power in (1, 2, 3)
    ]
    assert torch.allclose(boost.with_channel(wave, samples, filters=filters), sum(parts), atol=1e-6)
    assert filters.gain_db[:, 0].abs().max() == 0
    assert ((filters.gain_db[:, 1:] <= -5) & (filters.gain_db[:, 1:] >= -20)).all()


def test_impulses_hit_their_share_of_the_samples_in_proportion_to_them() -> None:
    torch.manual_seed(3)
    boost, wave, samples = (
        RawBoost(2, impulse_share=0.2, impulse_gain=2.0),
        speech(40),
        torch.full((40,), 9_000),
    )
    drawn = boost.draw(40, 9_000, CPU)[IMPULSES]
    heard = boost.with_impulses(wave, samples, **drawn)
    hit = heard != wave
    shares = hit.float().mean(dim=1)
    assert shares.max() < 0.22
    assert shares.max() - shares.min() > 0.1
    relative = ((heard - wave) / wave)[hit]
    assert relative.abs().max() <= 2.0001
    # The product of two even draws: mean 0, and as spread as one third of the gain.
    assert float(relative.mean()) == pytest.approx(0, abs=0.02)
    assert float(relative.std()) == pytest.approx(2 / 3, abs=0.02)


def test_steady_noise_lies_below_the_clip_as_drawn_and_has_its_notches() -> None:
    torch.manual_seed(4)
    boost, wave = RawBoost(3), speech(8)
    samples = torch.tensor([9_000] * 4 + [5_000] * 4)
    drawn = boost.draw(8, 9_000, CPU)[STEADY]
    added = boost.with_steady(wave, samples, **drawn) - wave
    snr_db = 10 * (mean_power(wave, samples) / mean_power(added, samples)).log10()
    assert torch.allclose(snr_db, drawn["snr_db"], atol=0.05)
    assert ((drawn["snr_db"] >= 10) & (drawn["snr_db"] <= 40)).all()
    gain = notch_spectra(drawn["filters"], RATE)[:, 0].abs()
    power = (
        torch.fft.rfft(added[:, :8_192].unflatten(1, (4, BLOCK)) * torch.hann_window(BLOCK))
        .abs()
        .square()
        .mean(1)
    )
    assert (power[gain < 0.02].mean() < 0.01 * power[gain > 0.5].mean()).item()


@pytest.mark.parametrize(
    ("algorithm", "kinds"),
    [(0, ""), (1, "c"), (2, "i"), (3, "s"), (4, "cis"), (5, "ci"), (6, "cs"), (7, "is")],
)
def test_a_series_is_one_kind_after_the_other(algorithm: int, kinds: str) -> None:
    torch.manual_seed(5)
    boost, wave, samples = RawBoost(algorithm), speech(), torch.tensor([9_000, 9_000, 4_000])
    drawn = boost.draw(3, 9_000, CPU)
    expected = wave
    steps = {
        "c": (CHANNEL, boost.with_channel),
        "i": (IMPULSES, boost.with_impulses),
        "s": (STEADY, boost.with_steady),
    }
    for kind in kinds:
        name, step = steps[kind]
        expected = step(expected, samples, **drawn[name])
    assert len(drawn) == len(kinds)
    assert torch.equal(boost.change(wave, samples, **drawn), expected)


def test_side_by_side_is_the_sum_of_both_within_full_scale() -> None:
    torch.manual_seed(6)
    boost, samples = RawBoost(8), torch.full((3,), 9_000)
    wave = speech(level=0.02)
    drawn = boost.draw(3, 9_000, CPU)
    both = boost.with_channel(wave, samples, **drawn[CHANNEL]) + boost.with_impulses(
        wave, samples, **drawn[IMPULSES]
    )
    assert torch.allclose(boost.change(wave, samples, **drawn), both)
    assert boost.change(40 * wave, samples, **drawn).abs().amax(dim=1).tolist() == pytest.approx([1] * 3)
