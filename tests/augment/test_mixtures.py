"""Mixup and CutMix: frames and labels of the two clips that they name, in the amounts that the labels tell."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepfake_audio.augment import CutMix, Mixing, Mixup
from deepfake_audio.augment.pairs import drawn_partners, frames_of

FRAMES = torch.tensor([50, 50, 30, 9, 50, 41, 1, 20])
LABELS = torch.tensor([0, 1, 0, 1, 1, 0, 1, 0])


def pictures() -> Tensor:
    """Each clip full of its own number, from 1 on, and zero in its padding: [B, F, T']."""
    valid = torch.arange(50) < FRAMES.unsqueeze(1)
    return (torch.arange(1, 9).view(8, 1, 1) * valid.unsqueeze(1)).float().expand(8, 4, 50).clone()


kinds = pytest.mark.parametrize("mixing", [Mixup(1.0), CutMix(share=1.0)], ids=["mixup", "cutmix"])


@kinds
def test_off_in_evaluation_and_without_a_share(mixing: Mixing) -> None:
    before = pictures(), FRAMES, LABELS.float()
    for still in (mixing.eval(), type(mixing)(share=0.0).train()):
        assert all(torch.equal(now, then) for now, then in zip(still(*before), before, strict=True))


@kinds
def test_lengths_are_kept_and_padding_stays_zero(mixing: Mixing) -> None:
    torch.manual_seed(0)
    mixed, frames, labels = mixing.train()(pictures(), FRAMES, LABELS)
    assert torch.equal(frames, FRAMES)
    assert labels.dtype == torch.float32
    for picture, length in zip(mixed, frames, strict=True):
        assert (picture[:, :length] != 0).all()
        assert not picture[:, length:].any()


@kinds
def test_equal_seeds_mix_alike_and_clips_differ(mixing: Mixing) -> None:
    mixing.train()
    torch.manual_seed(1)
    first = mixing(pictures(), FRAMES, LABELS)
    second = mixing(pictures(), FRAMES, LABELS)
    torch.manual_seed(1)
    again = mixing(pictures(), FRAMES, LABELS)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert not torch.equal(first[0], second[0])


def test_mixups_labels_weigh_as_its_pictures_do() -> None:
    torch.manual_seed(2)
    ids = torch.arange(1, 9).float()
    # With each clip's number as its label too, a mixture's label must be what its frames hold.
    mixed, _, labels = Mixup(1.0).train()(pictures(), FRAMES, ids)
    assert torch.allclose(mixed[:, 0, 0], labels)
    assert torch.allclose(mixed[0], labels[0].expand(4, 50))
    assert ((labels - ids).abs() > 0.01).sum() > 5
    soft = Mixup(1.0).train()(pictures(), FRAMES, LABELS)[2]
    assert ((soft >= 0) & (soft <= 1)).all()


def test_cutmixs_labels_count_its_frames() -> None:
    torch.manual_seed(3)
    ids = torch.arange(1, 9).float()
    for _ in range(10):
        mixed, frames, labels = CutMix(share=1.0).train()(pictures(), FRAMES, ids)
        for clip, (picture, length) in enumerate(zip(mixed, frames, strict=True)):
            row = picture[0, :length]
            assert torch.equal(picture[:, :length], row.expand(4, -1))
            assert float(row.mean()) == pytest.approx(float(labels[clip]), abs=1e-4)
            # One stretch of one other clip, no longer than that clip.
            others = row[row != clip + 1]
            changes = int((row.diff() != 0).sum())
            assert changes <= 2
            assert len(others.unique()) <= 1
            assert len(others) == 0 or len(others) <= FRAMES[int(others[0]) - 1]


def test_a_clip_stays_half_of_itself_at_least() -> None:
    amount = Mixup(1.0).drawn_amount(4_000, torch.device("cpu"))
    assert 0 <= amount.min() < 0.01
    assert 0.49 < amount.max() <= 0.5
    assert float(amount.mean()) == pytest.approx(0.25, abs=0.01)
    assert float(
        (CutMix(share=0.25).drawn_amount(4_000, torch.device("cpu")) > 0).float().mean()
    ) == pytest.approx(0.25, abs=0.03)


def test_a_stretch_is_one_of_the_other_clip() -> None:
    torch.manual_seed(4)
    ramps = torch.stack([torch.arange(60.0), torch.arange(100.0, 160.0)]).unsqueeze(1)
    mixed, _, _ = CutMix(share=1.0).train()(ramps, torch.tensor([60, 40]), torch.tensor([0.0, 1.0]))
    stretch = mixed[0, 0][mixed[0, 0] >= 100]
    assert len(stretch) > 1
    assert (stretch.diff() == 1).all()
    assert stretch.max() < 140


def test_partners_are_others_and_each_once() -> None:
    torch.manual_seed(5)
    for clips in range(2, 9):
        partner = drawn_partners(clips, torch.device("cpu"))
        assert sorted(partner.tolist()) == list(range(clips))
        assert (partner != torch.arange(clips)).all()
    assert drawn_partners(1, torch.device("cpu")).tolist() == [0]


def test_a_short_clip_is_repeated() -> None:
    features = torch.arange(6.0).view(1, 1, 6)
    heard = frames_of(features, torch.tensor([4]), torch.arange(6).unsqueeze(0))
    assert heard.flatten().tolist() == [0, 1, 2, 3, 0, 1]


def test_half_precision_stays_half() -> None:
    for mixing in (Mixup().train(), CutMix(share=1.0).train()):
        assert mixing(pictures().half(), FRAMES, LABELS)[0].dtype == torch.float16
