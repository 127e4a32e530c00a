"""Band-limiting, gain, polarity and devices: gains as a closed form or a measurement has them."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.signal import butter, freqs
from torch import Tensor

from deepfake_audio.augment import Band, Device, Gain, Polarity
from deepfake_audio.augment.device import limited
from deepfake_audio.augment.filters import DB_PER_OCTAVE_AND_ORDER, high_pass, low_pass

RATE = 16_000
SAMPLES = torch.full((1,), RATE)


def tone(hz: float) -> Tensor:
    return 0.3 * torch.sin(2 * torch.pi * hz * torch.arange(RATE) / RATE).unsqueeze(0)


def db(heard: Tensor, before: Tensor) -> float:
    """Gain in the middle, away from the ends."""
    middle = slice(RATE // 4, -RATE // 4)
    return float(10 * (heard[:, middle].square().mean() / before[:, middle].square().mean()).log10())


@pytest.mark.parametrize("order", [2, 5])
@pytest.mark.parametrize("kind", ["low", "high"])
def test_gains_are_butterworths(order: int, kind: str) -> None:
    hz, edge = torch.linspace(50, 7_900, 100), 1_500.0
    slope = torch.tensor([order * DB_PER_OCTAVE_AND_ORDER])
    gain = (low_pass if kind == "low" else high_pass)(hz, torch.tensor([edge]), slope)
    _, reference = freqs(*butter(order, edge, kind, analog=True), worN=hz.numpy())
    assert torch.allclose(gain[0], torch.from_numpy(abs(reference)).float(), atol=1e-5)


def test_an_octave_beyond_its_edges_a_tone_has_lost_the_slope() -> None:
    band = Band((2_000, 2_000), (500, 500), (48, 48), share=1.0).train()
    assert db(band(tone(1_000), SAMPLES), tone(1_000)) == pytest.approx(0, abs=0.1)
    assert db(band(tone(4_000), SAMPLES), tone(4_000)) == pytest.approx(-48, abs=0.3)
    assert db(band(tone(250), SAMPLES), tone(250)) == pytest.approx(-48, abs=0.3)
    assert db(band(tone(2_000), SAMPLES), tone(2_000)) == pytest.approx(-3.01, abs=0.1)


def test_band_limiting_shifts_nothing_in_time_and_removes_an_offset() -> None:
    click = torch.zeros(1, RATE)
    click[0, 5_000] = 1
    heard = Band((3_400, 3_400), (100, 100), (24, 24), share=1.0).train()(click + 0.2, SAMPLES)
    assert int(heard.argmax()) == 5_000
    assert abs(float(heard[0, 6_000:10_000].mean())) < 0.02


def test_a_sound_at_the_end_does_not_ring_into_the_beginning() -> None:
    wave = torch.zeros(1, RATE)
    wave[0, -200:] = tone(2_000)[0, -200:]
    heard = Band((2_000, 2_000), (100, 100), (96, 96), share=1.0).train()(wave, SAMPLES)
    assert heard[:, :200].abs().max() < 1e-3 * heard.abs().max()


def test_gain_is_exact_and_clips_only_when_told() -> None:
    wave = tone(440)
    louder = Gain((20, 20), clip=False, share=1.0).train()(wave, SAMPLES)
    assert torch.allclose(louder, 10 * wave)
    assert torch.equal(Gain((20, 20), clip=True, share=1.0).train()(wave, SAMPLES), louder.clamp(-1, 1))
    assert torch.allclose(Gain((-6, -6), share=1.0).train()(wave, SAMPLES), wave * 10 ** (-6 / 20))


def test_gains_fill_their_range() -> None:
    torch.manual_seed(0)
    gains = Gain((-10, 5), share=1.0).draw(4_000, 1, torch.device("cpu"))["gain_db"]
    assert -10 <= gains.min() < -9.9
    assert 4.9 < gains.max() <= 5
    assert float(gains.mean()) == pytest.approx(-2.5, abs=0.3)


def test_polarity_is_exact() -> None:
    assert torch.equal(Polarity(share=1.0).train()(tone(440), SAMPLES), -tone(440))


def test_a_devices_response_goes_through_its_points_and_no_further() -> None:
    device = Device(points=5, response_db=8.0)
    points = torch.tensor([[1.0, -8.0, 8.0, 0.0, 4.0]])
    at = 60 * (RATE / 2 / 60) ** (torch.arange(5) / 4)
    assert torch.allclose(device.response(at, points), points, atol=1e-3)
    everywhere = device.response(torch.linspace(0, RATE / 2, 8_000), points)
    assert everywhere.abs().max() <= 8.0
    # Level at its points, so that no corner rings.
    assert torch.allclose(device.response(at * 1.02, points), points, atol=0.15)


def test_a_device_weighs_frequencies_as_drawn() -> None:
    both = tone(60) + tone(8_000 * (60 / 8_000) ** 0.5)
    drawn = {"roll_off_hz": torch.tensor([math.inf]), "drive": torch.zeros(1)}
    heard = Device(points=3).change(both, SAMPLES, response_db=torch.tensor([[-6.0, 6.0, 0.0]]), **drawn)
    spectrum, before = (torch.fft.rfft(wave[0]).abs() for wave in (heard, both))
    ratio = (spectrum[693] / before[693]) / (spectrum[60] / before[60])
    assert 20 * float(ratio.log10()) == pytest.approx(12, abs=0.5)


def test_soft_clipping_keeps_peaks_lifts_the_rest_and_adds_odd_harmonics() -> None:
    wave = tone(500)
    bent = limited(wave, torch.tensor([1.5]))
    assert bent.abs().max() == pytest.approx(float(wave.abs().max()))
    assert bent.square().mean() > 1.2 * wave.square().mean()
    lines = torch.fft.rfft(bent[0]).abs()
    assert lines[1_500] > 0.02 * lines[500] > 1_000 * lines[1_000]
    assert torch.allclose(limited(wave, torch.zeros(1)), wave, atol=1e-4)
