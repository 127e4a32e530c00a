"""Score files: back to the last bit, and refused where they cannot be right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.runs import SCORE_COLUMNS, RunFolder, read_scores, score_table, write_scores

from .scored import made_scores


def test_numbers_come_back_to_the_last_bit(tmp_path: Path) -> None:
    scores = made_scores()
    scores.loc[:3, "p_fake"] = [0.1 + 0.2, np.nextafter(1, 0), 5e-324, 1 / 3]
    write_scores(scores.assign(more="dropped"), tmp_path / "scores_val.csv")
    again = read_scores(tmp_path / "scores_val.csv")
    assert tuple(again.columns) == SCORE_COLUMNS
    for column in ("p_fake", "logit"):
        assert again[column].to_numpy().tobytes() == scores[column].to_numpy().tobytes()
    assert again["label"].tolist() == scores["label"].tolist()


def test_names_that_look_like_something_else_stay_names(tmp_path: Path) -> None:
    scores = made_scores(voices=2)
    scores["clip"] = [f"{n:04d}" for n in range(len(scores))]
    scores["voice"] = ["NA", "007"] * (len(scores) // 2)
    write_scores(scores, tmp_path / "s.csv")
    again = read_scores(tmp_path / "s.csv")
    assert again["clip"].tolist() == scores["clip"].tolist()
    assert again["voice"].tolist() == scores["voice"].tolist()


def test_what_the_clip_table_knows_of_groups_goes_along(tmp_path: Path) -> None:
    clips = pd.DataFrame(
        {
            "clip": ["a", "b", "c"], "voice": ["v", "v", "w"], "label": [0, 1, 1], "path": ["a", "b", "c"],
            "source_clip": ["", "a", "unknown"], "race": ["African", "African", ""], "seconds": [1.5, np.nan, 2.25],
            "codec": ["aac"] * 3,
        }
    )  # fmt: skip
    write_scores(
        score_table(clips, np.array([-1.0, 0.5, 2.0]), np.array([0.1, 0.5, 0.9])), tmp_path / "s.csv"
    )
    again = read_scores(tmp_path / "s.csv")
    assert tuple(again.columns) == (*SCORE_COLUMNS, "race", "seconds", "track")
    assert again["track"].tolist() == ["a", "a", "c"], "a recording and what was made of it"
    assert again["race"].tolist() == ["African", "African", ""]
    np.testing.assert_array_equal(again["seconds"], [1.5, np.nan, 2.25])
    assert again["system"].tolist() == ["", "", ""]


def test_scores_of_another_system_need_only_four_columns(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("p_fake,clip,label,voice\n0.25,a,0,v\n1,b,1,w\n")
    assert read_scores(tmp_path / "s.csv", both_classes=True)["p_fake"].tolist() == [0.25, 1.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_fake": "nan"}, "p_fake is not a number for val000/0"),
        ({"p_fake": "1.2"}, "p_fake must lie in 0 to 1, but val000/0 has 1.2"),
        ({"p_fake": "-inf"}, "p_fake must lie in 0 to 1"),
        ({"p_fake": "high"}, "p_fake must be a number"),
        ({"p_fake": ""}, "p_fake must be a number"),
        ({"logit": "nan"}, "logit is not a number"),
        ({"label": "fake"}, "label must be 0 (real) or 1 (fake), but val000/0 has 'fake'"),
        ({"label": "2"}, "label must be 0 (real) or 1 (fake)"),
        ({"clip": "val000/1"}, "these stand twice: val000/1"),
        ({"voice": " "}, "1 rows have no voice"),
    ],
)
def test_a_row_that_cannot_be_right_is_named(tmp_path: Path, change: dict[str, str], message: str) -> None:
    scores = made_scores().astype(str)
    for column, value in change.items():
        scores.loc[0, column] = value
    scores.to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(UserError) as error:
        read_scores(tmp_path / "s.csv")
    assert message in str(error.value)


@pytest.mark.parametrize("column", ["clip", "voice", "label", "p_fake"])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, column: str) -> None:
    made_scores().drop(columns=column).to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(UserError, match=f"no column '{column}'"):
        read_scores(tmp_path / "s.csv")


def test_missing_and_empty_files_and_single_classes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone.csv is missing"):
        read_scores(tmp_path / "gone.csv")
    scores = made_scores()
    scores[:0].to_csv(tmp_path / "empty.csv", index=False)
    with pytest.raises(UserError, match="has no clips"):
        read_scores(tmp_path / "empty.csv")
    for label, absent in ((0, "fake"), (1, "real")):
        write_scores(scores[scores["label"] == label], tmp_path / "one.csv")
        assert len(read_scores(tmp_path / "one.csv")) == len(scores) / 2
        with pytest.raises(UserError, match=f"has no {absent} clip"):
            read_scores(tmp_path / "one.csv", both_classes=True)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    write_scores(made_scores(), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="could not convert"):
        write_scores(pd.DataFrame({**made_scores(), "logit": "x"}), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["s.csv"]


def test_a_finished_run_is_claimed_only_when_told_so(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.claim()
    run.checkpoints.mkdir()
    (run.checkpoints / "last.ckpt").touch()
    run.detector.mkdir()
    run.detector_config.touch()
    run.claim()
    assert not run.detector.exists(), "a run without results is begun anew without asking"
    run.scores("val").touch()
    with pytest.raises(UserError, match="overwrite=true"):
        run.claim()
    assert run.scores("val").exists()
    run.metrics.touch()
    run.counterfactuals.touch()
    run.claim(overwrite=True)
    assert [path.name for path in run.path.iterdir()] == ["checkpoints"]
    assert (run.checkpoints / "last.ckpt").is_file(), "the new run may go on from it"
