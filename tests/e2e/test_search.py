"""Searches with the real command: early ends, and the launchers that runs can be given to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.sweeping.objective import choices_by_epoch

from .conftest import REPOSITORY, Road, command

SEARCH = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.sweeper.sampler=random")

# Of the space `cnn`; what the corpus' settings fix already is none of these.
ALL_BUT_THE_RATE = (
    "optim.weight_decay=0.01",
    "model.dropout=0.3",
    "model.pooling=mean",
    "augment=specaugment",
)


def test_a_search_ends_what_is_hopeless_and_says_how_to_repeat_the_best(road: Road, tmp_path: Path) -> None:
    """Two have finished when the second trial begins, and one of them was better than anybody can be."""
    folder = tmp_path / "sweep"
    (folder / "9_perfect").mkdir(parents=True)
    (folder / "9_perfect" / "history.csv").write_text("epoch,val_choice\n0,2.0\n1,2.0\n2,2.0\n")
    (folder / "9_perfect" / "metrics.json").write_text("{}")
    done = command(
        "train", "-m", *road.data, "sweep=cnn", *SEARCH[1:], *ALL_BUT_THE_RATE,
        "optim.lr=choice(0.001,1e-9)", "hydra.sweeper.seed=3",
        "hydra.sweeper.pruning.startup_trials=2", "hydra.sweeper.pruning.startup_epochs=1",
        f"hydra.sweep.dir={folder}", cwd=tmp_path,
    )  # fmt: skip
    trials = pd.read_csv(folder / "trials.csv").set_index("trial")
    assert trials["optim.lr"].to_dict() == {0: 0.001, 1: 1e-9}
    assert trials["state"].to_dict() == {0: "done", 1: "pruned"}
    kept = choices_by_epoch(folder / "0_cnn" / "history.csv")
    assert trials.loc[0, "value"] == max(kept.values()) and len(kept) == 3
    assert not (folder / "1_cnn" / "metrics.json").exists()
    board = pd.read_csv(folder / "leaderboard.csv").set_index("run")
    assert board.loc["0_cnn", "status"] == "done"
    assert board.loc["1_cnn", "status"].startswith("pruned after 1 epoch: ")
    (again,) = (line for line in done.stdout.splitlines() if line.startswith("the best again: "))
    assert again.startswith("the best again: python -m deepfake_audio.train model=cnn ")
    assert "sweep=" not in again and " clips=" in again
    assert again.endswith(" optim.lr=0.001")


def test_an_unknown_space_is_refused(tmp_path: Path) -> None:
    done = command("train", "-m", "sweep=nothing", cwd=tmp_path, expect=2)
    assert done.stderr.count("\n") == 1 and "sweep/nothing" in done.stderr


def test_a_search_without_m_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    done = command("train", "sweep=cnn", cwd=tmp_path, expect=2)
    assert done.stderr.count("\n") == 1 and "add -m" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def in_turn(road: Road, tmp_path_factory: pytest.TempPathFactory) -> dict[float, bytes]:
    """What two dropouts scored in one process, one after the other."""
    folder = tmp_path_factory.mktemp("turn")
    command(
        "train", "-m", *road.data, "model.dropout=0.1,0.3", f"hydra.sweep.dir={folder / 'sweep'}", cwd=folder
    )
    return {
        dropout: (folder / "sweep" / f"{number}_cnn" / "scores_test.csv").read_bytes()
        for number, dropout in enumerate((0.1, 0.3))
    }


@pytest.mark.slow  # processes that each load torch, and with Ray a cluster that is started
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local", "ray"])
def test_a_search_by_another_launcher(
    launcher: str, road: Road, in_turn: dict[float, bytes], tmp_path: Path
) -> None:
    """Two runs side by side come to the bits that they come to in turn."""
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.removesuffix('_local')}_launcher")
    arguments = [
        "-m", *road.data, *SEARCH, f"hydra/launcher={launcher}", "hydra.sweeper.n_jobs=2",
        "model.dropout=choice(0.1,0.3)", "hydra.sweep.dir=sweep",
    ]  # fmt: skip
    # Ray would leave a key in the home folder.
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "RAY_AUTH_MODE": "disabled", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "deepfake_audio.train", *arguments],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    trials = pd.read_csv(tmp_path / "sweep" / "trials.csv").set_index("trial")
    assert trials["state"].tolist() == ["done", "done"]
    for _, trial in trials.iterrows():
        scores = (tmp_path / "sweep" / trial["run"] / "scores_test.csv").read_bytes()
        assert scores == in_turn[trial["model.dropout"]]
