"""By group: figures that add up, gaps that are only shown when luck is unlikely, and small groups left alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy.special import expit

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.groups import FEWEST_CLIPS, by_group
from deepfake_audio.evaluation.statistics import intervals
from deepfake_audio.evaluation.voices import FEWEST_VOICES
from deepfake_audio.report.sections.groups import group_pictures, group_section


def made(
    voices: int = 60, clips: int = 10, seed: int = 0, races: int = 3, distance: float = 2.0
) -> pd.DataFrame:
    """Voices with habits of their own, dealt to groups that mean nothing."""
    rng = np.random.default_rng(seed)
    voice = np.repeat(np.arange(voices), clips)
    label = np.tile(np.arange(clips) % 2, voices)
    own = rng.normal(0, 1, voices)[voice]
    logit = np.where(label == 1, distance, -distance) + own + rng.normal(0, 1.5, len(voice))
    system = np.where(label == 1, rng.choice(["a", "b"], len(voice)), "human")
    return pd.DataFrame(
        {
            "voice": voice.astype(str),
            "label": label,
            "p_fake": expit(logit),
            "race": np.array([f"r{n}" for n in rng.permutation(np.arange(voices) % races)])[voice],
            "gender": np.array(["women", "men"])[rng.permutation(np.arange(voices) % 2)[voice]],
            "system": system,
            "seconds": rng.uniform(0.5, 12, len(voice)),
        }
    )


def certain(told: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["column"], gap["figure"]) for each in told for gap in each["gaps"] if gap["certain"]}


def test_groups_of_a_column_add_up_and_are_judged_as_they_would_be_alone() -> None:
    scores = made()
    told = by_group(scores, 0.5)
    assert [each["column"] for each in told] == ["race", "gender", "system", "duration"]
    assert json.loads(json.dumps(told)) == told
    for each in told:
        rows = each["rows"]
        assert sum(row["n_clips"] for row in rows) == len(scores)
        assert sum(row["n_real"] + row["n_fake"] for row in rows) == len(scores)
        false_alarms = sum((row["false_alarm_rate"] or 0) * row["n_real"] for row in rows)
        assert false_alarms == pytest.approx(((scores["p_fake"] >= 0.5) & (scores["label"] == 0)).sum())
    alone = scores[scores["race"] == "r1"]
    at = metrics.confusion(alone["label"], alone["p_fake"], 0.5)
    row = next(row for row in told[0]["rows"] if row["group"] == "r1")
    assert row["n_voices"] == alone["voice"].nunique()
    assert row["f2"] == pytest.approx(float(metrics.f_beta(at)))
    assert row["f2_all_fake"] == pytest.approx(float(metrics.f_beta_all_fake(0.5)))
    # Drawn among other groups' voices, the interval is about that of the group's own.
    own = intervals(alone["label"], alone["p_fake"], alone["voice"], 0.5)
    for name, key in (
        ("f2", "f2_interval"),
        ("recall", "recall_interval"),
        ("false_alarm_rate", "false_alarm_interval"),
    ):
        assert row[key] == pytest.approx(own[name], abs=0.03)


def test_durations_go_in_steps_that_occur() -> None:
    scores = made(voices=20).assign(
        seconds=np.tile([0.0, 1.99, 2.0, 3.0, 9.0, 30.0, np.nan, -1, 2.5, 8.0], 20)
    )
    told = by_group(scores, 0.5, ["duration"])[0]
    sizes = {row["group"]: row["n_clips"] for row in told["rows"]}
    assert sizes == {"0-2 s": 40, "2-4 s": 60, "8 s and more": 60, "unknown": 40}
    assert list(sizes) == ["0-2 s", "2-4 s", "8 s and more", "unknown"]


def test_a_system_has_one_class_and_so_one_rate() -> None:
    rows = {row["group"]: row for row in by_group(made(), 0.5, ["system"])[0]["rows"]}
    assert rows["human"]["recall"] is None and rows["human"]["false_alarm_rate"] is not None
    assert rows["a"]["false_alarm_rate"] is None and rows["a"]["recall_interval"] is not None
    assert all(row["f2"] is None and row["f2_all_fake"] is None for row in rows.values())
    assert all(row["judged"] and row["why"] == "" for row in rows.values())


def test_a_planted_gap_is_found_and_told() -> None:
    """Real voices of one group are called fake in 40 % of their clips, of the other in 5 %: 25 voices each."""
    rng = np.random.default_rng(0)
    scores = made(voices=50, races=2)
    rate = np.where(scores["race"] == "r0", 0.40, 0.05)
    called = np.where(scores["label"] == 1, rng.random(500) < 0.9, rng.random(500) < rate)
    told = by_group(scores.assign(p_fake=called * 0.8 + 0.1), 0.5)
    assert certain(told) == {("race", "false_alarm_rate")}
    gap = next(gap for gap in told[0]["gaps"] if gap["figure"] == "false_alarm_rate")
    assert (gap["highest"], gap["lowest"]) == ("r0", "r1")
    assert gap["interval"][0] < 0.35 < gap["interval"][1]
    assert "a difference is shown" in told[0]["words"] and "r0" in told[0]["words"]
    assert "no difference is shown" in told[1]["words"]


def test_where_nothing_differs_luck_is_seldom_called_a_difference() -> None:
    """Twenty-seven comparisons in each of sixty worlds: some gap is certain in about one of twenty worlds."""
    wrong = 0
    for world in range(60):
        told = by_group(made(voices=80, seed=world, races=4), 0.5, resamples=200)
        assert told[0]["comparisons"] == 2 * 6 + 2 * 1 + 1 + 2 * 6
        wrong += bool(certain(told))
    assert wrong <= 6


@pytest.mark.parametrize("sizes", [(150, 8), (70, 8, 8, 8)])
def test_a_small_group_without_a_rare_error_is_not_called_better(sizes: tuple[int, ...]) -> None:
    """One large group and small ones, all of which err in 8 % of their clips, most of those in few voices."""
    wrong = 0
    for world in range(60):
        rng = np.random.default_rng([world, 5])
        race = np.repeat([f"r{n}" for n in range(len(sizes))], sizes)
        habit = rng.beta(0.08 * 2 / 3, 0.92 * 2 / 3, len(race))
        called = rng.random((len(race), 4)) < habit[:, None]
        scores = pd.DataFrame(
            {
                "voice": np.repeat(np.arange(len(race)), 4).astype(str),
                "label": 0,
                "p_fake": 0.1 + 0.8 * called.ravel(),
                "race": np.repeat(race, 4),
            }
        )
        wrong += bool(certain(by_group(scores, 0.5, ["race"], resamples=200, seed=world)))
    # Of 60 worlds 3 are expected at 5 %, and 8 or more in one of a hundred tests.
    assert wrong <= 7


def test_a_group_without_an_error_says_how_often_it_may_err_all_the_same() -> None:
    scores = made(voices=24, races=2)
    good = scores["race"] == "r0"
    scores["p_fake"] = scores["p_fake"].mask(good, np.where(scores["label"] == 1, 0.9, 0.1))
    never, other = by_group(scores, 0.5, ["race"])[0]["rows"]
    assert never["recall_interval"] == [1.0, 1.0] and never["false_alarm_interval"] == [0.0, 0.0]
    # What so large a share of voices has, twelve lack together in at most one of twenty samples.
    allowed = 25
    assert (1 - allowed / 100) ** 12 < 0.05
    for error in ("missed fake", "false alarm"):
        assert f"no {error} in 12 voices, but up to {allowed} % of all voices could have one" in never["why"]
    assert never["judged"] and other["why"] == ""
    page = group_section({"groups": by_group(scores, 0.5, ["race"])}, {"groups_race": ""})
    assert "up to 25 % of all voices could have one" in page


def test_clips_of_unknown_voice_are_no_voices() -> None:
    """Sixty clips of nobody knows whom are too few people to judge; with eight known ones it is said."""
    scores = made(voices=60, races=2)
    r0 = scores["race"] == "r0"
    names = pd.Series([f"clip:{n}" for n in range(len(scores))])
    row = by_group(scores.assign(voice=scores["voice"].mask(r0, names)), 0.5, ["race"])[0]["rows"][0]
    assert not row["judged"] and row["n_voices"] == 0 and "of 0 known voices" in row["why"]
    kept = r0 & ~scores["voice"].isin(sorted(scores["voice"][r0].unique())[:8])
    row = by_group(scores.assign(voice=scores["voice"].mask(kept, names)), 0.5, ["race"])[0]["rows"][0]
    assert row["judged"] and row["n_voices"] == 8 and "220 clips of unknown voice" in row["why"]


def test_too_few_are_listed_but_never_judged() -> None:
    """A group that is wrong all the time is not called different while it has too few voices, or too few clips."""
    scores = made(voices=60)
    number = scores["voice"].astype(int)
    few_voices, few_clips = number < FEWEST_VOICES - 1, number.between(20, 20 + FEWEST_CLIPS)
    thin = few_clips & (scores.groupby("voice").cumcount() == 0)
    scores["race"] = np.select([few_voices, thin], ["few voices", "few clips"], "many")
    scores["p_fake"] = scores["p_fake"].mask(scores["race"] != "many", 1 - scores["label"] * 0.99)
    scores = scores[(scores["race"] != "few clips") | (np.arange(len(scores)) % 200 != 0)]
    told = by_group(scores, 0.5, ["race"])[0]
    rows = {row["group"]: row for row in told["rows"]}
    assert rows["few voices"]["n_clips"] == 70 and rows["few voices"]["n_voices"] == FEWEST_VOICES - 1
    for name in ("few voices", "few clips"):
        assert not rows[name]["judged"] and "too few" in rows[name]["why"]
        assert rows[name]["false_alarm_interval"] is None and rows[name]["f2_interval"] is None
    assert rows["many"]["judged"] and told["gaps"] == [] and told["comparisons"] == 0
    assert "nothing can be compared" in told["words"]


def test_two_that_are_judged_by_other_figures_are_not_called_too_small() -> None:
    """One synthesiser beside real speech: both are large, one has a recall and the other false alarms."""
    scores = made().replace({"system": {"b": "a"}})
    (told,) = by_group(scores, 0.5, ["system"])
    assert all(row["judged"] for row in told["rows"]) and told["gaps"] == []
    assert "no two have a figure in common" in told["words"] and "it takes two" not in told["words"]


def test_a_figure_that_cannot_be_judged_is_hollow_beside_one_that_can() -> None:
    scores = made(voices=60, races=2)
    reals = (scores["race"] == "r0") & (scores["label"] == 0)
    test = {"groups": by_group(scores[~reals | (reals.cumsum() <= 3)], 0.5, ["race"], resamples=50)}
    recall, alarms = group_pictures(test)["groups_race"].axes
    assert hollow(recall) == [] and hollow(alarms) == [0]


def test_a_panel_has_only_groups_of_its_figure() -> None:
    test = {"groups": by_group(made(), 0.5, ["system"], resamples=50)}
    recall, alarms = group_pictures(test)["groups_system"].axes
    assert names(recall) == ["a", "b"] and names(alarms) == ["human"]
    assert recall.get_position().y0 > alarms.get_position().y1, "beneath each other, as wide as there is room"


def test_many_that_cannot_be_judged_are_folded_below_those_that_can() -> None:
    scores = made(voices=60)
    number = scores["voice"].astype(int)
    scores["race"] = np.where(number < 40, "r" + (number % 2).astype(str), "s" + number.astype(str))
    test = {"groups": by_group(scores, 0.5, ["race"], resamples=50)}
    recall, alarms = group_pictures(test)["groups_race"].axes
    assert names(recall) == ["r0", "r1"] and recall.get_ylim() == alarms.get_ylim() == (1.5, -0.5)
    seen, numbers, rest = group_section(test, {"groups_race": "<svg></svg>"}).split("<details>")
    assert "r1 (200): fakes caught" in seen and "s40" not in seen + numbers
    assert "20 groups that are not judged" in rest and "s40" in rest and "In brackets" not in rest
    assert "5 fakes of 1 known voice are too few to judge its recall" in rest


def hollow(axes: Axes) -> list[float]:
    """The rows whose mark is not filled."""
    return [
        float(np.asarray(line.get_ydata())[0])
        for line in axes.lines
        if line.get_marker() == "o" and line.get_markerfacecolor() == "none"
    ]


def names(axes: Axes) -> list[str]:
    """Of the rows, without how many clips they have."""
    return [label.get_text().rpartition(" ")[0] for label in axes.get_yticklabels()]


def test_one_thin_class_leaves_the_other_to_be_judged() -> None:
    """Of a group with three real clips the recall is judged, and its false alarms are not."""
    scores = made(voices=60, races=2)
    reals = (scores["race"] == "r0") & (scores["label"] == 0)
    scores = scores[~reals | (reals.cumsum() <= 3)]
    told = by_group(scores, 0.5, ["race"])[0]
    row = told["rows"][0]
    assert row["judged"] and row["n_real"] == 3 and "false alarms" in row["why"]
    assert row["recall_interval"] and row["false_alarm_interval"] is None and row["f2_interval"] is None
    assert [gap["figure"] for gap in told["gaps"]] == ["recall"]


def test_voices_that_share_recordings_count_once() -> None:
    """Forty names on five recordings are five witnesses: too few to judge."""
    scores = made(voices=80, races=2)
    number = scores["voice"].astype(int)
    scores["track"] = np.where(scores["race"] == "r0", "t" + (number % 5).astype(str), "")
    rows = by_group(scores, 0.5, ["race"])[0]["rows"]
    assert rows[0]["n_voices"] == 40 and not rows[0]["judged"]
    assert rows[1]["judged"]


def test_copies_of_clips_change_nothing_but_their_number() -> None:
    scores = made()
    once, copied = by_group(scores, 0.5), by_group(pd.concat([scores] * 3), 0.5)
    for one, more in zip(once, copied, strict=True):
        assert one["gaps"] == more["gaps"] and one["words"] == more["words"]
        for row, more_row in zip(one["rows"], more["rows"], strict=True):
            assert more_row == {**row, **{key: 3 * row[key] for key in ("n_clips", "n_real", "n_fake")}}


def test_unknown_is_listed_last_and_not_compared() -> None:
    scores = made(races=3).replace({"race": {"r0": "", "r1": "Zulu", "r2": "N/A"}})
    told = by_group(scores, 0.5, ["race"])[0]
    assert [row["group"] for row in told["rows"]] == ["Zulu", "unknown"]
    assert not told["rows"][1]["judged"] and told["rows"][1]["n_voices"] == 40
    assert told["gaps"] == []
    # One known group is nothing to set against another: unless asked for, the column is left out.
    assert "race" not in [each["column"] for each in by_group(scores, 0.5)]


def test_the_largest_gap_that_is_certain_is_told_beside_a_larger_one_that_is_not() -> None:
    """Ten wild voices differ most, and could do so by luck; eighty steady ones differ less, and for certain."""
    rng = np.random.default_rng(3)
    voice = np.repeat(np.arange(90), 20)
    race = np.array(["wild"] * 10 + ["high"] * 40 + ["low"] * 40)[voice]
    rate = np.concatenate([np.arange(10) % 3 // 2 * 0.85 + 0.1, np.full(40, 0.3), np.full(40, 0.05)])[voice]
    scores = pd.DataFrame(
        {"voice": voice.astype(str), "label": 0, "p_fake": 1.0 * (rng.random(1800) < rate), "race": race}
    )
    gaps = by_group(scores, 0.5, ["race"])[0]["gaps"]
    assert [(gap["highest"], gap["lowest"], gap["certain"]) for gap in gaps] == [
        ("wild", "low", False),
        ("high", "low", True),
    ]


def test_what_cannot_be_grouped_by_is_refused_and_a_bare_table_has_no_groups() -> None:
    scores = made()
    with pytest.raises(UserError, match="no column accent"):
        by_group(scores, 0.5, ["accent"])
    with pytest.raises(UserError, match="duration needs a column seconds"):
        by_group(scores.drop(columns="seconds"), 0.5, ["duration"])
    assert by_group(scores[["voice", "label", "p_fake"]], 0.5) == []
