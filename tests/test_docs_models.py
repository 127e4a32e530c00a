"""docs/models.md: its commands compose, its tables name options that there are, and all of them."""

from __future__ import annotations

import re
import shlex

import pytest

from .test_configs import REPOSITORY, composed, options

PAGE = (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"python -m deepfake_audio\.train ([^\n`]+)", PAGE)


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_compose(command: str) -> None:
    overrides = [word for word in shlex.split(command) if word != "-m"]
    # A sweep's values one by one.
    composed(*(re.sub(r"=([^,\[{]+),.*", r"=\1", word) for word in overrides))


def options_in(heading: str) -> set[str]:
    """What the first column of the table below a line names in code."""
    table = PAGE.split(heading, 1)[1].lstrip("\n").split("\n\n", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    return {name for cell in cells for name in re.findall(r"`(?:\w+=)?([\w-]+)`", cell)}


@pytest.mark.parametrize("group", ["features", "model", "augment"])
def test_its_tables_name_every_option(group: str) -> None:
    named = options_in(f"| `{group}=` |")
    missing = set(options(group)) - named - {"none", "robust"}
    assert not missing
    assert named <= set(options(group)) | {"model"}


def test_its_losses_and_optimisers_are_there() -> None:
    known = {name for group in ("loss", "optim", "adversary") for name in options(group)}
    assert options_in("| option | what it does |") <= known | {"early_stopping", "5"}
