"""Detectors whose features have no frequencies are explained over time, on a spectrogram."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from deepfake_audio.detector import Detector
from deepfake_audio.errors import UserError
from deepfake_audio.explaining import METHODS, explain
from deepfake_audio.explaining.attribution import _laid_over
from deepfake_audio.explaining.over_time import shown_to_people, spread_over
from deepfake_audio.features import LogPower, build_features
from deepfake_audio.models import build_network
from deepfake_audio.models.network import Network
from deepfake_audio.report.explanation_page import write_explanation

from .made import RATE, Weighs, detector_of, noise, tone, with_tone_at

SECONDS = np.arange(101) * 0.01


class Energy(Network):
    """How loud samples are between two times speaks for fake."""

    def __init__(self, start: float, end: float) -> None:
        super().__init__()
        self.span = slice(int(start * RATE), int(end * RATE))

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        return features[:, 0, self.span].square().mean(dim=1) * 100


class Trees(Network):
    """An answer that no gradient leads back from, as of trees or of what was heard beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(100.0))

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        return features.detach().square().mean(dim=(1, 2)) * self.scale


def lfcc_in_time(start: float, end: float) -> Weighs:
    """It goes by what the coefficients are between two times, by rows in both directions."""
    weights = torch.zeros(60, 101)
    frames = torch.from_numpy((start <= SECONDS) & (end >= SECONDS))
    weights[0, frames] = 1.0
    return Weighs(weights)


def test_every_sample_of_evidence_ends_up_at_its_time() -> None:
    evidence = np.random.default_rng(0).normal(size=(3, RATE))
    spread = spread_over(evidence, np.arange(RATE) / RATE, 1 / RATE, SECONDS, 80)
    assert spread.shape == (80, 101)
    assert (spread == spread[0]).all()
    assert spread.sum() == pytest.approx(evidence.sum())
    # The frame at 0.5 s stands for the 160 samples around it, half of the outermost two each.
    around = evidence[:, 7_921:8_080].sum() + evidence[:, [7_920, 8_080]].sum() / 2
    assert spread[:, 50].sum() == pytest.approx(around)


def test_evidence_of_a_whole_second_is_told_of_all_of_it() -> None:
    evidence = np.array([[2.0, -1.0]])
    spread = spread_over(evidence, np.array([0.5, 1.5]), 1.0, np.arange(201) * 0.01, 1)[0]
    assert np.allclose(spread[1:100], 0.02)
    assert np.allclose(spread[101:200], -0.01)
    assert spread.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_it_is_drawn_on_a_spectrogram_at_any_rate(rate: int) -> None:
    drawn = shown_to_people(build_features("waveform", sample_rate=rate))
    assert isinstance(drawn, LogPower)
    assert drawn.hop_samples == rate // 100
    picture, _ = drawn(torch.randn(1, rate), torch.tensor([rate]))
    assert picture.shape == (1, drawn.bins, 101)
    # No band is deaf: an empty filter would draw a black line.
    assert picture.std(dim=2).min() > 0
    logmel = build_features("logmel")
    assert shown_to_people(logmel) is logmel


@pytest.mark.parametrize("method", ["integrated_gradients", "lime"])
def test_cepstra_are_explained_by_when(method: str) -> None:
    wave = with_tone_at(0.5, 0.75, 3000, 1.0)
    told = explain(detector_of(lfcc_in_time(0.5, 0.75), features="lfcc"), wave, method, samples=64)
    assert told.over_time_only
    assert told.stretches[0].evidence.shape == (80, 101)
    strongest = told.patches[0]
    assert strongest.start_seconds - 0.01 <= 0.5 < 0.75 <= strongest.end_seconds + 0.01
    assert strongest.low_hz is None
    assert strongest.share > 0.8
    assert "speaks for fake. It lies mostly between 0.5 and 0." in told.words
    assert "frequenc" not in told.words
    assert "told over time alone" in told.how
    if method == "integrated_gradients":
        assert told.silence.of_evidence_for_fake == pytest.approx(0.0, abs=0.1)


def test_what_is_told_over_time_has_the_sum_that_was_found() -> None:
    told = explain(
        detector_of(lfcc_in_time(0.2, 0.9), features="lfcc"),
        noise(1.0),
        "integrated_gradients",
        random_orders=0,
    )
    # The answer to the baseline is 0.
    assert told.stretches[0].evidence.sum() == pytest.approx(told.windows[0].logit, abs=1e-3)


@pytest.mark.parametrize("method", ["integrated_gradients", "lime"])
def test_samples_are_explained_by_when(method: str) -> None:
    wave = with_tone_at(0.25, 0.5, 440, 1.0)
    told = explain(detector_of(Energy(0.2, 0.8), features="waveform"), wave, method, samples=64)
    assert told.patches[0].start_seconds == pytest.approx(0.25, abs=0.01)
    assert told.patches[0].share > 0.9
    assert told.silence_is_nothing
    assert "putting silence in their place" in told.how
    content = json.loads(json.dumps(told.to_dict(), allow_nan=False))
    assert content["baseline"] == "digital silence (0)"
    assert content["patches"][0]["low_hz"] is None


def test_taking_away_the_right_time_beats_chance() -> None:
    """Over several windows, for a second has four patches of time, and one order in 24 is the right one."""
    weights = torch.linspace(-1, 1, 101 * 4)[: 4 * 100 + 1]
    net = Weighs(torch.cat([weights[None], torch.zeros(59, 401)]))
    wave = noise(8.0) * np.repeat(np.random.default_rng(1).uniform(0.1, 1, 32), RATE // 4).astype(np.float32)
    told = explain(detector_of(net, 4 * RATE, features="lfcc"), wave, "integrated_gradients")
    assert told.faithfulness is not None
    assert told.faithfulness.faithful


@pytest.mark.parametrize("features", ["lfcc", "cqt"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_a_real_network(features: str, method: str) -> None:
    detector, wave = real_detector(features), noise(1.2)
    told = explain(detector, wave, method, samples=8, random_orders=2, points=3)
    assert told.verdict == detector.predict_waveform(wave)
    assert told.stretches[0].evidence.shape[0] == len(told.bin_hz)


def test_the_page_has_no_column_for_frequencies_where_there_are_none(tmp_path: Path) -> None:
    wave = noise(1.0)
    told = explain(real_detector("lfcc"), wave, "gradcam", random_orders=0)
    page = write_explanation(told, wave, RATE, tmp_path / "explained").read_text("utf-8")
    assert re.findall(r"<th\b[^>]*>([^<]*)</th>", page)[:2] == ["time", "share"]
    assert "Hz</td>" not in page


def real_detector(features: str) -> Detector:
    """A small network with random weights, listening half a second at a time."""
    torch.manual_seed(0)
    net = build_network("cnn", bins=build_features(features).bins, channels=(4, 8), hidden=8)
    return detector_of(net, RATE // 2, features)


def test_what_has_no_gradient_is_told_to_take_lime() -> None:
    detector = detector_of(Trees(), features="lfcc")
    with pytest.raises(UserError, match=r"Trees has no gradient .*--method lime"):
        explain(detector, noise(1.0), "integrated_gradients")
    told = explain(detector, noise(1.0), "lime", samples=16, random_orders=0)
    assert np.isfinite(told.stretches[0].evidence).all()


def test_figures_that_are_not_standardised_are_held_against_their_mean() -> None:
    """A second whose centroid lies above the recording's mean speaks for fake by so much, the others for real."""
    centroid = torch.zeros(26, 3)
    centroid[2] = 1.0
    wave = np.concatenate([tone(500, 1.0), tone(3000, 1.0), tone(1000, 1.0)])
    detector = detector_of(Weighs(centroid, scale=26.0), 3 * RATE, features="handcrafted")
    told = explain(detector, wave, "integrated_gradients", random_orders=0)
    found = told.stretches[0].evidence.sum(axis=0)
    by_second = np.array([found[5:95].mean(), found[105:195].mean(), found[205:295].mean()]) * 100
    expected = (np.array([500, 3000, 1000]) - 1500) / 3
    assert np.allclose(by_second, expected, atol=0.05 * np.abs(expected).max())
    assert told.windows[0].logit == pytest.approx(told.verdict.logit, rel=1e-5)
    assert "mean over what was explained" in told.to_dict()["baseline"]


def test_maps_higher_than_the_picture_belong_to_it_as_a_whole() -> None:
    """What a network makes of one row of samples has rows of its own."""
    maps = torch.arange(4.0).view(1, 1, 4, 1).expand(1, 1, 4, 10)
    assert torch.allclose(_laid_over(maps, 1, 640), torch.full((1, 1, 640), 1.5))
