"""The card says what was measured, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deepfake_audio.card import card
from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.files import read_json, write_json
from deepfake_audio.judgement import judge
from deepfake_audio.runs import write_scores

from .scored import made_run, made_scores

CONFIG: dict[str, Any] = {"network": {"name": "cnn"}, "corpus": "mine"}


def carded(folder: Path, leakage: dict[str, float], corpus: str = "mine") -> str:
    run = made_run(folder)
    metrics = judge(run.path)
    config = {**CONFIG, "corpus": corpus, "split": {"policy": "voice", "leakage": leakage}}
    return card({**config, "threshold": read_json(run.threshold)}, metrics)


@pytest.mark.parametrize(
    ("leakage", "said", "unsaid"),
    [
        ({"test_clips_with_voice_in_train": 0.0}, "No voice of the test was heard in training.", "leaks"),
        ({"test_clips_with_voice_in_train": 0.25}, "The split leaks: 25.0%", "No voice of the test"),
        ({}, "voices were heard in training is not known", "No voice of the test"),
        (
            {"test_fakes_with_system_in_train": 1.0},
            "nothing was measured on a new one",
            "not heard in training",
        ),
        (
            {"test_fakes_with_system_in_train": 0.6},
            "40.0% of the test's fakes are by",
            "nothing was measured",
        ),
    ],
)
def test_what_was_heard_in_training(
    tmp_path: Path, leakage: dict[str, float], said: str, unsaid: str
) -> None:
    text = carded(tmp_path / "run", leakage)
    assert said in text
    assert unsaid not in text


def test_the_figures_are_the_runs_own(tmp_path: Path) -> None:
    text = carded(tmp_path / "run", {})
    metrics = read_json(tmp_path / "run" / "metrics.json")
    for part in ("val", "test"):
        low, high = metrics[part]["intervals"]["f2"]
        assert f"{metrics[part]['f2']:.3f} [{low:.3f}, {high:.3f}]" in text
    assert "toy" not in text
    assert "says nothing about real deepfakes" in carded(tmp_path / "toy", {}, corpus="toy")


def test_tuning_rewrites_it(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    write_json(run.detector_config, {**CONFIG, "format": 1})
    judge(run.path, Rule(beta=0.5))
    told = read_json(run.threshold)
    assert (
        f"{told['threshold']:.6g}, chosen on validation: {told['how']}"
        in (run.detector / "README.md").read_text()
    )


def test_how_recordings_are_made_alike_is_told(tmp_path: Path) -> None:
    run = made_run(tmp_path)
    metrics = judge(run.path)
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    assert "made alike" not in card(config, metrics)
    told = card({**config, "neutral": {"silence_db": 20.0}}, metrics)
    assert "made alike before they are heard: silence at the edges (20 dB" in told


def test_what_the_audit_found_is_told(tmp_path: Path) -> None:
    run = made_run(tmp_path)
    metrics = {**judge(run.path), "shortcuts": {"words": "Better than cheating."}}
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    assert "not audited" in card(config, metrics)
    passed = card({**config, "audit": {"passed": True, "words": []}}, metrics)
    assert "No forbidden leak was found" in passed and "Better than cheating." in passed
    told = card({**config, "audit": {"passed": False, "words": ["3 voices on two sides"]}}, metrics)
    assert "in spite of what the audit found: 3 voices on two sides" in told


@pytest.mark.parametrize(
    ("kind", "said", "unsaid"),
    [
        ("platt", "about 80 % of what is given 0.8 is fake", "not calibrated"),
        ("none", "P(fake) is not calibrated.", "80 %"),
    ],
)
def test_what_p_fake_means_and_how_that_held(tmp_path: Path, kind: str, said: str, unsaid: str) -> None:
    run = made_run(tmp_path / "run")
    write_json(run.detector_config, {**CONFIG, "format": 1})
    metrics = judge(run.path, recalibrate=kind)
    told = (run.detector / "README.md").read_text()
    assert said in told
    assert unsaid not in told
    assert f"off by {metrics['test']['ece']:.3f} on average" in told
    assert ("the calibration" in told) == (kind == "platt")


def test_a_detector_from_before_there_were_calibrations_says_it_has_none(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    metrics = judge(run.path)
    assert "P(fake) is not calibrated." in card({**CONFIG, "threshold": read_json(run.threshold)}, metrics)


def test_what_intervals_cannot_know_is_told(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", voices=9)
    scores = made_scores("test", voices=9)
    metrics = judge(run.path)
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    told = card(config, metrics)
    assert "95 % interval over voices" in told and "With 9 voices the intervals themselves are rough." in told
    write_scores(scores.assign(voice="clip:" + scores["clip"]), run.scores("test"))
    told = card(config, judge(run.path))
    assert "95 % interval over clips" in told and "every interval is too narrow" in told
    assert "72, 0 (72 clips of unknown voice)" in told


def test_one_no_better_than_calling_everything_fake_says_so(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    words = "**On validation the best F2 is no better than calling everything fake.**"
    assert words not in carded(tmp_path / "run", {})
    write_scores(made_scores().assign(p_fake=0.4), run.scores("val"))
    metrics = judge(run.path)
    assert words in card({**CONFIG, "threshold": read_json(run.threshold)}, metrics)
