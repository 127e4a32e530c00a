"""Each change does what it says; the table is paired, repeatable, and judged at the detector's own threshold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from deepfake_audio.audio.codecs import Wave
from deepfake_audio.counterfactuals import (
    CLEAN,
    counterfactual_table,
    judge_changes,
    read_whole,
    stands_out,
    table_in_words,
)
from deepfake_audio.counterfactuals.changes import CHANGES
from deepfake_audio.detector import Detector
from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.statistics import auc_drop
from deepfake_audio.models import build_network

from ..scored import made_scores

RATE_HZ = 16_000
CNN = {"name": "cnn", "channels": [8, 16], "hidden": 8}


def made_detector(threshold: float = 0.5, calibration: dict[str, Any] | None = None) -> Detector:
    torch.manual_seed(0)
    config = {
        "features": {"name": "logmel", "sample_rate": RATE_HZ}, "window_samples": 8_000, "network": CNN,
        "threshold": {"threshold": threshold}, "calibration": calibration,
    }  # fmt: skip
    return Detector(config, build_network(**CNN).state_dict())


def changed(name: str, wave: Wave, seed: int = 0) -> Wave:
    return CHANGES[name].apply(np.random.default_rng(seed), wave, RATE_HZ)


@pytest.fixture
def wave() -> Wave:
    """Three seconds: a tone in noise between 0.3 and 0.4 s of near silence."""
    rng = np.random.default_rng(0)
    clock = np.arange(36_800) / RATE_HZ
    sound = 0.1 * np.sin(2 * np.pi * 440 * clock) + rng.normal(0, 0.03, len(clock))
    return (np.pad(sound, (4_800, 6_400)) + rng.normal(0, 1e-4, 48_000)).astype(np.float32)


def level_db(wave: Wave) -> float:
    return float(10 * np.log10(np.mean(np.square(wave, dtype=np.float64))))


def power_above(wave: Wave, hz: float) -> float:
    power = np.abs(np.fft.rfft(wave)) ** 2
    return float(power[np.fft.rfftfreq(len(wave), 1 / RATE_HZ) > hz].sum() / power.sum())


def test_changes_of_length(wave: Wave) -> None:
    trimmed = changed("trimmed", wave)
    assert abs(len(trimmed) - 36_800) <= 160
    assert trimmed.tobytes() in wave.tobytes()
    assert not changed("silence_before", wave)[:8_000].any()
    np.testing.assert_array_equal(changed("silence_before", wave)[8_000:], wave)
    np.testing.assert_array_equal(changed("silence_after", wave), np.pad(wave, (0, 8_000)))
    np.testing.assert_array_equal(changed("two_seconds", wave), wave[8_000:40_000])
    cuts = [changed("cut", wave, seed) for seed in range(5)]
    assert all(len(cut) == 24_000 and cut.tobytes() in wave.tobytes() for cut in cuts)
    assert len({cut.tobytes() for cut in cuts}) == 5
    short = wave[5_000:9_000]
    for name in ("trimmed", "cut", "two_seconds"):
        np.testing.assert_array_equal(changed(name, short), short)


def test_changes_of_sound(wave: Wave) -> None:
    assert level_db(changed("quieter", wave)) - level_db(wave) == pytest.approx(-20, abs=0.05)
    assert level_db(changed("louder", wave)) - level_db(wave) == pytest.approx(6, abs=0.05)
    assert 0.9 < np.abs(changed("louder", 10 * wave)).max() <= 1
    assert level_db(changed("noise", wave) - wave) - level_db(wave) == pytest.approx(-20, abs=0.2)
    assert power_above(wave, 4_000) > 0.01
    for name in ("below_4khz", "telephone_band", "gsm"):
        assert power_above(changed(name, wave), 4_100) < 1e-3
    np.testing.assert_array_equal(changed("reversed_polarity", wave), -wave)
    assert abs(changed("no_offset", wave + np.float32(0.05)).mean()) < 1e-6
    assert changed("offset", wave).mean() == pytest.approx(0.01, abs=1e-6)
    inner = slice(2_000, -2_000)
    for name, least in (("aac", 0.9), ("mp3", 0.9), ("opus", 0.8), ("gsm", 0.8), ("resampled", 0.99)):
        found = changed(name, wave)
        assert least < np.corrcoef(found[inner], wave[inner])[0, 1] < 1


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_leaves_its_input_alone_and_survives_odd_ones(name: str, wave: Wave) -> None:
    before = wave.copy()
    found = changed(name, wave)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(wave, before)
    np.testing.assert_array_equal(found, changed(name, wave))
    for odd in (np.zeros(9_000, dtype=np.float32), wave[:100], wave[:1]):
        assert np.isfinite(changed(name, odd)).all()


@pytest.fixture(scope="module")
def table(little_corpus: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    clips = pd.read_csv(little_corpus / "clips.csv")
    return counterfactual_table(made_detector(), clips, little_corpus)


def test_scores_are_the_detectors_own(
    table: tuple[pd.DataFrame, dict[str, Any]], little_corpus: Path
) -> None:
    scores, told = table
    clips = pd.read_csv(little_corpus / "clips.csv").set_index("clip")
    assert [row["name"] for row in told["changes"]] == list(CHANGES)
    assert len(scores) == len(clips) * (1 + len(CHANGES))
    detector = made_detector()
    for name in (CLEAN, "silence_before", "aac"):
        some = scores[scores["change"] == name].head(6)
        for row in some.itertuples():
            wave = read_whole(little_corpus / str(clips["path"][row.clip]), RATE_HZ)
            wave = wave if name == CLEAN else changed(name, wave)
            verdict = detector.predict_waveform(wave)
            assert row.logit == pytest.approx(verdict.logit, abs=1e-6)
            assert row.p_fake == pytest.approx(verdict.p_fake, abs=1e-6)


def test_p_fake_is_calibrated_as_the_detectors(little_corpus: Path) -> None:
    clips = pd.read_csv(little_corpus / "clips.csv").head(8)
    detector = made_detector(calibration={"kind": "platt", "slope": 3.0, "offset": -1.0})
    scores, told = counterfactual_table(detector, clips, little_corpus, ["two_seconds"])
    assert told["threshold"] == 0.5
    np.testing.assert_allclose(scores["p_fake"], 1 / (1 + np.exp(1 - 3 * scores["logit"])))
    clean = scores[scores["change"] == CLEAN].iloc[0]
    wave = read_whole(little_corpus / clips["path"].iloc[0], RATE_HZ)
    assert clean["p_fake"] == pytest.approx(detector.predict_waveform(wave).p_fake, abs=1e-6)


def test_figures_are_those_of_the_scores(table: tuple[pd.DataFrame, dict[str, Any]]) -> None:
    scores, told = table
    clean = scores[scores["change"] == CLEAN]
    for row in told["changes"]:
        own = scores[scores["change"] == row["name"]]
        assert row["auc"] == pytest.approx(roc_auc_score(own["label"], own["p_fake"]))
        assert row["drop_in_auc"] == pytest.approx(told["clean"]["auc"] - row["auc"])
        called = own["p_fake"] >= told["threshold"]
        assert row["recall"] == pytest.approx(called[own["label"] == 1].mean())
        assert row["false_alarm_rate"] == pytest.approx(called[own["label"] == 0].mean())
        assert row["intervals"]["auc"][0] <= row["auc"] <= row["intervals"]["auc"][1]
        assert row["drop_interval"][0] <= row["drop_in_auc"] <= row["drop_interval"][1]
        assert len(own) == len(clean)
    # What a log-mel spectrogram cannot hear, its detector cannot answer to.
    by_name = {row["name"]: row for row in told["changes"]}
    assert by_name["reversed_polarity"]["drop_interval"] == [0, 0]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_what_is_drawn_hangs_on_the_clip_alone(
    table: tuple[pd.DataFrame, dict[str, Any]], little_corpus: Path
) -> None:
    clips = pd.read_csv(little_corpus / "clips.csv").iloc[::-5]
    some, _ = counterfactual_table(made_detector(), clips, little_corpus, ["noise", "cut"], jobs=3)
    whole = table[0].set_index(["change", "clip"])["logit"]
    assert some["change"].unique().tolist() == [CLEAN, "noise", "cut"]
    np.testing.assert_allclose(some["logit"], whole.loc[list(zip(some["change"], some["clip"], strict=True))])
    other, _ = counterfactual_table(made_detector(), clips, little_corpus, ["noise"], seed=1)
    assert not np.allclose(
        other["logit"][len(clips) :], some["logit"][len(clips) : 2 * len(clips)], atol=1e-9
    )


def two_scorings(noise: float, voices: int = 25) -> pd.DataFrame:
    """Clean scores, and the same with more noise, as a table of the change `trimmed`."""
    clean = made_scores("test", voices=voices).assign(change=CLEAN)
    logit = clean["logit"] + np.random.default_rng(3).normal(0, noise, len(clean))
    other = clean.assign(change="trimmed", logit=logit, p_fake=1 / (1 + np.exp(-logit)))
    return pd.concat([clean, other], ignore_index=True)


def test_the_fall_is_paired_against_a_plain_bootstrap() -> None:
    scores = two_scorings(3.0)
    clean, other = (table.reset_index(drop=True) for _, table in scores.groupby("change", sort=False))
    drop, interval = auc_drop(clean["label"], clean["p_fake"], other["p_fake"], clean["voice"])
    assert drop == pytest.approx(
        roc_auc_score(clean["label"], clean["p_fake"]) - roc_auc_score(other["label"], other["p_fake"])
    )
    rng, places = np.random.default_rng(7), {voice: rows.index for voice, rows in clean.groupby("voice")}
    drops = []
    for _ in range(250):
        drawn = np.concatenate([places[v] for v in rng.choice(list(places), len(places))])
        label = clean["label"][drawn]
        drops.append(
            roc_auc_score(label, clean["p_fake"][drawn]) - roc_auc_score(label, other["p_fake"][drawn])
        )
    np.testing.assert_allclose(interval, np.quantile(drops, [0.025, 0.975]), atol=0.02)
    assert auc_drop(clean["label"], clean["p_fake"], clean["p_fake"], clean["voice"]) == (0, (0, 0))


def test_words_name_a_fall_and_nothing_else() -> None:
    falls = judge_changes(two_scorings(6.0), 0.5)
    (words,) = falls["words"]
    assert "when the silence at the edges is trimmed" in words
    assert words.endswith("leans on the silence at the edges")
    assert f"falls from {falls['clean']['auc']:.2f} to {falls['changes'][0]['auc']:.2f}" in words
    (calm,) = judge_changes(two_scorings(0.1), 0.5)["words"]
    assert calm.startswith("no change is shown to lower the AUC")
    printed = table_in_words(falls)
    assert words in printed
    assert f"{falls['changes'][0]['auc']:.3f}" in printed
    assert f"calling everything fake: {falls['clean']['f2_all_fake']:.3f}" in printed


def test_one_class_or_one_voice_is_no_proof_of_anything() -> None:
    scores = two_scorings(6.0)
    reals = judge_changes(scores[scores["label"] == 0], 0.5)
    assert reals["clean"]["auc"] is None
    assert "one class" in reals["words"][0]
    one = judge_changes(scores[scores["voice"] == "test000"], 0.5)
    assert one["changes"][0]["drop_interval"] is None
    assert one["words"][0].startswith("with 1 voice nobody can say")
    for told in (reals, one):
        json.dumps(told, allow_nan=False)
        table_in_words(told)


def test_of_a_handful_of_voices_no_fall_is_told() -> None:
    few = judge_changes(two_scorings(6.0, voices=7), 0.5)
    assert few["changes"][0]["drop_interval"][0] > 0 and not few["changes"][0]["shown"]
    assert few["words"] == ["with 7 voices nobody can say under which change the AUC falls"]
    assert judge_changes(two_scorings(6.0, voices=12), 0.5)["changes"][0]["shown"]


def test_many_changes_together_are_no_licence_to_find_one() -> None:
    """No change does any harm on average; of eighteen one seems to in a fifth of the worlds, as voices are few."""
    rng, voices = np.random.default_rng(4), 8
    voice, label = np.repeat(np.arange(voices), 10), np.tile([0, 1], 5 * voices)
    about = {"n_real": 40, "n_fake": 40, "n_witnesses": {"real": voices, "fake": voices}}
    alone = together = 0
    for _ in range(12):
        base = 1.6 * label + rng.normal(0, 1, len(label))
        scored = [base + rng.normal(0, 0.5, voices)[voice] * (2 * label - 1) for _ in range(1 + len(CHANGES))]
        rows = []
        for changed_too in scored[1:]:
            drop, interval = auc_drop(label, scored[0], changed_too, voice, resamples=200)
            rows.append({"drop_in_auc": drop, "drop_interval": interval})
        alone += any(stands_out(row, 1, about) for row in rows)
        together += any(stands_out(row, len(rows), about) for row in rows)
    assert alone >= 2
    assert together == 0


def test_voices_that_share_a_track_are_drawn_together() -> None:
    scores = two_scorings(3.0)
    pairs = scores["voice"].str[-3:].astype(int) // 2
    joined = judge_changes(scores.assign(track="t" + pairs.astype(str)), 0.5)
    clean, other = (table.reset_index(drop=True) for _, table in scores.groupby("change", sort=False))
    expected = auc_drop(clean["label"], clean["p_fake"], other["p_fake"], pairs[: len(clean)])[1]
    assert joined["changes"][0]["drop_interval"] == pytest.approx(expected)
    assert joined["clean"]["n_clusters"] == 13 and joined["clean"]["n_witnesses"] == {"real": 13, "fake": 13}


def test_unknown_changes_are_named(little_corpus: Path) -> None:
    clips = pd.read_csv(little_corpus / "clips.csv")
    with pytest.raises(UserError, match=r"changes: reversed; known are trimmed, silence_before"):
        counterfactual_table(made_detector(), clips, little_corpus, ["trimmed", "reversed"])
    with pytest.raises(UserError, match="none given"):
        counterfactual_table(made_detector(), clips, little_corpus, [])


def test_a_shift_that_both_classes_share_costs_only_beside_the_unchanged() -> None:
    """Each change by itself tells the classes apart; one threshold for all of them does not."""
    table = pd.DataFrame({"clip": list("abcd"), "voice": list("abcd"), "system": "x", "label": [0, 0, 1, 1]})
    shifted = [0.5, 1.0, 2.0, 3.0]
    logits = {CLEAN: [-3.0, -2.0, -1.0, 0.0], "mp3": shifted, "trimmed": shifted}
    scores = pd.concat([table.assign(change=name, logit=logit) for name, logit in logits.items()])
    scores["p_fake"] = 1 / (1 + np.exp(-scores["logit"]))
    told = judge_changes(scores, 0.5)
    assert told["clean"]["auc"] == told["changes"][0]["auc"] == 1.0
    assert told["channels"] == {"eer": 0.5, "names": ["mp3"]}
    assert "through mp3 together, at one threshold: 0.500" in table_in_words(told)
    trimmed_alone = judge_changes(scores[scores["change"] != "mp3"], 0.5)
    assert trimmed_alone["channels"] == {"eer": None, "names": []}
    assert "at one threshold" not in table_in_words(trimmed_alone)
