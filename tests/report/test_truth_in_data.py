"""What the pages say of leaks, shortcuts and changed clips: all of it, escaped, and at the top where it matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deepfake_audio.card import card
from deepfake_audio.evaluation.probe_words import WORDS
from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.files import read_json, write_json
from deepfake_audio.judgement import judge
from deepfake_audio.report import write_audit_page, write_report
from deepfake_audio.report.dots import Dot, Panel, dot_plot
from deepfake_audio.report.sections.counterfactuals import fell
from deepfake_audio.report.sections.shortcuts import shortcut_section
from deepfake_audio.report.sections.split import split_section
from deepfake_audio.report.summing_up import taken_together
from deepfake_audio.report.words import alarms, verdict
from deepfake_audio.runs import RunFolder

from ..scored import made_run
from .test_report import Outline

EXAMPLE = {"clips": ["a/<b>1", "x/2"], "splits": ["train", "test"], "what": "voice id007"}


def leak(found: int, forbidden: bool) -> dict[str, Any]:
    examples = [EXAMPLE] * bool(found)
    share = found / 40
    return {
        "forbidden": forbidden,
        "found": found,
        "test_clips": found,
        "share_of_test": share,
        "examples": examples,
    }


def made_audit(voices: int = 0) -> dict[str, Any]:
    probes = [
        {"name": name, "auc": auc, "low": auc - 0.05, "high": auc + 0.05, "n_clips": 90, "n_voices": 9}
        for name, auc in (("leading_silence_seconds", 0.91), ("loudness_db", 0.52))
    ]
    probes.append({**probes[0], "name": "codec", "auc": 0.5, "low": 0.5, "high": 0.5, "note": "constant"})
    return {
        "n_clips": 1234,
        "n_voices": 56,
        "leaks": {"voice": leak(voices, True), "face": leak(3, False), "near_track": leak(0, True)},
        "shortcuts": {"probes": probes, "all": {**probes[0], "name": "all"}, "words": "The words on probes."},
        "passed": not voices,
        "words": ["3 faces on more than one side", "The words on probes."],
    }


def made_verdict() -> dict[str, Any]:
    probe = {"name": "leading_silence_seconds", "val_auc": 0.93, "auc": 0.87, "low": 0.8, "high": 0.9}
    best = {**probe, "threshold": 0.4, "f2": 0.7654, "f2_interval": [0.7, 0.8], "f2_all_fake": 0.8333}
    return {
        "probes": [probe, {**probe, "name": "all", "val_auc": 0.92}],
        "best": {**best, "n_clips": 40, "n_voices": 8},
        "detector": {"auc": 0.9, "low": 0.85, "high": 0.95},
        "margin": {"auc": 0.03, "low": -0.01, "high": 0.07},
        "better": None,
        "words": "Not shown to be better than cheating.",
    }


def made_changes(threshold: float) -> dict[str, Any]:
    figures = {"f2": 0.9, "f2_all_fake": 0.8333, "recall": 0.95, "false_alarm_rate": 0.25, "auc": 0.96}
    clean = {**figures, "intervals": {"f2": [0.85, 0.95], "auc": [0.9, 0.99]}}
    trimmed = {**clean, "auc": 0.55, "drop_in_auc": 0.41, "drop_interval": [0.3, 0.5]}
    one_class = {"f2": None, "recall": None, "auc": None, "intervals": None}
    return {
        "threshold": threshold,
        "clean": clean,
        "changes": [
            {**trimmed, "name": "trimmed", "what": "edge silence trimmed & gone"},
            {**clean, "name": "below_4khz", "what": "", "drop_in_auc": 0.01, "drop_interval": [-0.02, 0.03]},
            {**clean, **one_class, "name": "mp3", "what": "", "drop_in_auc": None, "drop_interval": None},
        ],
        "words": ["the AUC falls from 0.96 to 0.55"],
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = made_run(tmp_path_factory.mktemp("truth") / "run", voices=8)
    judge(run.path, about={"audit": made_audit(voices=4), "shortcuts": made_verdict()})
    threshold = read_json(run.threshold)["threshold"]
    write_json(run.path / "counterfactuals.json", made_changes(threshold))
    return run


@pytest.fixture(scope="module")
def page(run: RunFolder) -> Path:
    return write_report(run.path)


def test_the_report_tells_of_leaks_shortcuts_and_changed_clips(run: RunFolder, page: Path) -> None:
    outline = Outline(page.read_text())
    assert not outline.tags & {"script", "link", "iframe", "img", "b"}
    for phrase in (
        "the same voice4", "10.0 %", "yes, and found", "3 faces on more than one side.", "a/<b>1 (train)",
        "0.910 [0.860, 0.960]", "0.870 [0.800, 0.900]", "constant", "0.765 [0.700, 0.800]", "0.833",
        "+0.410 [+0.300, +0.500]", "undefined", "below 4khz", "edge silence trimmed & gone",
        "The AUC falls from 0.96 to 0.55.",
    ):  # fmt: skip
        assert phrase in outline.text, phrase
    assert outline.text.count("The words on probes.") == 1
    assert {"shortcuts.png", "counterfactuals.png"} <= {file.name for file in run.report.iterdir()}


def test_what_was_let_through_stands_above_everything_else(page: Path) -> None:
    text = Outline(page.read_text()).text
    alarm, beside = text.index("Warning: the audit"), text.index("Not shown to be better than cheating")
    summed = text.index("Taken together: don't rely on these figures")
    assert alarm < text.index("the detector reaches") < beside < summed < text.index("Threshold")
    assert alarms({"audit": made_audit()}) == [] == alarms({})
    assert "10.0 % of the test clips" in alarms({"audit": made_audit(4)})[0]
    unchecked = {**made_audit(), "passed": False}
    assert "could not be looked for" in alarms({"audit": unchecked})[0]


@pytest.mark.parametrize("kind", ["voice", "track", "near_track"])
def test_no_voice_is_called_unheard_that_the_audit_heard(run: RunFolder, kind: str) -> None:
    """By the split's own account nothing leaks; the audit knows better, and so do page and card."""
    split = {"leakage": {"test_clips_with_voice_in_train": 0.0}}
    config = {"network": {"name": "cnn"}, "split": split, "threshold": read_json(run.threshold)}
    metrics = {**read_json(run.metrics), "split": split}
    for found, forbidden in ((0, True), (1, True), (1, False)):
        audit = {**made_audit(), "passed": not (found and forbidden), "leaks": {kind: leak(found, forbidden)}}
        told = verdict({**metrics, "audit": audit}), card(config, {**metrics, "audit": audit})
        assert (
            ("voices it never heard" in told[0])
            == ("No voice of the test was heard" in told[1])
            == (not found)
        )
        assert all(("found a voice or a track" in each) == bool(found) for each in told)
        assert ("the data leaks" in taken_together({**metrics, "audit": audit})) == bool(found)
    unchecked = {**metrics, "audit": {**made_audit(), "passed": False}}
    assert "did not pass the audit" in verdict(unchecked) and "never heard" not in verdict(unchecked)
    assert "did not pass its audit" in taken_together(unchecked)


# From good to bad: what is changed, all that came before being changed too, and the line that it leads to.
WORSE: list[tuple[dict[str, Any], str]] = [
    ({}, "on clips like these it is better than calling everything fake and than a probe"),
    ({"shortcuts": {}}, "whether it hears the voice at all was not looked into"),
    ({"split": {"leakage": {"test_clips_with_voice_in_train": 0.0, "test_clips_of_unknown_voice": 0.1}}}, "may have"),
    ({"corpus": "toy"}, "nothing about real deepfakes"),
    ({"shortcuts": {**made_verdict(), "better": None}}, "but not shown to be better than a probe"),
    ({"f2_over_all_fake": [-0.1, 0.1]}, "not shown to be better than calling everything fake"),
    ({"shortcuts": {**made_verdict(), "better": False}}, "a probe that never hears the voice does better"),
    ({"f2_over_all_fake": [-0.2, -0.1]}, "don't use it: calling everything fake is no worse"),
    ({"n_witnesses": {"real": 5, "fake": 30}}, "nothing is shown, since test has too few voices"),
    ({"n_unknown_voice": 64}, "nobody knows whose voices"),
    ({"confusion": {"tp": 32, "fp": 32, "tn": 0, "fn": 0}}, "don't use it: calling everything fake is no worse"),
    ({"n_fake": 0}, "little is shown, since test has no fake clip"),
    ({"test": None}, "no test scores"),
    ({"audit": {**made_audit(), "passed": False}}, "don't rely on these figures: the data did not pass its audit"),
    ({"split": {"leakage": {"test_clips_with_voice_in_train": 0.9}}}, "don't rely on these figures: the data leaks"),
]  # fmt: skip


def test_of_all_that_stands_against_a_detector_the_worst_sums_it_up(run: RunFolder) -> None:
    split = {"leakage": {"test_clips_with_voice_in_train": 0.0}}
    told = {
        **read_json(run.metrics),
        "audit": None,
        "split": split,
        "shortcuts": {**made_verdict(), "better": True},
    }
    test = {**told["test"], "n_witnesses": {"real": 30, "fake": 30}}
    test["intervals"] = {**test["intervals"], "f2_over_all_fake": [0.05, 0.1]}
    for change, line in WORSE:
        for key, value in change.items():
            if key in ("shortcuts", "split", "corpus", "audit"):
                told[key] = value
            elif key == "test":
                test = value
            elif key == "f2_over_all_fake":
                test["intervals"][key] = value
            else:
                test[key] = value
        summed = taken_together(
            {**told, "test": test} if test else {k: v for k, v in told.items() if k != "test"}
        )
        assert summed.startswith("Taken together: ") and line in summed, (change, summed)


def test_what_is_said_of_split_and_probes_is_so() -> None:
    assert "seed" not in split_section({"policy": "own", "seed": 0, "file": None})
    assert "dealt out with seed 3" in split_section({"policy": "voice", "seed": 3, "file": None})
    assert "seed" not in split_section({"policy": "voice", "seed": None})
    told = shortcut_section(made_verdict(), None, "<svg></svg>")
    assert "no proof that there is nothing to cheat with" in told and "matched" not in told


def test_the_verdict_and_the_audit_stay_when_the_threshold_is_tuned_again(
    run: RunFolder, undrawn: list[str]
) -> None:
    before = read_json(run.metrics)
    after = judge(run.path, Rule(max_false_alarm=0.01))
    assert after["val"]["threshold"] != before["val"]["threshold"]
    assert (after["audit"], after["shortcuts"]) == (before["audit"], before["shortcuts"])
    assert "it has been tuned since" in Outline(write_report(run.path).read_text()).text


def test_a_run_whose_shortcuts_could_not_be_probed_has_a_page(tmp_path: Path, undrawn: list[str]) -> None:
    run = made_run(tmp_path / "run")
    nothing = {"probes": [], "all": None, "words": "Could not be probed."}
    audit = {**made_audit(), "leaks": {}, "shortcuts": nothing, "words": []}
    judge(run.path, about={"audit": audit, "shortcuts": {"words": "No probe."}})
    text = Outline(write_report(run.path).read_text()).text
    assert "Could not be probed." in text
    assert "No probe." in text
    assert undrawn and "shortcuts" not in undrawn


def test_an_audit_has_a_page_of_its_own(tmp_path: Path) -> None:
    told = {"of": "data/mine/clips.csv; split by the policy voice, seed 0", **made_audit()}
    page = write_audit_page(told, tmp_path / "new" / "audit.html")
    outline = Outline(page.read_text())
    assert not outline.tags & {"script", "link", "iframe", "img"}
    assert all(address.startswith("#") for address in outline.addresses)
    # Of which clips it is, and what gives them away, before that it passed.
    places = [
        outline.text.index(phrase) for phrase in ("Of data/mine", "The words on probes", "The audit passed")
    ]
    assert places == sorted(places)
    for phrase in ("1,234 clips of 56 voices", "The audit passed", "silence before the speech", "0.520 ["):
        assert phrase in outline.text
    text = Outline(write_audit_page(made_audit(2), page).read_text()).text
    assert "Forbidden, and on more than one side: the same voice (5.0 % of the test clips)" in text
    bare = {key: value for key, value in made_audit().items() if key != "shortcuts"}
    assert "Shortcuts" not in Outline(write_audit_page(bare, page).read_text()).text


def test_only_a_fall_that_is_large_and_shown_is_pointed_at() -> None:
    assert fell({"drop_in_auc": 0.2, "drop_interval": [0.1, 0.3]})
    assert not fell({"drop_in_auc": 0.2, "drop_interval": [-0.1, 0.5]})
    assert not fell({"drop_in_auc": 0.02, "drop_interval": [0.01, 0.03]})
    assert not fell({"drop_in_auc": None, "drop_interval": None})
    # One of many changes: what its own interval says is not enough.
    assert not fell({"drop_in_auc": 0.2, "drop_interval": [0.01, 0.3], "shown": False})


def test_each_dot_stands_in_its_row_on_its_interval() -> None:
    """Rows from the top down; what stands out has another shape, not only another colour."""
    dots = [Dot("first", 0.9, (0.8, 0.95), True), Dot("unknown", None, None), Dot("last", 0.6, None)]
    figure = dot_plot([Panel("AUC", dots, ("ours", 0.7, (0.6, 0.8)), ("chance", 0.5))], "a probe", "the best")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "unknown", "last"]
    assert axes.yaxis_inverted()
    drawn = [(*line.get_xydata().ravel(), line.get_marker()) for line in axes.lines]  # type: ignore[union-attr]
    assert (0.9, 0.0, "D") in drawn
    assert (0.6, 2.0, "o") in drawn
    assert (0.8, 0.0, 0.95, 0.0, "None") in drawn
    assert len(drawn) == 5


def test_every_name_fits_beside_the_picture() -> None:
    assert max(map(len, WORDS.values())) < 60
