"""Hold some synthesisers, corpora or groups out whole: what is tested is of a kind that nothing was learnt from.

A clip that would join what is kept apart is on no side (`unused`), and so is one that doesn't say what it is of.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..errors import UserError, named
from ..labels import FAKE
from .dealing import Deal, units_of
from .kinds import kinds
from .sides import SPLITS, UNUSED

# The more withheld side takes a voice that is on several.
MOST_WITHHELD = {"test": 0, "val": 1, "train": 2}


def sides_of_values(
    clips: pd.DataFrame,
    column: str,
    deal: Deal,
    test: Sequence[str] | None = None,
    val: Sequence[str] | None = None,
) -> dict[str, str]:
    """The side of each value of a column: `test` and `val` as given, or some dealt to test; the rest is train.

    Of the column `system` only fakes count that say it: real clips have no synthesiser. Where no value is val,
    validation has the kinds that are learnt from, on other voices.
    """
    kind = kinds(clips, column)
    values = sorted(set(kind) - {""})
    if not values:
        raise UserError(f"no clip says its {column}: there is nothing to hold out, so say policy=voice")
    chosen = {
        side: None if given is None else kinds_called(given, clips[column].astype(str), kind, column)
        for side, given in (("test", named_values(test, "test")), ("val", named_values(val, "val")))
    }
    if deal.folds is not None:
        if test is not None or val is not None:
            raise UserError(f"folds={deal.folds} deal every {column} out: leave test and val away")
        return deal.values(values, column)
    held = chosen["val"] or []
    twice = sorted(set(held) & set(chosen["test"] or []))
    if twice:
        raise UserError(f"both in test and in val: {column} {named(twice)}")
    left = [value for value in values if value not in held]
    if chosen["test"] is None:
        sides = deal.values(left, column)
    else:
        sides = {value: "test" if value in chosen["test"] else "train" for value in left}
    if "train" not in sides.values():
        raise UserError(f"test and val take every {column}: nothing is left to learn from")
    return {**sides, **dict.fromkeys(held, "val")}


def kinds_called(given: list[str], names: pd.Series, kind: pd.Series, column: str) -> list[str]:
    """The kinds that go by these names, all of each: what one synthesiser made may stand under two."""
    known = (kind != "").to_numpy()
    names, kind = names.str.strip()[known], kind[known]
    unknown = sorted(set(given) - set(names))
    if unknown:
        there = sorted(set(names))
        raise UserError(f"no clip has the {column} {named(unknown)}; there are {named(there, most=20)}")
    return sorted(set(kind[names.isin(given).to_numpy()]))


def hold_out_group(clips: pd.DataFrame, column: str, values: dict[str, str], deal: Deal) -> pd.Series:
    """The side of each clip: its value's, if its voice has no clip on a more withheld side. No voice is on two."""
    of_value = kinds(clips, column).map(values)
    rank = of_value.map(MOST_WITHHELD)
    of_voice = rank.groupby(clips["voice"]).transform("min")
    sides = of_value.where(rank == of_voice, UNUSED)
    if "val" not in values.values():
        known = clips[sides == "train"]
        if known.empty:
            raise UserError(
                f"every voice has a clip in test, whatever its {column}: nothing is left to learn from"
            )
        voices = deal.units(units_of(known, ["voice"], "voice"), ("train", "val"))
        sides = sides.where(sides != "train", clips["voice"].map(voices))
    return sides


def hold_out_systems(
    clips: pd.DataFrame, values: dict[str, str], deal: Deal, voices_apart: bool
) -> pd.Series:
    """The side of each clip: real ones by voice, fakes by synthesiser; if `voices_apart`, only where both agree."""
    voice = clips["voice"].map(deal.units(units_of(clips, ["voice"], "voice")))
    system = kinds(clips, "system").map(values)
    val_by_voice = (voice == "val") & ("val" not in values.values())
    # Validation, where no synthesiser is held out for it, is on the ones that are learnt from.
    system = system.mask((system == "train") & val_by_voice, "val")
    fakes = system.where(system == voice, UNUSED) if voices_apart else system.fillna(UNUSED)
    return fakes.where(clips["label"] == FAKE, voice)


def shared_voices(clips: pd.DataFrame, column: str, values: dict[str, str]) -> list[str]:
    """Voices with clips of values on several sides."""
    sides = kinds(clips, column).map(values).groupby(clips["voice"]).nunique()
    return [str(voice) for voice in sides.index[sides > 1]]


def own_sides(clips: pd.DataFrame, column: str) -> pd.Series:
    """As the corpus itself was dealt out by its authors."""
    own = clips[column].astype(str).str.strip()
    unknown = sorted(set(own) - {*SPLITS, UNUSED, ""})
    if unknown:
        raise UserError(f"{column} is {named([repr(side) for side in unknown])}, none of {', '.join(SPLITS)}")
    return own.replace("", UNUSED)


def named_values(given: Sequence[str] | None, what: str) -> list[str] | None:
    """A list of names, whatever a command line made of them."""
    if given is None:
        return None
    values = [given] if isinstance(given, str | int | float) else list(given)
    if not values and what != "val":
        raise UserError(f"{what}=[] holds nothing out: name some, or leave it away")
    return [str(value) for value in values]
