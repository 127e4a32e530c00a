"""A run in TensorBoard: its curves while it trains, and at the end its settings, figures and pictures.

Everything stands in `RUN/tensorboard`, in two files that are each written anew: the curves, which follow the history,
and the end. So a run that goes on has one unbroken curve, and a new run in an old folder none of the old one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..runs import RunFolder
from ..settings import read_settings
from . import contents
from .events import Events

FOLDER = "tensorboard"
# The two files, by how their names end.
CURVES, END = ".curves", ".end"
# Beside each other these are what a table of runs is sorted by; the rest stands in the charts.
SORTED_BY = (
    "val/f2", "val/average_precision", "test/f2", "test/f2_low", "test/f2_high", "test/f2_all_fake", "test/recall",
    "test/false_alarm_rate", "test/auc", "test/eer",
)  # fmt: skip


def record_in_tensorboard(run: RunFolder) -> Path:
    """Write the end of a judged run, and its curves where no training has left them; return the folder."""
    folder = run.path / FOLDER
    figures = contents.final_figures(run)
    rows = contents.curves(run)
    if rows and not _files(run, CURVES):
        with _writing(run, CURVES) as writer:
            add_curves(writer, rows)
    with _writing(run, END) as writer:
        step = int(rows[-1]["epoch"]) if rows else 0
        for name, value in figures.items():
            # A chart for each end of each interval would hide what matters.
            if name in SORTED_BY or not name.endswith(("_low", "_high")):
                writer.add_scalar(name, value, step)
        settings = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in read_settings(run.config).items()
        }
        writer.add_settings(settings, [name for name in SORTED_BY if name in figures])
        for picture in contents.pictures(run):
            writer.add_picture(f"report/{picture.stem}", picture, step)
    return folder


def begin(run: RunFolder, kind: str) -> Events:
    """A file in the place of those of this kind. An end that is there goes too: it was of what was before."""
    for old in (*_files(run, kind), *_files(run, END)):
        old.unlink(missing_ok=True)
    return Events(run.path / FOLDER, kind)


def is_recorded(run: RunFolder) -> bool:
    """Whether the run has a TensorBoard folder."""
    return (run.path / FOLDER).is_dir()


@contextmanager
def _writing(run: RunFolder, kind: str) -> Iterator[Events]:
    writer = begin(run, kind)
    try:
        yield writer
    finally:
        writer.close()


def _files(run: RunFolder, kind: str) -> list[Path]:
    return sorted((run.path / FOLDER).glob(f"events.*{kind}"))


def add_curves(writer: Events, rows: list[dict[str, float]]) -> None:
    """A point for each figure of each epoch."""
    for row in rows:
        for name, value in contents.points(row).items():
            writer.add_scalar(name, value, int(row["epoch"]))
