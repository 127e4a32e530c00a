"""docs/numbers.md: its example can be made again, its arithmetic is right, its figures are ours, its commands run."""

from __future__ import annotations

import ast
import csv
import io
import math
import operator
import random
import re
import shlex
import shutil
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.score_files import figures, freeze, read_score_file
from deepfake_audio.evaluation.statistics import clusters, intervals
from deepfake_audio.evaluation.statistics.figures import curves
from deepfake_audio.evaluation.statistics.measured import Clips
from deepfake_audio.evaluation.thresholds import Rule

from .scored import made_run

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLE = DOCS / "example"
PAGE = (DOCS / "numbers.md").read_text(encoding="utf-8")
# Without line breaks, so that a phrase is found wherever a line ends.
WORDS = " ".join(PAGE.split())


def example(part: str, voices: int, seed: int) -> str:
    """Made-up scores: a detector that likes some voices less, and finds text-to-speech easier than a vocoder."""
    rng = random.Random(seed)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("clip", "voice", "system", "label", "p_fake"))
    more_fakes = round(voices * 0.526 * 20 - 10 * voices)
    for voice in range(voices):
        own = 1.2 * NormalDist().inv_cdf(rng.random())
        for clip in range(20):
            fake = clip < (11 if voice < more_fakes else 10)
            system = ("vocoder", "tts")[clip % 2] if fake else "human"
            mean = {"vocoder": 1.5, "tts": 2.5, "human": -1.8}[system]
            logit = mean + own + 1.3 * NormalDist().inv_cdf(rng.random())
            name = f"{part}{voice + 1:02d}"
            rows.writerow(
                (f"{name}/{clip + 1:02d}", name, system, int(fake), f"{1 / (1 + math.exp(-logit)):.4f}")
            )
    return text.getvalue()


@pytest.mark.parametrize(("part", "voices", "seed"), [("val", 30, 1), ("test", 50, 2)])
def test_the_example_can_be_made_again(part: str, voices: int, seed: int) -> None:
    assert (EXAMPLE / f"scores_{part}.csv").read_text() == example(part, voices, seed)


SIGNS: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip


def worked_out(node: ast.expr) -> float:
    """Plain arithmetic, and nothing else."""
    if isinstance(node, ast.BinOp):
        return float(SIGNS[type(node.op)](worked_out(node.left), worked_out(node.right)))
    assert isinstance(node, ast.Constant)
    return float(node.value)


def test_arithmetic() -> None:
    found = re.findall(r"`([-+*/() 0-9.]+) = ([0-9.]+)`", WORDS)
    assert len(found) > 12
    for sum_, result in found:
        digits = len(result.partition(".")[2])
        assert f"{worked_out(ast.parse(sum_, mode='eval').body):.{digits}f}" == result, sum_


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the page's first command finds."""
    val, test = (read_score_file(EXAMPLE / f"scores_{part}.csv") for part in ("val", "test"))
    return figures(test, freeze(val, Rule()))


def test_figures_of_the_example(told: dict[str, Any]) -> None:
    at, of = told["at_threshold"], told["figures"]
    cells, value = at["confusion"], {name: each["value"] for name, each in {**of, **at["figures"]}.items()}
    low, high = at["figures"]["f2_over_all_fake"]["interval"]
    f2_low, f2_high = at["figures"]["f2"]["interval"]
    systems = {each["system"]: f"{100 * each['eer']:.1f} %" for each in told["by_system"]}
    for phrase in (
        f"1,000 recordings of {told['n_voices']} people, of which {told['n_fake']} are fake",
        f"what scores at least {at['threshold']:g} is called fake",
        f"| {cells['tp']} found | {cells['fn']} missed |",
        f"| {cells['fp']} false alarms | {cells['tn']} left in peace |",
        f"`504 / 526 = {value['recall']:.3f}`",
        f"`157 / 474 = {value['false_alarm_rate']:.3f}`",
        f"= {value['precision']:.3f}` | it is another one",
        f"= {value['accuracy']:.3f}` | where 95 %",
        f"= {value['balanced_accuracy']:.3f}` | little",
        f"| MCC | Do verdict and truth go together? | {value['mcc']:.3f} |",
        f"+ 157) = {value['f2']:.3f}`",
        f"+ 474) = {told['f2_all_fake']:.3f}`",
        f"worth the distance: {value['f2_over_all_fake']:.3f}, with an interval of {low:.3f} to {high:.3f}",
        f"F2 of {told['own_best']['f2']:.3f}. That is no result",
        f"`F2 {value['f2']:.3f} [{f2_low:.3f}, {f2_high:.3f}]`",
        f"**ECE** is how far the two are apart on average: {value['ece']:.3f}",
        f"from the truth: {value['brier']:.3f} here",
        f"Here {value['cllr']:.3f}. One certain",
        f"equally frequent. {100 * value['eer']:.1f} % here",
        f"{systems['vocoder']} for the vocoder, {systems['tts']} for the text-to-speech",
        f"random real recording: {value['auc']:.3f}",
        f"one by one: {value['average_precision']:.3f}",
        f"1 is no use; here {value['min_dcf']:.3f}",
        f"claim to be best: {value['act_dcf']:.3f}",
    ):
        assert phrase in WORDS, phrase


def test_a_cap_on_false_alarms() -> None:
    val, test = (read_score_file(EXAMPLE / f"scores_{part}.csv") for part in ("val", "test"))
    label, score = test.table["label"], test.table["score"]
    at = metrics.confusion(label, score, freeze(val, Rule(max_false_alarm=0.05)).threshold)
    phrase = f"The first finds {at.tp:g} of the 526 fakes and calls {at.fp:g} of the 474 real ones fake"
    assert phrase in WORDS, phrase
    assert f"Its F2 is {metrics.f_beta(at):.3f}, far below" in WORDS


def test_what_copies_and_unknown_voices_do_to_an_interval(told: dict[str, Any]) -> None:
    once = pd.read_csv(EXAMPLE / "scores_test.csv")
    often = pd.concat([once] * 10, ignore_index=True)
    rows = {
        "the 50 people": (once, clusters(once["voice"])),
        "the 1,000 files, as if each had another speaker": (once, once.index),
        "every file copied ten times, the 50 people": (often, clusters(often["voice"])),
        "every file copied ten times, the 10,000 files": (often, often.index),
    }
    for name, (table, drawn) in rows.items():
        found = intervals(table["label"], table["p_fake"], drawn, told["at_threshold"]["threshold"])[
            "false_alarm_rate"
        ]
        assert found is not None
        phrase = f"| {name} | {100 * found[0]:.1f} to {100 * found[1]:.1f} % |"
        assert phrase in WORDS, phrase


def test_calibration_of_the_example() -> None:
    table = pd.read_csv(EXAMPLE / "scores_test.csv")
    found = metrics.reliability(table["label"], table["p_fake"])
    count, share = int(found.count[8]), found.share_fake[8]
    phrase = (
        f"{count} recordings got between 0.8 and 0.9, on average {found.mean_p[8]:.3f}, and "
        f"`{round(count * share)} / {count} = {share:.3f}` of them are fake"
    )
    assert phrase in WORDS, phrase


def test_where_the_scores_lie() -> None:
    table = pd.read_csv(EXAMPLE / "scores_test.csv")
    found = metrics.reliability(table["label"], table["p_fake"])
    for low, count, share in zip(found.edges[:-1], found.count, found.share_fake, strict=True):
        fake = round(count * share)
        bars = [f"{number:3d} {'#' * round(number / 10)}" for number in (count - fake, fake)]
        line = f"{low:.1f} to {low + 0.1:.1f}   {bars[0]:<26}  {bars[1]}"
        assert f"\n{line}\n" in PAGE, line


def test_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line of the page's blocks, beside files by the names that it gives them."""
    from deepfake_audio import evaluate, tune

    shutil.copytree(EXAMPLE, tmp_path / "docs" / "example")
    made_run(tmp_path / "outputs" / "mine")
    made = pd.read_csv(EXAMPLE / "scores_test.csv")
    pd.DataFrame({"clip": made["clip"], "score": 1 - made["p_fake"]}).to_csv(
        tmp_path / "cm_scores.txt", sep=" ", header=False, index=False
    )
    words = made["label"].map({0: "bonafide", 1: "spoof"})
    keys = pd.DataFrame(
        {"voice": made["voice"], "clip": made["clip"], "-": "-", "system": made["system"], "key": words}
    )
    keys.to_csv(tmp_path / "keys.txt", sep=" ", header=False, index=False)
    made.rename(columns={"p_fake": "result"}).to_csv(tmp_path / "their_scores.csv", index=False)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if line.startswith("python ")]
    assert len(commands) == 5
    for command in commands:
        python, _, verb, *arguments = shlex.split(command)
        assert python == "python"
        quick = ["--resamples", "100"] if verb.endswith("evaluate") else []
        main = {"deepfake_audio.evaluate": evaluate.main, "deepfake_audio.tune": tune.main}[verb]
        assert main([*arguments, *quick]) == 0, command
        assert "F2" in capsys.readouterr().out


def test_published_scores_over_clips_and_over_voices(bench: Path) -> None:
    scores = bench / "scores" / "aasist-l_asvspoof2019_la_eval.txt"
    keys = bench / "asvspoof2019_la" / "ASVspoof2019.LA.cm.eval.trl.txt"
    read = read_score_file(scores, keys=keys).table
    for drawn, phrase in (
        (np.arange(len(read)), "{} to {} % if files are drawn"),
        (read["voice"], "{} to {} % if its 67 speakers are"),
    ):
        clips = Clips.of(read["label"], read["score"], drawn)
        eer = curves(clips, {"eer": metrics.equal_error_rate}, 200, seed=0)["eer"]
        found = re.search(phrase.format(r"(\S+)", r"(\S+)"), WORDS)
        assert found is not None
        # A tenth of the draws that a reader makes finds the ends a little less exactly.
        ends = [100 * end for end in np.quantile(eer, [0.025, 0.975])]
        assert ends == pytest.approx([float(end) for end in found.groups()], abs=0.1)
