"""`make demo` as a newcomer runs it, in a copy of the repository; only the installation is this one's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import REPOSITORY

PARTS = ("Makefile", "pyproject.toml", "README.md", "LICENSE", "conf", "deepfake_audio", "scripts", "splits")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The copy after the demo, and what it printed."""
    copy = tmp_path_factory.mktemp("demo") / "repository"
    copy.mkdir()
    for part in PARTS:
        source = REPOSITORY / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / part)
    done = subprocess.run(
        ["make", "demo", f"BIN={Path(sys.executable).parent}", "SETUP=pyproject.toml"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=580,
        env={**os.environ, "PYTHONPATH": str(copy)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return copy, done.stdout


def test_it_beats_calling_everything_fake_on_unseen_voices(demo: tuple[Path, str]) -> None:
    copy, _ = demo
    metrics = json.loads((copy / "outputs" / "demo" / "metrics.json").read_text())
    assert metrics["split"]["leakage"]["voices_in_two_splits"] == 0
    assert metrics["test"]["f2"] > metrics["test"]["f2_all_fake"] + 0.05
    assert metrics["test"]["false_alarm_rate"] < 0.5


def test_it_ends_with_the_test_numbers_and_the_report(demo: tuple[Path, str]) -> None:
    copy, printed = demo
    ending = printed.splitlines()[-8:]
    assert any(line.startswith("test ") for line in ending)
    report = next(line for line in ending if line.startswith("report: ")).removeprefix("report: ")
    assert (copy / report).is_file()
