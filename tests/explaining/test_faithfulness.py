"""Curves that tell a true reason from a wrong one, and from chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from deepfake_audio.explaining.faithfulness import Faithfulness, faithfulness, gain
from deepfake_audio.explaining.patches import Floats, patches
from deepfake_audio.features import LogMel

from .made import FRAMES, RATE, Weighs, high_band, noise

GRID = patches(80, LogMel().frame_seconds(FRAMES).numpy())
LISTENS = high_band()


def picture(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return LogMel()(torch.from_numpy(noise(1.0, seed)).unsqueeze(0), torch.tensor([RATE]))


def judged(evidence: Floats, seed: int = 0) -> Faithfulness:
    return faithfulness(LISTENS, [picture()], [evidence], [GRID], seed)


def truth() -> Floats:
    return (picture()[0][0] * LISTENS.weights).double().numpy()


def test_the_true_reason_beats_chance_and_a_wrong_one_does_not() -> None:
    right, wrong = judged(truth()), judged(-truth())
    assert right.faithful
    assert not wrong.faithful
    assert right.gain > 0 > wrong.gain
    assert "clearly faster" in right.words
    assert "don't rely" in wrong.words


def test_reasons_drawn_at_random_are_hardly_ever_called_faithful() -> None:
    random = np.random.default_rng(0)
    found = [judged(random.random((80, FRAMES))[GRID % 80, 0], seed) for seed in range(20)]
    assert sum(each.faithful for each in found) <= 1
    gains = np.array([each.gain for each in found])
    assert abs(gains.mean()) < 3 * gains.std() / np.sqrt(len(gains))


def test_evidence_for_real_is_judged_as_that_for_fake_is() -> None:
    """A network that says the opposite, and evidence to match: mirrored curves, and the same gain."""
    against = Weighs(torch.zeros(80, FRAMES))
    against.weights = -LISTENS.weights
    told, mirrored = judged(truth()), faithfulness(against, [picture()], [-truth()], [GRID])
    assert np.allclose(mirrored.deletion, -told.insertion[::-1], atol=1e-4)
    assert mirrored.gain == pytest.approx(told.gain, abs=1e-4)


def test_curves_begin_with_the_window_and_end_with_nothing() -> None:
    told = judged(truth())
    features, frames = picture()
    whole = float(LISTENS(features, frames))
    assert told.deletion[0] == told.insertion[-1] == pytest.approx(whole, abs=1e-4)
    assert told.deletion[-1] == told.insertion[0] == pytest.approx(0, abs=1e-4)
    assert np.allclose(told.random_deletion[:, 0], whole, atol=1e-4)


def test_a_curve_by_hand() -> None:
    """Patches of a weighted sum, taken away one after another, strongest first."""
    weight = torch.zeros(80, FRAMES)
    weight[torch.from_numpy(GRID == 3)] = 1.0
    listens = Weighs(weight)
    features, frames = picture()
    evidence = (GRID == 3).astype(float)
    told = faithfulness(listens, [(features, frames)], [evidence], [GRID], points=GRID.max() + 2)
    whole = float(listens(features, frames))
    assert np.allclose(told.deletion, [whole] + [0.0] * (GRID.max() + 1), atol=1e-4)
    assert np.allclose(told.insertion, [0.0] + [whole] * (GRID.max() + 1), atol=1e-4)


def test_gain_is_the_area_between_the_curves() -> None:
    assert gain(np.array([1.0, 0, 0]), np.array([0, 1.0, 1.0])) == pytest.approx(0.5)
    assert gain(np.array([0.0, 0, 0]), np.array([2.0, 2.0, 2.0])) == pytest.approx(2.0)


def test_a_detector_that_hears_nothing_is_explained_by_nothing() -> None:
    deaf = Weighs(torch.zeros(80, FRAMES))
    told = faithfulness(deaf, [picture()], [np.zeros((80, FRAMES))], [GRID])
    assert told.gain == 0
    assert not told.faithful
