"""Each loss against its formula written out, and the heads that some bring along."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch import Tensor

from deepfake_audio.errors import UserError
from deepfake_audio.learning.losses import LOSSES, build_loss
from deepfake_audio.learning.losses.contrast import contrast
from deepfake_audio.models import build_network
from deepfake_audio.models.heads import CosineHead, OneClassHead

EMBEDDINGS = ("supcon",)


def drawn(clips: int = 10) -> tuple[Tensor, Tensor, Tensor]:
    draws = torch.Generator().manual_seed(1)
    labels = torch.arange(clips) % 2
    return 3 * torch.randn(clips, generator=draws), labels.float(), torch.randn(clips, 6, generator=draws)


def p_of(logits: Tensor) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.double().numpy()))


def test_cross_entropy_smooth_and_weighted() -> None:
    logits, labels, _ = drawn()
    p, y = p_of(logits), labels.numpy()
    assert build_loss("bce")(logits, labels).item() == pytest.approx(log_loss(y, p), rel=1e-5)
    smooth = 0.9 * y + 0.05
    expected = -np.mean(smooth * np.log(p) + (1 - smooth) * np.log(1 - p))
    assert build_loss("bce", label_smoothing=0.1)(logits, labels).item() == pytest.approx(expected, rel=1e-5)
    weighted = log_loss(y, p, sample_weight=np.where(y == 1, 3.0, 1.0))
    assert build_loss("bce", fake_weight=3)(logits, labels).item() == pytest.approx(weighted, rel=1e-5)


def test_what_is_not_asked_for_changes_no_bit() -> None:
    logits, labels, _ = drawn()
    plain = torch.nn.functional.binary_cross_entropy_with_logits
    assert torch.equal(build_loss("bce")(logits, labels), plain(logits, labels))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal(gamma: float) -> None:
    logits, labels, _ = drawn()
    p, y = p_of(logits), labels.numpy()
    right = np.where(y == 1, p, 1 - p)
    expected = np.mean(-((1 - right) ** gamma) * np.log(right))
    assert build_loss("focal", gamma=gamma)(logits, labels).item() == pytest.approx(expected, rel=1e-5)


def test_focal_stays_finite_where_all_is_sure() -> None:
    logits = torch.tensor([200.0, -200.0, 200.0], requires_grad=True)
    loss = build_loss("focal", gamma=0.5)(logits, torch.tensor([1.0, 0.0, 0.0]))
    loss.backward()
    assert loss.isfinite() and logits.grad is not None and logits.grad.isfinite().all()


def test_am_softmax_is_the_papers() -> None:
    """-log e^{s (cos_y - m)} / (e^{s (cos_y - m)} + e^{s cos_other}), through the head that it brings along."""
    torch.manual_seed(0)
    _, labels, embedding = drawn()
    loss = build_loss("am_softmax", scale=10.0, cosine_margin=0.3)
    assert loss.head() == {"name": "cosine", "scale": 10.0}
    head = CosineHead(6, 10.0)
    told = loss(head(embedding).squeeze(1), labels).item()
    directions = head.directions.detach().double().numpy()
    x = embedding.double().numpy()
    cosine = x @ directions.T / np.linalg.norm(x, axis=1)[:, None] / np.linalg.norm(directions, axis=1)
    y = labels.long().numpy()
    own, other = cosine[np.arange(10), y], cosine[np.arange(10), 1 - y]
    expected = -np.log(np.exp(10 * (own - 0.3)) / (np.exp(10 * (own - 0.3)) + np.exp(10 * other)))
    assert told == pytest.approx(expected.mean(), rel=1e-5)


def test_oc_softmax_is_the_papers() -> None:
    """log(1 + e^{a (m_y - cos) (-1)^y}) with m of .9 and .2, y = 0 for real, cos to the direction of reals."""
    torch.manual_seed(0)
    _, labels, embedding = drawn()
    loss = build_loss("oc_softmax")
    told = loss.head()
    assert told is not None and told["name"] == "one_class"
    head = OneClassHead(6, told["scale"], told["centre"])
    x, w = embedding.double().numpy(), head.direction.detach().double().numpy()[0]
    cosine = x @ w / np.linalg.norm(x, axis=1) / np.linalg.norm(w)
    y = labels.numpy()
    expected = np.log1p(np.exp(20 * (np.where(y == 1, 0.2, 0.9) - cosine) * (-1) ** y))
    assert loss(head(embedding).squeeze(1), labels).item() == pytest.approx(expected.mean(), rel=1e-5)


def test_contrast_is_the_papers() -> None:
    _, labels, embedding = drawn(7)
    x = embedding.double().numpy()
    x /= np.linalg.norm(x, axis=1)[:, None]
    terms = []
    for i in range(7):
        alike = [j for j in range(7) if j != i and labels[j] == labels[i]]
        below = sum(math.exp(x[i] @ x[k] / 0.2) for k in range(7) if k != i)
        terms.append(-np.mean([math.log(math.exp(x[i] @ x[j] / 0.2) / below) for j in alike]))
    assert contrast(embedding, labels, 0.2).item() == pytest.approx(np.mean(terms), rel=1e-5)


def test_contrast_passes_over_mixtures_and_clips_without_partners() -> None:
    _, labels, embedding = drawn(6)
    mixed = labels.clone()
    mixed[0] = 0.3
    assert torch.equal(contrast(embedding, mixed, 0.1), contrast(embedding[1:], labels[1:], 0.1))
    for lonely in ([0.5, 0.5], [1.0, 0.2], [1.0, 0.0]):
        some = embedding[:2].clone().requires_grad_()
        loss = contrast(some, torch.tensor(lonely), 0.1)
        loss.backward()
        assert loss == 0 and some.grad is not None and not some.grad.any()


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_soft_labels_have_each_clips_loss_by_its_share(name: str) -> None:
    """Of all that is linear in the label; focal lies below, as what is half right is not far off."""
    logits, _, embedding = drawn(4)
    some = embedding if name in EMBEDDINGS else None
    loss = build_loss(name)
    half, real, fake = (loss(logits, torch.full((4,), share), some) for share in (0.3, 0.0, 1.0))
    if name == "focal":
        assert half < 0.7 * real + 0.3 * fake
    elif name == "supcon":
        plain = build_loss("bce")
        torch.testing.assert_close(half, plain(logits, torch.full((4,), 0.3)))
    else:
        torch.testing.assert_close(half, 0.7 * real + 0.3 * fake)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_pull_the_right_way(name: str) -> None:
    logits, labels, embedding = drawn()
    logits.requires_grad_()
    build_loss(name)(logits, labels, embedding).backward()
    assert logits.grad is not None
    assert (logits.grad[labels == 1] < 0).all() and (logits.grad[labels == 0] > 0).all()


def test_a_direction_does_not_see_length() -> None:
    embedding = torch.randn(5, 8)
    for head in (CosineHead(8), OneClassHead(8)):
        torch.testing.assert_close(head(embedding), head(3 * embedding), atol=1e-5, rtol=1e-5)
        assert head(torch.zeros(2, 8)).isfinite().all()


def test_a_network_with_another_head_is_rebuilt_from_its_settings() -> None:
    settings: dict[str, Any] = {"name": "cnn", "bins": 16, "channels": [4], "hidden": 8}
    torch.manual_seed(0)
    network = build_network(**settings, head={"name": "one_class", "scale": 5.0, "centre": 0.0}).eval()
    again = build_network(**settings, head={"name": "one_class", "scale": 5.0, "centre": 0.0}).eval()
    again.load_state_dict(network.state_dict())
    picture = torch.randn(3, 16, 20), torch.tensor([20, 15, 7])
    logits = network(*picture)
    assert torch.equal(logits, again(*picture)) and logits.shape == (3,)
    assert logits.abs().max() <= 5
    assert isinstance(build_network(**settings, head="cosine").head[-1], CosineHead)  # type: ignore[index]


def test_what_cannot_be_is_said() -> None:
    for name, settings, told in (
        ("hinge", {}, "'hinge'.*am_softmax, bce"),
        ("bce", {"label_smoothing": 1.0}, "label_smoothing=1.0"),
        ("focal", {"gamma": -1}, "gamma=-1"),
        ("focal", {"fake_weight": 0}, "fake_weight=0"),
        ("am_softmax", {"scale": 0}, "scale=0"),
        ("oc_softmax", {"real_cosine": 0.1}, "real_cosine=0.1"),
        ("supcon", {"temperature": 0}, "temperature"),
    ):
        with pytest.raises(UserError, match=told):
            build_loss(name, **settings)
    for head, told in (("tangent", "'tangent'"), ({"name": "cosine", "centre": 1}, "centre")):
        with pytest.raises(UserError, match=told):
            build_network("cnn", head=head)
