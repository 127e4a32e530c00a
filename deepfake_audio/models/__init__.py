"""Networks that `model=` names, and the LightningModule that trains any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UserError
from ..features import FrontEnd
from .cnn import CNN
from .effnet import EffNet
from .heads import with_head
from .network import Network

NETWORKS: dict[str, type[Network]] = {"cnn": CNN, "effnet": EffNet}


def build_network(name: str, head: str | Mapping[str, Any] | None = None, **arguments: Any) -> Network:
    """The network called `name` with random weights, from plain values such as a detector's file holds.

    With `head` its last layer is that one of `heads`: a name, or a name and settings.
    """
    if name not in NETWORKS:
        raise UserError(f"model {name!r} is not known; there is {', '.join(sorted(NETWORKS))}")
    network = NETWORKS[name](**arguments)
    return network if head is None else with_head(network, head)


def fitted_to(features: FrontEnd, network: dict[str, Any]) -> dict[str, Any]:
    """The settings of a network, with `bins` that are not said as many as the features have."""
    if "bins" in network and network["bins"] is None:
        return {**network, "bins": features.bins}
    return network
