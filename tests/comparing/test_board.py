"""The board: a setting's seeds are one entry, and no luck of a seed lifts it."""

from __future__ import annotations

import hashlib
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deepfake_audio.comparing import Comparison, compared, entry_table, in_words, make_board, run_table
from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.files import read_json, write_json
from deepfake_audio.report.compare_page import write_compare_page
from deepfake_audio.runs import RunFolder

from .told import CONFIG, told_run


def test_a_killed_trial_that_was_run_again_is_no_failed_seed(tmp_path: Path) -> None:
    killed, again = (told_run(tmp_path / f"{i}_cnn", val_f2=0.9, test_f2=0.8) for i in range(2))
    killed.metrics.unlink()
    (entry,) = make_board([killed, again]).entries
    assert entry.failed == 1
    write_json(killed.ended, {"status": "killed; run again as trial 1"})
    board = make_board([killed, again])
    assert board.entries[0].failed == 0
    assert run_table(board)["status"].tolist() == ["done", "killed; run again as trial 1"]
    assert "failed" not in in_words(board)


def test_seeds_are_one_entry_with_mean_and_spread(tmp_path: Path) -> None:
    val, test = [0.91, 0.85, 0.94], [0.80, 0.70, 0.90]
    runs = [
        told_run(tmp_path / f"{i}_cnn", seed=i, val_f2=v, test_f2=t)
        for i, (v, t) in enumerate(zip(val, test, strict=True))
    ]
    board = make_board(runs)
    (entry,) = board.entries
    assert entry.n_seeds == 3
    for figure, values in (("val_f2", val), ("test_f2", test)):
        spread = entry.spread(figure)
        assert spread is not None
        assert spread.mean == pytest.approx(statistics.mean(values))
        assert spread.deviation == pytest.approx(statistics.stdev(values))
        assert (spread.low, spread.high) == (min(values), max(values))
    row = entry_table(board).iloc[0]
    assert row["test_f2_min"] == 0.70
    assert row["n_runs"] == 3


def test_the_mean_ranks_and_not_the_best_seed(tmp_path: Path) -> None:
    lucky = [
        told_run(tmp_path / f"lucky{i}", seed=i, val_f2=f2, config={"model": {"dropout": 0.3}}, test_f2=1.0)
        for i, f2 in enumerate((0.99, 0.80, 0.80))
    ]
    steady = [told_run(tmp_path / f"steady{i}", seed=i, val_f2=0.9) for i in range(3)]
    board = make_board([*lucky, *steady])
    assert board.entries[0].results[0].run == steady[0]
    # Nor does a run stand above its setting in the table of runs.
    ranks = run_table(board).set_index("run")["rank"]
    assert ranks.loc[["lucky0", "steady0"]].tolist() == [2, 1]


def test_equal_f2_is_decided_by_average_precision(tmp_path: Path) -> None:
    a = told_run(tmp_path / "a", val_ap=0.8)
    b = told_run(tmp_path / "b", val_ap=0.9, config={"model": {"dropout": 0.3}})
    assert [entry.results[0].run for entry in make_board([a, b]).entries] == [b, a]


def test_equal_figures_share_a_rank_and_the_next_is_left_out(tmp_path: Path) -> None:
    """Also where a mean over other seeds differs by rounding."""
    of_seeds = {"a": (0.1, 0.2, 0.3), "b": (0.3, 0.2, 0.1), "c": (0.1,), "d": (0.9,)}
    runs = [
        told_run(tmp_path / f"{name}{seed}", seed=seed, val_f2=f2, config={"model": {"name": name}})
        for name, several in of_seeds.items()
        for seed, f2 in enumerate(several)
    ]
    board = make_board(runs)
    assert [(entry.name[0], entry.rank) for entry in board.entries] == [
        ("d", 1),
        ("a", 2),
        ("b", 2),
        ("c", 4),
    ]
    page = write_compare_page(make_board(runs[:6]), Comparison([], {}, {}), tmp_path).read_text()
    assert "share the first rank" in page and "ranks first" not in page


def test_a_seed_that_ran_twice_counts_once(tmp_path: Path) -> None:
    runs = [
        told_run(tmp_path / f"{i}", seed=s, val_f2=f)
        for i, (s, f) in enumerate([(0, 0.8), (0, 0.8), (1, 0.9)])
    ]
    (entry,) = make_board(runs).entries
    assert (entry.n_seeds, len(entry.results)) == (2, 3)
    spread = entry.spread("val_f2")
    assert spread is not None
    assert spread.mean == pytest.approx(0.85)


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    (entry,) = make_board([told_run(tmp_path / "run")]).entries
    spread = entry.spread("val_f2")
    assert spread is not None
    assert spread.deviation is None


@pytest.mark.parametrize(
    ("change", "entries"),
    [
        ({"data": {"batch_size": 16, "workers": 0}}, 1),
        ({"trainer": {"accelerator": "cpu", "devices": 1}}, 1),
        ({"ckpt_path": "elsewhere/last.ckpt"}, 1),
        ({"record": {"mlflow": "mlruns"}, "explain": True}, 1),
        ({"data": {"batch_size": 32, "workers": 2}}, 2),
        # Each process brings a batch of its own.
        ({"trainer": {"accelerator": "auto", "devices": 2}}, 2),
        ({"split": {"policy": "voice", "seed": 1}}, 2),
        ({"clips": "other/clips.csv"}, 2),
    ],
)
def test_what_makes_another_setting(tmp_path: Path, change: dict[str, Any], entries: int) -> None:
    runs = [told_run(tmp_path / "a", seed=0), told_run(tmp_path / "b", seed=1, config=change)]
    assert len(make_board(runs).entries) == entries


@pytest.mark.parametrize(("first", "second", "entries"), [("x", "x", 1), ("x", "y", 2)])
def test_where_the_content_of_the_clips_is_known_their_path_says_nothing(
    tmp_path: Path, first: str, second: str, entries: int
) -> None:
    def known(content: str) -> dict[str, Any]:
        return {"fingerprints": {"clips": content, "split": "s"}}

    a = told_run(tmp_path / "a", seed=0, provenance=known(first))
    b = told_run(tmp_path / "b", seed=1, config={"clips": "moved/clips.csv"}, provenance=known(second))
    assert len(make_board([a, b]).entries) == entries


def test_scores_that_the_figures_were_not_made_of_are_no_basis(tmp_path: Path) -> None:
    """Figures of one file beside intervals of another would be believed."""

    def prints(run: RunFolder) -> dict[str, str]:
        return {
            f"scores_{part}": hashlib.sha256(run.scores(part).read_bytes()).hexdigest()
            for part in ("val", "test")
        }

    runs = []
    for name in ("whole", "edited", "threshold"):
        run = told_run(tmp_path / name)
        write_json(run.metrics, {**read_json(run.metrics), "provenance": {"fingerprints": prints(run)}})
        runs.append(run)
    whole, edited, threshold = runs
    write_json(threshold.threshold, {"beta": 2.0, "max_false_alarm": None, "scores_fingerprint": "of others"})
    assert make_board([whole, edited]).failed == []
    edited.scores("test").write_text(edited.scores("test").read_text().replace("0.5", "0.6"))
    status = {result.run: result.status for result in make_board(runs).failed}
    tune = "run `python -m deepfake_audio.tune"
    assert status == {
        edited: f"failed: scores_test.csv is not what metrics.json was made of; {tune} {edited.path}`",
        threshold: f"failed: scores_val.csv is not what threshold.json was made of; {tune} {threshold.path}`",
    }


def test_a_run_that_was_left_half_judged_is_no_basis(tmp_path: Path) -> None:
    run = told_run(tmp_path / "half")
    write_json(run.threshold, {"beta": 2.0, "max_false_alarm": None, "threshold": 0.6})
    (half,) = make_board([run]).failed
    assert "threshold.json is not the one that metrics.json tells of; run `python -m" in half.status


@pytest.mark.parametrize(("seconds", "told"), [(None, ""), (3.0, ""), (2.5, "2 have another length")])
def test_other_tables_behind_clips_of_the_same_names_are_told(
    tmp_path: Path, seconds: float | None, told: str
) -> None:
    """Trimmed and untrimmed clips have the same names. What differs may be harmless: another clip of training."""
    runs = []
    for name, content, length in (("a", "x", 3.0), ("b", "y", seconds)):
        run = told_run(tmp_path / name, provenance={"fingerprints": {"clips": content}})
        if length is not None:
            pd.read_csv(run.scores("test")).assign(seconds=length).to_csv(run.scores("test"), index=False)
        runs.append(run)
    (caution,) = [each for each in make_board(runs).cautions if "clip tables that differ" in each]
    assert '("a"; "b")' in caution and told in caution and ("length" in caution) == bool(told)
    unknown = told_run(tmp_path / "c", config={"model": {"name": "b"}})
    assert not any("clip tables" in each for each in make_board([runs[0], unknown]).cautions)


def test_other_recordings_under_the_same_names_are_another_set(tmp_path: Path) -> None:
    """Where the table has fingerprints of the audio, trimmed clips are known to be others, whatever trained on."""
    prints = [
        {"clips": "x", "recordings": "r"},
        {"clips": "y", "recordings": "r"},
        {"clips": "z", "recordings": "s"},
    ]
    runs = [
        told_run(tmp_path / name, provenance={"fingerprints": each})
        for name, each in zip("abc", prints, strict=True)
    ]
    board = make_board(runs)
    assert {entry.name: entry.clips for entry in board.entries} == {"a": "A", "b": "A", "c": "B"}
    assert board.differing == {"B": "recordings, as far as these are known"}
    assert not any("clip tables" in each for each in board.cautions)


def test_runs_that_do_not_know_their_recordings_stand_with_those_that_do(tmp_path: Path) -> None:
    """Scores of another system, and runs of old: a caution, where their tables differ, but no set of their own."""
    know = told_run(tmp_path / "know", provenance={"fingerprints": {"clips": "x", "recordings": "r"}})
    old = told_run(
        tmp_path / "old", provenance={"fingerprints": {"clips": "w"}}, config={"model": {"name": "b"}}
    )
    board = make_board([know, old])
    assert {entry.clips for entry in board.entries} == {"A"} and board.differing == {}
    assert any("clip tables that differ" in each for each in board.cautions)
    other = told_run(
        tmp_path / "other", provenance={"fingerprints": {"recordings": "s"}}, config={"model": {"name": "c"}}
    )
    assert len({entry.clips for entry in make_board([know, old, other]).entries}) == 3, (
        "nobody knows whose they are"
    )


def test_names_in_sentences_are_set_off(tmp_path: Path) -> None:
    """Of several seeds without a word of their own the name is a list."""
    runs = [
        told_run(tmp_path / f"{name}_{seed}", seed=seed, config={"model": {"name": name}})
        for name in ("m1", "m2")
        for seed in range(3)
    ]
    board = make_board(runs)
    told = in_words(board, compared(board))
    assert '"m1_0 and 2 more" and "m2_0 and 2 more" cannot be told apart' in told


def test_runs_without_a_config_are_entries_of_their_own(tmp_path: Path) -> None:
    runs = [told_run(tmp_path / name) for name in "ab"]
    for run in runs:
        run.config.unlink()
    assert len(make_board(runs).entries) == 2


@pytest.mark.parametrize(
    ("clips", "what"),
    [
        ({"val": [("v9", 0), ("v8", 1)]}, "validation clips"),
        ({"test": [("t9", 0), ("t8", 1)]}, "test clips"),
        ({"test": [("test0", 1), ("test1", 1)]}, "labels"),
    ],
)
def test_other_clips_or_labels_are_ranked_apart_and_named(
    tmp_path: Path, clips: dict[str, list[tuple[str, int]]], what: str
) -> None:
    most = [told_run(tmp_path / f"a{i}", seed=i) for i in range(2)]
    other = told_run(tmp_path / "b", seed=2, val_f2=1.0, clips=clips)
    board = make_board([other, *most])
    assert [(entry.clips, entry.rank, entry.n_seeds) for entry in board.entries] == [("A", 1, 2), ("B", 1, 1)]
    assert board.differing == {"B": what}


def test_a_setting_of_which_a_seed_failed_says_so(tmp_path: Path) -> None:
    """A trained run knows the content of its tables, a failed one only their paths."""
    known = {"fingerprints": {"clips": "x", "split": "y"}}
    runs = [
        told_run(
            tmp_path / f"{i}", seed=i, provenance=known, config={"clips": "a.csv", "split": {"file": "s.csv"}}
        )
        for i in range(3)
    ]
    runs[2].metrics.unlink()
    board = make_board(runs)
    assert board.entries[0].failed == 1
    assert any("1 more of" in caution and "failed" in caution for caution in board.cautions)
    assert run_table(board)["status"].tolist() == [
        "done", "done", f"failed: no metrics.json; run `python -m deepfake_audio.tune {runs[2].path}`"
    ]  # fmt: skip


def test_an_audit_that_did_not_pass_and_other_splits_are_told(tmp_path: Path) -> None:
    a = told_run(tmp_path / "clean", audit={"passed": True}, split={"policy": "voice"})
    b = told_run(
        tmp_path / "leaky",
        audit={"passed": False},
        split={"policy": "random"},
        config={"model": {"name": "b"}},
    )
    cautions = " ".join(make_board([a, b]).cautions)
    assert 'did not pass in "leaky"' in cautions
    assert "random, voice" in cautions
    assert "did not pass" not in " ".join(make_board([a]).cautions)


def test_entries_are_called_by_what_tells_them_apart(tmp_path: Path) -> None:
    runs: list[RunFolder] = []
    for dropout in (0.1, 0.3):
        told = ["corpus=toy", f"model.dropout={dropout}"]
        config = {"model": {**CONFIG["model"], "dropout": dropout}}  # type: ignore[dict-item]
        for seed in range(2):
            folder = tmp_path / f"{len(runs)}_cnn"
            runs.append(told_run(folder, seed=seed, config=config, overrides=told, val_f2=1 - dropout))
    assert [entry.name for entry in make_board(runs).entries] == ["model.dropout=0.1", "model.dropout=0.3"]
    assert make_board(runs[:2]).entries[0].name == "0_cnn and 1 more", "nothing to be told apart from"
    runs[3].metrics.unlink()
    assert make_board([*runs[:2], runs[3]]).entries[0].name == "model.dropout=0.1"
    assert make_board(runs[:1]).entries[0].name == "0_cnn"


def test_one_that_was_tuned_for_something_else_is_no_further_seed(tmp_path: Path) -> None:
    """Tuning changes threshold.json and no setting; a rule of before rules had names is what it always was."""
    old = {"beta": 2.0, "max_false_alarm": None}
    capped = {**old, "rule": asdict(Rule("false_alarm", max_false_alarm=0.05))}
    runs = []
    for seed, told in enumerate(({**old, "rule": asdict(Rule())}, old, capped)):
        run = told_run(tmp_path / f"{seed}", seed=seed)
        write_json(run.threshold, told)
        runs.append(run)
    board = make_board(runs)
    assert sorted(entry.n_seeds for entry in board.entries) == [1, 2]
    (caution,) = [each for each in board.cautions if "different rules" in each]
    assert "highest F2" in caution and "at most 0.05 of the reals" in caution
    assert not any("different rules" in each for each in make_board(runs[:2]).cautions)
