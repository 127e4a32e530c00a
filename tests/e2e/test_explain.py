"""The command as people use it, its page in a browser's eyes, its refusals, and the commands of its docs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from deepfake_audio.detector import save_detector
from deepfake_audio.explain import main
from deepfake_audio.models import build_network

from .conftest import REPOSITORY, command

PAGE = (REPOSITORY / "docs" / "explanations.md").read_text(encoding="utf-8")
WRITTEN = {
    "evidence.wav",
    "evidence_isolated.wav",
    "explanation.html",
    "explanation.json",
    "explanation.png",
    "explanation.svg",
    "faithfulness.png",
    "faithfulness.svg",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `outputs/RUN/detector` of random weights and `recording.wav`."""
    folder = tmp_path_factory.mktemp("explain")
    torch.manual_seed(0)
    network = {"name": "cnn", "channels": [8, 16], "hidden": 8}
    config = {
        "features": {"name": "logmel", "sample_rate": 16_000},
        "window_samples": 16_000,
        "network": network,
        "threshold": {"threshold": 0.5},
    }
    save_detector(folder / "outputs" / "RUN" / "detector", config, build_network(**network).state_dict())
    wave = np.random.default_rng(0).normal(0, 0.1, 40_000) * np.repeat([1, 0.001, 1, 1], 10_000)
    soundfile.write(folder / "recording.wav", wave, 16_000)
    return folder


def test_the_docs_first_command(place: Path) -> None:
    told = re.search(r"^    python -m deepfake_audio\.(explain recording.*)$", PAGE, re.MULTILINE)
    assert told
    done = command(*told.group(1).split(), cwd=place)
    folder = place / "recording_explained"
    assert {file.name for file in folder.iterdir()} == WRITTEN
    assert set(re.findall(r"`(\w+\.\w+)`", PAGE[: PAGE.index("## Three methods")])) >= {
        "evidence.wav",
        "explanation.json",
    }
    assert "of it falls on silence" in done.stdout
    assert "at random" in done.stdout
    content = json.loads((folder / "explanation.json").read_text())
    assert content["layer"] == "maps.1"
    assert [window["start_seconds"] for window in content["windows"]] == [0, 1, 1.5]
    assert 0.2 < content["silence"]["of_time"] < 0.3
    evidence, rate = soundfile.read(folder / "evidence.wav")
    assert rate == 16_000
    assert len(evidence) == 16_000
    page = (folder / "explanation.html").read_text()
    assert page.count("<audio") == 3
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_another_method_takes_its_place_and_json_is_what_the_file_holds(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    asked = ["recording.wav", "--detector", "outputs/RUN", "--out", "twice", "--windows", "1"]
    assert main(asked) == 0
    assert "page: twice/explanation.html" in capsys.readouterr().out
    assert main([*asked, "--method", "integrated_gradients", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content == json.loads((place / "twice" / "explanation.json").read_text())
    assert content["method"] == "integrated_gradients"
    assert len(content["windows"]) == 1
    assert re.search(r"these with the (highest|lowest) P\(fake\)", content["words"][1])
    assert {file.name for file in (place / "twice").iterdir()} == WRITTEN


ASKED = ["recording.wav", "--detector", "outputs/RUN"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([*ASKED, "--layer", "head", "--out", "n"], "maps.0, maps.1"),
        ([*ASKED, "--method", "lime", "--layer", "maps.0", "--out", "n"], "for --method gradcam"),
        ([*ASKED, "--windows", "0", "--out", "n"], "1 or more"),
        ([*ASKED, "--seed", "-5", "--out", "n"], "--seed must be 0 or more"),
        ([*ASKED, "--out", "recording.wav/deep/n"], "recording.wav/deep/n can't be made"),
        (["full", *ASKED[1:], "--out", "n/deep"], "full is a folder"),
        ([*ASKED, "--out", "full"], "full holds other things"),
        ([*ASKED, "--out", "recording.wav"], "is a file"),
        (["gone.wav", *ASKED[1:], "--out", "n"], "gone.wav is missing"),
        (["--examples", "outputs/RUN"], "no test scores"),
        (["--examples", "outputs/RUN", "--detector", "outputs/RUN"], "leave FILE and --detector out"),
    ],
)
def test_refusals_say_what_to_do_and_write_nothing(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    (place / "full").mkdir(exist_ok=True)
    (place / "full" / "thesis.txt").write_text("mine")
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert [file.name for file in (place / "full").iterdir()] == ["thesis.txt"]
    assert not (place / "n").exists()


def test_the_docs_python(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    exec(PAGE.split("```python\n")[1].split("```")[0], {})
    told = capsys.readouterr().out
    assert told.startswith(("Of all evidence ", "Nothing"))
    assert "(80, 201)" in told


def test_the_docs_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (REPOSITORY / "docs" / target).is_file(), target
