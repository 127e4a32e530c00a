"""A detector made ready for others: its own files and no more, a card, and nothing about the machine it is from."""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..card import PLACE, card, making
from ..card.front_matter import fenced, front_matter, parted
from ..detector_format import CARD, CONFIG, VALIDATION, WEIGHTS, check_format, detector_folder
from ..errors import UserError
from ..files import read_json, write_json, write_text
from ..runs import RunFolder
from .safety import check_folder

# What a person may say of a detector, and no file knows.
TOLD = ("license", "language")
# An SPDX-like name or a code of a language, as the hub writes them: `apache-2.0`, `cc-by-nc-4.0`, `en`.
NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def publish(
    source: str | Path,
    folder: str | Path,
    overwrite: bool = False,
    license: str | None = None,
    language: list[str] | None = None,
) -> Path:
    """Copy the detector of a run (or its folder) to `folder`, whole or not at all; `from_pretrained` reads it there.

    Args:
        overwrite: whether a detector that is there may be replaced. Anything else that is there never is.
        license: under which its weights may be used, as the hub names it (`apache-2.0`); for the card.
        language: codes of the languages that its data speaks (`en`); for the card.
    """
    target = Path(folder).expanduser()
    old = target.with_name(f".{target.name}.replaced")
    if old.exists() and not target.exists():
        # Whoever replaced it was stopped halfway: it is the only one there is.
        old.rename(target)
    _check_target(target, overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    with staged(source, license=license, language=language, beside=target.parent) as ready:
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        ready.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    return target


@contextmanager
def staged(
    source: str | Path,
    name: str | None = None,
    license: str | None = None,
    language: list[str] | None = None,
    beside: Path | None = None,
) -> Iterator[Path]:
    """A folder with what is to be published, tried out: it loads, and has an answer.

    Args:
        name: on the hub, for the card.
        beside: where the folder is made, if it is to be moved.
    """
    told = _checked_told(license, language)
    origin = detector_folder(source)
    with tempfile.TemporaryDirectory(dir=beside, prefix=".detector") as scratch:
        ready = Path(scratch) / "detector"
        ready.mkdir()
        config = (
            _for_others(read_json(origin / CONFIG)) | told | ({"name": name.split("/")[-1]} if name else {})
        )
        check_format(config, origin / CONFIG)
        write_json(ready / CONFIG, config)
        for kept in (WEIGHTS, VALIDATION):
            if (origin / kept).is_file():
                shutil.copyfile(origin / kept, ready / kept)
        text = _card(Path(source).expanduser(), origin, config)
        write_text(ready / CARD, text if name is None else text.replace(PLACE, name))
        _check_no_names(ready / VALIDATION)
        check_folder(ready)
        _try_out(ready)
        yield ready


def _checked_told(license: str | None, language: list[str] | None) -> dict[str, Any]:
    told = dict(zip(TOLD, (license, language), strict=True))
    for key, value in told.items():
        for each in [value] if isinstance(value, str) else value or []:
            if not NAME.fullmatch(each):
                raise UserError(f"{key}={each} is no name as the hub writes it: apache-2.0, say, or en")
    return {key: value for key, value in told.items() if value}


def _check_target(target: Path, overwrite: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / CONFIG).is_file() or not (target / WEIGHTS).is_file():
        raise UserError(f"{target} is there, and is no detector: give another folder")
    if not overwrite:
        raise UserError(f"{target} holds a detector: give another folder, or --overwrite")


def _for_others(config: dict[str, Any]) -> dict[str, Any]:
    """A config without folders of this machine and without names of clips, which may be names of people."""
    config = dict(config)
    if split := config.get("split"):
        file = split.get("file")
        config["split"] = {**split, "file": file and making.without_folders(str(file))}
    if audit := config.get("audit"):
        config["audit"] = {**audit, "words": [_without_examples(line) for line in audit.get("words", [])]}
    return config


def _without_examples(line: str) -> str:
    """ "3 voices on two sides, such as ann: look there" -> "3 voices on two sides: look there"."""
    return re.sub(r", such as .*(?=: )|, such as .*", "", line, flags=re.DOTALL)


def _card(source: Path, origin: Path, config: dict[str, Any]) -> str:
    """A run's card anew, or a detector's own with the metadata brought up to date."""
    run = RunFolder(source if origin != source else origin.parent)
    if run.metrics.is_file() and run.detector_config.is_file() and run.detector.resolve() == origin.resolve():
        changed = read_json(run.counterfactuals) if run.counterfactuals.is_file() else None
        return card(config, read_json(run.metrics), changed, making.recipe(run))
    if not (origin / CARD).is_file():
        return f"{front_matter(config, {})}\n{_BARE}"
    told, text = parted((origin / CARD).read_text(encoding="utf-8"))
    own, _ = parted(front_matter(config, {}))
    for result in told.get("model-index") or []:
        result["name"] = config.get("name", result.get("name"))
    return fenced({**own, **told, **{key: config[key] for key in TOLD if key in config}}) + text


_BARE = f"""
# Deepfake-speech detector

Nothing is known here of how it was made, or of how well it does: it came without a card.

`deepfake-audio predict recording.mp4 --detector {PLACE}`
"""


def _check_no_names(file: Path) -> None:
    """Validation's scores go along as numbers; who spoke and what the clips were called does not."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        try:
            list(map(float, line.split(",")))
        except ValueError:
            raise UserError(
                f"{file.name} of the detector holds something else than numbers, which may name people or clips: "
                "it is not published"
            ) from None


def _try_out(folder: Path) -> None:
    """Load it and let it hear a second of noise."""
    import torch

    from ..detector import load_detector

    detector = load_detector(folder)
    noise = 0.01 * torch.randn(1, detector.window_samples, generator=torch.Generator().manual_seed(0))
    if not math.isfinite(float(detector.score(noise))):
        raise UserError(f"the detector of {folder} has no answer for a second of noise: it is not published")
