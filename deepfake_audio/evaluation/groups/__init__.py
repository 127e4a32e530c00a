"""Whether a detector treats groups alike: its figures by race, gender, method, system, corpus and duration.

A detector that is good on average may be bad for some. But of many groups one is always worst by luck, so gaps
are only shown when luck is unlikely for all comparisons together, and small groups are not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...labels import FAKE
from .. import metrics
from ..metrics import Counts, Floats
from ..statistics import RESAMPLES, clusters, over_draws, spread
from ..statistics.draws import Times
from ..statistics.measured import AtCut, Clips
from ..statistics.simultaneous import Compared, Gap, gaps_of
from ..statistics.spread import plain
from ..voices import FEWEST_VOICES, is_known
from .columns import COLUMNS, UNKNOWN, cells_by_column, names_in
from .words import column_in_words, never_in_words, too_few_in_words, unknown_in_words

__all__ = ["COLUMNS", "FEWEST_CLIPS", "UNKNOWN", "by_group"]

# With fewer clips one clip moves a rate by more than five points.
FEWEST_CLIPS = 20
# Which class a figure is a rate of.
RATES = {"recall": True, "false_alarm_rate": False}
FIGURES = {"f2": metrics.f_beta, "recall": metrics.recall, "false_alarm_rate": metrics.false_alarm_rate}


@dataclass(frozen=True)
class Group:
    """Clips that have a cell in common."""

    column: str
    name: str
    inside: NDArray[np.bool_]
    row: dict[str, Any]
    # Of each class (is it fake?) that is large enough to judge: on which known voices it rests, [V].
    judged: dict[bool, NDArray[np.bool_]]


def by_group(
    scores: pd.DataFrame,
    threshold: float,
    columns: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Figures of each group at `threshold`, and the largest gaps between groups, all from the same draws of voices.

    Args:
        scores: `voice`, `label`, `p_fake`, and what there is of the columns, of `seconds` for `duration` and of
            `track`, which joins voices that share a recording.
        columns: which to judge by; those of `COLUMNS` that have two known groups or more, if not given.

    Returns:
        For each column `rows` (a group each), `gaps` (the largest of a figure; and where that could be luck, the
        largest that is shown), `comparisons` (of all columns and both figures, for which intervals of gaps
        allow), and `words`. A blank cell is the group "unknown", which is not compared. `why` of a row says what
        is not judged of it, and what to mind of the rest.
    """
    tables = cells_by_column(scores, columns)
    if not tables:
        return []
    clips = Clips.of(scores["label"], scores["p_fake"], clusters(scores["voice"], scores.get("track")))
    groups = [
        _group(scores, clips, column, name, (cells == name).to_numpy())
        for column, cells in tables.items()
        for name in names_in(column, cells)
    ]
    drawn = _measure(groups, clips, threshold, resamples, seed)
    gaps = _gaps(groups, drawn)
    comparisons = sum(len(each) for each in gaps.values())
    told = []
    for column in tables:
        rows = [group.row for group in groups if group.column == column]
        worth_telling = [
            _plain_gap(figure, gap, groups) for figure in RATES for gap in _told(gaps[column, figure])
        ]
        told.append({"column": column, "rows": rows, "gaps": worth_telling, "comparisons": comparisons})
    return [{**each, "words": column_in_words(each)} for each in told]


def _told(gaps: list[Gap]) -> list[Gap]:
    """The largest; and where that one could be luck, the largest that is shown."""
    certain = [gap for gap in gaps if gap.certain]
    return gaps[:1] if not certain or gaps[0].certain else [gaps[0], certain[0]]


def _plain_gap(figure: str, gap: Gap, groups: list[Group]) -> dict[str, Any]:
    return {
        "figure": figure,
        "highest": groups[gap.highest].name,
        "lowest": groups[gap.lowest].name,
        "gap": gap.gap,
        "interval": list(gap.interval),
        "certain": gap.certain,
    }


def _group(scores: pd.DataFrame, clips: Clips, column: str, name: str, inside: NDArray[np.bool_]) -> Group:
    """Its size, and which of its classes are large enough."""
    label = scores["label"].to_numpy()[inside]
    known = is_known(scores["voice"])
    judged, why = {}, []
    for figure, fake in RATES.items():
        count = int(np.sum((label == FAKE) == fake))
        rests_on = clips.by_voice(inside & known & (clips.fake == fake)) > 0
        voices = int(rests_on.sum())
        if count >= FEWEST_CLIPS and voices >= FEWEST_VOICES:
            judged[fake] = rests_on
        elif count:
            why.append(too_few_in_words(figure, count, voices))
    if why:
        why[-1] += f" (it takes {FEWEST_CLIPS} clips of {FEWEST_VOICES} voices)"
    if unknown := int(np.sum(inside & ~known)):
        why.append(unknown_in_words(unknown))
    if name == UNKNOWN:
        judged, why = {}, [f"nobody knows the {column} of these clips"]
    row = {
        "group": name,
        "n_clips": int(inside.sum()),
        "n_voices": int(scores["voice"][inside & known].nunique()),
        "n_real": int(np.sum(label != FAKE)),
        "n_fake": int(np.sum(label == FAKE)),
        "judged": bool(judged),
        "why": "; ".join(why),
    }
    return Group(column, name, inside, row, judged)


def _measure(
    groups: list[Group], clips: Clips, threshold: float, resamples: int, seed: int
) -> dict[str, Floats]:
    """Write the figures into the groups' rows; the same of every drawn set of voices, [R, G] each."""
    counts = np.concatenate([AtCut(clips.only(g.inside), threshold).by_voice for g in groups], axis=1)
    # Most voices are in few groups.
    by_voice = csr_array(counts.T)

    def tell(times: Times) -> dict[str, Floats]:
        cells = (by_voice @ times.T.astype(np.float64)).reshape(len(groups), 4, len(times))
        drawn = Counts(*cells.transpose(1, 2, 0))
        return {name: figure(drawn) for name, figure in FIGURES.items()}

    once = {name: values[0] for name, values in tell(np.ones((1, clips.n_voices), dtype=np.int32)).items()}
    drawn = over_draws(tell, clips.n_voices, resamples, seed)
    for place, group in enumerate(groups):
        row = group.row
        both = bool(row["n_real"] and row["n_fake"])
        share = row["n_fake"] / row["n_clips"]
        row["f2"] = plain(once["f2"][place]) if both else None
        row["f2_all_fake"] = plain(metrics.f_beta_all_fake(share)) if both else None
        voices = {fake: int(rests_on.sum()) for fake, rests_on in group.judged.items()}
        f2_voices = min(voices.values()) if both and len(voices) == 2 else 0
        row["f2_interval"] = _listed(drawn["f2"][:, place], f2_voices)
        for figure, fake in RATES.items():
            name = figure.removesuffix("_rate")
            row[figure] = plain(once[figure][place])
            row[f"{name}_interval"] = _listed(drawn[figure][:, place], voices.get(fake, 0))
            # No draw can hold an error that no clip has.
            if fake in voices and row[figure] == float(fake):
                sure = never_in_words(figure, voices[fake])
                row["why"] = "; ".join(filter(None, (row["why"], sure)))
    return drawn


def _listed(drawn: Floats, voices: int) -> list[float] | None:
    interval = spread(drawn, voices)
    return list(interval) if interval else None


def _gaps(groups: list[Group], drawn: dict[str, Floats]) -> dict[tuple[str, str], list[Gap]]:
    """All gaps by column and figure, largest first, in places among all groups."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, group in enumerate(groups):
        for figure, fake in RATES.items():
            places.setdefault((group.column, figure), []).extend([place] if fake in group.judged else [])
    compared = {key: those for key, those in places.items() if len(those) > 1}
    sets = [
        Compared(
            np.array([groups[place].row[figure] for place in those]),
            drawn[figure][:, those],
            np.stack([groups[place].judged[RATES[figure]] for place in those]),
        )
        for (_, figure), those in compared.items()
    ]
    found: dict[tuple[str, str], list[Gap]] = {key: [] for key in places}
    for (key, those), gaps in zip(compared.items(), gaps_of(sets), strict=True):
        found[key] = [gap._replace(highest=those[gap.highest], lowest=those[gap.lowest]) for gap in gaps]
    return found
