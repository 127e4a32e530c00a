"""What a run folder keeps to be repeated from, and how a later run takes it up. Serves the verb `train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError, named

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from .runs import RunFolder

# Of a run itself, not of what it learns: a repetition has its own.
OWN = ("from_run", "ckpt_path", "overwrite")


def repeated(config: DictConfig, overrides: list[str]) -> DictConfig:
    """The config of the run in `from_run`, but for what the command line says now.

    Args:
        config: as Hydra composed it of these overrides.
        overrides: as they were given, `trainer.max_epochs=5`.
    """
    from hydra import compose
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import DictConfig, OmegaConf

    from .runs import RunFolder

    folder = RunFolder(Path(config.from_run))
    if not folder.config.is_file():
        raise UserError(f"from_run={folder.path} is no run folder: it has no config.yaml")
    told = OmegaConf.load(folder.config)
    if not isinstance(told, DictConfig) or "trainer" not in told or "model" not in told:
        raise UserError(f"from_run={folder.path}: its config.yaml is of no training run")
    # What a run of an older version doesn't say is as it is by default.
    asked = _plain(config)
    result = OmegaConf.create({**asked, **_plain(told), **{key: asked[key] for key in OWN}})
    given = OverridesParser.create().parse_overrides(overrides)
    groups = [each.key_or_group for each in given if OmegaConf.is_dict(config.get(each.key_or_group))]
    if groups or any(each.key_or_group == "experiment" for each in given):
        # An option may bring settings of others along, such as a model its features.
        _take_changes(result, _plain(compose("train")), asked)
    for each in given:
        if each.is_delete():
            _remove(result, each.key_or_group)
        elif each.key_or_group != "experiment":
            value = OmegaConf.select(OmegaConf.create(asked), each.key_or_group)
            OmegaConf.update(result, each.key_or_group, value, merge=False, force_add=True)
    return result


def splits_anew(overrides: list[str]) -> bool:
    """Whether the command line asks for another split than the repeated run had."""
    return any(override.lstrip("+~").startswith("split") for override in overrides)


def keep_for_repeating(run: RunFolder, clips: pd.DataFrame) -> None:
    """Write down at a run's start which clip is on which side, what the clips are, and by which versions.

    Args:
        clips: the clip table with its column `split`.
    """
    from .files import write_json
    from .provenance import fingerprints, versions
    from .splitting.sides import Split, write_split

    sides = dict(zip(clips["clip"].astype(str), clips["split"].astype(str), strict=True))
    write_split(Split("clip", sides, {"of": "the run in this folder"}), run.split)
    write_json(run.began, {"fingerprints": fingerprints(clips), "versions": versions()})


def split_as_in(whole: pd.DataFrame, run: RunFolder) -> pd.DataFrame:
    """The clips of a run, each on the side where it was; others of the table are left out."""
    from .splitting.sides import UNUSED, read_split

    if not run.split.is_file():
        raise UserError(
            f"from_run={run.path} has no split.csv: name the split, as in split=voice split.seed=0"
        )
    sides = read_split(run.split).sides
    gone = sorted(set(sides) - set(whole["clip"]))
    if gone:
        raise UserError(
            f"{len(gone)} clips of the run in {run.path} are not in the clip table: {named(gone)}; restore them, or "
            "name the split to train on what there is"
        )
    side = whole["clip"].map(sides).fillna(UNUSED)
    return whole.assign(split=side)[side != UNUSED].reset_index(drop=True)


def warn_of_changes(run: RunFolder, clips: pd.DataFrame) -> None:
    """Say on stderr what is other than it was when the run in the folder began."""
    from .files import read_json
    from .provenance import fingerprints, versions

    if not run.began.is_file():
        print(
            f"warning: {run.path} doesn't tell by what it was made; nothing can be compared", file=sys.stderr
        )
        return
    began = read_json(run.began)
    there, here = began.get("fingerprints", {}), fingerprints(clips)
    changed = [name for name, value in here.items() if there.get(name, value) != value]
    if changed:
        print(
            f"warning: other {' and '.join(changed)} than the run in {run.path} had: figures will differ",
            file=sys.stderr,
        )
    now = versions()
    other = [f"{name} {was} (now {now[name]})" for name, was in began.get("versions", {}).items()
             if name in now and was != now[name]]  # fmt: skip
    if other:
        print(f"warning: the run in {run.path} was made by {', '.join(other)}", file=sys.stderr)


def is_complete(run: RunFolder, config: dict[str, Any]) -> bool:
    """Whether the folder holds all that a run of these settings leaves, its report last."""
    from omegaconf import OmegaConf

    if not (run.page.is_file() and run.metrics.is_file() and run.config.is_file()):
        return False
    told = OmegaConf.to_container(OmegaConf.load(run.config))
    return isinstance(told, dict) and _of_learning(told) == _of_learning(config)


def tell_changes(run: RunFolder, config: dict[str, Any]) -> None:
    """Say on stderr which settings a run goes on with that it did not begin with."""
    from .settings import flattened, read_settings

    was, now = read_settings(run.config), flattened(_of_learning(config))
    other = [f"{key}={now[key]} (was {was[key]})" for key in now if key in was and was[key] != now[key]]
    if other:
        print(f"warning: goes on with other settings than it began with: {named(other)}", file=sys.stderr)


def _of_learning(config: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in config.items() if key not in (*OWN, "checkpoint")}


def _plain(config: DictConfig) -> dict[str, Any]:
    from omegaconf import OmegaConf

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)  # type: ignore[assignment]
    return plain


def _take_changes(result: Any, default: dict[str, Any], asked: dict[str, Any]) -> None:
    """Put into `result` what `asked` has other than `default`; what it has lost of a group goes as well."""
    for key, value in asked.items():
        if key in OWN or default.get(key) == value:
            continue
        if (
            isinstance(value, dict)
            and isinstance(default.get(key), dict)
            and isinstance(result.get(key), dict)
        ):
            _take_changes(result[key], default[key], value)
        else:
            result[key] = value


def _remove(config: DictConfig, key: str) -> None:
    from omegaconf import OmegaConf

    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    if node is not None and name in node:
        del node[name]
