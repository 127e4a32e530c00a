"""The README's commands and its Python, run as they stand there, on the toy corpus in FakeAVCeleb's place."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from efficientnet_pytorch import EfficientNet

from deepfake_audio.clips import read_clips

from .conftest import REPOSITORY, Road, command

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
# So that an EfficientNet takes seconds here: what is trained less is not looked at.
QUICK = ("trainer.max_epochs=1", "trainer.limit_train_batches=1", "data.workers=0", "data.window_seconds=1.0")


def block(heading: str) -> str:
    """The first fenced block below a heading."""
    below = README.split(f"## {heading}\n", 1)[1]
    found = re.search(r"```\w*\n(.*?)```", below, re.DOTALL)
    assert found, heading
    return found.group(1)


@pytest.fixture(scope="module")
def desk(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the README's files are: the corpus, a clip, an inbox, and weights in torch's cache."""
    desk = tmp_path_factory.mktemp("desk")
    (desk / "FakeAVCeleb_v1.2").symlink_to(road.videos)
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


def test_fakeavceleb_step_by_step(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of the published file's shape stand in for ImageNet's, which cannot be had everywhere."""
    monkeypatch.setenv("TORCH_HOME", str(desk / "torch"))
    lines = block("FakeAVCeleb, step by step").strip().splitlines()
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "python"
        arguments = arguments[1:] if arguments[0] == "-m" else arguments
        arguments[0] = arguments[0].removeprefix("deepfake_audio.")
        command(*arguments, *(QUICK if arguments[0] == "train" else ()), cwd=desk)
    assert len(lines) == 5
    threshold = json.loads((desk / "outputs" / "effnet" / "threshold.json").read_text())
    assert threshold["max_false_alarm"] == 0.1
    config = json.loads((desk / "outputs" / "effnet" / "detector" / "config.json").read_text())
    assert config["network"]["name"] == "effnet"


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
