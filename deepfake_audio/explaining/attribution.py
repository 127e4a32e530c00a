"""How much each cell of a window's picture adds to the logit for fake: above 0 it speaks for fake, below for real.

All three look at one window, [1, F, T'] and its valid frames [1], and give [F, frames].
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Lime
from sklearn.linear_model import Ridge
from torch import Tensor
from torch.nn.functional import interpolate

from ..errors import UserError
from ..models.network import Network
from .about_mean import AboutMean
from .patches import Floats, Patches

METHODS = ("gradcam", "integrated_gradients", "lime")


def usual_method(network: Network) -> str:
    """Grad-CAM where a network has maps; LIME, which works with any, where it has none."""
    return "gradcam" if network.mapped_layers() else "lime"


# Points between the baseline and the window; the integral's error is told beside the map.
STEPS = 50
# Pictures that go through the network together.
AT_ONCE = 16
# Of each of LIME's two halves: some twice as many as a window of four seconds has patches.
LIME_SAMPLES = 256
# Shrinks what patches are said to add towards 0 where the samples leave it open.
RIDGE = 1.0


@dataclass(frozen=True)
class Attribution:
    """The map of a window, and how good it is by the method's own lights (None where it has no such light).

    Args:
        evidence: [F, T'].
        error: integrated gradients: sum of the map less what it should be, in logits.
        stability: LIME: correlation of two independent halves of its samples.
    """

    evidence: Floats
    error: float | None = None
    stability: float | None = None


def chosen_layer(network: Network, layer: str | None) -> str:
    """The layer that Grad-CAM looks at: the last with maps, or the one that is asked for."""
    layers = network.mapped_layers()
    if not layers:
        raise UserError(
            f"{type(network).__name__} has no layer with maps, which Grad-CAM needs: "
            "use --method integrated_gradients or lime"
        )
    if layer is not None and layer not in layers:
        raise UserError(f"--layer {layer} is not one of this network's: {', '.join(layers)}")
    return layer or layers[-1]


def gradcam(network: Network, features: Tensor, frames: Tensor, layer: str) -> Attribution:
    """What the layer's channels show, each weighed by how the logit rises with it, laid over the picture.

    The sign is kept: what speaks for real is below 0.
    """
    method = LayerGradCam(network, network.get_submodule(layer))
    maps = method.attribute(features, additional_forward_args=(frames,), relu_attributions=False)
    return Attribution(_folded(_laid_over(maps.detach(), *features.shape[1:])[0], frames))


def integrated_gradients(network: Network, features: Tensor, frames: Tensor) -> Attribution:
    """The gradient summed on the straight way from the baseline to the window.

    The baseline is zero, the mean level of the window: what training masks and pads with, so the network knows
    it as nothing to be heard. Digital silence would not do: silence is a sound that fakes may begin with. The
    sum over all cells is the window's logit less the baseline's.
    """
    _check_slope(network, features, frames)
    evidence, error = IntegratedGradients(network).attribute(
        features,
        baselines=torch.zeros_like(features),
        additional_forward_args=(frames,),
        n_steps=STEPS,
        internal_batch_size=AT_ONCE,
        return_convergence_delta=True,
    )
    return Attribution(_folded(evidence.detach()[0], frames), error=float(error))


def lime(
    network: Network,
    features: Tensor,
    frames: Tensor,
    numbers: Patches,
    samples: int = LIME_SAMPLES,
    seed: int = 0,
) -> Attribution:
    """A linear model of the logit by which patches are left and which are put to the window's mean.

    Drawn twice, and the mean of both is taken: how well the two agree says how far to trust them.
    """
    total, known = features.shape[-1], numbers.shape[1]
    # Padding is no patch of its own to try: it goes with the first, and is zero with or without it.
    mask = torch.from_numpy(np.pad(numbers, ((0, 0), (0, total - known)))).to(features.device)
    halves = [_lime_half(network, features, frames, mask, samples, seed + half) for half in (0, 1)]
    coefficients = [_by_patch(half[0, :, :known].double().cpu().numpy(), numbers) for half in halves]
    stability = _correlation(*coefficients)
    cells = np.bincount(numbers.ravel())
    return Attribution((np.mean(coefficients, axis=0) / cells)[numbers], stability=stability)


def _check_slope(network: Network, features: Tensor, frames: Tensor) -> None:
    """Raise if the logit has no gradient with respect to the picture: trees have none."""
    with torch.enable_grad():
        asked = features.detach().clone().requires_grad_()
        logit = network(asked, frames).sum()
        slope = torch.autograd.grad(logit, asked, allow_unused=True)[0] if logit.requires_grad else None
    if slope is None:
        raise UserError(
            f"{_name(network)} has no gradient that leads back to what it hears, which integrated gradients "
            "need: use --method lime"
        )


def _name(network: Network) -> str:
    return type(network.network if isinstance(network, AboutMean) else network).__name__


class _Ridge:
    """Ridge regression as captum's LIME asks for its linear model."""

    def fit(self, train_data: Iterable[tuple[Tensor, Tensor, Tensor]]) -> None:
        """Batches of which patches were left [N, P], the logits [N, 1] and the samples' weights [N, 1]."""
        left, logits, weights = (
            torch.cat(part).double().cpu().numpy() for part in zip(*train_data, strict=True)
        )
        fitted = Ridge(alpha=RIDGE).fit(left, logits.ravel(), sample_weight=weights.ravel())
        self.coefficients = torch.from_numpy(fitted.coef_).float()

    def representation(self) -> Tensor:
        """What each patch adds: [1, P]."""
        return self.coefficients[None]


def _lime_half(
    network: Network, features: Tensor, frames: Tensor, mask: Tensor, samples: int, seed: int
) -> Tensor:
    devices = [features.device] if features.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        torch.manual_seed(seed)
        return Lime(network, interpretable_model=_Ridge()).attribute(
            features,
            baselines=0.0,
            additional_forward_args=(frames,),
            feature_mask=mask.unsqueeze(0),
            n_samples=samples,
            perturbations_per_eval=AT_ONCE,
        )


def _by_patch(cells: Floats, numbers: Patches) -> Floats:
    """Every cell of a patch holds the patch's value: one of each."""
    _, first = np.unique(numbers, return_index=True)
    return cells.ravel()[first]


def _correlation(one: Floats, other: Floats) -> float | None:
    if min(one.std(), other.std()) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _laid_over(maps: Tensor, bins: int, frames: int) -> Tensor:
    """A layer's coarse map, [B, 1, F'', T''], over the picture: [B, bins, frames]."""
    if maps.shape[2] > bins:
        # What a network makes of one row of samples is higher than that: all of it belongs to the row.
        maps = maps.mean(dim=2, keepdim=True)
    whole = [_covered(size, cells) for size, cells in zip((bins, frames), maps.shape[2:], strict=True)]
    return interpolate(maps, size=whole, mode="bilinear", align_corners=False)[:, 0, :bins, :frames]


def _covered(size: int, cells: int) -> int:
    """How far a row of cells reaches: halving with rounding up makes the last one stick out over the picture."""
    width = 2 ** round(math.log2(size / cells))
    return cells * width if cells == -(-size // width) else size


def _folded(evidence: Tensor, frames: Tensor) -> Floats:
    """What a network that repeats a short clip saw in the repeats belongs to the clip: [F, T'] -> [F, frames]."""
    known = int(frames)
    place = torch.arange(evidence.shape[-1], device=evidence.device) % known
    folded = torch.zeros_like(evidence[:, :known], dtype=torch.float64)
    return folded.index_add_(1, place, evidence.double()).cpu().numpy()
