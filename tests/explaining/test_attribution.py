"""Each method against networks whose reasons are known, and all of them on the real ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from deepfake_audio.errors import UserError
from deepfake_audio.explaining.attribution import (
    _folded,
    _laid_over,
    chosen_layer,
    gradcam,
    integrated_gradients,
    lime,
)
from deepfake_audio.explaining.patches import means, patches
from deepfake_audio.features import LogMel
from deepfake_audio.models import build_network
from deepfake_audio.models.network import Network

from .made import FRAMES, RATE, Maps, Weighs, noise

SECONDS = LogMel().frame_seconds(FRAMES).numpy()
REAL = (("cnn", {}), ("effnet", {"version": "b0"}))


def window(samples: int = RATE, seed: int = 0) -> tuple[Tensor, Tensor]:
    waveform = torch.zeros(1, RATE)
    waveform[0, :samples] = torch.from_numpy(noise(samples / RATE, seed))
    return LogMel()(waveform, torch.tensor([samples]))


def network(name: str, seed: int = 0, **how: object) -> Network:
    """Random weights, with the statistics of a few windows: without them its signal dies out on the way."""
    torch.manual_seed(seed)
    net = build_network(name, **how).train()
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        net(torch.cat([window(seed=number)[0] for number in range(4)]), torch.full((4,), FRAMES))
    return net.eval()


def test_gradcam_weighs_maps_by_how_the_logit_rises_with_them() -> None:
    features, frames = window()
    maps = Maps.shown(features)[0]
    found = gradcam(Maps(), features, frames, "maps").evidence
    assert np.allclose(found, (maps[0] - 2 * maps[1]).numpy(), atol=1e-5)
    assert found[40:].min() >= 0 >= found[:40].max()


def test_integrated_gradients_of_a_weighted_sum_are_its_terms() -> None:
    features, frames = window()
    weights = torch.randn(80, FRAMES, generator=torch.manual_seed(0))
    listens = Weighs(weights)
    told = integrated_gradients(listens, features, frames)
    assert np.allclose(told.evidence, (features[0] * listens.weights).numpy(), atol=1e-4)


class Bends(Weighs):
    """The hyperbolic tangent of a weighted sum: nearly all of its slope lies near the baseline."""

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        return super().forward(features, frames).tanh()


@pytest.mark.parametrize("reach", [3.0, 10.0, 20.0])
def test_integrated_gradients_of_a_bent_sum_share_its_answer_out(reach: float) -> None:
    """By hand: each cell's part of the sum times the bent answer, which a few steps would miss."""
    features, frames = window()
    weights = torch.randn(80, FRAMES, generator=torch.manual_seed(0))
    terms = (features[0] * weights).double()
    weights *= reach / float(terms.sum()) * weights.numel()
    told = integrated_gradients(Bends(weights, scale=1.0), features, frames)
    expected = terms / terms.sum() * np.tanh(reach)
    assert np.allclose(told.evidence, expected, atol=1e-3 * float(expected.abs().max()))
    assert told.error == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("name", "how", "samples"), [(*REAL[0], RATE), (*REAL[0], 9_999), (*REAL[1], 9_999)])
def test_integrated_gradients_add_up(name: str, how: dict[str, str], samples: int) -> None:
    """Their sum is the window's logit less the baseline's, also where a network repeats a short clip."""
    features, frames = window(samples)
    net = network(name, **how)
    told = integrated_gradients(net, features, frames)
    with torch.no_grad():
        expected = float(net(features, frames) - net(torch.zeros_like(features), frames))
    assert told.error is not None
    assert told.evidence.shape == (80, int(frames))
    assert told.evidence.sum() - expected == pytest.approx(told.error, abs=1e-4)
    assert abs(told.error) < 0.02 * np.abs(told.evidence).sum()


def test_lime_finds_the_patch_that_is_listened_to() -> None:
    features, frames = window()
    grid = patches(80, SECONDS)
    target = 13
    # Loud there, and it speaks for fake.
    features[0] += 3 * torch.from_numpy(grid == target)
    told = lime(Weighs(torch.from_numpy((grid == target).astype(np.float32))), features, frames, grid, 128)
    weight = means(told.evidence, grid)
    assert weight.argmax() == target
    assert weight[target] > 5 * np.delete(np.abs(weight), target).max()
    assert told.stability is not None
    assert told.stability > 0.9


def test_lime_comes_out_the_same_twice_and_leaves_others_their_chance() -> None:
    features, frames = window()
    grid = patches(80, SECONDS)
    net = network("cnn")
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same, other = (lime(net, features, frames, grid, 16, seed).evidence for seed in (0, 0, 7))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)
    # So few samples leave room for chance: halves that agreed wholly would be the same draw twice.
    assert lime(net, features, frames, grid, 16).stability < 0.99  # type: ignore[operator]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_lime_on_a_clip_shorter_than_the_window() -> None:
    features, frames = window(9_999)
    known = int(frames)
    told = lime(network("cnn"), features, frames, patches(80, SECONDS[:known]), 32)
    assert told.evidence.shape == (80, known)
    assert np.isfinite(told.evidence).all()


@pytest.mark.parametrize(("name", "how"), REAL)
def test_every_layer_that_is_named_gives_a_map(name: str, how: dict[str, str]) -> None:
    features, frames = window()
    net = network(name, **how)
    assert len(net.mapped_layers()) > 1
    assert chosen_layer(net, None) == net.mapped_layers()[-1]
    for layer in net.mapped_layers():
        found = gradcam(net, features, frames, chosen_layer(net, layer)).evidence
        assert found.shape == (80, FRAMES)
        assert np.isfinite(found).all()
        assert found.std() > 0


@pytest.mark.parametrize("method", ["gradcam", "integrated_gradients"])
def test_other_weights_give_another_map(method: str) -> None:
    """One that stayed would show the recording, not the network."""
    features, frames = window()

    def explained(seed: int) -> np.ndarray:
        net = network("cnn", seed, channels=(8, 16, 16, 16))
        if method == "gradcam":
            return gradcam(net, features, frames, "maps.3").evidence
        return integrated_gradients(net, features, frames).evidence

    one, same, *others = (explained(seed).ravel() for seed in (0, 0, 1, 2, 3, 4))
    assert np.array_equal(one, same)
    alike = [np.corrcoef(one, other)[0, 1] for other in others]
    assert max(alike) < 0.6
    assert np.mean(alike) < 0.3


def test_a_layer_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UserError, match=r"--layer maps.9 .*maps.0, maps.1, maps.2, maps.3"):
        chosen_layer(network("cnn"), "maps.9")
    with pytest.raises(UserError, match="integrated_gradients"):
        chosen_layer(Weighs(torch.ones(80, FRAMES)), None)


@pytest.mark.parametrize(("frames", "cells"), [(401, 51), (400, 50), (101, 13)])
def test_a_coarse_cell_lies_over_its_own_frames(frames: int, cells: int) -> None:
    """Halving with rounding up: cell 5 of an eighth covers frames 40 to 47, however long the window is."""
    maps = torch.zeros(1, 1, 10, cells)
    maps[..., 5] = 1.0
    over = _laid_over(maps, 80, frames)[0, 0]
    assert over.shape == (frames,)
    middle = float((over * torch.arange(frames)).sum() / over.sum())
    assert middle == pytest.approx(43.5, abs=0.01)


def test_what_is_seen_in_a_repeat_belongs_to_the_frame_that_is_repeated() -> None:
    evidence = torch.arange(7.0).unsqueeze(0)
    assert _folded(evidence, torch.tensor([3])).tolist() == [[0 + 3 + 6, 1 + 4, 2 + 5]]
