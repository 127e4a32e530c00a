"""What a card says of how a detector was made: data, split, treatment, the command, versions."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from ..runs import RunFolder
from ..settings import read_yaml

Told = dict[str, Any]

# Where a run lay and whether it might be written over is nobody else's business.
OF_A_MACHINE = ("hydra.", "overwrite=", "record.", "ckpt_path=")
SIDES = ("train", "val", "test")


def trained(config: Told, recipe: str | None) -> list[str]:
    """On what, split how, heard how, and by which command."""
    split = config.get("split") or {}
    lines = [
        "## How it was trained",
        "",
        *_treated(config.get("neutral")),
        f"{_made(config)} the corpus `{config.get('corpus', 'unnamed')}`, split by the policy "
        f"`{split.get('policy', 'unknown')}`.",
        "",
        *_sides(split.get("counts") or {}),
    ]
    if recipe is None:
        return [*lines, "The command that trained it was not recorded.", ""]
    return [*lines, "```sh", recipe, "```", ""]


def _made(config: Told) -> str:
    """What the corpus was good for."""
    if config.get("learnt") == "elsewhere":
        return "It learnt nothing here: its weights are as they were loaded, calibrated and judged on"
    return "Trained on"


def versions(config: Told) -> list[str]:
    """What it was made with."""
    made = config.get("versions") or {}
    if not made:
        return []
    named = ", ".join(f"{name} {number}" for name, number in made.items())
    return ["## Made with", "", f"{named}; the detector's format is {config.get('format', 'not known')}.", ""]


def recipe(run: RunFolder) -> str | None:
    """The command that trained a run, without what its machine's folders are called; None where it is not known."""
    overrides = read_yaml(run.overrides)
    if not isinstance(overrides, list):
        return None
    kept = [
        without_folders(str(each))
        for each in overrides
        if not str(each).lstrip("+~").startswith(OF_A_MACHINE)
    ]
    return " ".join(["deepfake-audio train", *map(_quoted, kept)])


def without_folders(text: str) -> str:
    """`clips=/home/ann/data/clips.csv` -> `clips=clips.csv`; a path that starts nowhere in particular stays."""
    return re.sub(r"(?<![\w.)}])(?:~|[A-Za-z]:)?[/\\][^,=\[\]\"']*", lambda found: PurePosixPath(
        found.group().replace("\\", "/")).name, text)  # fmt: skip


def _quoted(override: str) -> str:
    """As a shell takes it for one word."""
    return (
        override if re.fullmatch(r"[\w./=:+~,@%-]*", override) else "'" + override.replace("'", "'\\''") + "'"
    )


def _treated(neutral: Told | None) -> list[str]:
    """What is done to a recording before it is heard, in training as in use."""
    if neutral is None:
        return []
    # Not above: without this a threshold is tuned in a second, and no codec loaded for it.
    from ..neutral import build_neutral

    words = build_neutral(**neutral).in_words()
    return [f"Reals and fakes, in training as in use, are made alike before they are heard: {words}.", ""]


def _sides(counts: Told) -> list[str]:
    """How much of what each side of the split holds."""
    rows = [(side, counts[side]) for side in SIDES if side in counts]
    if not rows:
        return []
    return [
        "| | clips | voices | real | fake |",
        "|---|---|---|---|---|",
        *(
            f"| {side} | {told['clips']} | {told['voices']} | {told['real']} | {told['fake']} |"
            for side, told in rows
        ),
        "",
    ]
