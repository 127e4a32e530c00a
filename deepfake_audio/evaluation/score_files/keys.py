"""Labels that stand in a file of their own: ASVspoof's protocols, or any table with a clip and a label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ...corpora import asvspoof5, asvspoof2019, asvspoof2021
from ...errors import UserError, named
from .cells import Cells, plain, read_cells
from .columns import NAMES
from .words import KNOWN_LABELS, labels_of

# Protocols have no header: how many columns there are tells which one it is.
PROTOCOLS = {
    "ASVspoof 2019 protocol": asvspoof2019.COLUMNS,
    "ASVspoof 2021 LA trial metadata": asvspoof2021.COLUMNS["LA"],
    "ASVspoof 2021 DF trial metadata": asvspoof2021.COLUMNS["DF"],
    "ASVspoof 5 protocol": asvspoof5.COLUMNS,
    "clips and keys": ("clip", "key"),
}
ROLES = {"clip": "clip", "key": "label", "voice": "voice", "system": "system", "phase": "phase"}


class Keys(NamedTuple):
    """One row a clip: `clip`, `label`, and `voice`, `system`, `track` as far as the file knows; and how it was read."""

    path: Path
    table: pd.DataFrame
    form: str
    words: str
    is_asvspoof: bool
    # Clips of other phases of the challenge, whose scores are left out.
    left_out: frozenset[str]


def read_keys(path: Path, phases: Sequence[str] = ("eval",), fake_label: str | None = None) -> Keys:
    """The labels in `path`, each clip once.

    Args:
        phases: which of ASVspoof 2021's phases count; published figures are about "eval".
        fake_label: the word that means fake, where it is not clear by itself.
    """
    cells = read_cells(path, _is_header)
    if not cells.lines:
        raise UserError(f"{path} has a header and no lines")
    form, places = _places(cells)
    label, words = labels_of(cells, places.pop("label"), fake_label)
    table = pd.DataFrame({role: cells.columns[place] for role, place in places.items()}).assign(label=label)
    refuse_twice(cells, table["clip"])
    left_out: frozenset[str] = frozenset()
    if "phase" in table:
        inside = table["phase"].isin(phases)
        if not inside.any():
            there = named(sorted(table["phase"].unique()))
            raise UserError(f"{path} has no clip of phase {', '.join(phases)}; there are {there}")
        left_out = frozenset(table.loc[~inside, "clip"])
        table = table[inside].drop(columns="phase").reset_index(drop=True)
        form = f"{form}, {' and '.join(phases)}"
    return Keys(path, table, form, words, form.startswith("ASVspoof"), left_out)


def refuse_twice(cells: Cells, clip: pd.Series) -> None:
    """Raise if a clip has several lines: each counts once."""
    twice = np.flatnonzero(clip.duplicated())
    if len(twice):
        row = int(twice[0])
        first = int(np.flatnonzero(clip == clip[row])[0])
        rest = f"; {len(twice) - 1} more clips likewise" if len(twice) > 1 else ""
        raise UserError(
            f"{cells.at(row)}: clip {clip[row]} stood in line {cells.lines[first]} already; a clip counts once{rest}"
        )


def _is_header(row: list[str]) -> bool:
    names_a_label = any(plain(cell) in NAMES["label"] for cell in row)
    return names_a_label and not any(cell.lower() in KNOWN_LABELS for cell in row)


def _places(cells: Cells) -> tuple[str, dict[str, int]]:
    """What the file is, and where in it which role stands."""
    if cells.header is None:
        for form, columns in PROTOCOLS.items():
            if len(columns) == len(cells.columns):
                return form, {ROLES[role]: columns.index(role) for role in ROLES if role in columns}
        raise UserError(
            f"{cells.path} is no file of keys that is known ({cells.form}): ASVspoof's protocols are, and tables "
            "whose first line names a clip and a label"
        )
    header = [plain(name) for name in cells.header]
    there = {role: next((name for name in names if name in header), None) for role, names in NAMES.items()}
    if there["clip"] is None:
        raise UserError(
            f"{cells.path} has no column of clips; it has {named(cells.header, 12)}, and 'clip' or 'filename' "
            "would be known"
        )
    return "a table", {role: header.index(name) for role, name in there.items() if name}
