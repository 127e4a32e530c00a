"""Validation on synthesisers that nothing was learnt from: what is chosen there is chosen for new fakes.

On any split: fakes by the unseen systems leave train, and those by all others leave validation. Test and the real
clips stay as they are. A fake that doesn't say what made it may be by either kind, so it leaves both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

import pandas as pd

from ..errors import UserError, named
from ..labels import FAKE
from .dealing import draw
from .holdouts import kinds_called, named_values
from .kinds import kinds
from .policies import present
from .sides import UNUSED, Split, sides_of_clips

# Names of systems, or how many of validation's the seed is to choose.
Unseen = Sequence[str] | str | int
# What they are called in the head of a split's file.
HEAD = "unseen"


def without_unseen(clips: pd.DataFrame, split: Split, unseen: Unseen, seed: int = 0) -> Split:
    """A split in which the fakes of train and those of validation are by different systems, clip by clip.

    Args:
        unseen: those of validation, by their names, or how many of them the seed chooses.
    """
    present(clips, ["system"])
    sides, kind = sides_of_clips(clips, split), kinds(clips, "system")
    here = {side: sorted(set(kind[sides == side]) - {""}) for side in ("train", "val")}
    systems = _drawn(here, unseen, seed) if isinstance(unseen, int) else _called(clips, kind, unseen)
    left = {"train": set(here["train"]) - set(systems), "val": set(here["val"]) & set(systems)}
    for side in [side for side, names in left.items() if not names]:
        there = named(here[side], most=20) if here[side] else "nobody known"
        raise UserError(
            f"unseen={named(systems, most=20)} leaves {side} without a fake: there it has those by {there}"
        )
    absent = sorted(set(systems) - left["val"])
    if absent:
        print(f"warning: validation has no fake by the unseen {named(absent)}", file=sys.stderr)
    kept = sides.mask(_on_the_wrong_side(clips, sides, systems), UNUSED)
    about = {**split.about, HEAD: json.dumps(systems, ensure_ascii=False)}
    return Split("clip", dict(sorted(zip(clips["clip"], kept, strict=True))), about)


def promised_unseen(about: Mapping[str, str]) -> list[str]:
    """The systems of which the head of a split's file says that only validation has them, and no others."""
    try:
        told = json.loads(about.get(HEAD, "[]"))
    except ValueError:
        told = None
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told):
        raise UserError(f'the head of the split says "{HEAD}: {about[HEAD]}", which is no list of systems')
    return told


def check_unseen(clips: pd.DataFrame, systems: Sequence[str]) -> None:
    """Raise if `clips` (with `split`) have fakes by these systems in train, or by others in validation."""
    if not systems:
        return
    present(clips, ["system"])
    wrong = _on_the_wrong_side(clips, clips["split"], systems)
    if wrong.any():
        raise UserError(
            f"by the split, fakes by {named(list(systems))} are for validation and all others for train, but "
            f"{wrong.sum()} are not where they belong: {named(list(clips.loc[wrong, 'clip']), most=3)}; make it anew"
        )


def _on_the_wrong_side(clips: pd.DataFrame, sides: pd.Series, systems: Sequence[str]) -> pd.Series:
    kind, fake = kinds(clips, "system"), clips["label"] == FAKE
    unseen = kind.isin(list(systems))
    return fake & (((sides == "train") & (unseen | (kind == ""))) | ((sides == "val") & ~unseen))


def _drawn(here: Mapping[str, Sequence[str]], number: int, seed: int) -> list[str]:
    """So many of the systems that validation has, some left for train."""
    if isinstance(number, bool) or not 1 <= number <= len(here["val"]):
        raise UserError(
            f"unseen={number}: give names of systems, or how many of validation's {len(here['val'])} the seed chooses"
        )
    return sorted(sorted(here["val"], key=lambda name: draw(seed, f"unseen:{name}"))[:number])


def _called(clips: pd.DataFrame, kind: pd.Series, unseen: Sequence[str] | str) -> list[str]:
    names = named_values(unseen, "unseen")
    return kinds_called(names or [], clips["system"].astype(str), kind, "system")
