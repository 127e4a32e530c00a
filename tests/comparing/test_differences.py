"""Differences on test: paired over voices, averaged over seeds within a draw, and together as sure as one alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.comparing import compared, difference_table, in_words, make_board
from deepfake_audio.comparing import differences as of_differences
from deepfake_audio.comparing.differences import FIGURES, SHOWN
from deepfake_audio.comparing.words import of_intervals, who_is_better
from deepfake_audio.evaluation.statistics import clusters, difference
from deepfake_audio.evaluation.statistics.simultaneous import together
from deepfake_audio.evaluation.voices import FEWEST_VOICES
from deepfake_audio.files import read_json, write_json
from deepfake_audio.report.compare_page import write_compare_page
from deepfake_audio.runs import RunFolder

from ..drawn import draw_voices
from ..scored import made_scores
from .told import told_run


def scored_run(
    folder: Path,
    seed: int,
    dropout: float,
    distance: float,
    noise: int,
    threshold: float = 0.4,
    voices: int = 12,
    **columns: list[str],
) -> RunFolder:
    """On the same clips and voices whatever the setting; `noise` moves each logit."""
    run = told_run(
        folder, seed, config={"model": {"dropout": dropout}}, overrides=[f"model.dropout={dropout}"],
        val={"f2": distance / 10, "average_precision": 0.9, "threshold": threshold},
    )  # fmt: skip
    for part in ("val", "test"):
        scores = made_scores(part, voices=voices, clips=6, distance=distance)
        logit = scores["logit"] + np.random.default_rng(noise).normal(0, 1.5, len(scores))
        scores.assign(p_fake=1 / (1 + np.exp(-logit)), logit=logit, **columns).to_csv(
            run.scores(part), index=False
        )
    return run


def read(run: RunFolder) -> pd.DataFrame:
    return pd.read_csv(run.scores("test")).sort_values("clip", ignore_index=True)


@pytest.mark.parametrize("shared_tracks", [False, True])
def test_two_runs_differ_as_the_statistics_say(tmp_path: Path, shared_tracks: bool) -> None:
    track = [f"t{n // 12}" if shared_tracks else "" for n in range(72)]
    a = scored_run(tmp_path / "a", 0, 0.1, 1.5, 1, threshold=0.3, track=track)
    b = scored_run(tmp_path / "b", 0, 0.3, 1.0, 2, threshold=0.6, track=track)
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
        assert np.mean(interval) == pytest.approx(expected[name][0], abs=1e-9)
        # About as wide as the percentiles, and never much narrower: Student's t takes more where voices are few.
        assert 0.9 < np.ptp(interval) / np.ptp(reference) < 1.6


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

    each = np.array([[lead(times[draws.voice])] for times in draws.times])
    value, interval = told.figures["f2"]
    assert value is not None and value == pytest.approx(lead(np.ones(72, dtype=int)))
    assert interval == pytest.approx(together(np.array([value]), each, 12)[0], abs=1e-9)
    one_seed = compared(make_board([runs[0], runs[3]]), resamples=150, seed=3).differences[0].figures["f2"][1]
    assert interval is not None and one_seed is not None
    assert np.ptp(interval) < np.ptp(one_seed), "seeds average out part of the noise"


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
    assert words[1].startswith('"best" is better than "worst" on test by ')
    assert "all 3 are widened" in of_intervals(board, compared(board, all_pairs=True))[0]


def test_one_that_validation_ranked_lower_may_be_better_on_test(tmp_path: Path) -> None:
    first = scored_run(tmp_path / "first", 0, 0.1, 0.1, 1)
    second = scored_run(tmp_path / "second", 0, 0.3, 4.0, 2)
    metrics = first.metrics.read_text().replace('"f2": 0.01', '"f2": 0.99')
    first.metrics.write_text(metrics)
    (words,) = who_is_better(compared(make_board([first, second])).differences)
    assert words.startswith('"second" is better than "first"')
    assert words.endswith("though validation ranked it lower.")
    # Those that validation ranks alike are none above the other.
    for run in (first, second):
        told = read_json(run.metrics)
        write_json(run.metrics, {**told, "val": {**told["val"], "f2": 0.5}})
    (words,) = who_is_better(compared(make_board([first, second])).differences)
    assert words.startswith('"second" is better') and "though" not in words


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
    assert "--all-pairs" in " ".join(of_intervals(board, told))


def test_a_handful_of_voices_shows_nobody_to_be_better(tmp_path: Path) -> None:
    """The same two runs, far apart: on seven voices it takes more, on twelve it is said and intervals are rough."""
    for voices in (FEWEST_VOICES - 1, 12, 20):
        a = scored_run(tmp_path / f"{voices}a", 0, 0.1, 4.0, 1, voices=voices)
        b = scored_run(tmp_path / f"{voices}b", 0, 0.3, 0.1, 2, voices=voices)
        board = make_board([a, b])
        told = compared(board)
        (pair,) = told.differences
        assert pair.apart and pair.certain == (voices >= FEWEST_VOICES)
        (words,), doubts = who_is_better(told.differences), " ".join(of_intervals(board, told))
        assert ("is not shown to be better" in words and "there are 7" in words) == (voices < FEWEST_VOICES)
        assert (f"rest on {voices} known voices" in doubts) == (voices < 20)


def test_what_one_run_knows_of_voices_holds_for_all(tmp_path: Path) -> None:
    """Equal scores are equal, whichever of the runs knows voices and tracks."""
    own = [f"clip:{n}" for n in range(72)]
    tracks = [f"t{n // 12}" for n in range(72)]
    runs = [
        scored_run(tmp_path / "voices", 0, 0.1, 1.5, 1),
        scored_run(tmp_path / "nothing", 0, 0.2, 1.5, 1, voice=own),
        scored_run(tmp_path / "tracks", 0, 0.3, 1.5, 1, voice=own, track=tracks),
    ]
    told = compared(make_board(runs), all_pairs=True)
    for pair in told.differences:
        assert all(each == (0.0, (0.0, 0.0)) for each in pair.figures.values())
    basis = told.basis["A"]
    assert (basis.voices, basis.clips, basis.unknown) == (6, 72, 0)
    assert compared(make_board(runs[:2])).basis["A"].voices == 12


def test_unknown_voices_are_told_and_show_nothing(tmp_path: Path) -> None:
    own = [f"clip:{n}" for n in range(72)]
    a = scored_run(tmp_path / "a", 0, 0.1, 4.0, 1, voice=own)
    b = scored_run(tmp_path / "b", 0, 0.3, 0.1, 2, voice=own)
    board = make_board([a, b])
    told = in_words(board, compared(board))
    assert "The voice of 72 of the 72 test clips is not known" in told
    assert '"a" is not shown to be better than "b"' in told and "there are none" in told


def test_an_interval_is_never_shown_without_what_it_leaves_out(tmp_path: Path) -> None:
    """One entry has no difference, and its interval is one over voices all the same."""
    board = make_board([scored_run(tmp_path / f"{seed}", seed, 0.1, 1.5, seed) for seed in range(2)])
    told = compared(board)
    assert told.differences == [] and told.f2[board.entries[0].name] is not None
    page = write_compare_page(board, told, tmp_path).read_text()
    for text in (in_words(board, told), page):
        assert "Another training seed is not in it" in text
    bare = make_board([told_run(tmp_path / "bare")])
    assert "In brackets" not in in_words(bare)


def test_it_is_said_where_whole_curves_are_drawn_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [scored_run(tmp_path / name, 0, dropout, 1.5, 1) for name, dropout in (("a", 0.1), ("b", 0.3))]
    board = make_board(runs)
    assert "draws of voices" not in in_words(board, compared(board))
    monkeypatch.setattr(of_differences, "CURVE_CELLS", 300 * 2 * 72)
    told = compared(board)
    page = write_compare_page(board, told, tmp_path).read_text()
    for text in (in_words(board, told), page):
        assert "AUC, EER and average precision come from 300 draws of voices and not from 2,000" in text
    draws = difference_table(told.differences).set_index("figure")["draws"]
    assert (draws["f2"], draws["auc"]) == (2000, 300)
