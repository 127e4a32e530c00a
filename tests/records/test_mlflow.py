"""The MLflow store, read back by MLflow's own client, and nobody called over the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.files import read_json
from deepfake_audio.judgement import judge
from deepfake_audio.record import main
from deepfake_audio.records import check_mlflow, record_in_mlflow
from deepfake_audio.runs import RunFolder

from ..scored import made_run

pytest.importorskip("mlflow", reason="needs mlflow: pip install '.[mlflow]'")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = made_run(tmp_path / "0_cnn", voices=6)
    judge(run.path)
    run.config.write_text(
        f"seed: 3\nmodel:\n  name: cnn\nlong: {'x' * 7000}\n" + "".join(f"k{i}: {i}\n" for i in range(150))
    )
    run.history.write_text(
        "epoch,train_loss,val_loss,val_ap,val_f2,val_choice,lr\n0,0.7,0.6,nan,0.8,0.4,0.001\n1,0.5,0.4,0.6,0.9,0.5,0.001\n"
    )
    run.report.mkdir()
    run.page.write_text("<p>page</p>")
    run.detector.mkdir()
    (run.detector / "README.md").write_text("card")
    (run.detector / "model.safetensors").write_bytes(b"weights")
    return run


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_run_is_recorded_whole(run: RunFolder, tmp_path: Path, form: str) -> None:
    from mlflow import MlflowClient

    uri = form.format(tmp_path / "mlruns")
    ident = record_in_mlflow(run, uri, "mine")
    client = MlflowClient(uri)
    told = client.get_run(ident)
    assert told.info.run_name == "0_cnn"
    assert told.info.status == "FINISHED"
    assert client.get_experiment(told.info.experiment_id).name == "mine"
    assert told.data.params["model.name"] == "cnn"
    assert told.data.params["k149"] == "149"
    assert len(told.data.params) == 153
    metrics = read_json(run.metrics)
    for part in ("val", "test"):
        for name in ("f2", "f2_all_fake", "false_alarm_rate"):
            assert told.data.metrics[f"{part}/{name}"] == metrics[part][name]
        low, high = metrics[part]["intervals"]["f2"]
        assert (told.data.metrics[f"{part}/f2_low"], told.data.metrics[f"{part}/f2_high"]) == (low, high)
    curve = client.get_metric_history(ident, "loss/train")
    assert [(point.step, point.value) for point in curve] == [(0, 0.7), (1, 0.5)]
    assert [point.step for point in client.get_metric_history(ident, "validation/average_precision")] == [1]
    names = {file.path for file in client.list_artifacts(ident)}
    assert names == {
        "config.yaml", "history.csv", "scores_val.csv", "scores_test.csv", "threshold.json", "metrics.json",
        "report", "detector",
    }  # fmt: skip
    assert [file.path for file in client.list_artifacts(ident, "detector")] == ["detector/README.md"]


def test_recorded_again_it_is_replaced_and_others_are_not(run: RunFolder, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    uri = str(tmp_path / "mlruns")
    first = record_in_mlflow(run, uri)
    other = made_run(tmp_path / "1_cnn", voices=6)
    judge(other.path)
    second = record_in_mlflow(other, uri)
    judge(run.path, Rule(max_false_alarm=0.05))
    again = record_in_mlflow(run, uri)
    client = MlflowClient(uri)
    experiment = client.get_run(again).info.experiment_id
    assert {each.info.run_id for each in client.search_runs([experiment])} == {second, again}
    assert client.get_run(first).info.lifecycle_stage == "deleted"


def test_the_command_records_what_is_finished(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow import MlflowClient

    (tmp_path / "1_cnn").mkdir()
    (tmp_path / "1_cnn" / "config.yaml").write_text("seed: 0\n")
    uri = str(tmp_path / "store" / "mlruns")
    assert main([str(tmp_path), "--mlflow", uri, "--experiment", "sweep"]) == 0
    printed = capsys.readouterr()
    assert "1_cnn is not finished" in printed.err
    assert str(run.path / "tensorboard") in printed.out
    experiment = MlflowClient(uri).get_experiment_by_name("sweep")
    assert experiment is not None
    assert len(MlflowClient(uri).search_runs([experiment.experiment_id])) == 1


# Whoever is looked up or called is printed, and not reached.
WATCHED = """
import socket, sys, time
def refuse(*called, **how):
    print('called', called)
    raise OSError('no network here')
socket.getaddrinfo = socket.socket.connect = refuse
from pathlib import Path
from deepfake_audio.records import record_in_mlflow
from deepfake_audio.runs import RunFolder
print('recorded', record_in_mlflow(RunFolder(Path(sys.argv[1])), sys.argv[2]))
time.sleep(0.5)
"""


def test_nobody_is_told_over_the_network(run: RunFolder, tmp_path: Path) -> None:
    """In a process of its own: MLflow keeps quiet by itself where it sees a test or a build server."""
    kept = ("PATH", "HOME", "OMP_NUM_THREADS")
    plain = {name: os.environ[name] for name in kept if name in os.environ}
    plain["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", WATCHED, str(run.path), str(tmp_path / "mlruns")]
    done = subprocess.run(command, capture_output=True, text=True, env=plain, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "recorded" in done.stdout
    assert "called" not in done.stdout


def test_what_cannot_be_recorded_is_refused_in_one_line(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError, match="MLflow can't record at nonsense://x"):
        check_mlflow("nonsense://x")
    with pytest.raises(UserError, match=r"MLflow can't record at http://127\.0\.0\.1:9"):
        check_mlflow("http://127.0.0.1:9")
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "mlruns", file.as_uri()):
        with pytest.raises(UserError, match=r"MLflow can't record at .*file.*Not a directory"):
            check_mlflow(str(place))
    check_mlflow(None)
    run.metrics.unlink()
    with pytest.raises(UserError, match="no finished run"):
        record_in_mlflow(run, str(tmp_path / "mlruns"))
    assert not (tmp_path / "mlruns").exists()


def test_without_mlflow_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UserError, match=r"pip install 'deepfake-audio\[mlflow\]'"):
        check_mlflow("mlruns")
