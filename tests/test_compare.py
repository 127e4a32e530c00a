"""Runs beside each other: ranked by validation alone, and only where they can be compared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.utils import JobReturn
from omegaconf import OmegaConf

from deepfake_audio.compare import Leaderboard, main
from deepfake_audio.judgement import judge
from deepfake_audio.runs import RunFolder

from .scored import made_run


def sweep_job(folder: Path, overrides: list[str], judged: bool = True, **how: float) -> RunFolder:
    run = made_run(folder, **how)
    run.overrides.parent.mkdir()
    OmegaConf.save(OmegaConf.create(overrides), run.overrides)
    if judged:
        judge(run.path)
    return run


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Three comparable runs, one that failed, and one on other clips."""
    folder = tmp_path / "sweep"
    for number, distance in ((0, 0.8), (1, 1.5), (2, 0.3), (10, 1.0)):
        seed = f"seed={number}"
        sweep_job(folder / f"{number}_cnn", ["model=cnn", seed], distance=distance, judged=number != 2)
    sweep_job(folder / "11_effnet", ["model=cnn", "clips=other.csv"], distance=5, voices=20)
    return folder


def board_of(sweep: Path) -> pd.DataFrame:
    return pd.read_csv(sweep / "leaderboard.csv", keep_default_na=False, na_values=[""]).set_index("run")


def test_validation_ranks(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(sweep)])
    board = board_of(sweep)
    comparable = board[board["clips"] == "A"]
    assert comparable.index.tolist() == ["1_cnn", "10_cnn", "0_cnn"]
    assert comparable["rank"].tolist() == [1, 2, 3]
    assert comparable["val_f2"].is_monotonic_decreasing
    for run, row in comparable.iterrows():
        metrics = json.loads((sweep / str(run) / "metrics.json").read_text())
        assert row["val_f2"] == metrics["val"]["f2"]
        assert row["test_f2"] == metrics["test"]["f2"]
        assert [row["test_f2_low"], row["test_f2_high"]] == metrics["test"]["intervals"]["f2"]
        assert row["test_f2_all_fake"] == metrics["test"]["f2_all_fake"]
        assert row["test_false_alarm_rate"] == metrics["test"]["false_alarm_rate"]
    printed = capsys.readouterr().out
    assert printed.index("1_cnn") < printed.index("10_cnn") < printed.index("0_cnn ")


def test_a_better_test_figure_ranks_nothing(sweep: Path) -> None:
    """The worst run on validation is given a perfect test: its place stays."""
    file = sweep / "0_cnn" / "metrics.json"
    metrics = json.loads(file.read_text())
    metrics["test"]["f2"] = 1.0
    file.write_text(json.dumps(metrics))
    main([str(sweep)])
    assert board_of(sweep).loc["0_cnn", "rank"] == 3


def test_average_precision_decides_between_equal_f2(sweep: Path) -> None:
    for name, figure in (("0_cnn", 0.9), ("1_cnn", 0.8)):
        file = sweep / name / "metrics.json"
        metrics = json.loads(file.read_text())
        metrics["val"] |= {"f2": 0.99, "average_precision": figure}
        file.write_text(json.dumps(metrics))
    main([str(sweep)])
    assert board_of(sweep).loc[["0_cnn", "1_cnn"], "rank"].tolist() == [1, 2]


def test_other_clips_are_ranked_apart_and_failures_named(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(sweep)])
    board = board_of(sweep)
    assert board.loc["11_effnet", ["clips", "rank"]].tolist() == ["B", 1]
    assert board.index[-1] == "2_cnn"
    assert board.loc["2_cnn", "status"].startswith("failed")
    assert pd.isna(board.loc["2_cnn", "rank"])
    assert "not measured on the same clips" in capsys.readouterr().out


def test_only_what_differs_of_the_overrides_is_shown(sweep: Path) -> None:
    main([str(sweep)])
    overrides = board_of(sweep)["overrides"]
    assert overrides["1_cnn"] == "seed=1"
    assert overrides["2_cnn"] == "seed=2"
    assert overrides["11_effnet"] == "clips=other.csv"


def test_runs_of_different_sweeps_are_told_apart_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, distance in (("a", 1.0), ("b", 2.0)):
        sweep_job(tmp_path / folder / "0_cnn", ["model=cnn"], distance=distance)
    main([str(tmp_path / "a" / "0_cnn"), str(tmp_path / "b")])
    printed = capsys.readouterr().out
    assert printed.index(str(tmp_path / "b")) < printed.index(str(tmp_path / "a"))
    assert not list(tmp_path.rglob("leaderboard.csv"))


def test_a_broken_metrics_file_is_one_failed_row(sweep: Path) -> None:
    (sweep / "0_cnn" / "metrics.json").write_text("{")
    (sweep / "1_cnn" / "metrics.json").write_text('{"split": {}}')
    main([str(sweep)])
    board = board_of(sweep)
    assert board.loc[["0_cnn", "1_cnn"], "status"].str.startswith("failed").all()
    assert board.loc["10_cnn", "rank"] == 1


def test_a_sweep_of_which_all_failed_has_a_table_of_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_job(tmp_path / "sweep" / "0_cnn", ["seed=0"], judged=False)
    folder = tmp_path / "sweep"
    (folder / "1_cnn" / "checkpoints").mkdir(parents=True)
    (folder / "1_cnn" / "config.yaml").write_text("seed: 1")
    (folder / "1_cnn" / "checkpoints" / "last.ckpt").touch()
    with pytest.raises(SystemExit) as stop:
        main([str(folder)])
    assert stop.value.code == 2
    told = capsys.readouterr()
    assert 'Failed: "0_cnn", "1_cnn".' in told.out and "nothing to rank: every run failed (2)" in told.err
    tune, train = board_of(folder)["status"]
    assert tune == f"failed: no metrics.json; run `python -m deepfake_audio.tune {folder / '0_cnn'}`"
    assert train.startswith("failed: no metrics.json; train it again, or go on with ckpt_path=")
    assert (folder / "leaderboard.html").is_file()


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_runs_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: bool
) -> None:
    folder = tmp_path / "nowhere"
    if make:
        folder.mkdir()
    with pytest.raises(SystemExit) as stop:
        main([str(folder)])
    assert stop.value.code == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_sweep_of_hydra_keeps_its_table(tmp_path: Path) -> None:
    """A real Hydra sweep whose second job fails, which ends the sweep with an error: the table stands."""
    (tmp_path / "conf.yaml").write_text(
        "distance: 1.0\nhydra:\n  sweep: {dir: sweep, subdir: 'job${hydra.job.num}'}\n"
        "  callbacks: {board: {_target_: deepfake_audio.compare.Leaderboard}}\n"
    )
    (tmp_path / "app.py").write_text(
        "from pathlib import Path\nimport hydra\nfrom hydra.core.hydra_config import HydraConfig\n"
        "from deepfake_audio.judgement import judge\nfrom tests.scored import made_run\n"
        "@hydra.main(config_path='.', config_name='conf', version_base='1.3')\n"
        "def main(config):\n"
        "    if config.distance < 0: raise ValueError('no such distance')\n"
        "    folder = Path(HydraConfig.get().runtime.output_dir)\n"
        "    judge(made_run(folder, distance=config.distance, voices=5).path)\n"
        "main()\n"
    )
    root = Path(__file__).parents[1]

    def run(distances: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "app.py", "-m", f"distance={distances}"]
        return subprocess.run(
            command, cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True
        )

    stopped = run("1,-1,2")
    assert stopped.returncode == 1
    assert "no such distance" in stopped.stderr
    assert "job1" in stopped.stdout, "the table is printed all the same"
    assert "python -m deepfake_audio.compare sweep" in stopped.stdout
    board = board_of(tmp_path / "sweep")
    assert board.index.tolist() == ["job2", "job0", "job1"]
    assert board.loc["job1", "status"].startswith("failed")
    done = run("1,3,2")
    assert done.returncode == 0, done.stderr
    assert board_of(tmp_path / "sweep").index[0] == "job1"
    assert "leaderboard.csv" in done.stdout


def test_several_sets_of_clips_are_refused_where_that_is_asked_for(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(sweep), "--strict"])
    assert stop.value.code == 2
    assert "not measured on the same clips" in capsys.readouterr().err
    assert not (sweep / "leaderboard.csv").exists()
    assert main([*(str(sweep / name) for name in ("0_cnn", "1_cnn", "2_cnn")), "--strict"]) == 0


def test_seeds_are_told_as_one_entry_with_their_runs_below(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = []
    for number, (dropout, seed) in enumerate([(0.1, 0), (0.1, 1), (0.3, 0), (0.3, 1)]):
        folder = tmp_path / f"{number}_cnn"
        run = sweep_job(folder, [f"model.dropout={dropout}", f"seed={seed}"], distance=1 + number / 4)
        OmegaConf.save(OmegaConf.create({"seed": seed, "model": {"dropout": dropout}}), run.config)
        folders.append(str(folder))
    out = tmp_path / "out"
    main([*folders, "--out", str(out), "--all-pairs"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("1     model.dropout=0.3 (2 seeds)")
    assert "\u00b1" in lines[1]
    assert [line.split()[0] for line in lines[2:4]] == ["2_cnn", "3_cnn"]
    assert lines[4].startswith("2     model.dropout=0.1 (2 seeds)")
    runs, entries = (pd.read_csv(out / name) for name in ("leaderboard.csv", "summary.csv"))
    assert runs["entry"].tolist() == ["model.dropout=0.3"] * 2 + ["model.dropout=0.1"] * 2
    means = runs.groupby("entry", sort=False)["test_f2"].mean()
    assert entries["test_f2"].tolist() == pytest.approx(means.tolist())
    differences = pd.read_csv(out / "differences.csv").set_index("figure")
    assert differences.loc["f2", "a_minus_b"] == pytest.approx(means.iloc[0] - means.iloc[1])
    assert f"{out / 'leaderboard.html'}" == lines[-1]


def test_a_single_run_has_no_table(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    config = OmegaConf.create({"hydra": {"mode": "RUN", "sweep": {"dir": str(run.path)}}})
    Leaderboard().on_job_end(config, JobReturn())
    assert not list(tmp_path.rglob("leaderboard.csv"))
