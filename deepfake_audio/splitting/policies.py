"""What each policy keeps apart, and the check of it.

Policies, by what may not stand on two sides:
    voice: no voice (the default: a detector must do well on people it has not heard);
    strict: no voice and no face, in either role; clips that would join two sides are left out;
    source: no face, which leaks voices wherever a file borrows its voice; to compare with work that split so;
    random: nothing; to see how much a leak flatters;
    own: no voice, and the sides are the corpus' own (its column `own_split`).
And hold-outs, whose test part is of a kind that is in neither train nor val:
    system: fakes by other synthesisers; leaks voices, as a voice is in train with one and in test with another;
    system_voice: fakes by other synthesisers, of other voices;
    corpus: other corpora; a voice that is in a corpus on another side is an error;
    group: other values of any column, of other voices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from ..errors import UserError, named
from ..labels import FAKE, LABEL_NAMES
from .kinds import kinds
from .leakage import on_two_sides
from .sides import SPLITS


@dataclass(frozen=True)
class Policy:
    """What is dealt out (a key of `COLUMNS_OF_KEY`), or the column held out, and what may not stand on two sides."""

    key: str | None = None
    column: str | None = None
    apart: tuple[str, ...] = ()


POLICIES = {
    "voice": Policy("voice", apart=("voice",)),
    "strict": Policy("identity", apart=("voice", "face")),
    "source": Policy("source", apart=("face",)),
    "random": Policy("clip"),
    "own": Policy(column="own_split", apart=("voice",)),
    "system": Policy(column="system"),
    "system_voice": Policy(column="system", apart=("voice",)),
    "corpus": Policy(column="corpus", apart=("voice",)),
    # Which column is the caller's to say.
    "group": Policy(column="", apart=("voice",)),
}
HOLD_OUTS = ("system", "system_voice", "corpus", "group")
LEAKY = ("source", "random", "system")


def check(clips: pd.DataFrame, policy: str = "voice", column: str | None = None) -> None:
    """Raise if `clips` (with `split`) break the policy, or if a side lacks a class."""
    rule = checked_policy(policy, column)
    if "voice" in rule.apart:
        shared = on_two_sides(clips, ["voice"])
        if shared:
            remedy = (
                "the corpus' own sides leak, so say policy=voice for others"
                if policy == "own"
                else "mend the split; to go on with the leak say policy=random, and to train with it audit.on_leak=warn"
            )
            raise UserError(
                f"policy {policy} forbids a voice in two splits, but {len(shared)} are: {named(shared)}; {remedy}"
            )
    if "face" in rule.apart:
        shared = on_two_sides(clips, present(clips, list(rule.apart)))
        if shared:
            raise UserError(
                f"policy {policy} forbids a face in two splits, but {len(shared)} are (as a face or a voice): "
                f"{named(shared)}; mend the split, or say policy=voice or policy=random"
            )
    if policy in HOLD_OUTS:
        _check_held_out(clips, policy, str(rule.column))
    for side in SPLITS:
        labels = set(clips.loc[clips["split"] == side, "label"])
        for label, name in LABEL_NAMES.items():
            if label not in labels:
                raise UserError(
                    f"the split {side} has no {name} clip, so nothing can be learnt or measured there: "
                    "other fractions or another seed may help, or more voices"
                )


def _check_held_out(clips: pd.DataFrame, policy: str, column: str) -> None:
    present(clips, [column])
    kind = kinds(clips, column)
    silent = (kind == "") & (clips["label"] == FAKE) if column == "system" else pd.Series(False, clips.index)
    if silent.any():
        raise UserError(
            f"policy {policy} keeps synthesisers apart, but {silent.sum()} fakes don't say what made them: "
            f"{named(list(clips.loc[silent, 'clip']), most=3)}; take them out of the split, or say policy=voice"
        )
    of_test = clips["split"] == "test"
    # Real clips, which no synthesiser made, are on all sides.
    shared = sorted(set(kind[of_test]) & set(kind[~of_test]) - ({""} if column == "system" else set()))
    if shared:
        raise UserError(
            f"policy {policy} keeps what is in test out of train and val, but {len(shared)} are there too: {column} "
            f"{named(shared)}; mend the split, or say policy=voice"
        )


def kinds_of(clips: pd.DataFrame, side: str, column: str) -> pd.Series:
    """What the clips of a side are called in the column; of `system`, the fakes."""
    part = clips[clips["split"] == side]
    return (part[part["label"] == FAKE] if column == "system" else part)[column].astype(str)


def checked_policy(policy: str, column: str | None) -> Policy:
    """The policy, with the column it is about."""
    rule = POLICIES.get(policy)
    if rule is None:
        raise UserError(f"policy={policy} is not known: give one of {', '.join(POLICIES)}")
    if policy not in ("group", "own"):
        if column is not None:
            raise UserError(f"column={column} goes with policy=group, not with policy={policy}")
        return rule
    if column == "system" and policy == "group":
        raise UserError(
            "real clips have no synthesiser to hold out: say policy=system_voice or policy=system"
        )
    if column == "label" and policy == "group":
        raise UserError("the label is what is to be learnt, so it can't be held out: give another column")
    if column is None and policy == "group":
        raise UserError("policy=group holds out what stands in a column: say which with column=NAME")
    return replace(rule, column=column or rule.column)


def present(clips: pd.DataFrame, columns: list[str]) -> list[str]:
    """The columns, or an error if the table lacks one."""
    lacking = [column for column in columns if column not in clips]
    if lacking:
        raise UserError(
            f"the clip table has no column {named(lacking)}, which this split needs: say policy=voice"
        )
    return columns
