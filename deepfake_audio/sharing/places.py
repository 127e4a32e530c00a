"""Where a detector is: a folder on this machine, or a name on the Hugging Face Hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..detector_format import detector_folder
from ..errors import UserError

if TYPE_CHECKING:
    from ..detector import Detector

# `user/name`, as the hub allows them, and behind an @ a branch, a tag or a commit.
ON_HUB = re.compile(r"([\w][\w.-]{0,95}/[\w][\w.-]{0,95})(?:@([\w][\w./-]{0,200}))?", re.ASCII)


def find_detector(text: str | Path | None) -> Path:
    """The folder of what `--detector` names: a folder, a run, or `user/name[@revision]` on the Hugging Face Hub.

    Without any it is the detector that comes with the package.

    A folder that is here is meant before any name, and so is one in a folder that is here: nothing is looked up for
    a mistyped path. What comes from the hub was checked, and lies in the hub's own cache.
    """
    if text is None:
        from ..shipped import shipped_detector

        return shipped_detector()
    named = on_hub(str(text))
    if named is None:
        return Path(text).expanduser()
    from .hub import fetch

    return fetch(*named)


def from_pretrained(
    name_or_folder: str | Path, revision: str | None = None, device: str = "cpu", token: str | None = None
) -> Detector:
    """The detector of a name on the Hugging Face Hub, `user/name[@revision]`, or in a folder (or run).

    Whatever it is, it is looked at before anything is built from it, see `safety`.

    Args:
        revision: a branch, a tag or a commit of the hub's.
        token: for what is private or gated; the one that `hf auth login` stored if not given.
    """
    from ..detector import load_detector

    named = on_hub(str(name_or_folder))
    if named is not None:
        from .hub import fetch

        if revision and named[1]:
            raise UserError(f"{name_or_folder} names a revision, and revision={revision} another: give one")
        return load_detector(fetch(named[0], revision or named[1], token), device)
    folder = detector_folder(name_or_folder)
    if revision:
        raise UserError(f"revision={revision} is for a name on the hub, and {folder} is a folder")
    from .safety import check_folder

    check_folder(folder)
    return load_detector(folder, device)


def on_hub(text: str) -> tuple[str, str | None] | None:
    """Name and revision if `text` can only be meant for the hub, else None."""
    found = ON_HUB.fullmatch(text)
    if found is None or Path(text).exists() or Path(text.partition("/")[0]).exists():
        return None
    return found.group(1), found.group(2)
