"""A run's folder: what its files are called, and the score files that everything after training reads."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .clips import read_table, says_nothing
from .errors import UserError, named
from .labels import FAKE, LABEL_NAMES, REAL
from .spreadsheets import write_table

SCORE_COLUMNS = ("clip", "voice", "system", "label", "logit", "p_fake")
# What groups are made by, and what tells that two clips are of one recording; as far as the clip table knows it.
TOLD_COLUMNS = ("corpus", "method", "race", "gender", "seconds", "track")
# Another system's scores can be judged as well: it may know neither the synthesiser nor a logit.
NEEDED_COLUMNS = ("clip", "voice", "label", "p_fake")


@dataclass(frozen=True)
class RunFolder:
    """The one place where the names of a run's files stand."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    @property
    def overrides(self) -> Path:
        """What the command line said, as Hydra keeps it."""
        return self.path / ".hydra" / "overrides.yaml"

    @property
    def split(self) -> Path:
        """Which clip was on which side."""
        return self.path / "split.csv"

    @property
    def began(self) -> Path:
        """By what the run was made, as known at its start: fingerprints of the clips, versions."""
        return self.path / "began.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    def scores(self, part: str) -> Path:
        """The scores of `part`, which is "val" or "test"."""
        return self.path / f"scores_{part}.csv"

    @property
    def threshold(self) -> Path:
        return self.path / "threshold.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def ended(self) -> Path:
        """Why a run of a sweep ended before its time, where that is no fault."""
        return self.path / "ended.json"

    @property
    def counterfactuals(self) -> Path:
        """What `stress` made of the test clips; every score of it stands beside, as CSV."""
        return self.path / "counterfactuals.json"

    @property
    def counterfactuals_val(self) -> Path:
        """The same of validation's clips, to choose by."""
        return self.path / "counterfactuals_val.json"

    @property
    def report(self) -> Path:
        return self.path / "report"

    @property
    def page(self) -> Path:
        return self.report / "index.html"

    @property
    def examples(self) -> Path:
        """Test clips and what their verdicts rest on."""
        return self.report / "examples.html"

    @property
    def detector(self) -> Path:
        return self.path / "detector"

    @property
    def detector_config(self) -> Path:
        return self.detector / "config.json"

    def claim(self, overwrite: bool = False) -> None:
        """Make the folder ready for a new run: results of an old one must go first, or the two would mix.

        Checkpoints stay, since the new run may go on from one of them.
        """
        results = (self.metrics, self.threshold, self.scores("val"), self.scores("test"))
        if not overwrite and any(file.exists() for file in results):
            raise UserError(
                f"{self.path} holds the results of a run: give another hydra.run.dir, go on with it by "
                "ckpt_path=last, or overwrite=true"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        told = (self.counterfactuals, self.counterfactuals_val)
        changed = [file.with_suffix(suffix) for file in told for suffix in (".json", ".csv")]
        for file in (*results, *changed, self.ended):
            file.unlink(missing_ok=True)
        for folder in (self.detector, self.report):
            shutil.rmtree(folder, ignore_errors=True)


def read_scores(path: str | Path, both_classes: bool = False) -> pd.DataFrame:
    """The score table at `path`, checked: label 0 or 1, p_fake in [0, 1], each clip once, each voice named.

    Args:
        both_classes: whether a table of one class only is an error, as it is where a threshold is chosen.
    """
    path = Path(path)
    scores = read_table(path, NEEDED_COLUMNS)
    if scores.empty:
        raise UserError(f"{path} has no clips")
    for column in ("clip", "voice"):
        empty = int((scores[column].str.strip() == "").sum())
        if empty:
            raise UserError(f"{path}: {empty} rows have no {column}")
    twice = scores.loc[scores["clip"].duplicated(), "clip"]
    if len(twice):
        raise UserError(
            f"{path}: each clip counts once, but these stand twice: {named(list(twice.unique()))}"
        )
    checked = scores.assign(
        label=_labels(scores, path),
        p_fake=_numbers(scores, "p_fake", path),
        system=scores.get("system", ""),
    )
    if "logit" in scores:
        checked["logit"] = _numbers(scores, "logit", path)
    if "seconds" in scores:
        # Not known of every clip, and nothing that a figure rests on.
        checked["seconds"] = pd.to_numeric(scores["seconds"], errors="coerce")
    outside = checked.loc[~checked["p_fake"].between(0, 1)]
    if len(outside):
        raise UserError(
            f"{path}: p_fake must lie in 0 to 1, but {named(list(outside['clip']))} has "
            f"{outside['p_fake'].iloc[0]:g}"
        )
    if both_classes:
        for label, name in LABEL_NAMES.items():
            if not (checked["label"] == label).any():
                raise UserError(f"{path} has no {name} clip; a threshold can only be chosen where both are")
    return checked


def score_table(clips: pd.DataFrame, logit: np.ndarray, p_fake: np.ndarray) -> pd.DataFrame:
    """What a score file says of `clips`, rows of a clip table, that scored `logit` and so `p_fake` [N]."""
    table = clips[["clip", "voice", "label"]].assign(logit=logit, p_fake=p_fake)
    table["system"] = clips.get("system", "")
    for column in TOLD_COLUMNS:
        if column in clips:
            table[column] = clips[column]
    tracks = tracks_of(clips)
    return table if tracks is None else table.assign(track=tracks)


def tracks_of(clips: pd.DataFrame) -> pd.Series | None:
    """Of which recording each clip is made, as far as a clip table or a score file knows; None where it doesn't."""
    if "track" in clips or "source_clip" not in clips:
        return clips.get("track")
    # What was made of a recording and the recording itself are one track.
    source = clips["source_clip"].astype(str)
    return source.mask(says_nothing(source), clips["clip"])


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all; numbers come back to the last bit."""
    columns = [*SCORE_COLUMNS, *(column for column in TOLD_COLUMNS if column in scores)]
    exact = scores[columns].astype({"label": int, "logit": np.float64, "p_fake": np.float64})
    write_table(exact, path)


def _labels(scores: pd.DataFrame, path: Path) -> pd.Series:
    labels = scores["label"].str.strip().map({"0": REAL, "1": FAKE})
    bad = scores.loc[labels.isna()]
    if len(bad):
        raise UserError(
            f"{path}: label must be 0 (real) or 1 (fake), but {named(list(bad['clip']))} has "
            f"{bad['label'].iloc[0]!r}"
        )
    return labels.astype(int)


def _numbers(scores: pd.DataFrame, column: str, path: Path) -> np.ndarray:
    """A column as floats; Python's own parser, because pandas' fast one may miss the last bit."""
    cells = scores[column].tolist()
    try:
        numbers = np.array([float(cell) for cell in cells])
    except ValueError as error:
        raise UserError(f"{path}: {column} must be a number ({error})") from None
    missing = scores.loc[np.isnan(numbers), "clip"]
    if len(missing):
        raise UserError(f"{path}: {column} is not a number for {named(list(missing))}")
    return numbers
