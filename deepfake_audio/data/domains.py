"""Where clips come from, as numbers: what an adversary guesses."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from torch import Tensor

from ..errors import UserError
from ..labels import FAKE


def domain_numbers(clips: pd.DataFrame, column: str) -> Tensor:
    """The number of each clip's value in a column, in the order of the values' names: [clips], from 0 on."""
    if column not in clips:
        raise UserError(
            f"adversary.column={column} is not in the clip table; there is {', '.join(clips.columns)}"
        )
    values = clips[column].astype("string").fillna("").str.strip()
    empty = values == ""
    if column == "system":
        # No system made what is real, so it may name none.
        empty &= clips["label"] == FAKE
    if empty.any():
        raise UserError(f"adversary.column={column} is empty for {int(empty.sum())} training clips")
    numbers, _ = pd.factorize(values, sort=True)
    return torch.from_numpy(numbers.astype("int64"))


def with_domains(adversary: dict[str, Any] | None, clips: pd.DataFrame) -> dict[str, Any] | None:
    """The settings of an adversary with how many `domains` the training clips have; None without a column."""
    if not adversary or adversary.get("column") is None:
        return None
    column, fakes_only = adversary["column"], adversary.get("among") == "fakes"
    training = clips[clips["split"] == "train"]
    numbers = domain_numbers(training, column)
    heard = numbers[torch.tensor((training["label"] == FAKE).tolist())] if fakes_only else numbers
    if len(heard.unique()) < 2:
        whose = "fakes" if fakes_only else "clips"
        raise UserError(
            f"adversary.column={column} tells no training {whose} apart: choose another, or adversary=none"
        )
    if not fakes_only and (training.groupby(column)["label"].nunique() == 1).all():
        raise UserError(
            f"adversary.column={column} says which clips are fake, and would take away what is to be learnt: add "
            "adversary.among=fakes"
        )
    return {**adversary, "domains": len(numbers.unique())}
