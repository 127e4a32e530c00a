"""Installed from a wheel it is all there: configs, committed splits, and the user's own configs beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import REPOSITORY


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as pip would lay it out; the checkout is not on the path."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            folder,
            REPOSITORY,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_configs_splits_and_a_users_own_configs(installed: Path, tmp_path: Path) -> None:
    own = tmp_path / "own" / "model"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("name: cnn\nbins: null\nchannels: [4]\nhidden: 4\ndropout: 0.0\n")
    code = (
        "import sys, runpy, deepfake_audio; print(deepfake_audio.__file__);"
        "sys.argv = ['train', '--config-dir', 'own', 'model=mine', '--cfg', 'job', '--resolve'];"
        "runpy.run_module('deepfake_audio.train', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    assert "channels:\n  - 4\n" in done.stdout
    assert "n_mels: 80" in done.stdout
    assert list((installed / "deepfake_audio" / "splits").glob("*.csv"))


def test_its_command(installed: Path, tmp_path: Path) -> None:
    """The wheel says what an installer makes the command of, and that runs from it."""
    (points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "[console_scripts]\ndeepfake-audio = deepfake_audio.__main__:main" in points.read_text()
    code = "import sys; from deepfake_audio.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "split", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert done.returncode == 0, done.stderr
    assert "policy: voice" in done.stdout and "corpus: " in done.stdout
