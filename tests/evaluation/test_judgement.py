"""A run is judged by its scores: chosen on validation, applied to test, everything else left as it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import fbeta_score, recall_score

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.judgement import judge
from deepfake_audio.evaluation.summary import by_system, summary
from deepfake_audio.runs import read_scores, write_scores

from ..scored import FAKE_SYSTEMS, made_run, made_scores


def test_a_run_is_judged(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    run.metrics.write_text('{"split": {"policy": "voice"}, "val": "old", "test": "old"}')
    metrics = judge(run.path)
    assert metrics == json.loads(run.metrics.read_text())
    assert metrics["split"] == {"policy": "voice"}
    threshold = json.loads(run.threshold.read_text())
    assert threshold["chosen_on"] == "val"
    assert threshold["better_than_all_fake"] is True
    assert threshold["scores_fingerprint"] == hashlib.sha256(run.scores("val").read_bytes()).hexdigest()
    for part in ("val", "test"):
        scores = read_scores(run.scores(part))
        called = scores["p_fake"] >= threshold["threshold"]
        assert metrics[part]["f2"] == pytest.approx(fbeta_score(scores["label"], called, beta=2))
        low, high = metrics[part]["intervals"]["f2"]
        assert low < metrics[part]["f2"] < high
        assert metrics[part]["n_voices"] == 30
    assert threshold["f2"] == metrics["val"]["f2"]


def test_test_scores_never_choose(tmp_path: Path) -> None:
    """Whatever happens in the test scores, the threshold is the same."""
    run = made_run(tmp_path / "run")
    judge(run.path)
    before = run.threshold.read_bytes()
    reversed_scores = made_scores("test").assign(p_fake=lambda table: 1 - table["p_fake"])
    write_scores(reversed_scores, run.scores("test"))
    assert judge(run.path)["test"]["auc"] < 0.5
    assert run.threshold.read_bytes() == before
    run.scores("test").unlink()
    assert "test" not in judge(run.path)
    assert run.threshold.read_bytes() == before


def test_validation_scores_that_are_the_test_scores_are_refused(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", ("test",))
    with pytest.raises(UserError, match="never chosen on test"):
        judge(run.path)
    run.scores("val").write_bytes(run.scores("test").read_bytes())
    with pytest.raises(UserError, match="never chosen on test"):
        judge(run.path)
    assert sorted(file.name for file in run.path.iterdir()) == ["scores_test.csv", "scores_val.csv"]


def test_the_detector_and_its_card_follow(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    run.detector.mkdir()
    run.detector_config.write_text(
        '{"format": 1, "network": {"name": "cnn"}, "threshold": {"threshold": 0.5}}'
    )
    judge(run.path, beta=0.5)
    threshold = json.loads(run.threshold.read_text())
    config = json.loads(run.detector_config.read_text())
    assert config["threshold"] == threshold
    assert config["network"] == {"name": "cnn"}
    assert f"{threshold['threshold']:.6g}" in (run.detector / "README.md").read_text()
    run.scores("test").unlink()
    judge(run.path)
    assert "n/a" in (run.detector / "README.md").read_text()


def test_a_higher_beta_and_a_cap_do_what_they_say(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", distance=1.0)
    cautious, bold = judge(run.path, beta=0.5)["val"], judge(run.path, beta=2)["val"]
    assert cautious["f_beta"] > cautious["f2"]
    assert cautious["threshold"] > bold["threshold"]
    assert cautious["recall"] < bold["recall"]
    assert bold["false_alarm_rate"] > 0.1
    capped = judge(run.path, max_false_alarm=0.1)["val"]
    assert capped["recall"] > 0
    assert capped["false_alarm_rate"] <= 0.1
    assert "at most 0.1" in json.loads(run.threshold.read_text())["how"]


def test_useless_scores_are_told_from_useful_ones(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    write_scores(made_scores().assign(p_fake=0.4), run.scores("val"))
    metrics = judge(run.path)
    told = json.loads(run.threshold.read_text())
    assert told["better_than_all_fake"] is False
    assert "everything" in told["how"]
    assert metrics["val"]["f2"] == pytest.approx(metrics["val"]["f2_all_fake"])
    assert metrics["val"]["false_alarm_rate"] == 1


def test_bad_scores_leave_everything_as_it_was(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    judge(run.path)
    before = {file: file.read_bytes() for file in (run.threshold, run.metrics)}
    made_scores("test").assign(p_fake=np.nan).to_csv(run.scores("test"), index=False)
    with pytest.raises(UserError):
        judge(run.path)
    assert {file: file.read_bytes() for file in before} == before


def test_a_test_set_of_one_class_gives_nulls(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    write_scores(made_scores("test").query("label == 0"), run.scores("test"))
    test = judge(run.path)["test"]
    for name in ("f2", "recall", "auc", "eer", "balanced_accuracy", "f2_all_fake"):
        assert test[name] is None, name
    assert test["false_alarm_rate"] is not None
    assert json.loads(run.metrics.read_text())["test"]["f2"] is None


def test_a_summary_counts_what_is_there() -> None:
    scores = made_scores(voices=5)
    told = summary(scores["label"], scores["p_fake"], scores["voice"], 0.5)
    cells = told["confusion"]
    assert (told["n_clips"], told["n_voices"], told["n_real"], told["n_fake"]) == (40, 5, 20, 20)
    assert cells["tp"] + cells["fn"] == told["n_fake"]
    assert cells["fp"] + cells["tn"] == told["n_real"]
    json.dumps(told, allow_nan=False)


def test_each_system_has_its_own_recall() -> None:
    scores = made_scores()
    rows = {row["system"]: row for row in by_system(scores, 0.5)}
    assert set(rows) == {"human", *FAKE_SYSTEMS}
    for system in FAKE_SYSTEMS:
        own: pd.DataFrame = scores[scores["system"] == system]
        assert rows[system]["called_fake"] == pytest.approx(recall_score(own["label"], own["p_fake"] >= 0.5))
    assert sum(row["n_clips"] for row in rows.values()) == len(scores)
