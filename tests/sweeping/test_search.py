"""A search as a command: gone on with, side by side, with runs that fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ..warm import REPOSITORY, run

APP = Path(__file__).parent / "app.py"


def search(folder: Path, *arguments: str, expect: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    done = run(
        APP, "--multirun", f"hydra.sweep.dir={folder}", "hydra/hydra_logging=none", *arguments,
        cwd=folder.parent, env=env,
    )  # fmt: skip
    assert done.returncode == expect, done.stdout[-2000:] + done.stderr[-2000:]
    return done


def trials(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "trials.csv", keep_default_na=False, na_values=[""]).sort_values("trial")


def came_to(folder: Path) -> list[list[float]]:
    told = trials(folder)
    return told.loc[told["state"] == "done", ["x", "y", "value"]].to_numpy().tolist()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "sweep"
    told = search(folder).stdout
    assert "the best again: python -m deepfake_audio.app x=" in told
    return folder


def test_a_search_begins_with_the_config_and_ends_with_a_table(unbroken: Path) -> None:
    told = trials(unbroken)
    assert told["state"].tolist() == ["done"] * 6
    assert told.iloc[0][["x", "y"]].tolist() == [0.5, 0.1]
    assert told["value"].to_numpy() == pytest.approx(1 - (told["x"] - 0.3) ** 2 - told["y"])
    assert told.loc[told["rank"] == 1, "value"].item() == told["value"].max()
    assert (unbroken / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert told["run"].tolist() == [f"{number}_run" for number in range(6)]


@pytest.mark.parametrize(
    ("how", "status"), [("SIGKILL", -9), pytest.param("SIGINT", 130, marks=pytest.mark.slow)]
)
def test_one_that_was_stopped_ends_as_if_it_had_not_been(
    how: str, status: int, unbroken: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sweep"
    stopped = search(folder, expect=status, DIES_AT="4", DIES_BY=how)
    if how == "SIGINT":
        assert "4 of 6 trials done; the same command with hydra.sweep.dir=" in stopped.stdout
    assert "going on with" in search(folder).stdout
    assert came_to(folder) == came_to(unbroken)
    killed = trials(folder).set_index("trial").loc[4]
    assert (killed["state"], killed["note"]) == ("killed", "run again as trial 5")
    told = json.loads((folder / "4_run" / "ended.json").read_text())
    assert told == {"status": "killed; run again as trial 5"}
    before = (folder / "trials.csv").read_bytes()
    assert "all 6 trials are done" in search(folder).stdout
    assert (folder / "trials.csv").read_bytes() == before


@pytest.mark.slow  # two more searches
def test_more_trials_go_on_and_another_question_is_refused(unbroken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    search(folder, "hydra.sweeper.n_trials=4")
    refused = search(folder, "y=0.2", expect=2).stderr
    assert refused.count("\n") == 1
    assert "something else. Then: y=tag(log, interval(1e-3, 1)); now: y=0.2: say the same" in refused
    refused = search(folder, "kind=good", expect=2).stderr
    assert "Then: (no kind); now: kind=good: say" in refused
    # Where and how fast runs are made is no part of the question.
    search(folder, "explain=false", "+record.mlflow=mlruns", "hydra.sweeper.n_jobs=1")
    assert came_to(folder) == came_to(unbroken)


def test_a_first_trial_that_is_drawn_says_so(tmp_path: Path) -> None:
    """What the config says can't be drawn; all else is as of any search, also where it is cut off."""
    folder = tmp_path / "sweep"
    search(folder, "x=interval(0.6,1)", expect=-9, DIES_AT="0", DIES_BY="SIGKILL")
    search(folder, "x=interval(0.6,1)", "hydra.sweeper.n_trials=2")
    told = trials(folder).set_index("trial")
    assert told["state"].to_dict() == {0: "killed", 1: "done", 2: "done"}
    assert told.loc[1, "note"] == "drawn, for the config says x=0.5, which is not in the space"
    assert told.loc[0, ["x", "y"]].tolist() == told.loc[1, ["x", "y"]].tolist() and told.loc[1, "x"] > 0.6


def test_runs_that_fail_stop_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    told = search(
        folder,
        "kind=good,bad,odd",
        "hydra.sweeper.sampler=random",
        "hydra.sweeper.n_trials=7",
        "hydra.sweeper.seed=3",
    )
    table = trials(folder)
    assert set(table["state"]) == {"done", "failed"} and len(table) == 7
    why = table.loc[table["state"] == "failed"].set_index("kind")["note"].to_dict()
    assert why["bad"] == "this kind can't be built"
    assert "nan" in why["odd"]
    assert sum("failed: " in line for line in told.stdout.splitlines()) == (table["state"] == "failed").sum()
    assert "Traceback" not in told.stderr + told.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["kind=bad"], "the first 3 trials all failed"),
        (["oops=1,2"], "refused by Hydra: Could not override 'oops'"),
        (["hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials=0"),
        (["hydra.sweeper.sampler=grid"], "hydra.sweeper.sampler=grid is not known"),
        (["hydra.sweeper.pruning.rule=best"], "hydra.sweeper.pruning.rule=best is not known"),
    ],
)
def test_a_search_that_can_come_to_nothing_says_why(arguments: list[str], told: str, tmp_path: Path) -> None:
    refused = search(tmp_path / "sweep", *arguments, expect=2).stderr
    assert refused.count("\n") == 1 and refused.startswith("error: ") and told in refused


def test_what_no_config_has_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    search(tmp_path / "sweep", "oops=interval(0,1)", expect=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow  # a pool of processes, one of them killed; tests/e2e/test_search.py runs launchers, too
def test_side_by_side(tmp_path: Path) -> None:
    """Each batch in processes of its own; a worker that is killed costs its batch, not the search."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    folder = tmp_path / "sweep"
    command = [sys.executable, str(APP), "-m", f"hydra.sweep.dir={folder}", "hydra/launcher=joblib",
               "hydra.launcher.n_jobs=2"]  # fmt: skip
    # Not by a fork: joblib's processes outlive it, and it waits for them.
    env = {**os.environ, "DIES_AT": "3", "DIES_BY": "SIGKILL", "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, timeout=120)
    table = trials(folder).set_index("trial")
    assert table.loc[[0, 1, 4, 5], "state"].tolist() == ["done"] * 4
    assert table.loc[3, "note"].startswith("its process ended")
