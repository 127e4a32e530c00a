"""The card says what was measured, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from deepfake_audio.card import card
from deepfake_audio.card.front_matter import RESULTS, fenced, parted
from deepfake_audio.card.making import recipe, without_folders
from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.files import read_json, write_json
from deepfake_audio.judgement import judge
from deepfake_audio.runs import write_scores

from .scored import made_run, made_scores

CONFIG: dict[str, Any] = {"network": {"name": "cnn"}, "corpus": "mine"}


def carded(folder: Path, leakage: dict[str, float], corpus: str = "mine") -> str:
    run = made_run(folder)
    metrics = judge(run.path)
    config = {**CONFIG, "corpus": corpus, "split": {"policy": "voice", "leakage": leakage}}
    return card({**config, "threshold": read_json(run.threshold)}, metrics)


@pytest.mark.parametrize(
    ("leakage", "said", "unsaid"),
    [
        ({"test_clips_with_voice_in_train": 0.0}, "No voice of the test was heard in training.", "leaks"),
        ({"test_clips_with_voice_in_train": 0.25}, "The split leaks: 25.0%", "No voice of the test"),
        ({}, "voices were heard in training is not known", "No voice of the test"),
        (
            {"test_fakes_with_system_in_train": 1.0},
            "nothing was measured on a new one",
            "not heard in training",
        ),
        (
            {"test_fakes_with_system_in_train": 0.6},
            "40.0% of the test's fakes are by",
            "nothing was measured",
        ),
    ],
)
def test_what_was_heard_in_training(
    tmp_path: Path, leakage: dict[str, float], said: str, unsaid: str
) -> None:
    text = carded(tmp_path / "run", leakage)
    assert said in text
    assert unsaid not in text


def test_the_figures_are_the_runs_own(tmp_path: Path) -> None:
    text = carded(tmp_path / "run", {})
    metrics = read_json(tmp_path / "run" / "metrics.json")
    for part in ("val", "test"):
        low, high = metrics[part]["intervals"]["f2"]
        assert f"{metrics[part]['f2']:.3f} [{low:.3f}, {high:.3f}]" in text
    assert "toy" not in text
    assert "says nothing about real deepfakes" in carded(tmp_path / "toy", {}, corpus="toy")


def test_tuning_rewrites_it(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    write_json(run.detector_config, {**CONFIG, "format": 1})
    judge(run.path, Rule(beta=0.5))
    told = read_json(run.threshold)
    assert (
        f"{told['threshold']:.6g}, chosen on validation: {told['how']}"
        in (run.detector / "README.md").read_text()
    )


def test_how_recordings_are_made_alike_is_told(tmp_path: Path) -> None:
    run = made_run(tmp_path)
    metrics = judge(run.path)
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    assert "made alike" not in card(config, metrics)
    told = card({**config, "neutral": {"silence_db": 20.0}}, metrics)
    assert "made alike before they are heard: silence at the edges (20 dB" in told


def test_what_the_audit_found_is_told(tmp_path: Path) -> None:
    run = made_run(tmp_path)
    metrics = {**judge(run.path), "shortcuts": {"words": "Better than cheating."}}
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    assert "not audited" in card(config, metrics)
    passed = card({**config, "audit": {"passed": True, "words": []}}, metrics)
    assert "No forbidden leak was found" in passed and "Better than cheating." in passed
    told = card({**config, "audit": {"passed": False, "words": ["3 voices on two sides"]}}, metrics)
    assert "in spite of what the audit found: 3 voices on two sides" in told


@pytest.mark.parametrize(
    ("kind", "said", "unsaid"),
    [
        ("platt", "about 80 % of what is given 0.8 is fake", "not calibrated"),
        ("none", "P(fake) is not calibrated.", "80 %"),
    ],
)
def test_what_p_fake_means_and_how_that_held(tmp_path: Path, kind: str, said: str, unsaid: str) -> None:
    run = made_run(tmp_path / "run")
    write_json(run.detector_config, {**CONFIG, "format": 1})
    metrics = judge(run.path, recalibrate=kind)
    told = (run.detector / "README.md").read_text()
    assert said in told
    assert unsaid not in told
    assert f"off by {metrics['test']['ece']:.3f} on average" in told
    assert ("the calibration" in told) == (kind == "platt")


def test_a_detector_from_before_there_were_calibrations_says_it_has_none(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    metrics = judge(run.path)
    assert "P(fake) is not calibrated." in card({**CONFIG, "threshold": read_json(run.threshold)}, metrics)


def test_what_intervals_cannot_know_is_told(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", voices=9)
    scores = made_scores("test", voices=9)
    metrics = judge(run.path)
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    told = card(config, metrics)
    assert "95 % interval over voices" in told and "With 9 voices the intervals themselves are rough." in told
    write_scores(scores.assign(voice="clip:" + scores["clip"]), run.scores("test"))
    told = card(config, judge(run.path))
    assert "95 % interval over clips" in told and "every interval is too narrow" in told
    assert "72, 0 (72 clips of unknown voice)" in told


def test_one_no_better_than_calling_everything_fake_says_so(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    words = "**On validation the best F2 is no better than calling everything fake.**"
    assert words not in carded(tmp_path / "run", {})
    write_scores(made_scores().assign(p_fake=0.4), run.scores("val"))
    metrics = judge(run.path)
    assert words in card({**CONFIG, "threshold": read_json(run.threshold)}, metrics)


def test_the_hub_reads_back_the_figures_of_test(tmp_path: Path) -> None:
    """By its own reader, to the last bit, and none of the clips that something was chosen by."""
    run = made_run(tmp_path / "run")
    metrics = judge(run.path)
    config = {**CONFIG, "threshold": read_json(run.threshold), "license": "cc-by-4.0", "language": ["en"]}
    data = ModelCard(card(config, metrics)).data
    assert {each.metric_type: each.metric_value for each in data.eval_results} == {
        key: metrics["test"][key] for key, _ in RESULTS
    }
    assert {(each.dataset_name, each.dataset_type, each.dataset_split) for each in data.eval_results} == {
        ("mine", "mine", "test")
    }
    assert (data.pipeline_tag, data.library_name) == ("audio-classification", "deepfake-audio")
    assert (data.license, data.language) == ("cc-by-4.0", ["en"])
    # What the hub's own writer makes of it is read as the same again.
    assert ModelCard(f"---\n{data.to_yaml()}\n---\ntext").data.to_dict() == data.to_dict()


def test_without_a_test_there_is_no_result(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", parts=("val",))
    metrics = judge(run.path)
    text = card({**CONFIG, "threshold": read_json(run.threshold)}, metrics)
    data = ModelCard(text).data
    assert data.eval_results is None and not hasattr(data, "model-index")
    assert data.license is None and "license" not in data.to_dict()
    assert "there are no test scores" in text and "| F2 |" in text


def test_what_nobody_measured_is_said_and_what_was_is_not(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    metrics = judge(run.path)
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    missing = card(config, metrics).partition("## Not measured")[2]
    assert "`deepfake-audio stress`" in missing and "a probe that never hears" in missing
    assert "other languages" in missing
    clean = {
        "auc": 0.9,
        "f2": 0.8,
        "recall": 0.9,
        "false_alarm_rate": 0.1,
        "intervals": {"auc": [0.85, 0.95]},
    }
    changed = {
        "clean": clean,
        "changes": [{**clean, "name": "low_pass", "auc": 0.7, "intervals": {}}],
        "words": ["the AUC falls from 0.90 to 0.70 below 4 kHz"],
        "threshold": 0.123,
    }
    told = {**metrics, "shortcuts": {"words": "Better than cheating."}}
    text = card({**config, "language": ["en"], "audit": {"passed": True, "words": []}}, told, changed)
    measured, _, missing = text.partition("## Not measured")
    assert "`deepfake-audio stress`" not in missing and "a probe that never hears" not in missing
    assert "other languages" not in missing
    assert "| low pass | 0.700 |" in measured and "The AUC falls from 0.90 to 0.70 below 4 kHz." in measured
    assert "The threshold was 0.123 then" in measured


def test_one_synthesiser_is_said_where_it_is_one(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    metrics = judge(run.path)
    config = {**CONFIG, "threshold": read_json(run.threshold)}
    assert "One synthesiser" not in card(config, metrics)
    for part in ("val", "test"):
        write_scores(made_scores(part).assign(system="rtvc|x"), run.scores(part))
    text = card({**config, "corpus": "fakeavceleb"}, judge(run.path))
    assert "One synthesiser (rtvc\\|x) made every fake" in text
    assert "SV2TTS" in text and "SV2TTS" not in card(config, metrics)


def test_systems_and_groups_stand_in_it(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    for part in ("val", "test"):
        scores = made_scores(part)
        write_scores(scores.assign(gender=scores["voice"].str[-1].isin(list("02468"))), run.scores(part))
    metrics = judge(run.path)
    text = card({**CONFIG, "threshold": read_json(run.threshold)}, metrics)
    for row in metrics["test"]["by_system"]:
        line = f"| {row['system']} | {row['label']} | {row['n_clips']}, {row['n_voices']} | {row['called_fake']:.3f} |"
        assert line in text
    (told,) = [group["words"] for group in metrics["test"]["groups"] if group["column"] == "gender"]
    assert f"- {told}" in text
    assert "as well for all people" not in text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("clips=/home/ann/my data/clips.csv", "clips=clips.csv"),
        ("clips=[/a/b.csv,~/c/d.csv]", "clips=[b.csv,d.csv]"),
        (r"features.path=C:\Users\ann\xlsr", "features.path=xlsr"),
        ("corpus.root=/data/", "corpus.root=data"),
        ("split.file=data/toy/split.csv", "split.file=data/toy/split.csv"),
        ("features.path=facebook/wav2vec2-base", "features.path=facebook/wav2vec2-base"),
        ("optim.lr=1e-3", "optim.lr=1e-3"),
    ],
)
def test_the_recipe_without_the_folders_of_a_machine(given: str, told: str, tmp_path: Path) -> None:
    assert without_folders(given) == told
    run = made_run(tmp_path / "run")
    assert recipe(run) is None
    run.overrides.parent.mkdir()
    run.overrides.write_text(
        yaml.safe_dump([given, "hydra.run.dir=/x", "overwrite=true", "+record.mlflow=/y"])
    )
    line = recipe(run)
    assert line is not None and line.startswith("deepfake-audio train ") and "/x" not in line
    assert told in line and "overwrite" not in line and "mlflow" not in line


def test_metadata_and_text_come_apart_again() -> None:
    told = {"license": "mit", "tags": ["a", "b"], "name": "é: --- #"}
    assert parted(fenced(told) + "# text\n---\nmore") == (told, "# text\n---\nmore")
    for bare in ("# no head\n---\nx\n---\n", "---\n- a list\n---\nx", "---\na: [\n---\nx"):
        assert parted(bare) == ({}, bare)


def test_a_corpus_of_a_strange_name(tmp_path: Path) -> None:
    """Names come from tables of strangers: they break neither the head nor a row."""
    run = made_run(tmp_path / "run")
    write_scores(made_scores("test").assign(system='<img src=x>\n| "y": ---'), run.scores("test"))
    metrics = judge(run.path)
    config = {**CONFIG, "corpus": 'a: "b"\n---\nx', "threshold": read_json(run.threshold)}
    text = card(config, metrics)
    (result,) = {each.dataset_name for each in ModelCard(text).data.eval_results}
    assert result == config["corpus"]
    rows = text.partition("## By system")[2].partition("##")[0]
    assert "<img" not in rows and all(
        line.startswith(("|", ",")) or not line for line in rows.splitlines()[1:]
    )
