"""Whether an explanation points at what the detector goes by: take it away, and see whether the answer falls.

Patches go in the order of their evidence, from what speaks most for fake to what speaks most for real. Deletion
puts them to the window's mean one after another and should make the logit for fake fall at once; insertion puts
them into an empty window and should make it rise at once. Patches in random order show what any order would do.
The other way round, for real, the curves would be the same ones mirrored and the gain the same: both kinds of
evidence are judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..models.network import Network
from .patches import Floats, Patches, means

# Points of a curve, both ends included.
POINTS = 11
RANDOM_ORDERS = 8
# So many spreads of random orders above their mean, and above each of them, is clearly better.
CLEARLY = 3.0
PICTURES_AT_ONCE = 32


@dataclass(frozen=True)
class Faithfulness:
    """Curves of the logit for fake over the share of patches that were taken away or put in, [points] each.

    The gain is the mean of the insertion's curve less that of the deletion's, in logits: the more, the better.
    Patches in random order gain 0 on average.
    """

    share: Floats
    deletion: Floats
    insertion: Floats
    random_deletion: Floats  # [orders, points]
    random_insertion: Floats
    windows: int

    @property
    def gain(self) -> float:
        return gain(self.deletion, self.insertion)

    @property
    def random_gains(self) -> Floats:
        """[orders]."""
        pairs = zip(self.random_deletion, self.random_insertion, strict=True)
        return np.array([gain(*pair) for pair in pairs])

    @property
    def faithful(self) -> bool:
        """Clearly better than any random order."""
        random = self.random_gains
        return bool(self.gain > max(random.mean() + CLEARLY * random.std(ddof=1), random.max()))

    @property
    def words(self) -> str:
        """For people."""
        random = f"{self.random_gains.mean():+.2f} ± {self.random_gains.std(ddof=1):.2f}"
        figures = f"gain {self.gain:+.2f} logits, at random {random}"
        if self.faithful:
            return (
                "Taking away what the explanation points at changes the detector's answer clearly faster than "
                f"taking away patches at random ({figures}): it shows something that this detector goes by."
            )
        return (
            "Taking away what the explanation points at changes the detector's answer no faster than taking away "
            f"patches at random would ({figures}): don't rely on this explanation."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "faithful": self.faithful,
            "gain": self.gain,
            "random_gain_mean": float(self.random_gains.mean()),
            "random_gain_spread": float(self.random_gains.std(ddof=1)),
            "random_orders": len(self.random_gains),
            "windows": self.windows,
            "share": self.share.tolist(),
            "deletion": self.deletion.tolist(),
            "insertion": self.insertion.tolist(),
            "random_deletion": self.random_deletion.mean(axis=0).tolist(),
            "random_insertion": self.random_insertion.mean(axis=0).tolist(),
            "words": self.words,
        }


def faithfulness(
    network: Network,
    windows: list[tuple[Tensor, Tensor]],
    evidence: list[Floats],
    numbers: list[Patches],
    seed: int = 0,
    random_orders: int = RANDOM_ORDERS,
    points: int = POINTS,
) -> Faithfulness:
    """Mean curves over windows, each [1, F, T'] with its frames [1], its evidence and its patches [F, frames]."""
    rng = np.random.default_rng(seed)
    # By window, then by order, the evidence's first: [windows, orders, 2, points].
    curves = np.array(
        [
            _curves(network, *window, patch, _orders(found, patch, rng, random_orders), points)
            for window, found, patch in zip(windows, evidence, numbers, strict=True)
        ]
    ).mean(axis=0)
    random = curves[1:]
    return Faithfulness(
        share=np.linspace(0, 1, points),
        deletion=curves[0, 0],
        insertion=curves[0, 1],
        random_deletion=random[:, 0],
        random_insertion=random[:, 1],
        windows=len(windows),
    )


def gain(deletion: Floats, insertion: Floats) -> float:
    """Area between the two curves over the share from 0 to 1."""
    between = insertion - deletion
    return float(np.mean(between[1:] + between[:-1]) / 2)


def _orders(
    evidence: Floats, numbers: Patches, rng: np.random.Generator, random_orders: int
) -> list[Patches]:
    """Places of the patches in line, the strongest evidence's first, then in random orders: [patches] each."""
    found = means(evidence, numbers)
    return [
        np.argsort(np.argsort(-found, kind="stable")),
        *(rng.permutation(len(found)) for _ in range(random_orders)),
    ]


def _curves(
    network: Network,
    features: Tensor,
    frames: Tensor,
    numbers: Patches,
    places: list[Patches],
    points: int,
) -> Floats:
    """Logits as patches are taken away, and as they are put in, for each order: [orders, 2, points]."""
    known = numbers.shape[1]
    # All orders begin and end alike: with the whole window and with an empty one.
    gone = torch.linspace(0, len(places[0]), points).round()[1:-1].to(features.device)
    all_or_none = torch.tensor([True, False], device=features.device)[:, None, None]
    ends = _logits(network, features, frames, all_or_none, known)
    curves = np.empty((len(places), 2, points))
    curves[:, 0, [0, -1]], curves[:, 1, [0, -1]] = ends, ends[::-1]
    for curve, place in zip(curves, places, strict=True):
        line = torch.from_numpy(place[numbers]).to(features.device)
        put_in = line[None] < gone[:, None, None]
        left = torch.cat([~put_in, put_in])
        curve[:, 1:-1] = _logits(network, features, frames, left, known).reshape(2, points - 2)
    return curves


def _logits(network: Network, features: Tensor, frames: Tensor, left: Tensor, known: int) -> Floats:
    """Of a window of which only some cells are left: [some, F, known] -> [some]."""
    pictures = features.expand(len(left), -1, -1).clone()
    pictures[:, :, :known] *= left
    with torch.inference_mode():
        logits = [network(some, frames.expand(len(some))) for some in pictures.split(PICTURES_AT_ONCE)]
    return torch.cat(logits).double().cpu().numpy()
