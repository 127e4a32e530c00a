"""The command that moves a threshold: what it prints, writes, refuses, and how quick it is."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from deepfake_audio.clips import UNKNOWN_VOICE
from deepfake_audio.files import write_text
from deepfake_audio.runs import write_scores
from deepfake_audio.tune import main

from .scored import made_run, made_scores

SCRIPT = Path(__file__).parents[1] / "scripts" / "tune_threshold.py"


def test_the_table_is_that_of_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made_run(tmp_path / "run")
    assert main([str(run.path)]) == 0
    printed = capsys.readouterr()
    header, val, test = (line.split() for line in printed.out.splitlines()[:3])
    metrics = json.loads(run.metrics.read_text())
    assert header[:2] == ["threshold", "F2"]
    for row, part in ((val, "val"), (test, "test")):
        told = metrics[part]
        keys = ("f2", "recall", "precision", "false_alarm_rate", "f2_all_fake")
        assert row == [
            part,
            f"{told['threshold']:.4g}",
            *(f"{told[key]:.3f}" for key in keys),
            str(told["n_clips"]),
            str(told["n_voices"]),
        ]
    assert printed.err == ""


def test_another_beta_is_shown_beside_f2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made_run(tmp_path / "run")
    main([str(run.path), "--beta", "0.5"])
    printed = capsys.readouterr().out
    assert "F0.5" in printed.splitlines()[0]
    assert "highest F0.5" in printed
    assert f"{json.loads(run.threshold.read_text())['f_beta']:.3f}" in printed.splitlines()[1]


def test_every_rule_can_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made_run(tmp_path / "run", distance=1.0)
    for rule in (
        ["--rule", "false_alarm", "--max-false-alarm", "0.05"],
        ["--rule", "miss", "--max-miss", "0.05"],
        ["--rule", "cost", "--prevalence", "0.1", "--cost-miss", "10", "--cost-false-alarm", "2"],
        ["--prevalence", "0.1", "--max-false-alarm", "0.2"],
    ):
        main([str(run.path), *rule])
        told = json.loads(run.threshold.read_text())
        printed = capsys.readouterr().out
        assert told["how"] in printed
        assert "[{:.4g}, {:.4g}]".format(*told["interval"]) in printed
    assert told["rule"]["prevalence"] == 0.1


def test_a_rule_that_is_not_after_f2_is_not_blamed_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made_run(tmp_path / "run", distance=0.5)
    main([str(run.path), "--rule", "false_alarm", "--max-false-alarm", "0.01"])
    said = capsys.readouterr().err
    assert "F2 at this threshold is no better than that of calling everything fake" in said
    assert "false_alarm is not after it" in said


def test_calibration_is_made_anew_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made_run(tmp_path / "run")
    before = run.scores("test").read_bytes()
    main([str(run.path)])
    assert "calibrated" not in capsys.readouterr().out
    assert run.scores("test").read_bytes() == before
    main([str(run.path), "--calibration", "temperature"])
    assert "calibrated on validation (temperature: slope" in capsys.readouterr().out
    assert run.scores("test").read_bytes() != before


def test_calibration_is_fitted_to_validation_alone(tmp_path: Path) -> None:
    """With the answers to test turned round all that was fitted stays what it was."""
    run = made_run(tmp_path / "run")
    main([str(run.path), "--calibration", "platt"])
    before = json.loads(run.metrics.read_text())
    write_scores(made_scores("test").assign(label=lambda table: 1 - table["label"]), run.scores("test"))
    main([str(run.path), "--calibration", "platt"])
    after = json.loads(run.metrics.read_text())
    assert after["calibration"] == before["calibration"]
    assert after["val"] == before["val"]
    assert after["test"]["auc"] == pytest.approx(1 - before["test"]["auc"])


def test_another_calibration_alone_keeps_what_the_threshold_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made_run(tmp_path / "run")
    main([str(run.path), "--calibration", "platt", "--rule", "miss", "--max-miss", "0.02"])
    before = json.loads(run.threshold.read_text())
    main([str(run.path), "--calibration", "none"])
    after = json.loads(run.threshold.read_text())
    assert after["rule"] == before["rule"]
    assert after["threshold"] != before["threshold"]
    assert after["false_alarm_rate"] == before["false_alarm_rate"]
    main([str(run.path)])
    assert json.loads(run.threshold.read_text())["rule"]["name"] == "f_beta"
    capsys.readouterr()


def test_what_must_not_be_overlooked_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made_run(tmp_path / "run", ("val",))
    write_scores(made_scores().assign(p_fake=lambda table: 1 - table["p_fake"]), run.scores("val"))
    main([str(run.path)])
    said = capsys.readouterr().err
    assert "no better than calling everything fake" in said
    assert "the wrong way" in said
    assert "no test scores" in said


def test_few_and_unknown_voices_are_told_in_the_words_that_training_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made_run(tmp_path / "run", voices=5)
    main([str(run.path)])
    assert (
        "warning: with 5 voices the intervals themselves are rough, and nothing can be"
        in capsys.readouterr().err
    )
    for part in ("val", "test"):
        scores = made_scores(part, voices=5)
        write_scores(scores.assign(voice=UNKNOWN_VOICE + scores["clip"]), run.scores(part))
    main([str(run.path)])
    printed = capsys.readouterr()
    assert [line.split()[-1] for line in printed.out.splitlines()[:3]] == ["voices", "unknown", "unknown"]
    assert "warning: who speaks is unknown" in printed.err


def test_a_rule_for_another_share_of_fakes_says_what_the_table_is_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made_run(tmp_path / "run")
    main([str(run.path), "--prevalence", "0.05"])
    assert (
        "as they are, 50 % of validation fake; the rule weighs them as if 5 % were" in capsys.readouterr().out
    )
    main([str(run.path)])
    assert "as if" not in capsys.readouterr().out


def test_scores_that_are_put_right_are_spoken_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made_run(tmp_path / "run")
    main([str(run.path)])
    before = {path: path.read_bytes() for path in (run.scores("val"), run.threshold)}
    main([str(run.path), "--calibration", "platt"])
    assert "was not what" not in capsys.readouterr().out
    # As a run is left that was killed before it wrote these.
    for path, content in before.items():
        path.write_bytes(content)
    main([str(run.path)])
    assert "was not what the calibration in force makes of their logits" in capsys.readouterr().out
    main([str(run.path)])
    assert "was not what" not in capsys.readouterr().out


def test_a_report_that_lags_behind_is_named_and_drawn_anew_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which pictures there are is another test's business, and to draw them takes seconds.
    monkeypatch.setattr(
        "deepfake_audio.report.page.save_and_draw", lambda folder, name, figure: "<svg></svg>"
    )
    run = made_run(tmp_path / "run")
    main([str(run.path)])
    assert "report" not in capsys.readouterr().out
    write_text(run.page, "drawn before")
    main([str(run.path), "--beta", "0.5"])
    assert "--report" in capsys.readouterr().out
    assert run.page.read_text() == "drawn before"
    run.config.write_text("record:\n  mlflow: mlruns\n")
    main([str(run.path), "--beta", "0.5", "--report"])
    said = capsys.readouterr().out
    assert "tensorboard" not in said, "nobody asked for a record of bare scores"
    assert not (run.path / "tensorboard").exists()
    assert f"deepfake_audio.record {run.path} --mlflow mlruns` renews it" in said
    assert f"{json.loads(run.threshold.read_text())['threshold']:.6g}" in run.page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--beta", "-1"], "beta must be above 0"),
        (["--max-false-alarm", "5"], "share from 0 to 1"),
        (["--rule", "best"], "known are f_beta, false_alarm, miss, cost"),
        (["--rule", "miss"], "needs max_miss"),
        (["--max-miss", "0.1"], "f_beta does nothing with max_miss"),
        (["--rule", "cost", "--prevalence", "1"], "above 0 and below 1"),
        (["--calibration", "isotonic"], "known are platt, temperature, none"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    run = made_run(tmp_path / "run")
    with pytest.raises(SystemExit) as stop:
        main([str(run.path), *arguments])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert not run.threshold.exists()


def test_the_script_is_quick_and_needs_no_torch(tmp_path: Path) -> None:
    """As many validation and test clips as FakeAVCeleb has: seconds of work, start of Python included."""
    run = made_run(tmp_path / "run", voices=75, clips=44)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-X", "importtime", SCRIPT, run.path, "--max-false-alarm", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 8, "about three, whatever else the machine is busy with"
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "matplotlib", "hydra", "sklearn"}
    assert json.loads(run.threshold.read_text())["max_false_alarm"] == 0.1
