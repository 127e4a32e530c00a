"""Directions that can't be overlooked, thresholds that stay frozen, and figures that are those of the arrays."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score, fbeta_score, roc_auc_score

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics, thresholds
from deepfake_audio.evaluation.score_files import (
    Frozen,
    checked_direction,
    figures,
    freeze,
    in_words,
    read_asv_scores,
    read_score_file,
    refuse_shared,
)

from .made import score_file


def test_the_wrong_way_is_refused_and_said_so_if_it_was_stated(tmp_path: Path) -> None:
    score_file(tmp_path / "up.csv", distance=2)
    score_file(tmp_path / "down.csv", distance=2, sign=-1)
    assert checked_direction(read_score_file(tmp_path / "up.csv", "fake")) == []
    assert checked_direction(read_score_file(tmp_path / "down.csv", "bonafide")) == []
    warning = checked_direction(read_score_file(tmp_path / "down.csv", "fake"))
    assert len(warning) == 1 and "wrong way" in warning[0]
    known_by_name = pd.read_csv(tmp_path / "down.csv").rename(columns={"score": "prob_fake"})
    known_by_name.to_csv(tmp_path / "named.csv", index=False)
    with pytest.raises(
        UserError, match=r"EER \S+ % as read \(.*spoof = fake.*\), \S+ % turned round; say --higher bonafide"
    ):
        checked_direction(read_score_file(tmp_path / "named.csv"))


@pytest.mark.parametrize("seed", range(8))
def test_chance_is_no_direction(tmp_path: Path, seed: int) -> None:
    """Noise is as often above one half as below; only a voice's luck separates these scores."""
    table = score_file(tmp_path / "noise.csv", distance=0, seed=seed)
    table.rename(columns={"score": "prob_fake"}).to_csv(tmp_path / "noise.csv", index=False)
    assert checked_direction(read_score_file(tmp_path / "noise.csv")) == []


def test_few_clips_are_not_refused(tmp_path: Path) -> None:
    """Two clips in the wrong order, or one voice only, prove nothing."""
    (tmp_path / "s.csv").write_text("clip,label,prob_fake\na,fake,.1\nb,real,.9\n")
    assert checked_direction(read_score_file(tmp_path / "s.csv")) == []


def test_figures_are_those_of_the_arrays(tmp_path: Path) -> None:
    table = score_file(tmp_path / "s.csv")
    told = figures(read_score_file(tmp_path / "s.csv", "fake"), Frozen(0.5, "given"), resamples=100)
    label, score = table["label"] == "spoof", table["score"]
    value = {name: figure["value"] for name, figure in told["figures"].items()}
    assert value["auc"] == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    assert value["average_precision"] == pytest.approx(average_precision_score(label, score), abs=1e-12)
    at = told["at_threshold"]
    called = score >= 0.5
    assert at["figures"]["f2"]["value"] == pytest.approx(fbeta_score(label, called, beta=2), abs=1e-12)
    assert at["confusion"]["fp"] == int((called & ~label).sum())
    assert told["f2_all_fake"] == pytest.approx(fbeta_score(label, label | True, beta=2), abs=1e-12)
    best = max(fbeta_score(label, score >= cut, beta=2) for cut in score)
    assert told["own_best"]["f2"] == pytest.approx(best, abs=1e-12)
    for figure in (*told["figures"].values(), *at["figures"].values()):
        low, high = figure["interval"]
        assert low <= figure["value"] <= high
    rates = {each["system"]: each["eer"] for each in told["by_system"]}
    for system, rate in rates.items():
        inside = ~label | (table["system"] == system)
        counts = metrics.sweep(label[inside], score[inside]).counts
        assert rate == metrics.equal_error_rate(counts)
    for each in told["by_system"]:
        low, high = each["interval"]
        assert low <= each["eer"] <= high
        assert f"{100 * each['eer']:.3f} %  [" in next(
            line for line in in_words(told).splitlines() if line.startswith(each["system"])
        )
    assert set(rates) == {"tacotron", "griffin-lim"}
    json.dumps(told, allow_nan=False)


def test_a_file_turned_round_tells_the_same(tmp_path: Path) -> None:
    """Negated, with higher = bona fide and the threshold negated, a file is the same file."""
    score_file(tmp_path / "s.csv")
    (tmp_path / "turned").mkdir()
    score_file(tmp_path / "turned" / "s.csv", sign=-1)
    told = []
    for folder, higher, cut in ((tmp_path, "fake", 0.25), (tmp_path / "turned", "bonafide", -0.25)):
        read = read_score_file(folder / "s.csv", higher)
        told.append(figures(read, Frozen(read.own_scale(cut), "given"), resamples=100))
    first, second = told
    assert first["figures"] == second["figures"] and first["by_system"] == second["by_system"]
    assert first["at_threshold"]["figures"] == second["at_threshold"]["figures"]
    assert first["own_best"]["threshold"] == -second["own_best"]["threshold"]
    assert first["at_threshold"]["called_fake"] == "score >= 0.25"
    assert second["at_threshold"]["called_fake"] == "score <= -0.25"


@pytest.mark.parametrize(
    "rule",
    [
        thresholds.Rule(),
        thresholds.Rule(beta=0.5, max_false_alarm=0.1),
        thresholds.Rule("miss", max_miss=0.1),
        thresholds.Rule("cost", prevalence=0.05, cost_miss=10),
    ],
)
def test_a_threshold_is_chosen_on_any_scale_as_on_p_fake(tmp_path: Path, rule: thresholds.Rule) -> None:
    """The same clips are called fake, whatever the scale; on P(fake) it is the very number of a run."""
    table = score_file(tmp_path / "val.csv", seed=3)
    raw = freeze(read_score_file(tmp_path / "val.csv", "fake"), rule)
    p = expit(table["score"])
    table.assign(p_fake=p).drop(columns="score").to_csv(tmp_path / "p.csv", index=False)
    chosen = thresholds.choose(table["label"] == "spoof", p, rule)
    assert freeze(read_score_file(tmp_path / "p.csv"), rule).threshold == pytest.approx(
        chosen.threshold, abs=1e-15
    )
    np.testing.assert_array_equal(table["score"] >= raw.threshold, p >= chosen.threshold)
    assert raw.prevalence == 0.5 and "val.csv" in raw.how


def test_everything_and_nothing_called_fake_are_thresholds_too(tmp_path: Path) -> None:
    """Where scores say nothing at all, F2 is highest if all is called fake; under a cap of 0 nothing may be."""
    (tmp_path / "val.csv").write_text("clip,label,score\na,real,2\nb,fake,1\nc,fake,1\n")
    (tmp_path / "test.csv").write_text("clip,label,score\nd,real,-5\ne,fake,-7\n")
    val, test = (read_score_file(tmp_path / name, "fake") for name in ("val.csv", "test.csv"))
    everything = figures(test, freeze(val, thresholds.Rule()), resamples=100)["at_threshold"]
    assert everything["confusion"] == {"tp": 1, "fp": 1, "tn": 0, "fn": 0}
    assert everything["called_fake"] == "everything" and everything["threshold"] is None
    nothing = freeze(val, thresholds.Rule(max_false_alarm=0))
    assert figures(val, nothing, resamples=100)["at_threshold"]["confusion"] == {
        "tp": 0,
        "fp": 0,
        "tn": 1,
        "fn": 2,
    }


def test_val_and_test_share_nothing(tmp_path: Path) -> None:
    score_file(tmp_path / "val.csv")
    val = read_score_file(tmp_path / "val.csv", "fake")
    with pytest.raises(UserError, match=r"val000/0, .* stand in .*; a threshold is never chosen on what"):
        refuse_shared(val, val)
    pd.read_csv(tmp_path / "val.csv").assign(clip=lambda t: "x" + t["clip"]).to_csv(tmp_path / "t.csv")
    assert "30 voices" in refuse_shared(val, read_score_file(tmp_path / "t.csv", "fake"))[0]
    with pytest.raises(UserError, match="says nothing about the other"):
        refuse_shared(val, read_score_file(tmp_path / "t.csv", "bonafide"))


def test_copies_of_a_clip_are_no_news_but_only_if_voices_are_known(tmp_path: Path) -> None:
    table = score_file(tmp_path / "s.csv")
    copies = pd.concat([table.assign(clip=table["clip"] + f"/{n}") for n in range(4)])
    copies.to_csv(tmp_path / "copies.csv", index=False)
    once, often = (
        figures(read_score_file(tmp_path / f"{name}.csv", "fake"), resamples=200) for name in ("s", "copies")
    )
    assert once["figures"] == often["figures"] and once["drawn"] == "voices"
    nameless = copies.drop(columns="voice")
    nameless.to_csv(tmp_path / "nameless.csv", index=False)
    clips = figures(read_score_file(tmp_path / "nameless.csv", "fake"), resamples=200)
    assert clips["drawn"] == "clips" and "too narrow" in clips["warnings"][0] and clips["n_voices"] is None

    def width(told: dict) -> float:  # type: ignore[type-arg]
        return float(np.diff(told["figures"]["eer"]["interval"])[0])

    assert width(clips) < 0.7 * width(once)


def test_partly_unknown_voices_are_warned_of(tmp_path: Path) -> None:
    table = score_file(tmp_path / "s.csv")
    table.assign(voice=table["voice"].where(table.index < 24, "")).to_csv(tmp_path / "s.csv", index=False)
    told = figures(read_score_file(tmp_path / "s.csv", "fake"), resamples=100)
    assert (told["n_voices"], told["n_unknown_voice"], told["n_clusters"]) == (3, 216, 219)
    assert told["warnings"][0].startswith("of 216 of the 240 clips it is unknown who speaks")
    assert "too narrow" in told["warnings"][0] and "3 known voices" in told["warnings"][1]
    assert "3 voices and 216 clips of unknown ones" in in_words(told)
    table.assign(voice="").to_csv(tmp_path / "s.csv", index=False)
    told = figures(read_score_file(tmp_path / "s.csv", "fake"), resamples=100)
    assert told["drawn"] == "clips" and told["n_voices"] is None and "too narrow" in told["warnings"][0]


def test_an_interval_without_width_is_warned_of_with_a_threshold_and_without(tmp_path: Path) -> None:
    score_file(tmp_path / "s.csv", distance=40)
    read = read_score_file(tmp_path / "s.csv", "fake")
    alone, judged = (figures(read, cut, resamples=100) for cut in (None, Frozen(0.0, "given")))
    ranks = "the intervals of AUC, EER, average precision, minDCF have no width"
    assert len(alone["warnings"]) == 1 and alone["warnings"][0].startswith(ranks)
    assert [line.partition(",")[0] for line in judged["warnings"][:2]] == [
        "no real clip was called fake", "no fake was missed",
    ]  # fmt: skip
    assert all("rule of three on 30" in line for line in judged["warnings"]) and len(judged["warnings"]) == 3


def test_log_likelihood_ratios(tmp_path: Path) -> None:
    """Stated as such they are judged as they are, turned round if need be, beyond what a probability could hold."""
    table = score_file(tmp_path / "s.csv", sign=-1)
    label, ratio = table["label"] == "spoof", -table["score"]
    told = figures(read_score_file(tmp_path / "s.csv", "bonafide"), llr=True, resamples=100)["figures"]
    cost = (np.log2(1 + np.exp(-ratio[label])).mean() + np.log2(1 + np.exp(ratio[~label])).mean()) / 2
    assert told["cllr"]["value"] == pytest.approx(cost, abs=1e-12)
    low, high = told["cllr"]["interval"]
    assert low < cost < high
    cut = math.log(1 * 0.95 / (10 * 0.05))
    actual = (0.95 * (ratio[~label] > cut).mean() + 0.5 * (ratio[label] <= cut).mean()) / 0.5
    assert told["act_dcf"]["value"] == pytest.approx(actual, abs=1e-12)
    table.assign(score=1000 * table["score"]).to_csv(tmp_path / "s.csv", index=False)
    huge = figures(read_score_file(tmp_path / "s.csv", "bonafide"), llr=True, resamples=100)["figures"]
    assert huge["cllr"]["value"] > 100 and huge["cllr"]["interval"][1] > huge["cllr"]["value"]


def test_probabilities_need_no_llr_where_their_prior_is_known(tmp_path: Path) -> None:
    for name, seed in (("val", 1), ("test", 2)):
        table = score_file(tmp_path / f"{name}.csv", seed=seed)
        table.assign(p_fake=expit(table["score"])).drop(columns="score").to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    val, test = (read_score_file(tmp_path / f"{name}.csv") for name in ("val", "test"))
    alone = figures(test, resamples=100)["figures"]
    assert "cllr" not in alone and alone["brier"]["interval"]
    low, high = alone["ece"]["interval"]
    assert 0 <= low <= alone["ece"]["value"] <= high < 0.2 and alone["ece"]["value"] > 0
    whole = figures(test, freeze(val, thresholds.Rule()), resamples=100)
    judged = whole["figures"]
    assert whole["made_for"] == 0.5
    assert in_words(whole).count("P(fake) taken as made for 50.0 % fakes") == 2, "Cllr and actDCF"
    label, p = test.table["label"], test.table["score"]
    assert judged["cllr"]["value"] == pytest.approx(metrics.cllr(label, np.log(p / (1 - p))), abs=1e-9)
    with pytest.raises(UserError, match="no log-likelihood ratios"):
        figures(test, llr=True)


def test_asv_scores(tmp_path: Path) -> None:
    file = tmp_path / "asv.txt"
    file.write_text("bonafide target 3\nbonafide target 4\nbonafide nontarget -1\nA07 spoof 3.5\n")
    asv = read_asv_scores(file)
    assert [list(scores) for scores in asv] == [[3, 4], [-1], [3.5]]
    score_file(tmp_path / "s.csv")
    told = figures(read_score_file(tmp_path / "s.csv", "fake"), asv=asv, resamples=100)
    low, high = told["figures"]["min_tdcf"]["interval"]
    assert 0 <= low <= told["figures"]["min_tdcf"]["value"] <= high <= 1
    for text, message in (
        ("a b 3\n", "no scores of an ASV"),
        ("bonafide target 3\n", "no trial of the kind nontarget, spoof"),
        (file.read_text() + "x target high\n", "line 5: the ASV score 'high'"),
    ):
        file.write_text(text)
        with pytest.raises(UserError, match=message):
            read_asv_scores(file)


def test_one_voice_has_no_interval_and_that_is_said(tmp_path: Path) -> None:
    score_file(tmp_path / "s.csv", voices=1)
    told = figures(read_score_file(tmp_path / "s.csv", "fake"), Frozen(0.0, "given"), resamples=100)
    assert all(figure["interval"] is None for figure in told["figures"].values())
    assert told["warnings"][0].startswith("with 1 voice there is no interval, which takes two at least")
    assert not any("rough" in warning or "width" in warning for warning in told["warnings"])
    assert "8 clips: 4 fake (50.0 %), 4 real; 1 voice\n" in in_words(told)


def test_a_frozen_threshold_that_has_no_use_is_called_so(tmp_path: Path) -> None:
    score_file(tmp_path / "s.csv", distance=1)
    read = read_score_file(tmp_path / "s.csv", "fake")
    no_use = "F2 at this threshold is no better than that of calling everything fake"
    best = figures(read, resamples=100)["own_best"]["threshold"]
    for cut, better in ((best, True), (2.0, False), (-math.inf, False)):
        told = figures(read, Frozen(cut, "given"), resamples=100)
        assert (told["at_threshold"]["figures"]["f2"]["value"] > told["f2_all_fake"]) == better
        assert (no_use in told["warnings"]) == (not better)


def test_probabilities_given_out_for_ratios_are_noticed(tmp_path: Path) -> None:
    """Whichever way they run."""
    table = score_file(tmp_path / "s.csv")
    for higher, sign in (("fake", 1), ("bonafide", -1)):
        for name, score, suspicious in (
            ("p", expit(sign * table["score"]), True),
            ("llr", sign * table["score"], False),
        ):
            table.assign(score=score).to_csv(tmp_path / f"{name}.csv", index=False)
            told = figures(read_score_file(tmp_path / f"{name}.csv", higher), llr=True, resamples=100)
            assert any("look like probabilities" in warning for warning in told["warnings"]) == suspicious


@pytest.mark.parametrize(("higher", "side"), [("fake", ">="), ("bonafide", "<=")])
def test_the_best_threshold_says_on_which_side_fakes_lie(tmp_path: Path, higher: str, side: str) -> None:
    table = score_file(tmp_path / "s.csv", sign=1 if higher == "fake" else -1)
    told = figures(read_score_file(tmp_path / "s.csv", higher), resamples=100)
    best = told["own_best"]
    assert f"with score {side} {best['threshold']:.6g} called fake" in in_words(told)
    called = table["score"] >= best["threshold"] if side == ">=" else table["score"] <= best["threshold"]
    assert fbeta_score(table["label"] == "spoof", called, beta=2) == pytest.approx(best["f2"])


def test_useless_scores_are_called_so(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("clip,label,score\na,real,2\nb,fake,1\nc,fake,1\n")
    told = figures(read_score_file(tmp_path / "s.csv", "fake"), resamples=100)
    assert not told["own_best"]["better_than_all_fake"]
    assert "no threshold does better than calling everything fake" in in_words(told)
    assert "not a result" in in_words(told)
