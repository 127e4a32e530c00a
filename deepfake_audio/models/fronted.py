"""A network with a front end that is learnt, or comes pretrained, and so belongs to the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..errors import UserError
from ..features.ssl import SSL, described
from .network import Network, PooledNetwork

FRONTS: dict[str, type[SSL]] = {"ssl": SSL}


class Fronted(PooledNetwork):
    """Waveform -> front -> picture -> network -> logit. Its features are `waveform`: [B, 1, T] and samples [B]."""

    def __init__(self, front: SSL, network: Network) -> None:
        super().__init__()
        if not isinstance(network, PooledNetwork):
            raise UserError(
                f"{type(network).__name__} makes no use of features=ssl: choose model=ssl, or another for pictures"
            )
        self.front = front
        self.network = network

    @property
    def head(self) -> nn.Sequential:  # type: ignore[override]
        """The wrapped network's."""
        return self.network.head

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, 1, T] and its valid samples [B] -> what the head gets, [B, C]."""
        if features.shape[1] != 1:
            raise UserError(
                f"this network hears the waveform, and was given {features.shape[1]} rows: features=waveform"
            )
        return self.network.pooled(*self.front(features.squeeze(1), frames))

    def backbone(self) -> nn.Module:
        """The encoder; how its layers are weighed is new."""
        return self.front.encoder

    def load_pretrained(self, weights: Path | None) -> None:
        """The encoder's weights, from a folder of transformers or by the hub's name."""
        if weights is None:
            raise UserError("the encoder's weights come from features.path; leave model.pretrained out")
        self.front.load(weights)
        self.heard_elsewhere = True


def build_front(name: str, **arguments: Any) -> SSL:
    """The front called `name` with random weights, from plain values such as a detector's file holds."""
    if name not in FRONTS:
        raise UserError(f"front {name!r} is not known; there is {', '.join(sorted(FRONTS))}")
    return FRONTS[name](**arguments)


def assembled(features: dict[str, Any], network: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Features and network as they are built: what is learnt goes from the features to the network.

    Of `features=ssl` the shape is read here, from a folder or the hub; the weights come by `load_pretrained`.
    """
    if features["name"] not in FRONTS:
        return features, network
    settings = {key: value for key, value in features.items() if key != "name"}
    front = described(**settings)
    network = with_bins(network, _width(front["config"]))
    waveform = {"name": "waveform", "sample_rate": front["sample_rate"]}
    return waveform, {**network, "front": {"name": features["name"], **front}}


def with_bins(network: dict[str, Any], bins: int) -> dict[str, Any]:
    """A network's settings, its `bins` as many as the picture has; an error where they say another number."""
    if network.get("bins", bins) not in (None, bins):
        raise UserError(
            f"model.bins={network['bins']} but the features have {bins} rows: leave model.bins null"
        )
    return {**network, "bins": bins} if "bins" in network else network


def _width(config: dict[str, Any]) -> int:
    """Rows of the picture that an encoder makes."""
    return int(config.get("hidden_size") or config["d_model"])
