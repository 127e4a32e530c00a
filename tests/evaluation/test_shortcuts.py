"""Shortcuts: what is planted is found and stands first, a clean set stays at chance, test chooses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.metrics import roc_auc_score

from deepfake_audio.audio.measures import MEASURES, measure
from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.probe_words import WORDS
from deepfake_audio.evaluation.probes import probes_of
from deepfake_audio.evaluation.shortcuts import (
    FOLDS,
    best_probe_on_test,
    margin_over_probe,
    probe_shortcuts,
    shortcut_verdict,
)
from deepfake_audio.evaluation.statistics import auc_in_strata

# Few columns keep the tests quick; that all are probed is a test of its own.
SOME = ("seconds", "leading_silence_seconds", "loudness_db")


def made_table(
    voices: int = 60, clips: int = 10, seed: int = 0, columns: tuple[str, ...] = SOME
) -> pd.DataFrame:
    """Measures that each voice has its own habits in, and that say nothing of the label."""
    rng = np.random.default_rng(seed)
    voice = np.repeat(np.arange(voices), clips)
    habits = rng.normal(size=(voices, len(columns)))[voice]
    table = pd.DataFrame(habits + rng.normal(size=(len(voice), len(columns))), columns=list(columns))
    part = np.array(["train"] * 6 + ["val"] * 2 + ["test"] * 2)[voice % 10]
    names = [f"c{n}" for n in range(len(voice))]
    return table.assign(clip=names, voice=voice.astype(str), label=rng.integers(0, 2, len(voice)), split=part)


def scored(table: pd.DataFrame, distance: float, seed: int = 1) -> dict[str, pd.DataFrame]:
    """A detector's scores of test, fakes `distance` deviations above reals, in another order than the table's."""
    logit = np.random.default_rng(seed).normal(distance * table["label"], 1)
    scores = table[["clip"]].assign(p_fake=1 / (1 + np.exp(-logit)))[table["split"] == "test"]
    return {"test": scores.sample(frac=1, random_state=0)}


def test_a_clean_set_stays_at_chance() -> None:
    """Over several worlds: mostly the interval holds .5, on average the AUC is .5, and nothing is called a shortcut."""
    told = [probe_shortcuts(made_table(seed=seed)) for seed in range(6)]
    figures = [each for one in told for each in [*one["probes"], one["all"]]]
    assert np.mean([each["auc"] for each in figures]) == pytest.approx(0.5, abs=0.02)
    assert sum(each["low"] <= 0.5 <= each["high"] for each in figures) >= 0.75 * len(figures)
    assert all("No shortcut found" in one["words"] for one in told)


def test_a_habit_of_voices_is_no_shortcut() -> None:
    """Half the voices have only fakes and half only reals; a measure that names the voice tells nothing of a new
    one. Without folds by voice it would tell all."""
    table = made_table()
    number = table["voice"].astype(int)
    table = table.assign(
        label=np.random.default_rng(5).integers(0, 2, 60)[number], loudness_db=number * 0.37 % 1
    )
    told = probe_shortcuts(table)
    loudness = next(each for each in told["probes"] if each["name"] == "loudness_db")
    assert loudness["low"] < 0.5


def test_planted_silence_is_found_and_stands_first() -> None:
    table = made_table()
    table["leading_silence_seconds"] = 0.2 + 0.05 * table["leading_silence_seconds"] + 0.15 * table["label"]
    told = probe_shortcuts(table)
    best = told["probes"][0]
    assert best["name"] == "leading_silence_seconds"
    assert best["low"] > 0.8
    assert set(best) == {"name", "auc", "low", "high", "n_clips", "n_voices"}
    assert (best["n_clips"], best["n_voices"]) == (600, 60)
    assert told["words"].startswith("The silence before the speech alone tells fakes from reals")
    assert json.loads(json.dumps(told)) == told


def test_a_cue_that_is_not_monotone_is_found() -> None:
    """Fakes whose number of samples is a multiple of 256, as of a vocoder's hop: some values amid others."""
    table, rng = made_table(clips=20), np.random.default_rng(3)
    table["samples_mod_1024"] = rng.integers(0, 1024, len(table))
    fakes = table["label"] == 1
    table.loc[fakes, "samples_mod_1024"] = 256 * rng.integers(0, 4, fakes.sum())
    best = probe_shortcuts(table)["probes"][0]
    assert best["name"] == "samples_mod_1024"
    assert best["auc"] > 0.9


def test_two_measures_that_tell_only_together_are_found_by_all_together() -> None:
    table = made_table(voices=100)
    side = np.sign(table["seconds"] * table["loudness_db"])
    table["label"] = (side > 0).astype(int)
    told = probe_shortcuts(table)
    assert told["all"]["low"] > 0.8 > told["probes"][0]["high"]
    assert told["words"].startswith("No probe alone")


def test_codec_and_sound_that_outlasts_its_video_are_found() -> None:
    """As in FakeAVCeleb: fakes' audio fits the video's frames, reals' is a few codec frames longer."""
    table, rng = made_table(), np.random.default_rng(4)
    frames = rng.integers(50, 200, len(table))
    longer = np.where(table["label"] == 1, 0, rng.integers(1, 4, len(table)) * 1024)
    table = table.assign(video_frames=frames, video_fps="25", source_rate=44_100, container="mp4")
    table["source_samples"] = (frames / 25 * 44_100).astype(int) + longer
    table["codec"] = np.where((table["label"] == 1) & (rng.random(len(table)) < 0.6), "mp3", "aac")
    told = probe_shortcuts(table)
    assert [each["name"] for each in told["probes"][:2]] == ["audio_minus_video_seconds", "codec"]
    assert told["probes"][0]["auc"] == 1.0
    # Judged by hand: fakes that are mp3 win, the others tie with every real.
    assert told["probes"][1]["auc"] == pytest.approx(0.8, abs=0.03)
    container = next(each for each in told["probes"] if each["name"] == "container")
    assert (container["auc"], container["low"], container["high"]) == (0.5, 0.5, 0.5)
    assert container["note"] == "constant"


def test_every_measure_and_fact_is_probed_and_has_a_name_in_words() -> None:
    facts = {"container": "mp4", "codec": "aac", "source_rate": 1, "source_channels": 1, "video_fps": 25}
    table = made_table(4, columns=MEASURES).assign(**facts, source_samples=5, video_frames=3)
    names = {probe.name for probe in probes_of(table)}
    assert names >= {*MEASURES, *facts, "source_samples_mod_1024", "audio_minus_video_seconds"}
    assert names | {"all"} == set(WORDS)


def test_facts_that_some_clips_lack_do_no_harm() -> None:
    """Cells as a CSV table has them: text, empty, nonsense, infinite."""
    table = made_table().assign(source_rate="", video_fps="0", video_frames="", source_samples="n/a")
    table.loc[::2, "source_samples"], table.loc[::3, "source_rate"] = "44100", "inf"
    table.loc[::4, "seconds"] = np.nan
    told = probe_shortcuts(table)
    assert all(0 <= each["low"] <= each["auc"] <= each["high"] <= 1 for each in told["probes"])


def test_the_same_table_gives_the_same_figures_whatever_the_order_of_its_columns() -> None:
    table = made_table(20)
    assert probe_shortcuts(table) == probe_shortcuts(table[table.columns[::-1]]) == probe_shortcuts(table)


@pytest.mark.parametrize(
    "change",
    [{"label": 1}, {"voice": "one"}, {"label": lambda t: (t["voice"] == "3").astype(int)}],
    ids=["one class", "one voice", "fakes of one voice"],
)
def test_what_cannot_be_probed_is_said(change: dict[str, object]) -> None:
    table = made_table(20).assign(**change)  # type: ignore[arg-type]
    assert probe_shortcuts(table) == {
        "probes": [],
        "all": None,
        "words": "Shortcuts could not be probed: it takes at least two voices with real clips and two with fakes.",
    }


def test_without_columns_nothing_is_probed() -> None:
    table = made_table(20).drop(columns=list(SOME))
    assert "neither measures nor facts" in probe_shortcuts(table)["words"]
    assert "neither measures nor facts" in shortcut_verdict(table, scored(table, 1))["words"]


def test_few_voices_are_said_to_be_few() -> None:
    assert probe_shortcuts(made_table(6))["words"].endswith("With 6 voices the intervals are rough.")


def test_pairs_are_compared_within_their_stratum_only() -> None:
    """Against scikit-learn's AUC of each stratum, weighted by pairs; a shift of one stratum changes nothing."""
    rng = np.random.default_rng(0)
    strata, labels = rng.integers(0, FOLDS, 300), rng.integers(0, 2, 300)
    scores = np.round(rng.normal(labels, 1.5), 1)
    voices = rng.integers(0, 30, 300)
    won = pairs = 0.0
    for stratum in range(FOLDS):
        inside = strata == stratum
        weight = labels[inside].sum() * (1 - labels[inside]).sum()
        won, pairs = won + weight * roc_auc_score(labels[inside], scores[inside]), pairs + weight
    auc, interval = auc_in_strata(labels, scores, voices, strata)
    assert auc == pytest.approx(won / pairs)
    assert interval and interval[0] < auc < interval[1]
    assert auc_in_strata(labels, scores + 10 * strata, voices, strata) == (auc, interval)
    assert auc_in_strata(labels, scores, voices)[0] == pytest.approx(roc_auc_score(labels, scores))
    assert auc_in_strata(labels, scores, voices, np.arange(300)) == (None, None)


def cheatable() -> pd.DataFrame:
    """Leading silence tells much on all parts; loudness tells everything on test and nothing elsewhere."""
    table = made_table(voices=100)
    table["leading_silence_seconds"] += 2.5 * table["label"]
    test = table["split"] == "test"
    table.loc[test, "loudness_db"] = table.loc[test, "label"].astype(float)
    return table


def test_the_best_probe_is_chosen_on_validation_and_not_on_test() -> None:
    table = cheatable()
    best = best_probe_on_test(table)
    assert best["name"] in ("leading_silence_seconds", "all")
    assert best["low"] < best["auc"] < best["high"] < 1
    assert 0 <= best["f2_interval"][0] < best["f2"] < best["f2_interval"][1] <= 1
    # Whatever the labels of test were, the same one is chosen, at the same threshold.
    test = table["split"] == "test"
    turned = table.assign(label=table["label"].where(~test, 1 - table["label"]))
    again = best_probe_on_test(turned)
    assert [again[key] for key in ("name", "val_auc", "threshold")] == [
        best[key] for key in ("name", "val_auc", "threshold")
    ]
    assert again["auc"] == pytest.approx(1 - best["auc"])


@pytest.mark.parametrize(
    "distance,better,words",
    [
        (6.0, True, "Better than cheating"),
        (2.2, None, "Not shown to be better than cheating"),
        (0.0, False, "Worse than cheating"),
    ],
)
def test_the_verdict_is_as_sure_as_the_interval_of_the_difference(
    distance: float, better: bool | None, words: str
) -> None:
    table = cheatable()
    scores = scored(table, distance)
    told = shortcut_verdict(table, scores)
    assert told["better"] is better
    assert told["words"].startswith(words)
    merged = table[table["split"] == "test"].merge(scores["test"], on="clip")
    assert told["detector"]["auc"] == pytest.approx(roc_auc_score(merged["label"], merged["p_fake"]))
    assert told["margin"]["auc"] == pytest.approx(told["detector"]["auc"] - told["best"]["auc"])
    assert [each["val_auc"] for each in told["probes"]] == sorted(
        (each["val_auc"] for each in told["probes"]), reverse=True
    )
    assert json.loads(json.dumps(told)) == told


def test_a_handful_of_voices_gives_no_verdict() -> None:
    """However far apart the two are: the same five voices are all that can be drawn."""
    table = cheatable()
    few = table["voice"].isin(table.loc[table["split"] == "test", "voice"].unique()[:5])
    table = table[few | (table["split"] != "test")]
    told = shortcut_verdict(table, scored(table, 6.0))
    assert told["margin"]["auc"] > 0.05 and told["better"] is None
    assert "With 5 voices in test nobody can say" in told["words"]


def test_voices_that_share_a_recording_are_one_witness() -> None:
    """Beside the detector by the tracks of its scores, in a corpus by those of its table."""
    table = cheatable()
    number = table["voice"].factorize()[0]
    scores = scored(table, 6.0)["test"]
    few = dict(zip(table["clip"], (number % 6).astype(str), strict=True))
    told = shortcut_verdict(table, {"test": scores.assign(track=scores["clip"].map(few))})
    alone = shortcut_verdict(table, {"test": scores})
    assert alone["better"] is True and told["better"] is None
    assert told["margin"]["auc"] == alone["margin"]["auc"] and told["margin"] != alone["margin"]
    assert "With 6 voices in test nobody can say" in told["words"]
    corpus = table.assign(source_clip=(number % 12).astype(str))
    assert probe_shortcuts(corpus)["words"].endswith("With 12 voices the intervals are rough.")
    unknown = probe_shortcuts(table.assign(voice="clip:" + table["clip"]))
    assert unknown["words"].endswith("With no known voices the intervals are rough.")


def test_a_detector_that_is_the_probe_has_no_margin_at_all() -> None:
    """Paired: two scorings that agree differ by nothing in each draw, however wide each interval is."""
    table = made_table(30).assign(label=lambda t: np.arange(len(t)) % 2)
    scores = np.random.default_rng(0).normal(table["label"], 1)
    assert margin_over_probe(table["label"], scores, 2 * scores + 1, table["voice"]) == {
        "auc": 0.0,
        "low": 0.0,
        "high": 0.0,
    }


def test_a_part_without_a_class_and_a_clip_without_a_score_are_said() -> None:
    table = made_table(20)
    lacking = table.assign(label=table["label"].where(table["split"] != "val", 1))
    assert shortcut_verdict(lacking, scored(table, 1)) == {
        "words": "The detector could not be set beside a probe: val lacks real or fake clips."
    }
    with pytest.raises(UserError, match="val lacks real or fake"):
        best_probe_on_test(lacking)
    scores = scored(table, 1)
    with pytest.raises(UserError, match=f"no score for {scores['test']['clip'].iloc[0]}, which"):
        shortcut_verdict(table, {"test": scores["test"].iloc[1:]})


def test_the_silences_of_asvspoof_are_found_in_real_clips(bench: Path) -> None:
    """Known from the literature: how long the silence at the start is tells real speech from the attacks."""
    clips = pd.read_csv(bench / "speech" / "clips.csv").query("corpus == 'asvspoof2019_la'")
    heard = [measure(*soundfile.read(bench / "speech" / path, dtype="float32")) for path in clips["path"]]
    table = pd.DataFrame(heard).assign(
        label=(clips["label"] == "fake").to_numpy(), voice=clips["voice"].to_numpy()
    )
    best = probe_shortcuts(table[["label", "voice", "leading_silence_seconds", "peak_db"]])["probes"][0]
    assert best["name"] == "leading_silence_seconds"
    assert best["low"] > 0.6
