"""Who is learnt from, who tunes, who judges: splits as small CSV files, checked each time they are applied.

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

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from .dealing import FRACTIONS, Deal, units_of
from .errors import UserError, named
from .holdouts import hold_out_group, hold_out_systems, own_sides, shared_voices, sides_of_values
from .labels import FAKE, LABEL_NAMES
from .leakage import counts, leak_in_words, leakage, on_two_sides, split_fingerprint
from .sides import COLUMNS_OF_KEY, SPLITS, UNUSED, Split, read_split, write_split

__all__ = [
    "FRACTIONS", "LEAKY", "POLICIES", "SPLITS", "UNUSED", "Split", "apply_split", "assign", "check", "counts",
    "describe_split", "leak_in_words", "leakage", "read_split", "split_clips", "split_fingerprint", "write_split",
]  # fmt: skip


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
) -> Split:
    """Deal the clips' voices (identities, sources, clips) out, alike in group and in share of fakes; or hold some out.

    Args:
        fractions: of the dealt ones, by side; with folds they say nothing.
        column: what `group` holds out, or where `own` finds its sides.
        test, val: the values a hold-out has in test, and in val; without the former the seed chooses, without the
            latter val has the kinds that train has.
        folds, fold: what is dealt out goes to so many parts: part `fold` is test, the next one val, the rest train.
    """
    deal = Deal(seed, fractions, folds, fold)
    rule = _checked_policy(policy, column)
    if policy not in HOLD_OUTS and (test is not None or val is not None):
        raise UserError(f"policy={policy} holds nothing out: test and val go with {', '.join(HOLD_OUTS)}")
    if rule.key is not None:
        columns = _present(clips, COLUMNS_OF_KEY[rule.key])
        split = Split(rule.key, deal.units(units_of(clips, columns, rule.key)))
    else:
        split = _by_voice_if_it_can_be(
            clips, _sides_of_clips(clips, policy, str(rule.column), test, val, deal)
        )
    about = _about(clips, split, policy, deal, {"column": column, "test": test, "val": val})
    return replace(split, about=about)


def apply_split(
    clips: pd.DataFrame,
    split: Split,
    policy: str = "voice",
    missing: str = "error",
    column: str | None = None,
) -> pd.DataFrame:
    """`clips` with a column `split`, or an error: what the caller's `policy` forbids is checked, whoever made it.

    Clips whose voice and face are on two sides (files that name identities), or that are `unused`, are left out.

    Args:
        missing: what to do if the split names what isn't in the table: `error` or `warn`.
        column: what the policy `group` holds out.
    """
    _checked_policy(policy, column)
    if missing not in ("error", "warn"):
        raise UserError(f"missing={missing} is not known: give error or warn")
    columns = _present(clips, COLUMNS_OF_KEY[split.key])
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
    sides = clips[columns].apply(lambda names: names.map(split.sides))
    used = sides.eq(sides[columns[0]], axis=0).all(axis=1) & (sides[columns[0]] != UNUSED)
    applied = clips[used].assign(split=sides.loc[used, columns[0]]).reset_index(drop=True)
    check(applied, policy, column)
    return applied


def check(clips: pd.DataFrame, policy: str = "voice", column: str | None = None) -> None:
    """Raise if `clips` (with `split`) break the policy, or if a side lacks a class."""
    rule = _checked_policy(policy, column)
    if "voice" in rule.apart:
        shared = on_two_sides(clips, ["voice"])
        if shared:
            raise UserError(
                f"policy {policy} forbids a voice in two splits, but {len(shared)} are: {named(shared)}; mend the "
                "split, or say policy=random to go on with the leak"
            )
    if "face" in rule.apart:
        shared = on_two_sides(clips, _present(clips, list(rule.apart)))
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
) -> pd.DataFrame:
    """`clips` with a column `split`: as `file` says, or as `assign` does. Tells what it leaks and leaves out."""
    dealt = (policy, seed, fractions, column, test, val, folds, fold)
    split = read_split(file) if file else assign(clips, *dealt)
    applied = apply_split(clips, split, policy, missing, column)
    if policy in LEAKY:
        print(f"warning: {leak_in_words(applied, policy)}", file=sys.stderr)
    if len(applied) < len(clips):
        print(f"{len(clips) - len(applied)} of {len(clips)} clips are on no side: left out", file=sys.stderr)
    return applied


def describe_split(clips: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a run tells about its split, as plain values: settings, fingerprint, counts, leakage."""
    policy, column = settings["policy"], settings.get("column")
    told = {
        "policy": policy,
        "seed": None if settings.get("file") else settings.get("seed"),
        "file": settings.get("file"),
        "fingerprint": split_fingerprint(clips),
        "counts": counts(clips),
        "leakage": leakage(clips),
    }
    if settings.get("folds") and not settings.get("file"):
        told["fold"] = f"{settings.get('fold', 0)} of {settings['folds']}"
    if policy in HOLD_OUTS:
        held = str(_checked_policy(policy, column).column)
        told["held_out"] = {"column": held, "test": sorted(set(_kinds(clips, "test", held)))}
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
    _present(clips, [column])
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


def _check_held_out(clips: pd.DataFrame, policy: str, column: str) -> None:
    _present(clips, [column])
    known = {value for side in ("train", "val") for value in _kinds(clips, side, column)}
    shared = sorted(set(_kinds(clips, "test", column)) & known)
    if shared:
        raise UserError(
            f"policy {policy} keeps what is in test out of train and val, but {len(shared)} are there too: {column} "
            f"{named(shared)}; mend the split, or say policy=voice"
        )


def _kinds(clips: pd.DataFrame, side: str, column: str) -> pd.Series:
    """What the clips of a side are of; of `system`, the fakes."""
    part = clips[clips["split"] == side]
    return (part[part["label"] == FAKE] if column == "system" else part)[column].astype(str)


def _about(
    clips: pd.DataFrame, split: Split, policy: str, deal: Deal, asked: Mapping[str, Any]
) -> dict[str, str]:
    """The head of a split's file: how it was made, what it holds, how to make it again."""
    column = asked["column"]
    applied = apply_split(clips, split, policy, column=column)
    about = {"policy": policy}
    if policy != "own":
        about["seed"] = str(deal.seed)
    if deal.folds is not None:
        about["fold"] = f"{deal.fold} of {deal.folds}"
    elif policy != "own":
        about["fractions"] = " ".join(f"{side}={deal.share(side):g}" for side in SPLITS)
    if policy in HOLD_OUTS:
        held = str(_checked_policy(policy, column).column)
        about["held out"] = f"{held} {', '.join(sorted(set(_kinds(applied, 'test', held))))}"
    for side, count in counts(applied).items():
        about[side] = ", ".join(f"{number} {what}" for what, number in count.items())
    about["left out"] = f"{len(clips) - len(applied)} clips"
    about["made by"] = " ".join(_command(policy, deal, asked))
    return about


def _command(policy: str, deal: Deal, asked: Mapping[str, Any]) -> list[str]:
    """What makes a split again, as one types it."""
    words = ["python -m deepfake_audio.split clips=clips.csv out=FILE", f"policy={policy}"]
    if policy != "own":
        words.append(f"seed={deal.seed}")
    if deal.folds is not None:
        words.append(f"folds={deal.folds} fold={deal.fold}")
    words += [
        f"fractions.{side}={deal.share(side):g}" for side in SPLITS if deal.share(side) != FRACTIONS[side]
    ]
    if asked["column"] is not None:
        words.append(f"column={asked['column']}")
    for side in ("test", "val"):
        given = asked[side]
        if given is not None:
            values = [given] if isinstance(given, str | int | float) else given
            quoted = ",".join('"' + str(value).replace('"', '\\"') + '"' for value in values)
            words.append(shlex.quote(f"{side}=[{quoted}]"))
    return words


def _checked_policy(policy: str, column: str | None) -> Policy:
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
    if column is None and policy == "group":
        raise UserError("policy=group holds out what stands in a column: say which with column=NAME")
    return replace(rule, column=column or rule.column)


def _present(clips: pd.DataFrame, columns: list[str]) -> list[str]:
    lacking = [column for column in columns if column not in clips]
    if lacking:
        raise UserError(
            f"the clip table has no column {named(lacking)}, which this split needs: say policy=voice"
        )
    return columns
