"""The page of a run's explained examples: which clips, by which rule, and what is said of them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.explaining import explain
from deepfake_audio.report.examples_page import chosen_examples, silence_in, write_examples
from deepfake_audio.runs import RunFolder

from ..explaining.made import RATE, detector_of, high_band, noise
from ..scored import made_run, made_scores
from .heard import explained_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return explained_run(tmp_path_factory.mktemp("examples"))


def scores(*rows: tuple[str, int, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["clip", "label", "p_fake"])
    return table.assign(voice=table["clip"], system="")


def test_clips_are_chosen_by_the_rule() -> None:
    table = scores(
        ("a", 1, 0.99), ("b", 1, 0.9), ("c", 1, 0.2), ("d", 1, 0.01),
        ("e", 0, 0.8), ("f", 0, 0.95), ("g", 0, 0.001), ("h", 0, 0.45), ("i", 1, 0.7),
    )  # fmt: skip
    assert [each.clip["clip"] for each in chosen_examples(table, 0.5, 6)] == ["a", "d", "f", "g", "h", "i"]
    assert [each.clip["clip"] for each in chosen_examples(table, 0.5, 2)] == ["a", "d"]


def test_a_kind_that_is_not_there_leaves_its_place_to_others() -> None:
    table = scores(("a", 1, 0.9), ("b", 1, 0.8), ("c", 0, 0.1))
    assert [each.clip["clip"] for each in chosen_examples(table, 0.5, 6)] == ["a", "c", "b"]


def test_near_the_threshold_stand_different_voices_and_both_kinds() -> None:
    table = scores(
        ("a", 1, 0.99), ("b", 1, 0.01), ("c", 0, 0.99), ("d", 0, 0.01),
        ("fake1", 1, 0.501), ("fake2", 1, 0.502), ("fake3", 1, 0.51), ("real1", 0, 0.6), ("real2", 0, 0.7),
    ).assign(voice=["a", "b", "c", "d", "eve", "eve", "fay", "eve", "gus"])  # fmt: skip
    near = [each.clip["clip"] for each in chosen_examples(table, 0.5, 9)][4:]
    assert near == ["fake1", "real2", "fake3"]


def test_the_page_explains_each_and_needs_nothing_else(run: RunFolder) -> None:
    page = write_examples(run.path, count=3)
    assert page == run.report / "examples.html"
    text = page.read_text()
    assert len(re.findall(r"<h2 id=\"example-\d\">", text)) == 3
    assert text.count("<svg") == 3
    assert text.count("<audio") >= 3
    assert re.search(
        r"Over these 3 examples \d+ % of the evidence for what the detector called them falls", text
    )
    assert re.search(r"<p>In \d of 3 examples taking away", text)
    assert len(re.findall(r"gain [+-]\d", text)) == 3
    assert "Chosen by a rule" in text
    assert not re.search(r'(src|href)="(https?:)?//', text)


def test_a_recording_that_is_gone_costs_the_others_nothing(run: RunFolder) -> None:
    clips = pd.read_csv(run.path.parent / "clips.csv")
    gone = chosen_examples(made_scores("test", voices=6), 0.5, 1)[0].clip["clip"]
    clips.loc[clips["clip"] == gone, "path"] = "gone.wav"
    table = run.path.parent / "other.csv"
    clips.to_csv(table, index=False)
    text = write_examples(run, count=2, tables=[table]).read_text()  # type: ignore[union-attr]
    assert "Not explained: " in text
    assert "Of 2 examples, 1 could be checked. In " in text
    assert text.count("<svg") == 1


def test_evidence_counts_by_its_strength() -> None:
    """One recording says ten times as much as the other: its share on silence counts ten times."""
    pause = np.concatenate([np.zeros(RATE // 2, np.float32), noise(0.5)])
    told = explain(detector_of(high_band()), pause, "integrated_gradients", random_orders=0)
    (stretch,) = told.stretches
    on_silence = np.broadcast_to(stretch.silent.astype(float), stretch.evidence.shape)
    sign = 1 if told.label == "fake" else -1
    loud = replace(told, stretches=(replace(stretch, evidence=10 * sign * (1 - on_silence)),))
    faint = replace(told, stretches=(replace(stretch, evidence=sign * on_silence),))
    by_strength = on_silence.sum() / (10 * (1 - on_silence) + on_silence).sum()
    assert silence_in([loud, faint]) == pytest.approx(by_strength)
    assert silence_in([]) is None


def test_without_test_scores_there_is_no_page(tmp_path: Path) -> None:
    assert write_examples(made_run(tmp_path, parts=("val",))) is None
