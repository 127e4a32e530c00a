"""What pages tell people to type, typed: page by page, on one desk where the toy corpus lies in FakeAVCeleb's place.

What each command and line of Python means is checked by `tests/test_docs_commands.py`, for all pages and at once.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import soundfile
import torch
from efficientnet_pytorch import EfficientNet

from deepfake_audio.clips import read_clips
from deepfake_audio.corpora.toy import ToyCorpus
from deepfake_audio.errors import UserError
from deepfake_audio.labels import LABEL_NAMES
from deepfake_audio.shipped import shipped_detector

from ..pages import Block, blocks, pages, verb_and_arguments
from .conftest import REPOSITORY, Road, command

# Pages whose commands another test types, because it also looks at what comes of them.
ELSEWHERE = {
    "docs/own_data.md": "tests/e2e/test_own_data.py",
    "docs/numbers.md": "tests/test_docs_numbers.py",
    "docs/models.md": "tests/test_options.py",  # every option of it, for a step
    "splits/README.md": "tests/splitting/test_splits.py",
}
# Where there is more to type than `make test` has time for.
SLOW = {
    "docs/clusters.md",
    "docs/counterfactuals.md",
    "docs/fakeavceleb.md",
    "docs/faults.md",  # tests/e2e/test_kills.py types the like of it
    "docs/forging.md",
    "docs/index.md",
}
# What does not end by itself, or is no command of ours; each has tests of its own.
NOT_TYPED = {"app": "serves until it is stopped", "share": "publishes"}
# So that a run takes seconds here: what is trained less is not looked at.
SHORTER = {
    "train": (
        "trainer.max_epochs=1", "trainer.limit_train_batches=1", "data.workers=0", "data.window_seconds=1.0",
        "explain=false", "audit.shortcuts=false", "trainer.enable_progress_bar=false",
    ),
    "stress": ("--changes", "trimmed"),
    "explain": ("--windows", "1"),
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the pages' files are: corpora, clips, runs by several names, and weights in torch's cache."""
    desk = tmp_path_factory.mktemp("desk")
    (desk / "FakeAVCeleb_v1.2").symlink_to(road.videos)
    (desk / "scripts").symlink_to(REPOSITORY / "scripts")
    (desk / "inbox").mkdir()
    clips = read_clips(road.audio / "clips.csv")
    videos = [road.videos / video for video in clips["media"][:2]]
    shutil.copy(videos[0], desk / "clip.mp4")
    shutil.copy(videos[1], desk / "inbox")
    samples, rate = soundfile.read(road.audio / clips["path"][0])
    soundfile.write(desk / "recording.wav", samples, rate)
    for name in ("demo", "RUN", "mine"):
        shutil.copytree(road.run, desk / "outputs" / name)
    # Before the README's own is trained into that folder.
    shutil.copytree(road.run / "detector", desk / "outputs" / "effnet" / "detector")
    for name in ("mine", "toy"):
        shutil.copytree(road.audio, desk / "data" / name)
        shutil.copy(road.split, desk / "data" / name / "split.csv")
    # What `extract` would find to be another corpus', since it was made of another root.
    (desk / "data" / "toy" / "corpus.json").unlink()
    (desk / "data" / "toy" / "videos").symlink_to(road.videos)
    shutil.copy(road.split, desk / "split.csv")
    weights(desk / "torch" / "hub" / "checkpoints" / "efficientnet-b2-8bb594d6.pth")
    return desk


def weights(file: Path) -> None:
    """Random ones of the published file's shape stand in for ImageNet's, which cannot be had everywhere."""
    file.parent.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(EfficientNet.from_name("efficientnet-b2").state_dict(), file)


def has_what_it_asks(verb: str, arguments: list[str]) -> bool:
    """Whether a command that names no detector finds the package's own."""
    if verb != "predict" or "--detector" in arguments:
        return True
    try:
        return shipped_detector().is_dir()
    except UserError:
        return False


def shortened(verb: str, arguments: list[str]) -> list[str]:
    """Those settings of `SHORTER` that the page does not choose itself, and few toy voices."""
    if set(SHORTER.get(verb, ())) & set(arguments):
        return []
    keys = {word.partition("=")[0] for word in arguments if "=" in word}
    few = {"corpus.voices=20"} if verb in ("extract", "train") and "corpus=toy" in arguments else set()
    if verb == "train" and not keys & {"corpus", "clips"}:
        few = {"corpus.voices=20"}
    return [each for each in (*SHORTER.get(verb, ()), *few) if each.partition("=")[0] not in keys]


def typed(block: Block, desk: Path) -> list[str]:
    """Run a block's commands one after the other; which ones they were."""
    run = []
    for words in block.commands:
        told = verb_and_arguments(words)
        if block.reason or told is None or told[0] in NOT_TYPED or not has_what_it_asks(*told):
            continue
        verb, arguments = told
        shorter = shortened(verb, arguments)
        command(verb, *arguments, *shorter, cwd=desk, env={"TORCH_HOME": str(desk / "torch")})
        run.append(verb)
    return run


def typed_page(page: str, desk: Path) -> list[str]:
    """All of a page: its commands in a shell's place, its Python in one interpreter."""
    run, names = [], {}  # type: list[str], dict[str, object]
    for block in blocks(page):
        if block.kind == "shell":
            run += typed(block, desk)
        elif block.kind == "python" and not block.reason:
            exec(compile(block.text, str(block), "exec"), names)
            run.append("python")
    return run


PAGES = [
    pytest.param(page, marks=[pytest.mark.slow] if page in SLOW else [])
    for page in pages()
    if page not in {*ELSEWHERE, "README.md"}
]


@pytest.mark.parametrize("page", PAGES)
def test_a_page(page: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    run = typed_page(page, desk)
    told = [
        verb_and_arguments(words) for block in blocks(page) if not block.reason for words in block.commands
    ]
    left = [each for each in told if each and each[0] not in NOT_TYPED and has_what_it_asks(*each)]
    assert len(run) >= len(left)


@pytest.mark.parametrize(("page", "test"), ELSEWHERE.items())
def test_the_other_test_reads_the_page(page: str, test: str) -> None:
    """Or its options, for the page that lists them all."""
    text = (REPOSITORY / test).read_text(encoding="utf-8")
    assert Path(page).name in text or "options(" in text


def section(heading: str) -> list[Block]:
    """The README's blocks below a heading."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    first = text[: text.index(f"## {heading}\n")].count("\n") + 1
    rest = re.search(r"^## ", text[text.index(f"## {heading}\n") + 3 :], re.M)
    last = first + text[text.index(f"## {heading}\n") :][: rest.start() + 3].count("\n") if rest else 10_000
    return [block for block in blocks("README.md") if first < block.line < last]


def test_the_readme_s_fakeavceleb_step_by_step(desk: Path) -> None:
    (block,) = section("FakeAVCeleb, step by step")
    assert typed(block, desk) == [
        "extract", "split", "audit", "train", "scripts/tune_threshold.py", "stress", "predict", "explain",
        "compare",
    ]  # fmt: skip
    threshold = json.loads((desk / "outputs" / "effnet" / "threshold.json").read_text())
    assert threshold["max_false_alarm"] == 0.1
    config = json.loads((desk / "outputs" / "effnet" / "detector" / "config.json").read_text())
    assert config["network"]["name"] == "effnet"
    assert (desk / "clip_explained" / "explanation.html").is_file()
    assert (desk / "outputs" / "leaderboard.html").is_file()


def test_the_readme_s_own_data(desk: Path, road: Road, tmp_path: Path) -> None:
    """Recordings of ten further people, sorted into two folders as their owner would."""
    corpus = ToyCorpus(tmp_path / "others", voices=10, seed=7, progress=False)
    corpus.prepare()
    for number, row in corpus.index().iterrows():
        folder = desk / "recordings" / LABEL_NAMES[row["label"]] / row["voice"]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(corpus.root) / row["media"], folder / f"{number}.mp4")
    shutil.rmtree(desk / "data" / "mine")
    if not (desk / "data" / "fakeavceleb").exists():
        shutil.copytree(road.audio, desk / "data" / "fakeavceleb")
    train, judge = section("Your own data, other corpora")
    assert typed(train, desk) == ["extract", "train"]
    run = max(
        (each for each in (desk / "outputs").iterdir() if each.name.startswith("20")), key=os.path.getmtime
    )
    test = pd.read_csv(run / "scores_test.csv")
    assert test["clip"].str.startswith("mine/").all() and len(test) > 40
    shutil.copy(run / "scores_test.csv", desk / "scores.csv")
    assert typed(judge, desk) == ["evaluate"]


def test_the_rest_of_the_readme(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first minute, and its Python."""
    told = {
        block.line
        for heading in ("FakeAVCeleb, step by step", "Your own data, other corpora")
        for block in section(heading)
    }
    monkeypatch.chdir(desk)
    (python,) = (block for block in blocks("README.md") if block.kind == "python")
    exec(compile(python.text, str(python), "exec"), {})
    assert capsys.readouterr().out.split()[0] in {"real", "fake", "can't"}
    for block in blocks("README.md"):
        if block.kind == "shell" and block.line not in told:
            typed(block, desk)


def test_the_first_minute(desk: Path) -> None:
    """A verdict without a detector of one's own."""
    if not has_what_it_asks("predict", []):
        pytest.skip("this checkout carries no detector: scripts/ship_detector.py makes it")
    assert "clip.mp4" in command("predict", "clip.mp4", cwd=desk).stdout


@pytest.mark.slow  # a kernel that loads torch, and a training of eight epochs
def test_the_notebook(tmp_path: Path) -> None:
    """Cell by cell in a kernel of its own, from an empty folder to the picture."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    book = nbformat.read(REPOSITORY / "docs" / "first_verdict.ipynb", as_version=4)
    kernel = {"resources": {"metadata": {"path": str(tmp_path)}}, "timeout": 300, "kernel_name": "python3"}
    nbclient.NotebookClient(book, **kernel).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    printed = "".join(output.get("text", "") for output in outputs)
    # `%run` only warns where a command ends with an error.
    assert "error:" not in printed and "Unknown failure" not in printed
    assert "P(fake)" in printed and "faithful:" in printed
    assert any("image/png" in output.get("data", {}) for output in outputs)
