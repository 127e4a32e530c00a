"""The README's commands and its Python, run as they stand there, on the toy corpus in FakeAVCeleb's place."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from efficientnet_pytorch import EfficientNet

from deepfake_audio.clips import read_clips
from deepfake_audio.corpora.toy import ToyCorpus
from deepfake_audio.labels import LABEL_NAMES

from .conftest import REPOSITORY, Road, command

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
# So that an EfficientNet takes seconds here: what is trained less is not looked at.
SHORTER = {
    "train": (
        "trainer.max_epochs=1", "trainer.limit_train_batches=1", "data.workers=0", "data.window_seconds=1.0",
    ),
    "stress": ("--changes", "trimmed"),
}  # fmt: skip


def block(heading: str, place: int = 0) -> str:
    """A fenced block below a heading; the first if no place is given."""
    below = README.split(f"## {heading}\n", 1)[1]
    return re.findall(r"```\w*\n(.*?)```", below, re.DOTALL)[place]


@pytest.fixture(scope="module")
def desk(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the README's files are: the corpus, a clip, an inbox, and weights in torch's cache."""
    desk = tmp_path_factory.mktemp("desk")
    (desk / "FakeAVCeleb_v1.2").symlink_to(road.videos)
    (desk / "audio").symlink_to(road.audio)
    (desk / "scripts").symlink_to(REPOSITORY / "scripts")
    (desk / "inbox").mkdir()
    videos = [road.videos / video for video in read_clips(road.audio / "clips.csv")["media"][:2]]
    shutil.copy(videos[0], desk / "clip.mp4")
    shutil.copy(videos[1], desk / "inbox")
    (desk / "outputs").mkdir()
    shutil.copytree(road.run, desk / "outputs" / "demo")
    cache = desk / "torch" / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(EfficientNet.from_name("efficientnet-b2").state_dict(), cache / "efficientnet-b2-8bb594d6.pth")
    return desk


def run_block(heading: str, desk: Path, place: int = 0) -> list[str]:
    """Run a block's commands one after the other; which ones they were."""
    run = []
    for line in block(heading, place).strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "python"
        arguments = arguments[1:] if arguments[0] == "-m" else arguments
        arguments[0] = arguments[0].removeprefix("deepfake_audio.")
        command(*arguments, *SHORTER.get(arguments[0], ()), cwd=desk)
        run.append(arguments[0])
    return run


def test_fakeavceleb_step_by_step(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of the published file's shape stand in for ImageNet's, which cannot be had everywhere."""
    monkeypatch.setenv("TORCH_HOME", str(desk / "torch"))
    assert run_block("FakeAVCeleb, step by step", desk) == [
        "extract", "split", "audit", "train", "scripts/tune_threshold.py", "stress", "predict", "explain",
        "compare",
    ]  # fmt: skip
    threshold = json.loads((desk / "outputs" / "effnet" / "threshold.json").read_text())
    assert threshold["max_false_alarm"] == 0.1
    config = json.loads((desk / "outputs" / "effnet" / "detector" / "config.json").read_text())
    assert config["network"]["name"] == "effnet"
    assert (desk / "clip_explained" / "explanation.html").is_file()
    assert (desk / "outputs" / "leaderboard.html").is_file()


def test_your_own_data(desk: Path, tmp_path: Path) -> None:
    """Recordings of ten further people, sorted into two folders as their owner would."""
    corpus = ToyCorpus(tmp_path / "others", voices=10, seed=7, progress=False)
    corpus.prepare()
    for number, row in corpus.index().iterrows():
        folder = desk / "recordings" / LABEL_NAMES[row["label"]] / row["voice"]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(corpus.root) / row["media"], folder / f"{number}.mp4")
    if not (desk / "data" / "fakeavceleb").exists():
        shutil.copytree(desk / "audio", desk / "data" / "fakeavceleb")
    assert run_block("Your own data, other corpora", desk) == ["extract", "train"]
    (run,) = (folder for folder in (desk / "outputs").iterdir() if folder.name.startswith("20"))
    test = pd.read_csv(run / "scores_test.csv")
    assert test["clip"].str.startswith("mine/").all() and len(test) > 40
    shutil.copy(run / "scores_test.csv", desk / "scores.csv")
    assert run_block("Your own data, other corpora", desk, 1) == ["evaluate"]


def test_as_a_library(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    exec(compile(block("As a library"), "README.md", "exec"), {})
    assert capsys.readouterr().out.split()[0] in {"real", "fake"}


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (REPOSITORY / target).exists(), target


def test_each_verb_named_there_is_one() -> None:
    for verb in re.findall(r"python -m deepfake_audio\.(\w+)", README):
        assert (REPOSITORY / "deepfake_audio" / f"{verb}.py").is_file(), verb
