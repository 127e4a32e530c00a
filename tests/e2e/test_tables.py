"""A network for tables by the real commands: no epochs, and everything that a run is asked for afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfake_audio.files import read_json

from .conftest import Road, command, refused

TABLES = ("features=handcrafted", "model=boost", "model.trees=20")


@pytest.mark.slow  # four commands, each of which starts torch
def test_train_predict_tune_explain(road: Road, tmp_path: Path) -> None:
    own = [each for each in road.data if not each.startswith(("model.", "trainer.max_epochs"))]
    run = tmp_path / "run"
    done = command("train", *own, *TABLES, f"hydra.run.dir={run}", cwd=tmp_path)
    assert "report:" in done.stdout
    assert (run / "report" / "index.html").is_file()
    assert not (run / "history.csv").exists()
    command("tune", run, "--beta", "1", "--report", cwd=tmp_path)
    assert read_json(run / "threshold.json")["beta"] == 1
    wav = next(road.audio.rglob("*.wav"))
    assert str(wav) in command("predict", wav, "--detector", run, cwd=tmp_path).stdout
    assert "lime" in refused("explain", wav, "--detector", run, cwd=tmp_path)


@pytest.mark.slow  # two commands that are refused before anything is learnt, but after torch was started
def test_what_makes_no_sense_is_one_line(road: Road, tmp_path: Path) -> None:
    own = [each for each in road.data if not each.startswith(("model.", "trainer."))]
    line = refused("train", *own, *TABLES, "trainer=ddp", "trainer.devices=2", cwd=tmp_path)
    assert "trainer=single" in line
    assert "features=handcrafted" in refused("train", *own, "model=boost", "features=waveform", cwd=tmp_path)
