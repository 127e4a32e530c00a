"""Several runs by one command, and the table that ranks them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Road, command


def test_a_sweep_has_a_folder_a_run_and_a_leaderboard(road: Road, tmp_path: Path) -> None:
    """Both models, two dropouts; a single batch each is enough to see where things go."""
    quick = [each for each in road.data if "channels" not in each and "epochs" not in each]
    done = command(
        "train", "-m", *quick, "trainer.max_epochs=1", "trainer.limit_train_batches=1", "model=cnn,effnet",
        "model.dropout=0.1,0.3", f"hydra.sweep.dir={tmp_path / 'sweep'}", cwd=tmp_path,
    )  # fmt: skip
    runs = sorted(path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir())
    assert runs == ["0_cnn", "1_cnn", "2_effnet", "3_effnet"]
    board = pd.read_csv(tmp_path / "sweep" / "leaderboard.csv")
    assert len(board) == 4
    for run in runs:
        assert run in done.stdout
        assert json.loads((tmp_path / "sweep" / run / "metrics.json").read_text())["val"]["n_clips"] > 0
    again = command("compare", tmp_path / "sweep", cwd=tmp_path)
    assert all(run in again.stdout for run in runs)


@pytest.mark.slow  # four processes that each load torch: most of a minute
def test_a_sweep_of_distributed_runs(road: Road, tmp_path: Path) -> None:
    """Asked for by the number of devices alone, as most people will."""
    command(
        "train", "-m", *road.data, "trainer.devices=2", "trainer.max_epochs=1", "seed=0,1",
        f"hydra.sweep.dir={tmp_path / 'sweep'}", cwd=tmp_path,
    )  # fmt: skip
    assert len(pd.read_csv(tmp_path / "sweep" / "leaderboard.csv")) == 2
    for run in ("0_cnn", "1_cnn"):
        assert (tmp_path / "sweep" / run / "detector" / "config.json").is_file()
