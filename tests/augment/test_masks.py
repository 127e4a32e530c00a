"""SpecAugment: different for each sample, in training only, filled with what says nothing."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake_audio.augment import SpecAugment
from deepfake_audio.augment.masks import draw_bands


def test_masks_differ_within_a_batch_and_between_calls() -> None:
    torch.manual_seed(0)
    augment = SpecAugment().train()
    ones, frames = torch.ones(8, 80, 300), torch.full((8,), 300)
    masked = augment(ones, frames) == 0
    assert all(not torch.equal(masked[0], other) for other in masked[1:])
    assert not torch.equal(masked, augment(ones, frames) == 0)


def test_masks_are_whole_rows_and_columns() -> None:
    torch.manual_seed(1)
    masked = SpecAugment().train()(torch.ones(16, 80, 300), torch.full((16,), 300)) == 0
    rows, columns = masked.all(dim=2), masked.all(dim=1)
    assert torch.equal(masked, rows.unsqueeze(2) | columns.unsqueeze(1))
    assert rows.any()
    assert columns.any()


def test_off_in_evaluation() -> None:
    features = torch.randn(4, 80, 100)
    assert torch.equal(SpecAugment().eval()(features, torch.full((4,), 100)), features)


def test_equal_seeds_give_equal_masks() -> None:
    augment, ones, frames = SpecAugment().train(), torch.ones(4, 80, 100), torch.full((4,), 100)
    torch.manual_seed(3)
    first = augment(ones, frames)
    torch.manual_seed(3)
    assert torch.equal(first, augment(ones, frames))


def test_a_short_clip_keeps_most_of_its_frames() -> None:
    torch.manual_seed(2)
    augment = SpecAugment(time_masks=2, time_width_share=0.15, mel_masks=0).train()
    kept = augment(torch.ones(200, 80, 300), torch.full((200,), 40))[:, 0, :40].sum(dim=1)
    assert kept.min() >= 40 - 2 * 6
    assert kept.min() < 40


@settings(deadline=None)
@given(length=st.integers(1, 50), width=st.integers(0, 60), count=st.integers(0, 3))
def test_bands_stay_inside_and_within_their_width(length: int, width: int, count: int) -> None:
    band = draw_bands(count, torch.full((5,), width), torch.full((5,), length), total=50)
    assert not band[:, length:].any()
    assert (band.sum(dim=1) <= count * width).all()


def test_every_width_up_to_the_widest_is_drawn() -> None:
    torch.manual_seed(0)
    widths = draw_bands(1, torch.full((2000,), 5), torch.full((2000,), 40), total=40).sum(dim=1)
    assert set(widths.tolist()) == {0, 1, 2, 3, 4, 5}
