"""Who is learnt from, who tunes, who judges: splits as small CSV files, checked each time they are applied."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UserError, named
from .commands import command
from .dealing import FRACTIONS, Deal, units_of
from .holdouts import hold_out_group, hold_out_systems, own_sides, shared_voices, sides_of_values
from .leakage import counts, leak_in_words, leakage, split_fingerprint
from .policies import HOLD_OUTS, LEAKY, POLICIES, check, checked_policy, kinds_of, present
from .sides import COLUMNS_OF_KEY, SPLITS, UNUSED, Split, read_split, sides_of_clips, write_split
from .unseen import Unseen, check_unseen, promised_unseen, without_unseen

__all__ = [
    "FRACTIONS", "LEAKY", "POLICIES", "SPLITS", "UNUSED", "Split", "apply_split", "assign", "broken_promise",
    "check", "counts",
    "describe_split", "leak_in_words", "leakage", "read_split", "split_clips", "split_fingerprint", "write_split",
]  # fmt: skip


def assign(
    clips: pd.DataFrame,
    policy: str = "voice",
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    column: str | None = None,
    test: Sequence[str] | None = None,
    val: Sequence[str] | None = None,
    folds: int | None = None,
    fold: int = 0,
    unseen: Unseen | None = None,
) -> Split:
    """Deal the clips' voices (identities, sources, clips) out, alike in group and in share of fakes; or hold some out.

    Args:
        fractions: of the dealt ones, by side; with folds they say nothing.
        column: what `group` holds out, or where `own` finds its sides.
        test, val: the values a hold-out has in test, and in val; without the former the seed chooses, without the
            latter val has the kinds that train has.
        folds, fold: what is dealt out goes to so many parts: part `fold` is test, the next one val, the rest train.
        unseen: systems whose fakes are for val alone, see `without_unseen`.
    """
    deal = Deal(seed, fractions, folds, fold)
    rule = checked_policy(policy, column)
    if policy not in HOLD_OUTS and (test is not None or val is not None):
        raise UserError(f"policy={policy} holds nothing out: test and val go with {', '.join(HOLD_OUTS)}")
    if unseen is not None and val is not None:
        raise UserError("val and unseen both say what validation is to hear: leave one away")
    if rule.key is not None:
        columns = present(clips, COLUMNS_OF_KEY[rule.key])
        split = Split(rule.key, deal.units(units_of(clips, columns, rule.key)))
    else:
        split = _by_voice_if_it_can_be(
            clips, _sides_of_clips(clips, policy, str(rule.column), test, val, deal)
        )
    if unseen is not None:
        split = without_unseen(clips, split, unseen, deal.seed)
    asked = {"column": column, "test": test, "val": val, "unseen": unseen}
    return replace(split, about=_about(clips, split, policy, deal, asked))


def apply_split(
    clips: pd.DataFrame,
    split: Split,
    policy: str = "voice",
    missing: str = "error",
    column: str | None = None,
    kept_apart: bool = True,
) -> pd.DataFrame:
    """`clips` with a column `split`, or an error: what the caller's `policy` forbids is checked, whoever made it.

    Clips whose voice and face are on two sides (files that name identities), or that are `unused`, are left out.

    Args:
        missing: what to do if the split names what isn't in the table: `error` or `warn`.
        column: what the policy `group` holds out.
        kept_apart: False leaves to `broken_promise` what the policy forbids; an audit tells it, and goes on.
    """
    checked_policy(policy, column)
    if missing not in ("error", "warn"):
        raise UserError(f"missing={missing} is not known: give error or warn")
    columns = present(clips, COLUMNS_OF_KEY[split.key])
    here = set(pd.unique(clips[columns].to_numpy().ravel()))
    unnamed = sorted(here - set(split.sides))
    if unnamed:
        raise UserError(
            f"the split does not say where these go: {split.key} {named(unnamed)}; add them to it or make a new one"
        )
    unknown = sorted(set(split.sides) - here)
    if unknown:
        told = f"the split names what is not in the clip table: {split.key} {named(unknown)}"
        if missing == "error":
            raise UserError(f"{told}; with missing=warn it goes on without")
        print(f"warning: {told}", file=sys.stderr)
    sides = sides_of_clips(clips, split)
    applied = clips.assign(split=sides)[sides != UNUSED].reset_index(drop=True)
    check_unseen(applied, promised_unseen(split.about))
    if kept_apart:
        check(applied, policy, column)
    else:
        # Which keeps nothing apart: still each side must have both classes.
        check(applied, "random")
    return applied


def broken_promise(clips: pd.DataFrame, policy: str, column: str | None = None) -> str | None:
    """What stands on two sides of `clips` (with `split`) though the policy forbids it, in a line; None if nothing."""
    try:
        check(clips, policy, column)
    except UserError as error:
        return str(error)
    return None


def split_clips(
    clips: pd.DataFrame,
    policy: str = "voice",
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    file: str | Path | None = None,
    missing: str = "error",
    column: str | None = None,
    test: Sequence[str] | None = None,
    val: Sequence[str] | None = None,
    folds: int | None = None,
    fold: int = 0,
    unseen: Unseen | None = None,
    kept_apart: bool = True,
) -> pd.DataFrame:
    """`clips` with a column `split`: as `file` says, or as `assign` does. Tells what it leaks and leaves out.

    Args:
        unseen: systems whose fakes are for val alone, see `without_unseen`; also on top of a file.
    """
    dealt = (policy, seed, fractions, column, test, val, folds, fold, unseen)
    split = read_split(file) if file else assign(clips, *dealt)
    applied = apply_split(clips, split, policy, missing, column, kept_apart)
    if file and unseen is not None:
        split = without_unseen(clips, split, unseen, seed)
        applied = apply_split(clips, split, policy, column=column, kept_apart=kept_apart)
    if policy in LEAKY:
        print(f"warning: {leak_in_words(applied, policy)}", file=sys.stderr)
    if len(applied) < len(clips):
        print(f"{len(clips) - len(applied)} of {len(clips)} clips are on no side: left out", file=sys.stderr)
    return applied


def describe_split(clips: pd.DataFrame, settings: Mapping[str, Any], of: int | None = None) -> dict[str, Any]:
    """What a run tells about its split, as plain values: settings, fingerprint, counts, leakage.

    Args:
        of: how many clips there were, those that are on no side included.
    """
    policy, column, file = settings["policy"], settings.get("column"), settings.get("file")
    told = {
        "policy": policy,
        "seed": None if file else settings.get("seed"),
        "file": file,
        "fingerprint": split_fingerprint(clips),
        "counts": counts(clips),
        "leakage": leakage(clips),
    }
    if settings.get("folds") and not file:
        told["fold"] = f"{settings.get('fold', 0)} of {settings['folds']}"
    if policy in HOLD_OUTS:
        held = str(checked_policy(policy, column).column)
        told["held_out"] = {"column": held, "test": sorted(set(kinds_of(clips, "test", held)))}
    if settings.get("unseen") is not None or (file and promised_unseen(read_split(file).about)):
        told["unseen"] = kinds_of(clips, "val", "system").value_counts().sort_index().to_dict()
    if of is not None:
        told["left_out"] = of - len(clips)
    return told


def _sides_of_clips(
    clips: pd.DataFrame,
    policy: str,
    column: str,
    test: Sequence[str] | None,
    val: Sequence[str] | None,
    deal: Deal,
) -> pd.Series:
    """The side of each clip where it isn't names alone that are dealt out."""
    present(clips, [column])
    if policy == "own":
        return own_sides(clips, column)
    values = sides_of_values(clips, column, deal, test, val)
    if column == "system":
        return hold_out_systems(clips, values, deal, voices_apart=policy == "system_voice")
    shared = shared_voices(clips, column, values) if policy == "corpus" else []
    if shared:
        raise UserError(
            f"policy corpus forbids a voice in corpora on two sides, but {len(shared)} are: {named(shared)}; hold "
            "these corpora out together, or say policy=group column=corpus to leave such clips out"
        )
    return hold_out_group(clips, column, values, deal)


def _by_voice_if_it_can_be(clips: pd.DataFrame, sides: pd.Series) -> Split:
    """A split that names voices, which are few, where each is on one side; clips where not."""
    key = "voice" if sides.groupby(clips["voice"]).nunique().max() == 1 else "clip"
    return Split(key, dict(sorted(zip(clips[key], sides, strict=True))))


def _about(
    clips: pd.DataFrame, split: Split, policy: str, deal: Deal, asked: Mapping[str, Any]
) -> dict[str, str]:
    """The head of a split's file: how it was made, what it holds, how to make it again."""
    column = asked["column"]
    # A corpus' own sides may leak; who applies them is told.
    applied = apply_split(clips, split, policy, column=column, kept_apart=False)
    about = {"policy": policy}
    if policy != "own":
        about["seed"] = str(deal.seed)
    if deal.folds is not None:
        about["fold"] = f"{deal.fold} of {deal.folds}"
    elif policy != "own":
        about["fractions"] = " ".join(f"{side}={deal.share(side):g}" for side in SPLITS)
    if policy in HOLD_OUTS:
        held = str(checked_policy(policy, column).column)
        about["held out"] = f"{held} {', '.join(sorted(set(kinds_of(applied, 'test', held))))}"
    if "unseen" in split.about:
        about["unseen"] = split.about["unseen"]
    for side, count in counts(applied).items():
        about[side] = ", ".join(f"{number} {what}" for what, number in count.items())
    about["left out"] = f"{len(clips) - len(applied)} clips"
    about["made by"] = " ".join(command(policy, deal, asked))
    return about
