"""The audit as a command: what it prints, writes and answers."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.clips import read_clips, write_clips

from .conftest import SMALL, Road, command, refused


@pytest.fixture
def data(road: Road, tmp_path: Path) -> Path:
    """The road's clips under a table of the test's own."""
    (tmp_path / "wav").symlink_to(road.audio / "wav")
    write_clips(read_clips(road.audio / "clips.csv"), tmp_path / "clips.csv")
    return tmp_path


def test_a_clean_split_passes(road: Road, data: Path) -> None:
    done = command("audit", f"clips={data / 'clips.csv'}", "split=file", f"split.file={road.split}", cwd=data)
    assert "audit: passed" in done.stdout and "bandwidth" in done.stdout
    told = json.loads((data / "audit.json").read_text())
    assert told["passed"] and told["n_clips"] == 120 and told["n_voices"] == 20
    assert list(told["leaks"]) == ["voice", "face", "track", "near_track", "name"]
    assert {kind for kind, leak in told["leaks"].items() if leak["forbidden"]} == {
        "voice",
        "track",
        "near_track",
    }
    assert all(told["leaks"][kind]["found"] == 0 for kind in ("voice", "track", "near_track"))
    assert told["shortcuts"]["probes"]
    assert "<html" in (data / "audit.html").read_text()


def test_a_leaky_split_ends_with_1_and_says_why(data: Path) -> None:
    """Kept apart by the face, as published work does: nearly every voice and every track leaks."""
    out = data / "told"
    settings = (f"clips={data / 'clips.csv'}", "split=source", "shortcuts=false", f"out={out}")
    done = command("audit", *settings, cwd=data, expect=1)
    assert "FORBIDDEN" in done.stdout and "NOT passed" in done.stdout and "Traceback" not in done.stderr
    told = json.loads((out / "audit.json").read_text())
    assert not told["passed"] and "shortcuts" not in told
    assert (
        told["leaks"]["voice"]["share_of_test"] > 0.9 and told["leaks"]["near_track"]["share_of_test"] > 0.9
    )
    assert 0 < len(told["leaks"]["near_track"]["examples"]) <= 20
    # What is not forbidden is told all the same.
    again = command("audit", *settings, "forbid=[]", "progress=false", cwd=data)
    assert "told only" in again.stdout and "audit: passed" in again.stdout


def test_a_split_that_shares_a_voice_is_told_by_its_name(road: Road, data: Path, tmp_path: Path) -> None:
    table = read_clips(data / "clips.csv")
    sides = pd.read_csv(road.split, comment="#").set_index("voice")["split"]
    table["own_split"] = table["voice"].map(sides)
    moved = table.index[table["own_split"] == "test"][0]
    voice = table.loc[moved, "voice"]
    table.loc[moved, "own_split"] = "train"
    write_clips(table, tmp_path / "own.csv")
    settings = (f"clips={data / 'own.csv'}", "split=own")
    done = command("audit", *settings, "shortcuts=false", "forbid=[]", cwd=data, expect=1)
    assert f"forbids a voice in two splits, but 1 are: {voice}" in done.stdout
    told = json.loads((data / "audit.json").read_text())
    assert not told["passed"] and told["leaks"]["voice"]["found"] == 1
    assert voice in (data / "audit.html").read_text()
    # Training stops there and names it, or goes on and says so.
    assert voice in refused("train", *settings, *SMALL, f"hydra.run.dir={tmp_path / 'no'}", cwd=data)
    assert not (tmp_path / "no" / "metrics.json").exists()
    run = tmp_path / "run"
    done = command(
        "train", *settings, *SMALL, "trainer.max_epochs=1", "audit.on_leak=warn", "audit.shortcuts=false",
        f"hydra.run.dir={run}", cwd=data,
    )  # fmt: skip
    assert f"two splits, but 1 are: {voice}" in done.stderr
    assert not json.loads((run / "metrics.json").read_text())["audit"]["passed"]


def test_the_help_says_what_the_exit_status_means(tmp_path: Path) -> None:
    told = command("audit", "--help", cwd=tmp_path).stdout
    assert "0 when nothing forbidden was found, with 1 when it was, and with 2 for bad use" in told
    assert "near_track" in told


def test_bad_use_is_one_line_and_leaves_nothing_that_says_passed(data: Path, tmp_path: Path) -> None:
    for name in ("audit.json", "audit.html"):
        (data / name).write_text('{"passed": true}')
    clips = f"clips={data / 'clips.csv'}"
    assert "forbid=voices is not known" in refused("audit", clips, "forbid=[voices]", cwd=data)
    assert "nowhere.csv is missing" in refused("audit", "clips=nowhere.csv", cwd=data)
    assert "clips" in refused("audit", cwd=data)
    table = read_clips(data / "clips.csv")
    table.loc[3, "path"] = "wav/gone.wav"
    write_clips(table, data / "broken.csv")
    told = refused("audit", f"clips={data / 'broken.csv'}", "progress=false", cwd=data)
    assert "1 of 120 clips" in told and "wav/gone.wav" in told
    assert not (data / "audit.json").exists() and not (data / "audit.html").exists()
