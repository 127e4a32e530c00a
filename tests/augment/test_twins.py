"""Both of a pair are changed by the same draws, whatever is drawn; other pairs by others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from deepfake_audio.augment import SpecAugment, WaveAugmentation, WindowAugmentation
from deepfake_audio.augment.base import Wave
from deepfake_audio.augment.chain import WindowSteps
from deepfake_audio.augment.silence import Silence

from .test_waves import KINDS, RATE

PAIR = torch.tensor([2, 0, 1, 1, 0, 2, 3])


@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("name", KINDS)
def test_equal_clips_of_a_pair_stay_equal(name: str, share: float) -> None:
    """Also where their pair is not the next one, and where some pairs are let be."""
    augment: Callable[..., WaveAugmentation] = partial(KINDS[name], share=share)
    torch.manual_seed(4)
    clip = 0.1 * torch.randn(RATE // 2)
    changed = augment().train()(clip.expand(7, -1), torch.full((7,), RATE // 2), PAIR)
    first = {int(pair): changed[row] for row, pair in reversed(list(enumerate(PAIR)))}
    for row, pair in enumerate(PAIR):
        torch.testing.assert_close(changed[row], first[int(pair)], rtol=0, atol=1e-6)
    distinct = [not torch.allclose(first[a], first[b], atol=1e-4) for a in range(4) for b in range(a)]
    if share == 1.0:
        assert all(distinct) or name == "polarity"
        assert not torch.isclose(changed, clip).all(dim=1).any()


def test_masks_of_a_pair_lie_at_the_same_places() -> None:
    torch.manual_seed(0)
    masked = SpecAugment().train()(torch.ones(7, 64, 100), torch.full((7,), 100), PAIR)
    for a in range(7):
        for b in range(a):
            assert torch.equal(masked[a], masked[b]) == (PAIR[a] == PAIR[b])


def test_what_a_step_draws_does_not_hang_on_what_an_earlier_one_found() -> None:
    """Silence draws noise for every pause that it finds; the next step's draws are the same all the same."""

    drawn: list[float] = []

    class Told(WindowAugmentation):
        def change(self, waveform: Wave, sample_rate: int, rng: np.random.Generator) -> Wave:
            drawn.append(rng.random())
            return waveform

    steps = WindowSteps([Silence(share=1.0, pauses=(1.5, 2.0), noise_db=(-60, -60)), Told(share=1.0)], RATE)
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    paused = noise * (np.arange(RATE) // 2_000 % 2)
    for seed in range(8):
        for wave in (noise, paused.astype(np.float32)):
            steps(wave, seed, apart=True)
    assert drawn[::2] == drawn[1::2] and len(set(drawn)) == 8
