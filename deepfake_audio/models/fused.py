"""Several trained detectors that judge a window together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..features import build_features
from .cutting import cut, mean_logit
from .network import Network

# What is known of a member; its weights are the fused network's.
PARTS = ("features", "network", "window_samples", "centre", "spread")
# Each has tables of its own, which a stranger's detector must not fill the memory with.
MOST = 16
# A member's window: all of a batch are in memory together.
FEWEST_SAMPLES = 1_000


class Fused(Network):
    """Waveform -> each member's own front end and network -> the mean of their logits, each by its own measure.

    Members that fail in other places make up for each other. Nothing is learnt here: by `centre` and `spread`, which
    validation's clips gave each member, none outweighs another because its logits are larger. A member of shorter
    windows judges what is given to it in windows of its own.

    Args:
        members: of each its `features`, its `network`, its `window_samples`, and the `centre` and `spread` of its
            logits.
    """

    fits_at_once = True

    def __init__(self, members: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        if not 2 <= len(members) <= MOST:
            raise UserError(f"model=fused needs 2 to {MOST} runs: model.members=[RUN,RUN]")
        self.members = nn.ModuleList(Member(**{part: member[part] for part in PARTS}) for member in members)

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, 1, T] and its valid samples [B] -> logits [B]."""
        if features.shape[1] != 1:
            raise UserError(
                f"this network hears the waveform, and was given {features.shape[1]} rows: features=waveform"
            )
        waveform = features.squeeze(1)
        return torch.stack([member(waveform, frames) for member in self.members]).mean(dim=0)


class Member(nn.Module):
    """One of them: a front end, a network, the windows it judges, and where its logits lie."""

    def __init__(
        self,
        features: dict[str, Any],
        network: dict[str, Any],
        window_samples: int,
        centre: float,
        spread: float,
    ) -> None:
        super().__init__()
        # A member is built like any network, and `models` knows all of them, and so this one.
        from . import build_network

        # Values in its tables steer how some are made, so a network that is laid out without memory has them too.
        with torch.device("cpu"):
            self.features = build_features(**features)
        self.network = build_network(**network)
        self.window_samples = window_samples
        self.centre, self.spread = float(centre), float(spread)
        counted = type(window_samples) is int and window_samples >= FEWEST_SAMPLES
        if isinstance(self.network, Fused) or not self.spread > 0 or not counted:
            raise UserError(
                "a member of this fused detector is fused itself, has no spread, or windows that are too short: get "
                "the detector's folder again"
            )

    def forward(self, waveform: Tensor, samples: Tensor) -> Tensor:
        """[B, T] and its valid lengths [B] -> [B]."""
        windows, lengths, counted = cut(waveform, samples, self.window_samples)
        logits = self.network(*self.features(windows.flatten(0, 1), lengths.flatten()))
        return (mean_logit(logits, counted) - self.centre) / self.spread
