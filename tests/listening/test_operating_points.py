"""A threshold moved by validation's scores is the one that `tune` would choose, and P(fake) moves by Bayes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from deepfake_audio.detector import load_detector, save_detector
from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import calibration
from deepfake_audio.evaluation.thresholds import Rule, choose
from deepfake_audio.files import read_json
from deepfake_audio.listening.operating_points import VALIDATION, at_prevalence, moved, save_validation
from deepfake_audio.models import build_network

from .made import CONFIG, speech

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1], 150)
LOGITS = RNG.normal(2.0 * LABELS - 1, 1.2)
VOICES = np.array([f"anna {n % 40}" for n in range(300)])
FITTED = calibration.fit("platt", LABELS, LOGITS)
TOLD = calibration.about(FITTED, "platt", LABELS, VOICES, LOGITS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = {**CONFIG, "calibration": TOLD}
    save_detector(tmp_path, config, build_network(**CONFIG["network"]).state_dict())
    save_validation(tmp_path, LABELS, LOGITS, VOICES)
    return tmp_path


def test_scores_are_kept_without_names(folder: Path) -> None:
    text = (folder / VALIDATION).read_text()
    assert "anna" not in text
    assert len(text.splitlines()) == 301


@pytest.mark.parametrize(
    "use", [{"prevalence": 0.05}, {"max_false_alarm": 0.02}, {"prevalence": 0.2, "max_false_alarm": 0.01}]
)
def test_the_same_clips_are_called_fake_as_by_the_rule_itself(folder: Path, use: dict[str, float]) -> None:
    config = moved(folder, {**CONFIG, "calibration": TOLD}, use.get("prevalence"), use.get("max_false_alarm"))
    here = calibration.from_config(config["calibration"]).p_fake(LOGITS) >= config["threshold"]["threshold"]
    p_fake = FITTED.p_fake(LOGITS)
    assert np.array_equal(here, p_fake >= choose(LABELS, p_fake, Rule(**use)).threshold)
    assert 0 < here.sum() < 300
    if "max_false_alarm" in use:
        assert here[LABELS == 0].mean() <= use["max_false_alarm"]
    low, high = config["threshold"]["interval"]
    assert low <= config["threshold"]["threshold"] <= high


def test_p_fake_at_another_prevalence_is_that_of_a_corpus_with_so_many_fakes() -> None:
    """Against a logistic regression fitted to clips weighed as if 10 % were fake; many, so that both are sure."""
    labels = np.repeat([0, 1], 20_000)
    logits = RNG.normal(2.0 * labels - 1, 1.2)
    told = calibration.about(calibration.fit("platt", labels, logits), "platt", labels, labels, logits)
    made = calibration.from_config(at_prevalence(told, 0.1))
    fitted = LogisticRegression(C=1e9).fit(
        logits[:, None], labels, sample_weight=np.where(labels == 1, 0.1, 0.9)
    )
    assert np.abs(made.p_fake(logits) - fitted.predict_proba(logits[:, None])[:, 1]).max() < 0.03
    back = calibration.from_config(at_prevalence(at_prevalence(TOLD, 0.1), TOLD["prevalence"]))
    assert back.offset == pytest.approx(FITTED.offset)


@pytest.mark.parametrize("told", [None, {"kind": "none", "slope": 1.0, "offset": 0.0}])
def test_what_is_no_probability_stays_as_it_is(told: dict[str, Any] | None) -> None:
    assert at_prevalence(told, 0.1) == told


def test_a_loaded_detector_has_the_moved_threshold(folder: Path) -> None:
    plain, strict = load_detector(folder), load_detector(folder, max_false_alarm=0.0)
    assert strict.threshold > plain.threshold
    wave = speech(3.0)
    assert strict.predict_waveform(wave).p_fake == plain.predict_waveform(wave).p_fake
    rare = load_detector(folder, prevalence=0.01)
    assert rare.predict_waveform(wave).p_fake < plain.predict_waveform(wave).p_fake
    assert rare.predict_waveform(wave).logit == plain.predict_waveform(wave).logit


@pytest.mark.parametrize("prevalence", ["x", [1], {}, 10**400, 2.0])
def test_a_share_in_validation_that_is_none_is_refused(folder: Path, prevalence: Any) -> None:
    config = read_json(folder / "config.json")
    config["calibration"]["prevalence"] = prevalence
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError):
        load_detector(folder, prevalence=0.1)


def test_without_scores_or_with_wrong_ones_it_is_refused(folder: Path) -> None:
    for share in (0.0, 1.0, float("nan")):
        with pytest.raises(UserError, match="prevalence"):
            load_detector(folder, prevalence=share)
    (folder / VALIDATION).write_text("label,logit,voice\n2,0.1,1\n")
    with pytest.raises(UserError, match="labels other than 0 and 1"):
        load_detector(folder, prevalence=0.1)
    for row in (f"1,0.1,{10**30}", "1,0.1,inf", f"{10**30},0.1,1"):
        (folder / VALIDATION).write_text(f"label,logit,voice\n0,0.1,2\n{row}\n")
        with pytest.raises(UserError, match="no table of label, logit, voice"):
            load_detector(folder, prevalence=0.1)
    (folder / VALIDATION).write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="no table of label, logit, voice"):
        load_detector(folder, prevalence=0.1)
    (folder / VALIDATION).unlink()
    with pytest.raises(UserError, match=r"keeps no validation\.csv"):
        load_detector(folder, max_false_alarm=0.1)
    assert load_detector(folder).threshold == 0.5
