"""A score file of any system as one table in which a higher score is more fake, and how it came to be read so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...clips import NOTHING, UNKNOWN_VOICE, says_nothing
from ...errors import UserError
from ..cuts import between
from ..metrics import Floats
from .cells import DECIMAL_COMMA, Cells, has_decimal_comma, is_number, read_cells
from .columns import SCORES_OF_FAKE, find_columns, plain
from .higher import DIRECTIONS, STATED, higher_means
from .keys import read_keys, refuse_twice
from .labelling import labelled_only, scored_only, with_keys
from .words import labels_of


@dataclass(frozen=True)
class Reading:
    """How a score file was read, so that whoever made it can object."""

    path: Path
    form: str
    columns: dict[str, str]
    labels: str
    voices: str
    higher: str
    why: str
    notes: list[str] = field(default_factory=list)

    @property
    def stated(self) -> bool:
        """Whether the user said which way the scores run."""
        return self.why == STATED

    def lines(self) -> list[str]:
        """All of it in words."""
        turned = "" if self.higher == "fake" else "; turned round here, so that higher is more fake below"
        columns = ", ".join(
            role if role == name else f"{role} = {name}" for role, name in self.columns.items()
        )
        return [
            f"file: {self.path} ({self.form})",
            f"columns: {columns}",
            f"labels: {self.labels}",
            f"direction: a higher score means {DIRECTIONS[self.higher]}, {self.why}{turned}",
            f"voices: {self.voices}",
            *(f"note: {note}" for note in self.notes),
        ]


@dataclass(frozen=True)
class ScoreFile:
    """`clip`, `label` (1 = fake), `score` (higher = more fake), and `voice`, `system`, `track` if known."""

    table: pd.DataFrame
    reading: Reading
    # Whether scores are chances of being fake, 0 to 1, and not just numbers.
    is_probability: bool

    def between(self, falling: Floats, cut: int) -> float:
        """A threshold that calls fake the `cut` highest of the distinct scores, on whatever scale they are."""
        lowest, highest = (0.0, 1.0) if self.is_probability else (-math.inf, -math.inf)
        return between(falling, cut, lowest, highest)

    def own_scale(self, score: float) -> float:
        """A score of the table as the file itself would write it."""
        return score if self.reading.higher == "fake" else -score

    def called_fake(self, threshold: float) -> str:
        """What a threshold of the table calls fake, as the file itself would write it."""
        if not math.isfinite(threshold):
            return "everything" if threshold < 0 else "nothing"
        sign = ">=" if self.reading.higher == "fake" else "<="
        return f"score {sign} {self.own_scale(threshold):.6g}"


def read_score_file(
    path: str | Path,
    higher: str | None = None,
    columns: Mapping[str, str] | None = None,
    fake_label: str | None = None,
    keys: str | Path | None = None,
    phases: Sequence[str] = ("eval",),
    allow_missing: bool = False,
) -> ScoreFile:
    """Read a run's scores, ASVspoof's files, or any table of clips and scores.

    Args:
        higher: "fake" or "bonafide": what a higher score means. Needed where the file's form does not say.
        columns: what the file calls `clip`, `score`, `label`, `voice`, `system` (names, or numbers from 1).
        fake_label: the label that means fake, where the word does not say.
        keys: a file with the labels, where the score file has none; voices and attacks come from there too.
        phases: which phases count, where the keys are those of ASVspoof 2021.
        allow_missing: leave out clips that lack a label or a score instead of raising.
    """
    if higher is not None and higher not in DIRECTIONS:
        raise UserError(f"a higher score means {' or '.join(DIRECTIONS)}, not {higher!r}")
    cells = read_cells(Path(path))
    if not cells.lines:
        raise UserError(f"{cells.path} has a header and no scores")
    places = find_columns(cells, columns or {})
    known = None if keys is None else read_keys(Path(keys), phases, fake_label)
    if "label" not in places and known is None:
        raise UserError(f"{cells.path} has no labels; give --keys FILE, or --label-column NAME if it has")
    direction, why = higher_means(cells, places, known, higher)
    table, words, notes = _table(cells, places, allow_missing), [], []
    if "clip" not in places:
        notes.append("clips have no names here, so that one that stands twice is not seen")
    if "label" in places:
        table["label"], told = labels_of(cells, places["label"], fake_label)
        words.append(told)
    if known is not None:
        table, more = with_keys(cells.path, table, known, allow_missing)
        words.append(f"{'the same in ' if words else known.words + ', by '}{known.path.name}, {known.form}")
        notes += more
    table, unscored = scored_only(table)
    table, more = labelled_only(cells.path, table, allow_missing)
    table, voices = _with_voices(table)
    roles = {role: cells.name(place) for role, place in places.items()}
    reading = Reading(
        cells.path, cells.form, roles, "; ".join(words), voices, direction, why, [*notes, *unscored, *more]
    )
    score = table["score"] if direction == "fake" else -table["score"]
    chance = direction == "fake" and plain(roles["score"]) in SCORES_OF_FAKE and score.between(0, 1).all()
    # Adding zero makes -0.0 the same as 0.0 in words too.
    return ScoreFile(table.assign(score=score + 0.0), reading, bool(chance))


def _table(cells: Cells, places: Mapping[str, int], allow_missing: bool) -> pd.DataFrame:
    """Clips and scores, and what else the file says of them but their labels."""
    columns = {role: cells.columns[place] for role, place in places.items() if role not in ("score", "label")}
    table = pd.DataFrame(columns, index=range(len(cells.lines)))
    table["score"] = _numbers(cells, cells.columns[places["score"]], allow_missing)
    if "clip" not in table:
        return table.assign(clip=[f"line {line}" for line in cells.lines])
    nameless = np.flatnonzero(table["clip"] == "")
    if len(nameless):
        raise UserError(f"{cells.at(int(nameless[0]))}: no name of a clip")
    refuse_twice(cells, table["clip"])
    return table


def _numbers(cells: Cells, column: list[str], allow_missing: bool) -> NDArray[np.float64]:
    """The scores [N], NaN where a cell says nothing; an error if that is not allowed."""
    known = ["nan" if cell.casefold() in NOTHING else cell for cell in column]
    try:
        # Python's own parser: faster ones may miss the last bit.
        numbers = np.array([float(cell) for cell in known])
    except ValueError:
        row = next(row for row, cell in enumerate(known) if not is_number(cell))
        why = DECIMAL_COMMA if has_decimal_comma(column[row]) else ""
        raise UserError(f"{cells.at(row)}: the score {column[row]!r} is no number{why}") from None
    missing = np.flatnonzero(np.isnan(numbers))
    if len(missing) and not allow_missing:
        row = int(missing[0])
        what = "NaN" if column[row] else "missing"
        more = f"; {len(missing):,} scores are missing or NaN in all" if len(missing) > 1 else ""
        raise UserError(f"{cells.at(row)}: the score is {what}{more}; --allow-missing judges the others")
    return numbers


def _with_voices(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The table with a voice for each clip, one of its own where none is known, and what is known in words."""
    if "voice" not in table:
        return table, "unknown"
    nameless = says_nothing(table["voice"]) | table["voice"].str.startswith(UNKNOWN_VOICE)
    if nameless.all():
        return table.drop(columns="voice"), "unknown"
    table = table.assign(voice=table["voice"].where(~nameless, UNKNOWN_VOICE + table["clip"]))
    count = f"{table.loc[~nameless, 'voice'].nunique():,}"
    alone = f"; {int(nameless.sum()):,} clips of unknown voice count as one each" if nameless.any() else ""
    return table, f"{count}{alone}"
