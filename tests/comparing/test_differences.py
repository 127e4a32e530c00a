"""Differences on test: paired over voices, averaged over seeds within a draw, and together as sure as one alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.comparing import compared, make_board
from deepfake_audio.comparing.differences import FIGURES, SHOWN, together
from deepfake_audio.comparing.words import of_intervals, who_is_better
from deepfake_audio.evaluation.statistics import clusters, difference, draw_voices
from deepfake_audio.evaluation.statistics.spread import tail_for
from deepfake_audio.runs import RunFolder

from ..scored import made_scores
from .told import told_run


def scored_run(
    folder: Path,
    seed: int,
    dropout: float,
    distance: float,
    noise: int,
    threshold: float = 0.4,
    **columns: object,
) -> RunFolder:
    """On the same clips and voices whatever the setting; `noise` moves each logit."""
    run = told_run(
        folder, seed, config={"model": {"dropout": dropout}}, overrides=[f"model.dropout={dropout}"],
        val={"f2": distance / 10, "average_precision": 0.9, "threshold": threshold},
    )  # fmt: skip
    for part in ("val", "test"):
        scores = made_scores(part, voices=12, clips=6, distance=distance)
        logit = scores["logit"] + np.random.default_rng(noise).normal(0, 1.5, len(scores))
        scores.assign(p_fake=1 / (1 + np.exp(-logit)), logit=logit, **columns).to_csv(
            run.scores(part), index=False
        )
    return run


def read(run: RunFolder) -> pd.DataFrame:
    return pd.read_csv(run.scores("test")).sort_values("clip", ignore_index=True)


@pytest.mark.parametrize("shared_tracks", [False, True])
def test_two_runs_differ_as_the_statistics_say(tmp_path: Path, shared_tracks: bool) -> None:
    tracks = {"track": [f"t{n // 12}" for n in range(72)]} if shared_tracks else {}
    a = scored_run(tmp_path / "a", 0, 0.1, 1.5, 1, threshold=0.3, **tracks)
    b = scored_run(tmp_path / "b", 0, 0.3, 1.0, 2, threshold=0.6, **tracks)
    (told,) = compared(make_board([a, b])).differences
    assert (told.a, told.b) == ("a", "b")
    first, second = read(a), read(b)
    cluster = clusters(first["voice"], first.get("track"))
    assert len(set(cluster)) == (6 if shared_tracks else 12)
    expected = difference(first["label"], first["p_fake"], second["p_fake"], cluster, 0.3, 0.6)
    assert set(told.figures) == set(expected)
    for name in FIGURES:
        assert told.figures[name][0] == pytest.approx(expected[name][0], abs=1e-12)
        interval, reference = told.figures[name][1], expected[name][1]
        assert interval is not None and reference is not None
        assert interval == pytest.approx(reference, abs=1e-9)


def test_seeds_are_averaged_within_each_draw(tmp_path: Path) -> None:
    """Against tables in which the clips of a drawn voice are repeated."""
    runs = [scored_run(tmp_path / f"a{i}", i, 0.1, 1.5, i) for i in range(3)]
    runs += [scored_run(tmp_path / f"b{i}", i, 0.3, 1.0, 10 + i) for i in range(2)]
    board = make_board(runs)
    (told,) = compared(board, resamples=150, seed=3).differences
    tables = [read(run) for run in runs]
    draws = draw_voices(clusters(tables[0]["voice"]), 150, 3)

    def f2(table: pd.DataFrame, times: np.ndarray) -> float:
        """Of a table in which each clip stands as often as it was drawn."""
        clips = table.loc[np.repeat(table.index, times)]
        called = clips["p_fake"] >= 0.4
        tp, fp, fn = (
            int((called == c)[clips["label"] == y].sum()) for c, y in ((True, 1), (True, 0), (False, 1))
        )
        return 5 * tp / (5 * tp + fp + 4 * fn)

    def lead(weights: np.ndarray) -> float:
        return float(
            np.mean([f2(t, weights) for t in tables[:3]]) - np.mean([f2(t, weights) for t in tables[3:]])
        )

    each = [lead(times[draws.voice]) for times in draws.times]
    value, interval = told.figures["f2"]
    assert value == pytest.approx(lead(np.ones(72, dtype=int)))
    tail = tail_for(12)
    assert interval == pytest.approx(np.quantile(each, [tail, 1 - tail]), abs=1e-9)
    one_seed = compared(make_board([runs[0], runs[3]]), resamples=150, seed=3).differences[0].figures["f2"][1]
    assert interval is not None and one_seed is not None
    assert np.ptp(interval) < np.ptp(one_seed), "seeds average out part of the noise"


def test_together_they_hold_in_95_percent_and_one_alone_is_the_plain_interval() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=(20_000, 1))
    drawn = common + rng.normal(size=(20_000, 10)) * np.arange(1, 11)
    many_voices = 100_000
    low, high = np.array(together(drawn[:10_000], many_voices), dtype=float).T
    fresh = drawn[10_000:]
    assert ((fresh > low) & (fresh < high)).all(axis=1).mean() == pytest.approx(0.95, abs=0.01)
    each = ((fresh > low) & (fresh < high)).mean(axis=0)
    assert (each > 0.985).all(), "each of ten is wider than an interval alone"
    assert np.ptp(each) < 0.01, "none is widened at another's cost"
    alone = together(drawn[:, :1], many_voices)[0]
    assert alone == pytest.approx(np.quantile(drawn[:, 0], [0.025, 0.975]), abs=1e-2)


def test_few_voices_or_undefined_draws() -> None:
    drawn = np.random.default_rng(0).normal(size=(2000, 2))
    few, many = together(drawn, 5)[0], together(drawn, 500)[0]
    assert few is not None and many is not None
    assert np.ptp(few) > np.ptp(many)
    assert together(drawn, 1) == [None, None]
    drawn[:1000, 0] = np.nan
    assert together(drawn, 500)[0] is not None
    drawn[:, 0] = np.nan
    assert together(drawn, 500) == [None, None]


def test_what_is_said_of_a_pair(tmp_path: Path) -> None:
    best = scored_run(tmp_path / "best", 0, 0.1, 4.0, 1)
    same = scored_run(tmp_path / "same", 0, 0.2, 4.0, 1)
    worst = scored_run(tmp_path / "worst", 0, 0.3, 0.1, 2)
    board = make_board([best, same, worst])
    told = compared(board, all_pairs=True).differences
    assert [(each.a, each.b) for each in told] == [("best", "same"), ("best", "worst"), ("same", "worst")]
    assert told[0].figures["f2"] == (0.0, (0.0, 0.0))
    words = who_is_better(told)
    assert "cannot be told apart" in words[0]
    assert words[1].startswith("best is better than worst on test by ")
    assert "all 3 hold together" in of_intervals(board, told)[0]


def test_one_that_validation_ranked_lower_may_be_better_on_test(tmp_path: Path) -> None:
    first = scored_run(tmp_path / "first", 0, 0.1, 0.1, 1)
    second = scored_run(tmp_path / "second", 0, 0.3, 4.0, 2)
    metrics = first.metrics.read_text().replace('"f2": 0.01', '"f2": 0.99')
    first.metrics.write_text(metrics)
    (words,) = who_is_better(compared(make_board([first, second])).differences)
    assert words.startswith("second is better than first")
    assert words.endswith("though validation ranked it lower.")


def test_entries_on_other_clips_are_never_set_against_each_other(tmp_path: Path) -> None:
    a = scored_run(tmp_path / "a", 0, 0.1, 2.0, 1)
    b = told_run(tmp_path / "b", 0, config={"model": {"dropout": 0.5}})
    board = make_board([a, b])
    assert len(board.entries) == 2
    assert compared(board, all_pairs=True).differences == []


def test_of_many_entries_the_first_few_are_compared_and_it_is_said(tmp_path: Path) -> None:
    runs = [scored_run(tmp_path / f"{i:02d}", 0, i / 100, 1.0, i) for i in range(SHOWN + 3)]
    board = make_board(runs)
    told = compared(board, resamples=50)
    assert len(told.differences) == SHOWN
    assert "--all-pairs" in " ".join(of_intervals(board, told.differences))
