"""Every option of every group composes and builds what it names; verbs answer fast."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from deepfake_audio.configs import SPLIT_SETTINGS, command_line_errors, resource_folder, split_settings
from deepfake_audio.corpora import Corpus
from deepfake_audio.forging.on_the_fly import build_forger
from deepfake_audio.neutral import build_neutral
from deepfake_audio.trainers import build_trainer

CONF = resource_folder("conf")
REPOSITORY = Path(__file__).parents[1]
DEALING = {"seed", "fractions", "test", "val", "folds", "fold"}


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", overrides=list(overrides))


def plain(config: DictConfig) -> dict[str, Any]:
    return OmegaConf.to_container(config, resolve=True)  # type: ignore[return-value]


def test_every_group_is_tested_here() -> None:
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    assert groups == {
        "adversary",
        "corpus",
        "split",
        "features",
        "neutral",
        "forging",
        "augment",
        "experiment",
        "loss",
        "optim",
        "model",
        "trainer",
        "sweep",  # tests/sweeping/test_spaces.py
        "hydra",  # its sweepers
    }


def test_runs_that_begin_together_have_folders_of_their_own() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        configs = [compose("train", return_hydra_config=True) for _ in range(3)]
    for place in ("run", "sweep"):
        folders = [config.hydra[place].dir for config in configs]
        assert len(set(folders)) == len(configs)
        assert folders == [config.hydra[place].dir for config in configs], "one run has one folder"


@pytest.mark.parametrize("name", options("corpus"))
def test_corpus(name: str) -> None:
    corpus: Corpus = instantiate(composed(f"corpus={name}").corpus)
    assert corpus.name == name
    assert callable(corpus.prepare)
    assert callable(corpus.index)


@pytest.mark.parametrize("name", options("split"))
def test_split(name: str) -> None:
    # The policy of a file is the one that stands in its head.
    file = ["split.file=splits/fakeavceleb_v1.2_race_african.csv"] if name == "file" else []
    settings = split_settings(composed(f"split={name}", *file))
    # How a file came about is not asked again.
    assert set(settings) == set(SPLIT_SETTINGS) - (DEALING if name == "file" else set())
    assert settings["policy"] == (name if name != "file" else "group")
    if name == "file":
        assert settings["column"] == "race"


@pytest.mark.parametrize("name", options("neutral"))
def test_neutral(name: str) -> None:
    assert build_neutral(**plain(composed(f"neutral={name}").neutral)).does_nothing == (name == "none")


@pytest.mark.parametrize("name", options("forging"))
def test_forging(name: str) -> None:
    forger = build_forger(**plain(composed(f"forging={name}").forging))
    assert (forger is None) == (name == "none")


@pytest.mark.parametrize("name", options("trainer"))
def test_trainer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "slurm":
        # What srun tells the only task of a job.
        told = {
            "PROCID": "0",
            "LOCALID": "0",
            "NODEID": "0",
            "NTASKS": "1",
            "NTASKS_PER_NODE": "1",
            "JOB_ID": "7",
        }
        for key, value in told.items():
            monkeypatch.setenv(f"SLURM_{key}", value)
    settings = plain(composed(f"trainer={name}").trainer) | {"accelerator": "cpu"}
    assert isinstance(build_trainer(settings, [], find_unused=False), pl.Trainer)


@pytest.mark.parametrize(
    "verb",
    [
        "extract",
        "split",
        "audit",
        "forge",
        "train",
        "predict",
        "tune",
        "compare",
        "stress",
        "evaluate",
        "explain",
        "record",
    ],
)
def test_help_comes_without_torch(verb: str) -> None:
    """Said within the time of starting Python and Hydra: processor time, as a busy machine is not to blame."""
    start = f"runpy.run_module('deepfake_audio.{verb}', run_name='__main__')"
    code = f"import runpy, sys; sys.argv = ['x', '--help']; {start}"
    watch = "import atexit, sys; atexit.register(lambda: print('torch' in sys.modules or 'pandas' in sys.modules)); "
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", watch + code], capture_output=True, text=True, cwd=REPOSITORY
    )
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("False")
    assert seconds < 2


def test_importing_the_package_loads_no_torch() -> None:
    code = "import deepfake_audio, sys; assert 'torch' not in sys.modules; print(deepfake_audio.__version__)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


def test_a_folder_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left, command_line_errors():
        raise PermissionError(errno.EACCES, "Permission denied", "data/audit.json")
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: data/audit.json can't be written") and told.count("\n") == 1
    with pytest.raises(IsADirectoryError), command_line_errors():
        raise IsADirectoryError(errno.EISDIR, "a fault of ours stays loud")
