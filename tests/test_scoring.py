"""Scoring a whole table: what `predict` says of each clip, once, however often the work is stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from deepfake_audio.clips import read_clips
from deepfake_audio.detector import load_detector
from deepfake_audio.errors import UserError
from deepfake_audio.journal import Journal
from deepfake_audio.runs import read_scores, score_table, write_scores
from deepfake_audio.score import is_done, write_whole
from deepfake_audio.scoring import score_clips
from deepfake_audio.shipped import shipped_detector

from .e2e.conftest import refused


@pytest.fixture
def clips(little_corpus: Path) -> pd.DataFrame:
    return read_clips(little_corpus / "clips.csv").iloc[[5, 0, 3, 8]].reset_index(drop=True)


def test_scores_are_what_predict_says_in_the_table_s_order(
    clips: pd.DataFrame, little_corpus: Path, tmp_path: Path
) -> None:
    scores, failures = score_clips(
        clips, little_corpus, shipped_detector(), tmp_path / "j", {}, jobs=1, progress=False
    )
    write_scores(scores, tmp_path / "scores.csv")
    told = read_scores(tmp_path / "scores.csv")
    assert told["clip"].tolist() == clips["clip"].tolist() and failures.empty
    assert told["label"].tolist() == clips["label"].tolist()
    detector = load_detector(shipped_detector())
    for path, p_fake, logit in zip(clips["path"], told["p_fake"], told["logit"], strict=True):
        verdict = detector.predict(little_corpus / path)
        assert (p_fake, logit) == pytest.approx((verdict.p_fake, verdict.logit), abs=1e-6)


def test_a_clip_that_cannot_be_judged_is_named_with_its_reason(clips: pd.DataFrame, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", [0.0] * 16_000, 16_000)
    clips = clips.iloc[:2].assign(path=["silent.wav", "gone.wav"])
    scores, failures = score_clips(
        clips, tmp_path, shipped_detector(), tmp_path / "j", {}, jobs=1, progress=False
    )
    assert scores.empty and failures["clip"].tolist() == clips["clip"].tolist()
    silent, gone = failures["reason"]
    assert silent.startswith("silent.wav is silent") and gone == "gone.wav is missing"


def test_what_was_scored_is_not_listened_to_again(clips: pd.DataFrame, tmp_path: Path) -> None:
    """Its file may even be gone; of another detector it would have to be."""
    journal = tmp_path / "j"
    with Journal(journal, {"detector": "one"}) as known:
        for clip in clips["clip"]:
            known.keep(clip, [0.1 + 0.2, 0.57])
    scores, failures = score_clips(
        clips, tmp_path, shipped_detector(), journal, {"detector": "one"}, jobs=1, progress=False
    )
    assert scores["logit"].tolist() == [0.1 + 0.2] * 4 and failures.empty
    _, failures = score_clips(
        clips, tmp_path, shipped_detector(), journal, {"detector": "two"}, jobs=1, progress=False
    )
    assert len(failures) == 4


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_line_that_was_torn_is_written_again(tmp_path: Path, cut: int) -> None:
    place = tmp_path / "journal"
    with Journal(place, {"a": 1}) as journal:
        for name, answer in (("x\n", [1.5, 0.1 + 0.2]), ("y", "it is 'silent'")):
            journal.keep(name, answer)
    place.write_bytes(place.read_bytes()[:-cut])
    with Journal(place, {"a": 1}) as journal:
        assert journal.answers == {"x\n": [1.5, 0.1 + 0.2]}
        journal.keep("y", "again")
    assert [json.loads(line) for line in place.read_text().splitlines()][1:] == [
        ["x\n", [1.5, 0.1 + 0.2]],
        ["y", "again"],
    ]


def test_two_do_not_write_one_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", {}), pytest.raises(UserError, match="in use"), Journal(tmp_path / "j", {}):
        pass


def test_a_second_run_knows_what_is_its_own(clips: pd.DataFrame, tmp_path: Path) -> None:
    """However the first one ended: with too many failures, whole, or killed between its files."""
    scores = score_table(clips.iloc[:1], np.array([0.5]), np.array([0.6]))
    failures = pd.DataFrame({"clip": ["b"], "path": ["gone.wav"], "reason": ["gone.wav is missing"]})
    out, made = tmp_path / "s.csv", {"step": "score"}
    assert not is_done(out, made)
    with pytest.raises(UserError, match="1 of 2 clips could not be judged"):
        write_whole(scores, failures, out, made, 0.05)
    assert not is_done(out, made), "or else the same command would now be content"
    write_whole(scores, failures, out, made, 0.5)
    assert is_done(out, made)
    with pytest.raises(UserError, match="holds other scores"):
        is_done(out, {"step": "other"})
    out.write_bytes(out.read_bytes() + b"\n")
    with pytest.raises(UserError, match="holds other scores"):
        is_done(out, made)
    out.with_suffix(".json").unlink()
    with pytest.raises(UserError, match="holds other scores"):
        is_done(out, made)


def test_a_shard_does_not_begin_where_other_scores_are(little_corpus: Path, tmp_path: Path) -> None:
    """Put together, the shards would take their place."""
    (tmp_path / "s.csv").write_text("mine")
    asked = ("score", f"clips={little_corpus / 'clips.csv'}", "out=s.csv", "shard=0", "shards=2")
    assert "s.csv holds other scores" in refused(*asked, cwd=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["s.csv"]
