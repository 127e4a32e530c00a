"""A run in MLflow: settings, curves, final figures with their intervals, and files. Needs the extra `mlflow`."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..runs import RunFolder
from ..settings import read_settings
from . import contents

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "deepfake_audio"
# By which a run that is recorded again is found.
KEY = "deepfake_audio.run"
# MLflow takes no more at once, and no longer values.
MOST_PARAMS, MOST_METRICS, LONGEST_VALUE = 100, 1000, 6000
KEY_DIGITS = 16


def check_mlflow(uri: str | None) -> None:
    """Raise if a run could not be recorded there; better before training than after."""
    if uri is not None:
        _client(uri)


def record_in_mlflow(run: RunFolder, uri: str, experiment: str = EXPERIMENT) -> str:
    """Record a finished run, and return MLflow's id of it. A run that is there already is replaced.

    Args:
        uri: where MLflow keeps its runs: a folder such as `mlruns` or `file:///data/mlruns`, or what else the
            MLflow that is installed can do.
    """
    figures = contents.final_figures(run)
    settings, rows = read_settings(run.config), contents.curves(run)
    client = _client(uri)
    with _errors_of(uri):
        group = _experiment(client, experiment)
        key = _key(run)
        before = client.search_runs([group], filter_string=f"tags.`{KEY}` = '{key}'")
        name = run.path.resolve().name
        made = client.create_run(group, run_name=name, tags={KEY: key})
        ident = made.info.run_id
        try:
            _log(client, ident, settings, rows, figures)
            _log_files(client, ident, run)
        except BaseException:
            client.set_terminated(ident, "FAILED")
            raise
        client.set_terminated(ident, "FINISHED")
        for old in before:
            client.delete_run(old.info.run_id)
    return str(ident)


def _client(uri: str) -> MlflowClient:
    # MLflow counts its users over the network unless this is said before it is imported, and asks whoever keeps runs
    # in a folder to say that it is meant.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    # Of a server that isn't there we want to hear within seconds.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise UserError(
            "a record in MLflow needs the package mlflow: pip install 'deepfake-audio[mlflow]'"
        ) from None
    with _errors_of(uri):
        client = MlflowClient(uri)
        client.search_experiments(max_results=1)
    return client


@contextmanager
def _errors_of(uri: str) -> Iterator[None]:
    """MLflow's own errors, and those of the folder it writes to, as one line."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:
        raise UserError(
            f"MLflow can't record at {uri} ({' '.join(str(error).split())[:300]}); give a folder such as mlruns, or "
            "install all of mlflow for a database"
        ) from None


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != "active":
        raise UserError(f"MLflow's experiment {name} was deleted: restore it, or give another name")
    return str(found.experiment_id if found else client.create_experiment(name))


def _key(run: RunFolder) -> str:
    """The same for a run that is judged anew, another for any other training."""
    told = hashlib.sha256(run.path.resolve().name.encode())
    for file in (run.config, run.history):
        told.update(file.read_bytes() if file.is_file() else b"")
    return told.hexdigest()[:KEY_DIGITS]


def _log(
    client: MlflowClient,
    ident: str,
    settings: dict[str, Any],
    rows: list[dict[str, float]],
    figures: dict[str, float],
) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    params = [Param(name, str(value)[:LONGEST_VALUE]) for name, value in settings.items()]
    metrics = [
        Metric(name, value, now, int(row["epoch"]))
        for row in rows
        for name, value in contents.points(row).items()
    ]
    metrics += [Metric(name, value, now, 0) for name, value in figures.items()]
    for batch in _batches(params, MOST_PARAMS):
        client.log_batch(ident, params=batch)
    for batch in _batches(metrics, MOST_METRICS):
        client.log_batch(ident, metrics=batch)


def _batches(items: list[Any], size: int) -> list[list[Any]]:
    return [items[first : first + size] for first in range(0, len(items), size)]


def _log_files(client: MlflowClient, ident: str, run: RunFolder) -> None:
    """All that tells of the run. The weights stay where they are: they are what is large."""
    for file in (run.config, run.history, run.scores("val"), run.scores("test"), run.threshold, run.metrics):
        if file.is_file():
            client.log_artifact(ident, str(file))
    for file in (run.detector_config, run.detector / "README.md"):
        if file.is_file():
            client.log_artifact(ident, str(file), run.detector.name)
    if run.report.is_dir():
        client.log_artifacts(ident, str(run.report), run.report.name)
