"""The command: real clips of a table in, a table of fakes out, and a detector trained on both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import soundfile

from deepfake_audio.corpora.toy.cast import draw_cast
from deepfake_audio.corpora.toy.tracks import voice_tracks

from .conftest import REPOSITORY, SMALL, command, refused


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of ten voices' real and fake tracks, and a split of it by voice."""
    root = tmp_path_factory.mktemp("forge")
    rows = []
    for number, voice in enumerate(draw_cast(10, seed=1)):
        for label, track in enumerate(voice_tracks(voice)):
            path = f"{number}_{label}.wav"
            soundfile.write(root / path, track[:24_000], 16_000, subtype="PCM_16")
            rows.append((f"{number}_{label}", path, label, f"v{number}", ["human", "toy"][label], "home"))
    columns = ["clip", "path", "label", "voice", "system", "corpus"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "clips.csv", index=False)
    sides = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    pd.DataFrame({"voice": [f"v{n}" for n in range(10)], "split": sides}).to_csv(
        root / "split.csv", index=False
    )
    return root


def test_forge_writes_a_table_that_stands_by_itself_and_does_nothing_twice(
    source: Path, tmp_path: Path
) -> None:
    arguments = (
        "forge",
        f"clips={source / 'clips.csv'}",
        "out=forged",
        "systems=[lpc,codec]",
        "progress=false",
    )
    told = command(*arguments, cwd=tmp_path).stdout
    assert "10 forged, 0 already there, 0 failed" in told
    first = (tmp_path / "forged" / "clips.csv").read_bytes()
    table = pd.read_csv(tmp_path / "forged" / "clips.csv")
    assert len(table) == 10 and (table["label"] == 1).all() and table["voice"].nunique() == 10
    assert all((tmp_path / "forged" / path).is_file() for path in table["path"])
    assert "0 forged, 10 already there" in command(*arguments, cwd=tmp_path).stdout
    assert (tmp_path / "forged" / "clips.csv").read_bytes() == first


def test_a_split_keeps_val_and_test_out_of_it(source: Path, tmp_path: Path) -> None:
    command(
        "forge", f"clips={source / 'clips.csv'}", "out=forged", "systems=[lpc]", f"split_file={source / 'split.csv'}",
        "progress=false", "jobs=1", cwd=tmp_path,
    )  # fmt: skip
    assert set(pd.read_csv(tmp_path / "forged" / "clips.csv")["voice"]) == {
        f"v{number}" for number in range(6)
    }


def test_what_is_forged_of_every_side_is_warned_of(source: Path, tmp_path: Path) -> None:
    arguments = ("forge", f"clips={source / 'clips.csv'}", "out=forged", "systems=[codec]", "jobs=1")
    assert "give split_file=FILE" in command(*arguments, cwd=tmp_path).stdout
    first = next((tmp_path / "forged" / "wav").rglob("*.wav"))
    os.utime(first, ns=(0, 0))
    assert "1 forged" in command(*arguments, cwd=tmp_path).stdout


def test_a_detector_is_trained_on_both_and_tested_on_neither_more_nor_less(
    source: Path, tmp_path: Path
) -> None:
    """The two commands of the docs: forged fakes are learnt from, and stay out of what is measured."""
    split = source / "split.csv"
    command(
        "forge", f"clips={source / 'clips.csv'}", "out=forged", "systems=[lpc,codec]", f"split_file={split}",
        "progress=false", cwd=tmp_path,
    )  # fmt: skip
    command(
        "train", f"clips=[{source / 'clips.csv'},forged/clips.csv]", "same_voices=true", "split=file",
        f"split.file={split}", *SMALL, "trainer.max_epochs=1", "hydra.run.dir=run", cwd=tmp_path,
    )  # fmt: skip
    counts = json.loads((tmp_path / "run" / "metrics.json").read_text())["split"]["counts"]
    assert (counts["train"]["real"], counts["train"]["fake"]) == (6, 12)
    assert (counts["test"]["real"], counts["test"]["fake"]) == (2, 2)
    tested = pd.read_csv(tmp_path / "run" / "scores_test.csv")
    assert not tested["system"].str.startswith("forged_").any()


def test_it_goes_on_where_it_was_killed(source: Path, tmp_path: Path) -> None:
    arguments = [f"clips={source / 'clips.csv'}", "systems=[griffinlim]", "progress=false", "jobs=1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "deepfake_audio.forge", *arguments, "out=killed"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "killed").rglob("[0-9]*.wav"))) < 2:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "clips.csv").exists()
    told = command("forge", *arguments, "out=killed", cwd=tmp_path).stdout
    assert " 0 already there" not in told and "0 failed" in told
    command("forge", *arguments, "out=whole", cwd=tmp_path)
    killed, whole = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("killed", "whole")
    )
    assert list(killed.values()) and {str(k): v for k, v in killed.items()} == {
        str(k): v for k, v in whole.items()
    }


def test_what_is_wrong_is_said_in_one_line(source: Path, tmp_path: Path) -> None:
    table = f"clips={source / 'clips.csv'}"
    assert "clips must be given" in refused("forge", "out=x", cwd=tmp_path)
    assert "is missing" in refused("forge", "clips=none.csv", "out=x", cwd=tmp_path)
    assert "its clips.csv would be lost" in refused("forge", table, f"out={source}", cwd=tmp_path)
    assert "'magic' is not known" in refused("forge", table, "out=x", "systems=[magic]", cwd=tmp_path)
    assert "sides=" in refused(
        "forge", table, "out=x", f"split_file={source / 'split.csv'}", "sides=[exam]", cwd=tmp_path
    )
    missing = "vocoders={v: {file: none.onnx}}"
    assert "the vocoder none.onnx is missing" in refused(
        "forge", table, "out=x", "systems=[v]", missing, cwd=tmp_path
    )
    fakes = pd.read_csv(source / "clips.csv").query("label == 1")
    fakes.to_csv(source / "fakes.csv", index=False)
    assert "no real clip to forge" in refused("forge", f"clips={source / 'fakes.csv'}", "out=x", cwd=tmp_path)
    assert not (tmp_path / "x").exists()
