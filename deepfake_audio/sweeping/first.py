"""What a search tries first: the config as it is without it, where the space holds that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from .spaces import Parameter, Space


def as_is(space: Space, config: DictConfig) -> dict[str, Any] | None:
    """What the config says without a search; None where the space doesn't hold it."""
    values = {each.key: _drawable(each, _own(each, config)) for each in space.parameters}
    return None if None in values.values() else values


def not_as_is(space: Space, config: DictConfig) -> str:
    """Which value of the config's own the space doesn't hold; empty where it holds all."""
    for each in space.parameters:
        own = _own(each, config)
        if _drawable(each, own) is None:
            said = f"{each.key}={own}" if own is not None else f"nothing of {each.key}"
            return f"drawn, for the config says {said}, which is not in the space"
    return ""


def _own(parameter: Parameter, config: DictConfig) -> Any:
    """What the config says of a setting without a search."""
    from omegaconf import OmegaConf

    key = parameter.key.lstrip("+")
    chosen = config.hydra.runtime.choices.get(key)
    return chosen if chosen is not None else OmegaConf.select(config, key)


def _drawable(parameter: Parameter, value: Any) -> Any:
    """The value as it would be drawn; None where it can't be."""
    from omegaconf import OmegaConf

    if parameter.choices:
        same = [text for text in parameter.choices if OmegaConf.from_dotlist([f"x={text}"])["x"] == value]
        return same[0] if same else None
    return value if parameter.spans(value) else None
