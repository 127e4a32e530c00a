"""Of what kinds training's clips are: which of them have equal shares of an epoch, and which must not be forged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import UserError, named
from ..forging.systems import PREFIX
from ..splitting.kinds import kinds


def balance_groups(clips: pd.DataFrame, balance: bool | Sequence[str]) -> np.ndarray | None:
    """The group of each clip by the columns that `balance` names, as a number; None where it names none.

    Of the column `system` it is what made a fake. The classes have half of an epoch each in any case, so to name
    `label` says nothing more.
    """
    if isinstance(balance, bool):
        return None
    named_ones = [balance] if isinstance(balance, str) else balance
    columns = list(named_ones) if isinstance(named_ones, Sequence) else []
    unknown = [str(column) for column in columns if column not in clips]
    if unknown or not columns:
        raise UserError(
            f"data.balance={balance} must be true, false or a list of the table's columns, which are "
            + ", ".join(map(str, clips.columns))
        )
    told = pd.DataFrame({column: kinds(clips, column) for column in columns})
    return told.groupby(columns, sort=True).ngroup().to_numpy()


def check_forged_kinds(clips: pd.DataFrame, systems: Sequence[str]) -> None:
    """Raise if forging would show in training what the split (column `split`) keeps for validation or test."""
    if "system" not in clips:
        return
    kind = kinds(clips, "system")
    seen = {side: set(map(_plain, kind[clips["split"] == side])) for side in ("train", "val", "test")}
    unseen = (seen["val"] | seen["test"]) - seen["train"]
    shown = [name for name in systems if _plain(name) in unseen]
    if shown:
        raise UserError(
            f"forging would make fakes by {named(shown)} in training, which the split keeps for validation or test: "
            "leave it out of forging.systems"
        )


def _plain(name: str) -> str:
    """`Griffin-Lim`, `griffinlim` and `forged_griffinlim` are one."""
    return "".join(letter for letter in str(name).removeprefix(PREFIX).casefold() if letter.isalnum())
