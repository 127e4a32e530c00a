"""What a search's command lines make of the config: whether they make one at all, and how to say them without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from ..errors import UserError
from ..settings import flattened

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from .spaces import Space

# A command line's config, with Hydra's own part.
Compose = Callable[[list[str]], "DictConfig"]
# The group whose options bring searches along.
GROUP = "sweep"
# Said also where it is the default: it is what one asks first of a run.
ALWAYS = "model"
NO_CONFIG = (HydraException, OmegaConfBaseException)


def check_many_runs(config: DictConfig) -> None:
    """Raise for a single run that was asked to search; not for a job of a search, which has a number."""
    from omegaconf import OmegaConf

    asked = config.hydra.runtime.choices.get(GROUP)
    if asked and OmegaConf.is_missing(config.hydra.job, "num"):
        verb = config.hydra.job.name
        raise UserError(
            f"{GROUP}={asked} is a search, and that is many runs: add -m, as in `python -m deepfake_audio.{verb} -m "
            f"{GROUP}={asked}`; for a single run say model=... in its place"
        )


def check_space(space: Space, compose: Compose) -> None:
    """Raise Hydra's error where a choice names an option that isn't there, or where no choice makes a config.

    What only some choices don't allow is found out, and told, by the trial that draws it.
    """
    wrong: list[Exception] = []
    turns = max(len(each.choices) or 1 for each in space.parameters)
    for turn in range(turns):
        # Each choice has its turn; of a range any number will do.
        values = {
            each.key: each.choices[turn % len(each.choices)] if each.choices else each.low
            for each in space.parameters
        }
        try:
            compose(space.overrides(values))
        except MissingConfigException:
            raise
        except NO_CONFIG as error:
            wrong.append(error)
    if len(wrong) == turns:
        raise wrong[0]


def without_search(overrides: list[str], compose: Compose) -> list[str]:
    """The same config for a single run: what `sweep=` brought along is said by itself."""
    plain = [each for each in overrides if _key(each) != GROUP]
    if plain == overrides:
        return overrides
    wanted, bare = compose(overrides), compose([])
    told = {_key(each) for each in plain}
    groups = [
        f"{group}={choice}"
        for group, choice in _choices(wanted).items()
        if group not in told and (group == ALWAYS or choice != _choices(bare).get(group))
    ]
    # An option may bring others along, which then needn't be said.
    for each in list(groups):
        fewer = [other for other in groups if other != each]
        if _key(each) != ALWAYS and _same_choices([*fewer, *plain], wanted, compose):
            groups = fewer
    asked = _flat(wanted)
    try:
        as_it_is = _flat(compose([*groups, *plain]))
    except NO_CONFIG:
        # A key that the search's option made: then all is said.
        as_it_is = {}
    return [
        *groups,
        *(f"++{key}={_written(value)}" for key, value in asked.items() if as_it_is.get(key, ...) != value),
        *plain,
    ]


def _same_choices(overrides: list[str], wanted: DictConfig, compose: Compose) -> bool:
    try:
        return _choices(compose(overrides)) == _choices(wanted)
    except NO_CONFIG:
        return False


def _choices(config: DictConfig) -> dict[str, Any]:
    """Which option of each group was taken, but for Hydra's own and for the search."""
    return {
        group: choice
        for group, choice in config.hydra.runtime.choices.items()
        if not group.startswith("hydra/") and group != GROUP
    }


def _flat(config: DictConfig) -> dict[str, Any]:
    """Settings by key, unresolved."""
    from omegaconf import OmegaConf

    told: dict[str, Any] = OmegaConf.to_container(config)  # type: ignore[assignment]
    return flattened({key: value for key, value in told.items() if key != "hydra"})


def _written(value: Any) -> str:
    """A value as an override says it, in Hydra's own quotes where they are needed."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return f"[{','.join(_written(each) for each in value)}]"
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")
