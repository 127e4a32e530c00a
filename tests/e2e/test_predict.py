"""`predict` as people call it: what goes in, what comes out, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pandas as pd
import pytest

from deepfake_audio.clips import read_clips
from deepfake_audio.detector import load_detector
from deepfake_audio.predict import main

from .conftest import REPOSITORY, Road, command, refused


@pytest.fixture
def clip(road: Road, tmp_path: Path) -> Path:
    clips = read_clips(road.audio / "clips.csv")
    return Path(shutil.copy(road.videos / clips["media"][0], tmp_path / "=a b.mp4"))


def test_training_leaves_what_prediction_needs(road: Road) -> None:
    """Validation's scores without names, and what the training clips are like."""
    kept, scores = (
        pd.read_csv(road.run / "detector" / "validation.csv"),
        pd.read_csv(road.run / "scores_val.csv"),
    )
    assert kept["logit"].tolist() == pytest.approx(scores["logit"].tolist(), rel=1e-6)
    assert kept["label"].tolist() == scores["label"].tolist()
    assert kept["voice"].nunique() == scores["voice"].nunique()
    detector = load_detector(road.run)
    assert detector.heard is not None
    clips = read_clips(road.audio / "clips.csv")
    assert clips["seconds"].min() <= detector.heard["seconds"].middle <= clips["seconds"].max()


def test_csv_pictures_and_files_that_cannot_be_read(road: Road, clip: Path, tmp_path: Path) -> None:
    said = ("predict", clip, "gone.wav", "--detector", road.run, "--csv", "--plot", "seen")
    for _ in range(2):
        done = command(*said, cwd=tmp_path, expect=3)
    good, bad = csv.DictReader(io.StringIO(done.stdout))
    assert float(good["p_fake"]) == pytest.approx(load_detector(road.run).predict(clip).p_fake, abs=1e-6)
    assert bad["error"] == "gone.wav is missing"
    pictures = sorted(file.name for file in (tmp_path / "seen").iterdir())
    assert pictures == ["=a b-2.png", "=a b.png"], "a picture that is there is kept"
    assert matplotlib.image.imread(tmp_path / "seen" / pictures[0]).std() > 0.1


def test_pictures_never_cost_a_verdict(
    road: Road,
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nothing")):
        with pytest.raises(SystemExit) as ended:
            main([str(clip), "--detector", str(road.run), "--plot", str(folder)])
        assert ended.value.code == 2
        assert "give another folder" in capsys.readouterr().err
    seen = tmp_path / "seen"
    said = [str(clip), "--detector", str(road.run), "--json", "--plot", str(seen)]
    long = Path(shutil.copy(clip, tmp_path / ("\u3042" * 80 + ".mp4")))
    assert main([str(long), *said]) == 0
    assert len(list(seen.iterdir())) == 2
    monkeypatch.setattr("deepfake_audio.predict._free", lambda folder, stem: folder / "gone" / "\0")
    capsys.readouterr()
    assert main(said) == 3
    told = capsys.readouterr()
    assert json.loads(told.out)[0]["p_fake"] > 0
    assert "=a b.mp4 has its verdict, but its picture could not be drawn" in told.err


def test_a_folder_says_what_it_passed_over(road: Road, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    done = command("predict", ".", "--detector", road.run, "--json", cwd=tmp_path)
    assert "1 file not looked at, such as notes.txt: name them to try them" in done.stderr
    assert [each["file"] for each in json.loads(done.stdout)] == [clip.name]


def test_the_threshold_moves(road: Road, clip: Path, tmp_path: Path) -> None:
    told = {}
    for use in ((), ("--prevalence", "0.01"), ("--max-false-alarm", "0")):
        done = command("predict", clip, "--detector", road.run, "--json", *use, cwd=tmp_path)
        (told[use],) = json.loads(done.stdout)
    plain, rare, strict = told.values()
    assert rare["p_fake"] < plain["p_fake"] == strict["p_fake"]
    assert strict["threshold"] != plain["threshold"]
    done = command("predict", clip, "--detector", road.run, "--prevalence", "0.01", cwd=tmp_path)
    assert "the threshold was moved: highest F2 where 1 % of the clips are fake" in done.stdout
    for use in (("--prevalence", "0"), ("--max-false-alarm", "2")):
        assert use[0].strip("-").split("-")[0] in refused(
            "predict", clip, "--detector", road.run, *use, cwd=tmp_path
        )


def test_a_video_or_a_list_by_standard_input(
    road: Road, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load_detector(road.run).predict(clip)
    for told, name in ((clip.read_bytes(), "standard input"), (f"{clip}\n".encode(), str(clip))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(told)))
        assert main(["-", "--detector", str(road.run), "--json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert (found["file"], found["logit"]) == (name, expected.logit)


def test_a_pipe_into_the_real_command(road: Road, clip: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deepfake_audio.predict", "-", "--detector", str(road.run), "--json"],
        input=clip.read_bytes(),
        capture_output=True,
        cwd=REPOSITORY,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout)[0]["file"] == "standard input"
