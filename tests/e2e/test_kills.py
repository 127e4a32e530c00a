"""Killed commands, run again, end as if nothing had been; and a run is repeated from its folder alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deepfake_audio.files import alone_in

from .conftest import REPOSITORY, Road, command, refused

ENDS = ("scores_val.csv", "scores_test.csv", "history.csv", "split.csv", "detector/model.safetensors")


def assert_same(one: Path, other: Path) -> None:
    for name in ENDS:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.slow  # minutes: each round starts an interpreter that imports torch several times
def test_what_is_killed_ends_with_the_same_bytes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "kill_runs.py", "--kills", "3", "--into", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "outlived" not in done.stderr


def test_a_run_is_repeated_from_its_folder_and_a_complete_one_is_left_alone(
    road: Road, tmp_path: Path
) -> None:
    command(
        "train", f"from_run={road.run}", "data.workers=1", f"hydra.run.dir={tmp_path / 'again'}", cwd=tmp_path
    )
    assert_same(tmp_path / "again", road.run)
    before = {name: (tmp_path / "again" / name).stat().st_mtime_ns for name in ENDS}
    again = (
        f"from_run={road.run}",
        "data.workers=1",
        "ckpt_path=last",
        f"hydra.run.dir={tmp_path / 'again'}",
    )
    assert "is complete" in command("train", *again, cwd=tmp_path).stdout
    # Killed after its figures were written, before the report: what is missing is made.
    (tmp_path / "again" / "report" / "index.html").unlink()
    with alone_in(tmp_path / "again", "test"):
        assert "another run is at work there" in refused("train", *again, cwd=tmp_path)
    command("train", *again, cwd=tmp_path)
    assert (tmp_path / "again" / "report" / "index.html").is_file()
    assert_same(tmp_path / "again", road.run)
    assert {name: (tmp_path / "again" / name).stat().st_mtime_ns for name in ENDS} != before
    # Of other settings: refused before anything of the run is cleared away.
    line = refused("train", *again, "optim.lr=0.5", cwd=tmp_path)
    assert "other settings of lr" in line
    assert_same(tmp_path / "again", road.run)


def test_what_is_no_run_is_not_repeated(road: Road, tmp_path: Path) -> None:
    assert "is no run folder" in refused("train", f"from_run={road.audio}", cwd=tmp_path)
