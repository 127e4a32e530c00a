"""What is published is the detector, whole, and nothing about whoever made it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard

from deepfake_audio.detector import load_detector
from deepfake_audio.errors import UserError
from deepfake_audio.files import read_json, write_json
from deepfake_audio.runs import RunFolder
from deepfake_audio.sharing import find_detector, from_pretrained, publish

from ..e2e.conftest import command, refused


def answer(folder: Path) -> float:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000)
    return from_pretrained(folder).predict_waveform(noise).logit


def test_a_folder_there_and_back(run: RunFolder, tmp_path: Path) -> None:
    """By the command; what arrives judges alike, and holds the detector's own files alone."""
    target = tmp_path / "out" / "det"
    command("share", run.path, "--folder", target, "--license", "cc-by-4.0", "--language", "en", cwd=tmp_path)
    names = {"README.md", "config.json", "model.safetensors", "validation.csv"}
    assert {file.name for file in target.iterdir()} == names
    assert {file.name for file in target.parent.iterdir()} == {"det"}, "no scratch folder is left"
    assert answer(target) == answer(run.path) == answer(run.detector)
    assert find_detector(str(target)) == target
    everything = b"".join(file.read_bytes() for file in target.iterdir() if file.suffix != ".safetensors")
    for secret in (b"ann/", b"tape", b"/home", b"private"):
        assert secret not in everything
    data = ModelCard.load(target / "README.md").data
    assert (data.license, data.language) == ("cc-by-4.0", ["en"])
    assert read_json(run.detector_config)["split"]["file"].startswith("/home"), (
        "the run's own stays as it was"
    )


def test_a_second_time_takes_overwrite_and_other_things_stay(run: RunFolder, tmp_path: Path) -> None:
    target = publish(run.path, tmp_path / "det", license="mit")
    with pytest.raises(UserError, match="--overwrite"):
        publish(run.path, target)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    with pytest.raises(UserError, match="is no detector"):
        publish(run.path, tmp_path / "letters", overwrite=True)
    # From a folder that knows no run: its card goes along, and says what is said now.
    again = publish(target, tmp_path / "again", license="apache-2.0")
    data = ModelCard.load(again / "README.md").data
    before = ModelCard.load(target / "README.md").data
    assert (data.license, data.eval_results) == ("apache-2.0", before.eval_results)
    publish(again, target, overwrite=True)
    assert ModelCard.load(target / "README.md").data.license == "apache-2.0"


def test_what_does_not_load_is_not_published(run: RunFolder, tmp_path: Path) -> None:
    """And what was published before stays."""
    target = publish(run.path, tmp_path / "det")
    before = (target / "config.json").read_bytes()
    broken = tmp_path / "broken"
    shutil.copytree(run.detector, broken)
    config = read_json(broken / "config.json")
    write_json(broken / "config.json", {**config, "network": {**config["network"], "hidden": 16}})
    with pytest.raises(UserError, match="asks for"):
        publish(broken, target, overwrite=True)
    write_json(broken / "config.json", {**config, "threshold": {**config["threshold"], "threshold": 7}})
    with pytest.raises(UserError, match="out of range"):
        publish(broken, target, overwrite=True)
    assert (target / "config.json").read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"broken", "det"}


def test_validation_goes_along_as_numbers_only(run: RunFolder, tmp_path: Path) -> None:
    named = tmp_path / "named"
    shutil.copytree(run.detector, named)
    (named / "validation.csv").write_text("label,logit,voice\n1,2.5,ann\n")
    with pytest.raises(UserError, match="may name people"):
        publish(named, tmp_path / "det")
    assert not (tmp_path / "det").exists()


def test_a_detector_without_a_card(run: RunFolder, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(run.detector, bare)
    (bare / "README.md").unlink()
    (bare / "validation.csv").unlink()
    target = publish(bare, tmp_path / "det")
    text = (target / "README.md").read_text()
    assert "Nothing is known here" in text
    assert ModelCard(text).data.library_name == "deepfake-audio"
    assert load_detector(target).threshold == load_detector(bare).threshold


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "--to USER/NAME"),
        (["--folder", "x", "--to", "a/b"], "--to USER/NAME"),
        (["--folder", "x", "--private"], "for --to"),
        (["--to", "a/b", "--overwrite"], "is for --folder"),
        (["--to", "nobody"], "give user/name"),
        (["--folder", "x", "--license", "My Own"], "license=My Own"),
    ],
)
def test_bad_use(run: RunFolder, tmp_path: Path, arguments: list[str], expected: str) -> None:
    assert expected in refused("share", run.path, *arguments, cwd=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_one_before_comes_back_where_replacing_it_was_stopped_halfway(
    run: RunFolder, tmp_path: Path
) -> None:
    target = publish(run.path, tmp_path / "det", license="mit")
    target.rename(tmp_path / ".det.replaced")
    with pytest.raises(UserError, match="--overwrite"):
        publish(run.path, target)
    assert answer(target) == answer(run.path)
    target.rename(tmp_path / ".det.replaced")
    with pytest.raises(UserError):
        publish(tmp_path / "nowhere", target, overwrite=True)
    assert answer(target) == answer(run.path), "what is not replaced is kept"
