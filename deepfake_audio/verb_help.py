"""What `--help` of a verb with a config says: Hydra's own help, in a fraction of its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Not an option of ours: how Hydra itself is run.
NO_CHOICE = ("hydra",)
# The first line of a file whose values go to the top, and not beneath the name of its group.
AT_THE_TOP = "# @package _global_"
# What a step of the defaults says behind its name for the same.
HERE = "_here_"


def help_text(conf: Path, config_name: str, doc: str) -> str:
    """What the verb does, what each group offers, and the config as it is when nothing is overridden.

    Hydra looks for plugins first and reads all groups' folders anew for each group that it lists; a config that needs
    none of its finesse is put together here.
    """
    groups = {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(conf.iterdir())
        if folder.is_dir() and folder.name not in NO_CHOICE
    }
    lines = [f"{group}: {', '.join(options)}" for group, options in groups.items() if options]
    return "\n".join(
        [
            doc,
            "",
            "== Configuration groups ==",
            "Compose your configuration from those groups (group=option)",
            "",
            *lines,
            "",
            "== Config ==",
            "Override anything in the config (foo.bar=value)",
            "",
            composed_here(conf, config_name) or composed_by_hydra(conf, config_name),
            "Behind overrides `--help` shows the config that they make; `--hydra-help` is about Hydra's own flags.",
        ]
    )


def composed_by_hydra(conf: Path, config_name: str) -> str:
    """The config as YAML."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(config_dir=str(conf.resolve()), version_base="1.3"):
        return OmegaConf.to_yaml(compose(config_name))


def composed_here(conf: Path, config_name: str) -> str | None:
    """The same, where all that is done is to lay files upon each other in order; None where more is."""
    import yaml  # type: ignore[import-untyped]

    own = _read(conf / f"{config_name}.yaml")
    # Where the file says nothing of its own place, that is Hydra's to know.
    steps = own.pop("defaults", ["_self_"])
    if "_self_" not in steps:
        return None
    told: dict[str, Any] = {}
    for step in steps:
        if step == "_self_":
            _lay(own, told)
            continue
        group, option, here = _named(step)
        if option == "None" or group == "override hydra":
            continue
        file = conf / group / f"{option}.yaml"
        if here not in ("", HERE) or not file.is_file():
            return None
        brought = _read(file)
        if "defaults" in brought:
            return None
        top = here or file.read_text(encoding="utf-8").startswith(AT_THE_TOP)
        _lay(brought if top else {group: brought}, told)
    told.pop("hydra", None)
    return str(yaml.safe_dump(told, default_flow_style=False, allow_unicode=True, sort_keys=False))


def _named(step: str | dict[str, str | None]) -> tuple[str, str, str]:
    """Group, option and what stands behind an @ of `split/voice@_here_` or of `split: voice`."""
    if isinstance(step, str):
        named, _, here = step.partition("@")
        group, _, option = named.partition("/")
        return group, option, here
    ((group, chosen),) = step.items()
    return group.partition("/")[0], str(chosen), ""


def _read(file: Path) -> dict[str, Any]:
    import yaml

    # In C where it was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text(encoding="utf-8"), loader) or {}


def _lay(upper: dict[str, Any], lower: dict[str, Any]) -> None:
    """The values of `upper` upon those of `lower`, which is changed."""
    for key, value in upper.items():
        if isinstance(value, dict) and isinstance(lower.get(key), dict):
            _lay(value, lower[key])
        else:
            lower[key] = value
