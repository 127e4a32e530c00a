"""The whole audit of a split corpus: leaks, and shortcuts that would do instead of listening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .leaks import FORBIDDEN, check_forbidden, find_leaks
from .survey import survey

# Examples of a leak, and shortcuts, that the terminal shows; the page has them all.
SHOWN = 3


@dataclass(frozen=True)
class Audit:
    """What an audit found: `told` as `audit.json` has it, and the clips `measured`, a column a measure."""

    told: dict[str, Any]
    measured: pd.DataFrame


def audit_clips(
    clips: pd.DataFrame,
    root: Path,
    forbid: Sequence[str] = FORBIDDEN,
    cache: Path | None = None,
    shortcuts: bool = True,
    jobs: int | None = None,
    progress: bool = True,
    folders: Sequence[Path] | None = None,
    broken: str | None = None,
) -> Audit:
    """Listen to each clip once and say what would flatter a detector.

    Args:
        clips: a clip table with a column `split`.
        root: folder that the `path` of each clip is relative to.
        forbid: kinds of leaks (`leaks.KINDS`) with which the audit does not pass.
        cache, folders: where to remember what was heard, `survey.npz` in `root` if not given (see `survey`).
        shortcuts: try how far the measures alone tell real from fake.
        broken: what the split was to keep apart and does not (`splitting.broken_promise`): it does not pass so.

    Returns:
        `told`: what `find_leaks` tells, and `shortcuts` if asked for.
    """
    # Before an hour is spent on listening.
    check_forbidden(forbid)
    heard = survey(clips, root, cache, jobs, progress, folders)
    told = find_leaks(clips, heard, forbid)
    if broken is not None:
        told["words"].insert(0, f"forbidden by the split: {broken}")
        told["passed"] = False
    measured = with_measures(clips, heard.measures)
    if shortcuts:
        from ..evaluation.shortcuts import probe_shortcuts

        told["shortcuts"] = probe_shortcuts(measured)
        told["words"].append(told["shortcuts"]["words"])
    return Audit(told, measured)


def findings(told: dict[str, Any]) -> str:
    """What made an audit fail, in a line."""
    return "; ".join(line for line in told["words"] if "forbidden" in line)


def with_measures(clips: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """`clips` with a column for each measure; what was heard goes before what a table says under the same name."""
    kept = clips.drop(columns=[column for column in measures.columns[1:] if column in clips])
    return kept.merge(measures, on="clip", how="left", validate="one_to_one")


def in_words(told: dict[str, Any]) -> str:
    """An audit for people: a line a kind of leak, an example of each, the best shortcuts, the verdict."""
    lines = [
        f"{told['n_clips']} clips, {told['n_voices']} voices",
        "",
        f"{'leak':<12}{'found':>7}{'test clips':>12}",
    ]
    for kind, leak in told["leaks"].items():
        verdict = ("FORBIDDEN" if leak["forbidden"] else "told only") if leak["found"] else ""
        lines.append(
            f"{kind:<12}{leak['found']:>7}{leak['test_clips']:>12} ({leak['share_of_test']:.1%})  {verdict}".rstrip()
        )
        for example in leak["examples"][:SHOWN]:
            (one, other), (first, second) = example["clips"], example["splits"]
            lines.append(f"    {one} ({first}) and {other} ({second}): {example['what']}")
    probes = (told.get("shortcuts") or {}).get("probes", [])
    if probes:
        lines += ["", f"{'shortcut':<32}{'AUC':>6}"]
        lines += [
            f"{probe['name']:<32}{probe['auc']:>6.3f}  [{probe['low']:.3f}, {probe['high']:.3f}]"
            for probe in probes[:SHOWN]
        ]
    verdict = "passed" if told["passed"] else "NOT passed: a forbidden leak"
    return "\n".join([*lines, "", *told["words"], f"audit: {verdict}"])
