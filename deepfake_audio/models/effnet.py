"""EfficientNet on a spectrogram as a one-channel picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from efficientnet_pytorch import EfficientNet
from efficientnet_pytorch.utils import url_map
from torch import Tensor, nn

from ..errors import UserError
from .network import PooledNetwork, repeated_over_padding
from .shown import check_picture
from .weights import read_weights

STEM = "_conv_stem.weight"
# EfficientNet's own classifier, for which ours stands.
CLASSIFIER = ("_fc.weight", "_fc.bias")


class EffNet(PooledNetwork):
    """EfficientNet (b0 to b7) without its classifier, mean over its maps, dropout, one logit.

    A clip shorter than the window is shown over and over until the window is full.
    """

    def __init__(self, version: str = "b2", dropout: float = 0.3) -> None:
        super().__init__()
        self.version = version
        name = f"efficientnet-{version}"
        if name not in url_map:
            raise UserError(f"model.version={version} is not known; there is b0 to b7")
        # image_size=None pads by the size at hand; else by that of ImageNet's square pictures.
        self.body = EfficientNet.from_name(name, in_channels=1, include_top=False, image_size=None)
        # Nothing is done here: a place where explanations find the last maps.
        self.maps = nn.Identity()
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.body._conv_head.out_channels, 1))

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> the mean of each map, [B, C]."""
        check_picture("effnet", features.shape[1])
        # Squeeze-and-excitation averages over all frames in every block, so padding cannot be masked at the end.
        whole = repeated_over_padding(features, frames)
        maps = self.maps(self.body.extract_features(whole.unsqueeze(1)))
        return maps.mean(dim=(2, 3))

    def mapped_layers(self) -> tuple[str, ...]:
        """The last block of each resolution, then `maps`, which is what the head averages."""
        blocks = list(self.body._blocks)
        ends = [n for n, after in enumerate(blocks[1:]) if max(after._depthwise_conv.stride) > 1]
        return (*(f"body._blocks.{number}" for number in ends), "maps")

    def backbone(self) -> nn.Module:
        """Everything but our own head."""
        return self.body

    def load_pretrained(self, weights: Path | None) -> None:
        """ImageNet weights, the stem's filters summed over RGB: a grey picture gives what it gave before."""
        state = read_weights(weights) if weights else _fetch(f"efficientnet-{self.version}")
        if STEM not in state or state[STEM].ndim != 4:
            raise UserError(f"{weights} holds no EfficientNet: {STEM} is missing")
        state = {key: value for key, value in state.items() if key not in CLASSIFIER}
        if state[STEM].shape[1] == 3:
            state[STEM] = state[STEM].sum(dim=1, keepdim=True)
        try:
            self.body.load_state_dict(state)
        except RuntimeError as error:
            reason = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
            raise UserError(f"{weights} does not fit EfficientNet-{self.version.upper()}: {reason}") from None


def _fetch(name: str) -> dict[str, Any]:
    """From torch's cache of downloads, or from the package's usual address."""
    url = url_map[name]
    try:
        state: dict[str, Any] = torch.hub.load_state_dict_from_url(url, map_location="cpu", weights_only=True)
    except (URLError, OSError, RuntimeError) as error:
        file = url.rsplit("/", 1)[-1]
        raise UserError(
            f"the ImageNet weights of {name} cannot be had ({error}): fetch {file} elsewhere and give it as "
            "model.weights=FILE, or train from random weights with model.pretrained=false"
        ) from None
    return state
