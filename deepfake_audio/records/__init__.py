"""A run's record for the tools that people keep their experiments in: TensorBoard always, MLflow where asked for."""

from __future__ import annotations

from ..runs import RunFolder
from .mlflow import EXPERIMENT, check_mlflow, record_in_mlflow
from .tensorboard import is_recorded, record_in_tensorboard

__all__ = [
    "EXPERIMENT", "check_mlflow", "is_recorded", "record", "record_in_mlflow", "record_in_tensorboard",
]  # fmt: skip


def record(run: RunFolder, mlflow: str | None = None, experiment: str = EXPERIMENT) -> list[str]:
    """Record a finished run in its TensorBoard folder and, where `mlflow` says a place, there; return what was done."""
    told = [f"tensorboard: {record_in_tensorboard(run)}"]
    if mlflow is not None:
        told.append(f"mlflow: run {record_in_mlflow(run, mlflow, experiment)} at {mlflow}")
    return told
