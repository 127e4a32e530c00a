"""Networks that `model=` names; `learning` trains any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UserError
from ..features import FrontEnd
from .aasist import AASIST, AASISTLight
from .boost import Boost
from .cnn import CNN
from .effnet import EffNet
from .fronted import Fronted, assembled, build_front, with_bins
from .fused import Fused
from .heads import with_head
from .lcnn import LCNN
from .logreg import LogReg
from .meso import Meso
from .mlp import MLP
from .network import Network
from .patches import Patches
from .rawnet2 import RawNet2
from .ssl import SSLHead
from .timm import Timm

__all__ = ["NETWORKS", "Network", "assembled", "build_network", "fitted_to"]

NETWORKS: dict[str, type[Network]] = {
    "aasist": AASIST,
    "aasist-l": AASISTLight,
    "boost": Boost,
    "cnn": CNN,
    "effnet": EffNet,
    "fused": Fused,
    "lcnn": LCNN,
    "logreg": LogReg,
    "meso": Meso,
    "mlp": MLP,
    "patches": Patches,
    "rawnet2": RawNet2,
    "ssl": SSLHead,
    "timm": Timm,
}


def build_network(
    name: str,
    head: str | Mapping[str, Any] | None = None,
    front: dict[str, Any] | None = None,
    **arguments: Any,
) -> Network:
    """The network called `name` with random weights, from plain values such as a detector's file holds.

    With `head` its last layer is that one of `heads`: a name, or a name and settings. With `front` it comes behind
    a front end that belongs to it, see `assembled`.
    """
    if name not in NETWORKS:
        raise UserError(f"model {name!r} is not known; there is {', '.join(sorted(NETWORKS))}")
    network = NETWORKS[name](**arguments)
    if front is not None:
        network = Fronted(build_front(**front), network)
    return network if head is None else with_head(network, head)


def fitted_to(features: FrontEnd, network: dict[str, Any]) -> dict[str, Any]:
    """The settings of a network, with `bins` that are not said as many as the features have."""
    # Behind a front end of its own, a network is shown that one's picture, and has been fitted to it.
    return network if "front" in network else with_bins(network, features.bins)
