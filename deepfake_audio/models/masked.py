"""Keeping padding out of maps, so that a clip's logit does not depend on what follows it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from ..features import valid_frames


def without_padding(maps: Tensor, frames: Tensor) -> Tensor:
    """Zero beyond each clip's end, which is what a convolution finds beyond the window's: [B, C, F, T'] -> same."""
    return maps * valid_frames(frames, maps.shape[-1])[:, None, None, :]


def largest(maps: Tensor, frames: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The largest of each `step` by `step` cells of the clip, rounding up: the maps and their valid frames [B].

    Of maps that go below zero the padding must not even be a zero: [B, C, F, T'] -> [B, C, F'', T''].
    """
    beyond = ~valid_frames(frames, maps.shape[-1])[:, None, None, :]
    pooled = max_pool2d(maps.masked_fill(beyond, -torch.inf), step, ceil_mode=True)
    frames = torch.div(frames + step - 1, step, rounding_mode="floor")
    return pooled.masked_fill(~valid_frames(frames, pooled.shape[-1])[:, None, None, :], 0.0), frames
