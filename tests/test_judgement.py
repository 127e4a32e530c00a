"""A run is judged by its scores: chosen on validation, applied to test, everything else left as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import fbeta_score, recall_score

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.calibration import Calibration, from_config
from deepfake_audio.evaluation.summary import by_system, own_best, summary
from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.files import read_json, write_json
from deepfake_audio.judgement import judge
from deepfake_audio.runs import RunFolder, read_scores, write_scores

from .scored import FAKE_SYSTEMS, made_run, made_scores


def test_a_run_is_judged(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    run.metrics.write_text('{"split": {"policy": "voice"}, "val": "old", "test": "old"}')
    told = judge(run.path)
    assert told == json.loads(run.metrics.read_text())
    assert told["split"] == {"policy": "voice"}
    threshold = json.loads(run.threshold.read_text())
    assert threshold["chosen_on"] == "val"
    assert threshold["better_than_all_fake"] is True
    assert threshold["scores_fingerprint"] == hashlib.sha256(run.scores("val").read_bytes()).hexdigest()
    for part in ("val", "test"):
        scores = read_scores(run.scores(part))
        called = scores["p_fake"] >= threshold["threshold"]
        assert told[part]["f2"] == pytest.approx(fbeta_score(scores["label"], called, beta=2))
        low, high = told[part]["intervals"]["f2"]
        assert low < told[part]["f2"] < high
        assert told[part]["n_voices"] == 30
    assert threshold["f2"] == told["val"]["f2"]
    low, high = threshold["interval"]
    assert low < threshold["threshold"] < high
    assert Rule(**threshold["rule"]) == Rule()


def test_test_scores_never_choose(tmp_path: Path) -> None:
    """Whatever happens in the test scores, the threshold is the same, and so is all that is told of it."""
    run = made_run(tmp_path / "run")

    def told() -> dict[str, object]:
        return {key: value for key, value in read_json(run.threshold).items() if key != "fingerprints"}

    judge(run.path)
    before = told()
    reversed_scores = made_scores("test").assign(p_fake=lambda table: 1 - table["p_fake"])
    write_scores(reversed_scores, run.scores("test"))
    assert judge(run.path)["test"]["auc"] < 0.5
    assert told() == before
    run.scores("test").unlink()
    assert "test" not in judge(run.path)
    assert told() == before


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
    judge(run.path, Rule(beta=0.5))
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
    cautious, bold = (judge(run.path, Rule(beta=beta))["val"] for beta in (0.5, 2.0))
    assert cautious["f_beta"] > cautious["f2"]
    assert cautious["threshold"] > bold["threshold"]
    assert cautious["recall"] < bold["recall"]
    assert bold["false_alarm_rate"] > 0.1
    capped = judge(run.path, Rule(max_false_alarm=0.1))["val"]
    assert capped["recall"] > 0
    assert capped["false_alarm_rate"] <= 0.1
    assert "at most 0.1" in json.loads(run.threshold.read_text())["how"]


def test_useless_scores_are_told_from_useful_ones(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    write_scores(made_scores().assign(p_fake=0.4), run.scores("val"))
    val = judge(run.path)["val"]
    told = json.loads(run.threshold.read_text())
    assert told["better_than_all_fake"] is False
    assert told["calls"] == "everything"
    assert "everything" in told["how"]
    assert val["f2"] == pytest.approx(val["f2_all_fake"])
    assert val["false_alarm_rate"] == 1


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
        low, high = rows[system]["eer_interval"]
        assert low <= rows[system]["eer"] <= high
    assert "eer" not in rows["human"], "of reals there is nothing that they could be told from"
    assert sum(row["n_clips"] for row in rows.values()) == len(scores)


def test_probabilities_are_judged_by_validations_own_share_of_fakes(tmp_path: Path) -> None:
    """Of a test with another share the ratios must not change."""
    run = made_run(tmp_path / "run")
    val, test = made_scores("val"), made_scores("test").query("label == 1 or clip.str.endswith('0')")
    write_scores(test, run.scores("test"))
    told = judge(run.path, recalibrate="platt")["test"]
    test = read_scores(run.scores("test"))
    ratios = metrics.log_likelihood_ratios(test["p_fake"], float(val["label"].mean()))
    assert told["cllr"] == pytest.approx(metrics.cllr(test["label"], ratios))
    assert told["act_dcf"] == pytest.approx(metrics.act_dcf(test["label"], ratios))
    assert told["brier"] == pytest.approx(np.mean((test["p_fake"] - test["label"]) ** 2))
    assert told["act_dcf"] >= told["min_dcf"]
    for kind in ("none", "temperature"):
        told = judge(run.path, recalibrate=kind)["test"]
        assert "cllr" not in told and "act_dcf" not in told, "nothing fitted P(fake) to that share"
        assert "act_dcf" not in told["intervals"] and told["brier"] is not None
    told = judge(run.path, recalibrate="platt")["test"]
    for name in ("cllr", "act_dcf", "brier", "mcc", "min_dcf"):
        low, high = told["intervals"][name]
        assert low <= told[name] <= high, name


def test_infinities_become_null(tmp_path: Path) -> None:
    """One clip that is called wrong with certainty makes the cost of ratios infinite, which JSON cannot say."""
    run = made_run(tmp_path / "run")
    scores = made_scores("test")
    scores.loc[0, ["label", "p_fake", "logit"]] = [0, 1.0, np.inf]
    write_scores(scores, run.scores("test"))
    told = {"kind": "platt", "slope": 1.0, "offset": 0.0, "prevalence": 0.5}
    test = judge(run.path, about={"calibration": told})["test"]
    assert test["cllr"] is None and test["intervals"]["cllr"] is None
    assert test["act_dcf"] is not None
    json.loads(run.metrics.read_text(), parse_constant=pytest.fail)


def test_what_test_would_have_chosen_is_told_and_not_used(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    scores = made_scores("test")
    write_scores(scores.assign(p_fake=lambda table: table["p_fake"] / 10), run.scores("test"))
    told = judge(run.path)
    best = told["test"]["own_best"]
    assert best["f2"] > told["test"]["f2"]
    assert best["threshold"] < 0.1 < told["test"]["threshold"]
    assert best == own_best(scores["label"], scores["p_fake"] / 10)
    assert own_best([1, 1], [0.5, 0.6]) is None


def test_voices_that_share_a_track_are_one_witness(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    scores = made_scores("test")
    alone = judge(run.path)["test"]
    assert "n_clusters" not in alone
    pairs = scores["voice"].map({voice: n // 2 for n, voice in enumerate(scores["voice"].unique())})
    write_scores(scores.assign(track="t" + pairs.astype(str)), run.scores("test"))
    joined = judge(run.path)["test"]
    assert (joined["n_voices"], joined["n_clusters"]) == (30, 15)
    assert joined["n_witnesses"] == {"real": 15, "fake": 15} and alone["n_witnesses"]["fake"] == 30
    for name, figure in alone.items():
        if isinstance(figure, float):
            assert joined[name] == figure, "only intervals know of tracks"
    assert joined["intervals"]["f2"] != alone["intervals"]["f2"]


def test_clips_of_unknown_voice_are_no_voices(tmp_path: Path) -> None:
    """Ten known voices, of which four speak reals only, and a hundred clips that nobody is known to speak."""
    scores = made_scores("test", voices=10)
    speaks_real_only = scores["voice"].isin(scores["voice"].unique()[:4])
    scores = scores[~speaks_real_only | (scores["label"] == 0)]
    lone = made_scores("lone", voices=25, clips=4).assign(voice=lambda table: "clip:" + table["clip"])
    both = pd.concat([scores, lone])
    told = summary(both["label"], both["p_fake"], both["voice"], 0.5)
    assert (told["n_voices"], told["n_unknown_voice"], told["n_clusters"]) == (10, 100, 110)
    assert told["n_witnesses"] == {"real": 10, "fake": 6}
    rows = {row["system"]: row for row in by_system(lone, 0.5)}
    fakes_alone = by_system(lone[lone["label"] == 1], 0.5)
    assert all(row["eer"] is None and row["eer_interval"] is None for row in fakes_alone)
    assert rows["human"]["n_voices"] == 0 and rows["human"]["n_clips"] == 50


def test_groups_are_judged_where_the_scores_know_them(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    scores = made_scores("test")
    assert [told["column"] for told in judge(run.path)["val"]["groups"]] == ["system"]
    women = scores["voice"].isin(scores["voice"].unique()[::2])
    write_scores(scores.assign(gender=np.where(women, "women", "men")), run.scores("test"))
    told = judge(run.path)
    groups = {each["column"]: each for each in told["test"]["groups"]}
    assert {row["group"] for row in groups["gender"]["rows"]} == {"women", "men"}
    rows = {row["group"]: row for row in groups["gender"]["rows"]}
    at = metrics.confusion(scores["label"][women], scores["p_fake"][women], told["test"]["threshold"])
    assert rows["women"]["recall"] == pytest.approx(float(metrics.recall(at)))
    assert rows["women"]["false_alarm_rate"] == pytest.approx(float(metrics.false_alarm_rate(at)))


def test_each_rule_is_told_as_it_was_given(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", distance=1.0)
    for rule, keeps in (
        (Rule("false_alarm", max_false_alarm=0.05), lambda val: val["false_alarm_rate"] <= 0.05),
        (Rule("miss", max_miss=0.05), lambda val: val["recall"] >= 0.95),
        (Rule("cost", prevalence=0.05, cost_miss=10.0), lambda val: 0 < val["recall"] < 1),
        (Rule(prevalence=0.01), lambda val: val["recall"] < 0.9),
    ):
        val = judge(run.path, rule)["val"]
        told = json.loads(run.threshold.read_text())
        assert keeps(val), rule
        assert Rule(**told["rule"]) == rule
        assert told["max_false_alarm"] == rule.max_false_alarm
        low, high = told["interval"]
        assert low <= told["threshold"] <= high
    assert told["f2_all_fake"] == pytest.approx(5 / 6), "of the clips as they are"
    assert told["f_beta_all_fake"] == pytest.approx(5 * 0.01 / (4 * 0.01 + 1)), "where 1 % are fake"
    assert told["better_than_all_fake"] is True


def test_recalibration_reaches_scores_threshold_and_detector(tmp_path: Path) -> None:
    """Overconfident by far: the same clips are called fake as before, and P(fake) then holds on test."""
    run = made_run(tmp_path / "run", voices=60)
    for part in ("val", "test"):
        scores = made_scores(part, voices=60)
        loud = scores["logit"] * 4 + 2
        write_scores(scores.assign(logit=loud, p_fake=1 / (1 + np.exp(-loud))), run.scores(part))
    write_json(run.detector_config, {"format": 1, "network": {"name": "cnn"}, "threshold": {}})
    before, scores_before = judge(run.path), read_scores(run.scores("test"))
    after, scores = judge(run.path, recalibrate="platt"), read_scores(run.scores("test"))
    assert "calibration" not in before
    calibration = from_config(after["calibration"])
    assert calibration.kind == "platt" and calibration.slope < 1
    np.testing.assert_array_equal(scores["p_fake"], calibration.p_fake(scores["logit"]))
    np.testing.assert_array_equal(scores["logit"], scores_before["logit"])
    assert after["test"]["confusion"] == before["test"]["confusion"]
    assert after["test"]["auc"] == pytest.approx(before["test"]["auc"], abs=1e-4)
    for figure in ("ece", "brier"):
        assert after["test"][figure] < before["test"][figure]
    assert 0 < after["test"]["cllr"] < 1
    threshold, detector = read_json(run.threshold), read_json(run.detector_config)
    assert threshold["scores_fingerprint"] == hashlib.sha256(run.scores("val").read_bytes()).hexdigest()
    assert detector["calibration"] == after["calibration"]
    assert detector["threshold"] == threshold
    assert detector["format"] == 3
    again = judge(run.path)
    assert again["calibration"] == after["calibration"], "another threshold leaves it as it is"
    bare = judge(run.path, recalibrate="none")
    assert bare["test"]["brier"] == pytest.approx(before["test"]["brier"])
    assert read_json(run.detector_config)["format"] == 1


@pytest.mark.parametrize("has_detector", [True, False])
def test_whoever_is_killed_between_two_files_is_put_right_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_detector: bool
) -> None:
    """Never a detector whose threshold stands on another scale than its P(fake), and never figures of another one."""
    kinds, replace = set(), Path.replace
    whole = made_run(tmp_path / "whole", voices=12)
    if has_detector:
        write_json(whole.detector_config, {"format": 1, "network": {"name": "cnn"}, "threshold": {}})
    for part in ("val", "test"):
        # As a network that is far too sure of itself scores, so that the two scales are far apart.
        scores = made_scores(part, voices=12).assign(logit=lambda table: table["logit"] * 6 + 5)
        write_scores(scores.assign(p_fake=Calibration().p_fake(scores["logit"])), whole.scores(part))
    judge(whole.path)
    for files_written in range(20):
        run = RunFolder(shutil.copytree(whole.path, tmp_path / f"run{files_written}"))
        killed = _killed_after(
            files_written, monkeypatch, lambda run=run: judge(run.path, recalibrate="platt")
        )
        if has_detector:
            _is_one_unit(run)
        told = judge(run.path)
        detector = read_json(run.detector_config) if has_detector else told
        assert detector.get("calibration") == told.get("calibration")
        threshold, made = read_json(run.threshold), from_config(told.get("calibration"))
        assert told["val"]["threshold"] == told["test"]["threshold"] == threshold["threshold"]
        assert not has_detector or detector["threshold"] == threshold
        for part in ("val", "test"):
            scores = read_scores(run.scores(part))
            np.testing.assert_allclose(scores["p_fake"], made.p_fake(scores["logit"]), rtol=1e-12)
            called = int((made.p_fake(scores["logit"]) >= threshold["threshold"]).sum())
            assert called == told[part]["confusion"]["tp"] + told[part]["confusion"]["fp"]
        assert threshold["scores_fingerprint"] == hashlib.sha256(run.scores("val").read_bytes()).hexdigest()
        kinds.add(made.kind)
        if not killed:
            break
    assert Path.replace is replace and not killed
    assert kinds == {"none", "platt"}, "killed before the first file and after it"


def _is_one_unit(run: RunFolder) -> None:
    """The detector as a killed run leaves it: on its own scale its threshold calls what it says that it calls."""
    config, scores = read_json(run.detector_config), read_scores(run.scores("val"))
    p_fake = from_config(config.get("calibration")).p_fake(scores["logit"])
    recall = (p_fake[scores["label"] == 1] >= config["threshold"]["threshold"]).mean()
    assert recall == pytest.approx(config["threshold"]["recall"])


def _killed_after(writes: int, monkeypatch: pytest.MonkeyPatch, judged: Callable[[], object]) -> bool:
    """Whether `judged` was cut short because it wanted to put more than so many files in their places."""
    real, left = Path.replace, [writes]

    def replace(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        try:
            judged()
        except KeyboardInterrupt:
            return True
    return False


def test_scores_follow_the_detector_that_is_shipped(tmp_path: Path) -> None:
    """A folder that an older judge was killed in: scores and metrics of a calibration that its detector never got."""
    run = made_run(tmp_path / "run")
    write_json(run.detector_config, {"format": 1, "network": {"name": "cnn"}, "threshold": {}})
    before = judge(run.path)
    detector, kept = run.detector_config.read_bytes(), run.scores("val").read_bytes()
    judge(run.path)
    assert run.scores("val").read_bytes() == kept, "rounded otherwise is not another P(fake)"
    judge(run.path, recalibrate="temperature")
    run.detector_config.write_bytes(detector)
    after = judge(run.path)
    assert "calibration" not in after
    for part in ("val", "test"):
        assert after[part]["threshold"] == pytest.approx(before[part]["threshold"])
        assert after[part]["confusion"] == before[part]["confusion"]
    assert read_json(run.detector_config)["threshold"] == read_json(run.threshold)
    write_json(run.detector_config, {**json.loads(detector), "calibration": {"kind": "platt"}})
    with pytest.raises(UserError, match="lacks kind, slope or offset"):
        judge(run.path)


def test_what_cannot_be_calibrated_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    judge(run.path)
    made_scores("test").drop(columns="logit").to_csv(run.scores("test"), index=False)
    before = {file: file.read_bytes() for file in run.path.iterdir()}
    with pytest.raises(UserError, match=r"scores_test.csv has no column 'logit'"):
        judge(run.path, recalibrate="platt")
    with pytest.raises(UserError, match="known are platt"):
        judge(run.path, recalibrate="isotonic")
    assert {file: file.read_bytes() for file in run.path.iterdir()} == before


def test_the_record_follows_the_scores(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    write_json(run.metrics, {"provenance": {"seconds": 5.0, "fingerprints": {"clips": "abc"}}})
    first = judge(run.path)["provenance"]
    assert first["seconds"] == 5.0
    prints = first["fingerprints"]
    assert prints["clips"] == "abc"
    for part in ("val", "test"):
        assert prints[f"scores_{part}"] == hashlib.sha256(run.scores(part).read_bytes()).hexdigest()
    assert (
        judge(run.path, recalibrate="platt")["provenance"]["fingerprints"]["scores_val"]
        != prints["scores_val"]
    )
    run.scores("test").unlink()
    assert "scores_test" not in judge(run.path)["provenance"]["fingerprints"]


@pytest.mark.slow  # a fast one, but of 40,000 clips: for the time it takes
def test_twenty_thousand_clips_in_either_part_are_judged_in_seconds(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", voices=75, clips=267)
    start = time.process_time()
    judge(run.path)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("parts", [("val", "test"), ("test",)])
def test_scores_of_another_system_are_not_made_anew(tmp_path: Path, parts: tuple[str, ...]) -> None:
    """Their logits may mean anything: what they say of P(fake) is all there is, and it is not this run's to change."""
    run = made_run(tmp_path / "run", voices=12)
    judge(run.path, recalibrate="platt")
    for part in parts:
        others = made_scores(part, voices=12, seed=5)
        # The log-odds of real, as many systems write them.
        write_scores(others.assign(logit=-others["logit"]), run.scores(part))
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=f"scores_{parts[0]}.csv is not what .* was judged by"):
        judge(run.path)
    assert {path: path.read_bytes() for path in before} == before
    judge(run.path, recalibrate="none")
