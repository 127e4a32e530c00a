"""The real command on anybody's scores: the published ones, a reversed one, and what can't be judged."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.runs import RunFolder

from ..evaluation.score_files.made import score_file
from ..scored import made_run
from .conftest import command, refused

QUICK = ("--resamples", "100")
OPTION = {name: f"--{name.replace('_', '-')}" for name in Rule.__dataclass_fields__} | {"name": "--rule"}


@pytest.fixture(scope="module")
def published(bench: Path) -> dict[str, str]:
    """The figures that came with AASIST-L's scores, as they were printed: EER, min-tDCF, A07 to A19."""
    text = (bench / "scores" / "aasist-l_asvspoof2019_la_eval_published.txt").read_text()
    return {
        name.removeprefix("EER ").strip(): value for name, value in re.findall(r"(\S.*?)\s*= (\d\.\d+)", text)
    }


def test_published_figures_come_out_to_their_last_digit(
    bench: Path, published: dict[str, str], tmp_path: Path
) -> None:
    done = command(
        "evaluate", bench / "scores" / "aasist-l_asvspoof2019_la_eval.txt", "--digits", "9", *QUICK,
        "--asv", bench / "scores" / "asvspoof2019_la_asv_eval.txt",
        "--keys", bench / "asvspoof2019_la" / "ASVspoof2019.LA.cm.eval.trl.txt", "--json", "told.json", cwd=tmp_path,
    )  # fmt: skip
    assert len(published) == 15
    shown = {"EER": "EER", "min-tDCF": "min t-DCF"}
    for name, value in published.items():
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"{shown.get(name, name)} "))
        assert line.split(shown.get(name, name), 1)[1].split()[0] == value, line
    assert "a higher score means bona fide, by ASVspoof's convention; turned round" in done.stdout
    assert "voices: 67" in done.stdout and done.stderr == ""
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["n_clips"] == 71_237 and told["n_voices"] == 67
    assert f"{100 * told['figures']['eer']['value']:.9f}" == published["EER"]
    low, high = told["figures"]["eer"]["interval"]
    # Voices fail together: the interval is a good deal wider than clips would make it (0.887 to 1.108 %).
    assert low < 0.0085 and high > 0.0120


def test_a_reversed_file_is_refused_with_both_figures(bench: Path, tmp_path: Path) -> None:
    reversed_file = bench / "scores" / "ocsoftmax_reversed_asvspoof2019_la_eval.txt"
    line = refused("evaluate", reversed_file, *QUICK, "--json", "told.json", cwd=tmp_path)
    assert "EER 97.82 % as read" in line and "2.178 % turned round; say --higher fake" in line
    assert not list(tmp_path.iterdir())
    done = command("evaluate", reversed_file, "--higher", "fake", *QUICK, cwd=tmp_path)
    assert "2.178 %" in done.stdout and "a higher score means fake, as you say" in done.stdout


def test_a_stated_wrong_way_is_warned_of(tmp_path: Path) -> None:
    score_file(tmp_path / "s.csv", distance=2)
    assert "nothing says" in refused("evaluate", "s.csv", cwd=tmp_path)
    done = command("evaluate", "s.csv", "--higher", "bonafide", *QUICK, cwd=tmp_path)
    assert "warning: s.csv: the scores run the wrong way" in done.stderr


def test_a_runs_own_files_validation_choosing(tmp_path: Path) -> None:
    """The figures are those that the run's own judgement writes."""
    from deepfake_audio.judgement import judge

    run: RunFolder = made_run(tmp_path / "run")
    judged = judge(run.path)
    done = command(
        "evaluate", run.scores("test"), "--val", run.scores("val"), "--json", tmp_path / "told.json", *QUICK,
        cwd=tmp_path,
    )  # fmt: skip
    told = json.loads((tmp_path / "told.json").read_text())
    at = told["at_threshold"]
    assert at["threshold"] == pytest.approx(judged["test"]["threshold"], abs=1e-15)
    assert at["confusion"] == judged["test"]["confusion"]
    for name in ("f2", "recall", "precision", "false_alarm_rate"):
        assert at["figures"][name]["value"] == pytest.approx(judged["test"][name], abs=1e-12)
    for name in ("eer", "auc"):
        assert told["figures"][name]["value"] == pytest.approx(judged["test"][name], abs=1e-12)
    assert "chosen on scores_val.csv: highest F2" in done.stdout
    assert f"calling everything fake: {judged['test']['f2_all_fake']:.3f}" in done.stdout
    assert "not a result" in done.stdout and "Cllr" in done.stdout


@pytest.mark.parametrize(
    "rule",
    [
        {"name": "false_alarm", "max_false_alarm": 0.05},
        {"name": "miss", "max_miss": 0.1},
        {"name": "cost", "prevalence": 0.1, "cost_miss": 10.0, "cost_false_alarm": 2.0},
        {"prevalence": 0.1, "beta": 1.0, "max_false_alarm": 0.2},
    ],
)
def test_every_rule_that_a_run_can_be_tuned_by_chooses_here_too(rule: dict[str, Any], tmp_path: Path) -> None:
    """The threshold is that of `tune`, from the same options."""
    from deepfake_audio.evaluate import main
    from deepfake_audio.judgement import judge

    run, told = made_run(tmp_path / "run", voices=12), tmp_path / "told.json"
    options = [word for name, value in rule.items() for word in (OPTION[name], str(value))]
    files = [str(run.scores("test")), "--val", str(run.scores("val")), "--json", str(told)]
    main([*files, *options, "--resamples", "100"])
    judged = judge(run.path, Rule(**rule))["test"]
    at = json.loads(told.read_text())["at_threshold"]
    assert at["threshold"] == pytest.approx(judged["threshold"], abs=1e-15)
    assert at["confusion"] == judged["confusion"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone.csv"], "gone.csv is missing"),
        (["run/scores_test.csv", "--val", "run/scores_test.csv"], "never chosen on what it is judged by"),
        (["run/scores_test.csv", "--val", "run/scores_val.csv", "--threshold", "1"], "give one of them"),
        (["run/scores_test.csv", "--beta", "1"], "--beta is for --val"),
        (["run/scores_test.csv", "--val", "run/scores_val.csv", "--beta", "0"], "beta must be above 0"),
        (["run/scores_test.csv", "--cost-miss", "2"], "--cost-miss is for --val"),
        (["run/scores_test.csv", "--val", "run/scores_val.csv", "--rule", "miss"], "needs max_miss"),
        (["run/scores_test.csv", "--json", "run/scores_test.csv"], "would overwrite what is read"),
        (["run/scores_test.csv", "--resamples", "1"], "100 is the fewest"),
        (["run/scores_test.csv", "--digits", "-1"], "0 to 15"),
        (["run/scores_test.csv", "--threshold", "nan"], "no number"),
        (["run/scores_test.csv", "--tdcf-form", "2021"], "--tdcf-form is for --asv FILE"),
        (["run/scores_test.csv", "--llr"], "no log-likelihood ratios"),
        (["run/scores_test.csv", "--json", "run/scores_val.csv/x.json"], "can't be"),
    ],
)
def test_bad_use_is_one_line(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process: the line and the status are the command's own."""
    from deepfake_audio.evaluate import main

    run = made_run(tmp_path / "run", voices=4)
    before = run.scores("test").read_bytes()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and told in error
    assert run.scores("test").read_bytes() == before


def test_help_is_quick_and_says_how(tmp_path: Path) -> None:
    assert "--higher {fake,bonafide}" in command("evaluate", "--help", cwd=tmp_path).stdout
