"""Parameters in groups that learn at rates of their own, and the optimiser over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import nn

from ..errors import UserError
from ..models.network import Network
from .rates import Rates


class Group(NamedTuple):
    """Parameters, and their share of the rate after so many of the planned epochs."""

    parameters: list[nn.Parameter]
    share: Callable[[float, int], float]


def layers_of(backbone: nn.Module) -> list[list[nn.Parameter]]:
    """The parameters of each layer of a backbone, front to back, each once.

    The items of a list or a sequence are layers, however deep it stands; beside them any part that holds no list.
    A part that has only vectors, such as a normalisation, belongs to the layer before it. What stands in no part
    (a position's embedding) is met first, so it belongs to the first layer.
    """
    taken: set[int] = set()
    layers: list[list[nn.Parameter]] = []
    own = _untaken(backbone.parameters(recurse=False), taken)
    for part in _parts(backbone):
        parameters = _untaken(part.parameters(), taken)
        if layers and all(parameter.ndim < 2 for parameter in parameters):
            layers[-1] += parameters
        elif parameters:
            layers.append(parameters)
    rest = own + _untaken(backbone.parameters(), taken)
    return [rest + layers[0], *layers[1:]] if layers else [rest]


def _parts(module: nn.Module) -> Iterable[nn.Module]:
    for child in module.children():
        if isinstance(child, nn.ModuleList | nn.Sequential):
            yield from child
        elif any(isinstance(inner, nn.ModuleList) for inner in child.modules()):
            yield from _parts(child)
        else:
            yield child


def _untaken(parameters: Iterable[nn.Parameter], taken: set[int]) -> list[nn.Parameter]:
    new = [parameter for parameter in parameters if id(parameter) not in taken]
    taken.update(id(parameter) for parameter in new)
    return new


def groups_of(network: Network, beside: nn.Module | None, rates: Rates) -> list[Group]:
    """The network's new layers first, and with them what learns beside it; then the backbone, back to front."""
    more = list(beside.parameters()) if beside is not None else []
    if not rates.tells_backbone_apart:
        return [Group([*network.parameters(), *more], rates.of_new)]
    backbone = network.backbone()
    if backbone is None:
        name = "freeze_epochs" if rates.freeze_epochs else "layer_decay"
        neutral = 0 if rates.freeze_epochs else 1
        raise UserError(f"optim.{name} needs a pretrained model; for this one set it to {neutral}")
    old = {id(parameter) for parameter in backbone.parameters()}
    new = [parameter for parameter in network.parameters() if id(parameter) not in old]
    if rates.layer_decay == 1:
        return [Group(new + more, rates.of_new), Group(list(backbone.parameters()), rates.of_backbone)]
    layers = reversed(layers_of(backbone))
    return [
        Group(new + more, rates.of_new),
        *(Group(layer, _scaled(rates, behind)) for behind, layer in enumerate(layers, start=1)),
    ]


def _scaled(rates: Rates, behind: int) -> Callable[[float, int], float]:
    return lambda epoch, planned: rates.layer_decay**behind * rates.of_backbone(epoch, planned)


def build_optimiser(
    groups: list[Group], rates: Rates, weight_decay: float, planned: int, steps_an_epoch: Callable[[], float]
) -> OptimizerLRSchedulerConfig:
    """AdamW over the groups, each at its rate.

    Args:
        planned: how many epochs; 0 where there is no end.
        steps_an_epoch: asked only where rates change every step.
    """
    parameters = [{"params": group.parameters} for group in groups]
    optimiser = torch.optim.AdamW(parameters, lr=rates.lr, weight_decay=weight_decay)
    if not rates.per_step:
        shares = [_by_epoch(group, planned) for group in groups]
        return {"optimizer": optimiser, "lr_scheduler": torch.optim.lr_scheduler.LambdaLR(optimiser, shares)}
    steps = steps_an_epoch()
    shares = [_by_step(group, planned, steps) for group in groups]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, shares)
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _by_epoch(group: Group, planned: int) -> Callable[[int], float]:
    return lambda epoch: group.share(epoch, planned)


def _by_step(group: Group, planned: int, steps: float) -> Callable[[int], float]:
    # A step learns at the rate of its middle, so that neither the first nor the last one is lost.
    return lambda step: group.share((step + 0.5) / steps, planned)
