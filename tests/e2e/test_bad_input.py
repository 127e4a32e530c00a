"""What the user gets wrong is answered in one line, and nothing made before is damaged."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra

from deepfake_audio.train import main as train_main

from .conftest import Road, command, refused


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "modle=cnn"], "modle"),
        (["train", "model=resnet"], "resnet"),
        (["train", "model.dropuot=0.1"], "dropuot"),
        (["train", "corpus=fakeavceleb"], "deepfake_audio.extract corpus=fakeavceleb"),
        (["train", "clips=nowhere.csv", "corpus=fakeavceleb"], "nowhere.csv is missing"),
        (["split", "out=s.csv"], "clips"),
        (["split", "clips=nowhere.csv", "out=s.csv"], "nowhere.csv is missing"),
        (["extract", "corpus=fakeavceleb", "corpus.root=nowhere", "out=o"], "nowhere"),
        (["extract", "corpus=fakeavceleb", "out=o"], "corpus.root"),
        (["predict", "a.wav", "--detector", "nowhere"], "nowhere is no detector"),
        (["tune", "nowhere"], "nowhere"),
        (["compare", "nowhere"], "nowhere"),
        (["evaluate", "nowhere"], "nowhere is missing"),
        (["explain"], "give a recording"),
        (["record", "nowhere"], "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_one_line_that_names_it(arguments: list[str], expected: str, tmp_path: Path) -> None:
    assert expected in refused(*arguments, cwd=tmp_path)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and ".hydra" not in path.parts]
    assert not left, "a refused command leaves nothing behind but the record of what was asked"


def test_a_table_that_does_not_fit(road: Road, tmp_path: Path) -> None:
    clips = pd.read_csv(road.audio / "clips.csv")
    cases = {
        "no column 'voice'": clips.drop(columns="voice"),
        "no clips": clips[:0],
        "more than once": pd.concat([clips, clips[:1]]),
        "label must be": clips.assign(label="maybe"),
        "leaves it": clips.assign(path="../" + clips["path"]),
        "fake": clips[clips["label"] == 0],
    }
    for message, table in cases.items():
        file = tmp_path / "clips.csv"
        table.to_csv(file, index=False)
        assert message in refused("split", f"clips={file}", f"out={tmp_path / 's.csv'}", cwd=tmp_path), (
            message
        )
    assert not (tmp_path / "s.csv").exists()
    (tmp_path / "clips.csv").write_bytes(b"\xff\xfe\x00clip")
    assert "cannot be read" in refused("split", f"clips={tmp_path / 'clips.csv'}", "out=s.csv", cwd=tmp_path)


def test_a_split_that_leaks_or_knows_other_clips(road: Road, tmp_path: Path) -> None:
    clips = pd.read_csv(road.audio / "clips.csv")
    parts = ["train", "val", "test"] * len(clips)
    leaky = pd.DataFrame({"clip": clips["clip"], "split": parts[: len(clips)]})
    file = tmp_path / "split.csv"
    leaky.to_csv(file, index=False)
    told = refused(
        "train", *road.data, f"split.file={file}", f"hydra.run.dir={tmp_path / 'run'}", cwd=tmp_path
    )
    assert any(voice in told for voice in clips["voice"])
    pd.concat([leaky, pd.DataFrame({"clip": ["stranger"], "split": ["test"]})]).to_csv(file, index=False)
    told = refused("train", *road.data, f"split.file={file}", "split.policy=random", cwd=tmp_path)
    assert "stranger" in told


def test_a_finished_run_is_not_damaged_by_a_bad_one(road: Road, tmp_path: Path) -> None:
    """Aimed at the same folder, with a wav that has vanished, or unasked: the first run's files are as they were."""
    audio, run = tmp_path / "audio", tmp_path / "run"
    shutil.copytree(road.audio, audio)
    shutil.copytree(road.run, run)
    clips = pd.read_csv(audio / "clips.csv")
    (audio / clips["path"][0]).unlink()
    before = {
        path: path.read_bytes() for path in run.rglob("*") if path.is_file() and ".hydra" not in path.parts
    }
    again = (*road.data, f"clips={audio / 'clips.csv'}", f"hydra.run.dir={run}")
    assert clips["path"][0] in refused("train", *again, "overwrite=true", cwd=tmp_path)
    shutil.copy(road.audio / clips["path"][0], audio / clips["path"][0])
    assert "holds the results of a run" in refused("train", *again, cwd=tmp_path)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("data.window_seconds=0", "window_seconds"),
        ("data.batch_size=0", "batch_size"),
        ("seed=abc", "abc"),
        ("optim.lr=abc", "str"),
        ("optim.lr=-1", "lr"),
        ("model.dropout=2", "dropout"),
        ("features.hop_samples=0", "hop_samples"),
        ("augment.mel_masks=-1", "augment"),
        ("trainer.precision=bf16-true", "bf16-mixed"),
        ("trainer.max_epochs=0", "max_epochs"),
        ("ckpt_path=gone.ckpt", "gone.ckpt is missing"),
    ],
)
def test_values_that_cannot_be(
    road: Road,
    tmp_path: Path,
    setting: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The verb itself, but in this process: a dozen more would spend a minute on imports alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr(sys, "argv", ["train", *road.data, setting, f"hydra.run.dir={tmp_path / 'run'}"])
    GlobalHydra.instance().clear()
    with pytest.raises(SystemExit) as left:
        train_main()
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert left.value.code == 2
    assert len(told) == 1
    assert expected in told[0]
    assert not list(tmp_path.rglob("*.json"))


def test_pretrained_weights_that_are_not_there(road: Road, tmp_path: Path) -> None:
    quick = [each for each in road.data if "channels" not in each]
    told = refused(
        "train", *quick, "model=effnet", "model.pretrained=true", "model.weights=gone.pth", cwd=tmp_path
    )
    assert "gone.pth is missing" in told
    assert "model.pretrained=true" in refused("train", *road.data, "optim=two_phase", cwd=tmp_path)


def test_help_names_the_choices(tmp_path: Path) -> None:
    for verb in ("extract", "split", "train"):
        assert "corpus" in command(verb, "--help", cwd=tmp_path).stdout or verb == "split"
    for verb in ("predict", "tune", "compare", "evaluate", "explain", "record"):
        assert "usage" in command(verb, "--help", cwd=tmp_path).stdout


def test_a_corpus_that_was_extracted_with_other_settings(tmp_path: Path) -> None:
    command("extract", "corpus=toy", "corpus.voices=10", cwd=tmp_path)
    line = refused("train", "corpus.voices=20", cwd=tmp_path)
    assert "voices=10 (now 20)" in line


def test_settings_are_refused_before_an_hour_of_listening(road: Road, tmp_path: Path) -> None:
    """What takes a moment to see is not said after the audit, which hears every clip of a corpus."""
    data = tmp_path / "data"
    shutil.copytree(road.audio, data)
    (data / "survey.npz").unlink(missing_ok=True)
    line = refused("train", f"clips={data / 'clips.csv'}", "ckpt_path=gone.ckpt", cwd=tmp_path)
    assert "gone.ckpt is missing" in line
    assert not (data / "survey.npz").exists()
