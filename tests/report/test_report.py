"""The page: whole, safe, legible in both schemes, and with the figures of the run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import fbeta_score

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.judgement import judge
from deepfake_audio.files import read_json, write_json
from deepfake_audio.report import write_report
from deepfake_audio.report.pictures import MOST_POINTS, f_beta_curve, histograms, roc_and_det, training_curves
from deepfake_audio.report.style import STYLE
from deepfake_audio.report.words import cautions, verdict
from deepfake_audio.runs import RunFolder, read_scores, write_scores

from ..scored import made_run, made_scores

VOID = {"meta", "br", "img", "path", "use", "image"}


class Outline(HTMLParser):
    """Text and addresses of a page; fails on tags that do not close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A judged run with all that training leaves, and names that would break a careless page."""
    run = made_run(tmp_path / "run <b>&")
    test = made_scores("test")
    write_scores(test.replace({"system": {"tacotron": "<script>alert(1)</script>"}}), run.scores("test"))
    leakage = {"voices_in_two_splits": 0, "test_clips_with_voice_in_train": 0.0}
    counts = {"train": {"clips": 1234, "voices": 99}, "val": {"clips": 240, "voices": 30}}
    split = {"policy": "voice", "seed": 0, "file": None, "counts": counts, "leakage": leakage}
    write_json(run.metrics, {"corpus": "toy", "split": split})
    run.config.write_text("name: <img src=x onerror=alert(1)>\n")
    epochs = np.arange(5)
    history = pd.DataFrame({"epoch": epochs, "train_loss": 1 / (1 + epochs), "val_loss": 0.5, "lr": 0.1})
    history.assign(val_ap=[0.6, 0.7, 0.9, 0.8, np.nan]).to_csv(run.history, index=False)
    judge(run.path)
    return run


def test_the_page_is_whole_and_fetches_nothing(run: RunFolder) -> None:
    page = write_report(run.path)
    assert page == run.page
    outline = Outline(page.read_text())
    assert not outline.tags & {"script", "link", "iframe", "img"}
    assert all(address.startswith("#") for address in outline.addresses), "only glyphs within the page"
    assert not re.search(r"@import|url\((?!#)", page.read_text())
    assert "<script>alert(1)</script>" in outline.text, "escaped, so it arrives as text"
    pictures = ("f_by_threshold", "roc_det", "precision_recall", "histograms", "reliability", "training")
    expected = {f"{name}.{kind}" for name in pictures for kind in ("png", "svg")} | {"index.html"}
    assert {file.name for file in run.report.iterdir()} == expected


def test_the_page_tells_the_figures_of_the_run(run: RunFolder) -> None:
    text = Outline(write_report(run.path).read_text()).text
    metrics, threshold = read_json(run.metrics), read_json(run.threshold)
    for part in ("val", "test"):
        told = metrics[part]
        low, high = told["intervals"]["f2"]
        assert f"{told['f2']:.3f} [{low:.3f}, {high:.3f}]" in text
        assert f"{told['f2_all_fake']:.3f}" in text
        assert f"{told['confusion']['fp']} (" in text
    assert f"Threshold {threshold['threshold']:.6g}" in text
    for phrase in ("voices it never heard", "1,234", "Policy voice", "griffin-lim", "onerror", "toy corpus"):
        assert phrase in text


def test_equal_runs_give_equal_pages(run: RunFolder) -> None:
    first = write_report(run.path).read_bytes()
    assert write_report(run.path).read_bytes() == first


def test_pictures_take_the_colours_of_the_scheme(run: RunFolder) -> None:
    """No colour of the light scheme is left in a picture, and both schemes name each that is used."""
    page = write_report(run.path).read_text()
    drawings = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert set(re.findall(r"#[0-9a-f]{6}\b", drawings)) == set()
    used = set(re.findall(r"var\((--[a-z]+)\)", drawings))
    assert used == {"--real", "--fake", "--val", "--test"}
    light, dark, _ = re.split("@media", STYLE, maxsplit=2)
    for name in used:
        assert f"{name}:" in light
        assert f"{name}:" in dark


def luminance(colour: str) -> float:
    channels = [
        int(c * (2 if len(colour) == 3 else 1), 16) / 255
        for c in re.findall("." * (len(colour) // 3), colour)
    ]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("scheme", [0, 1])
def test_everything_stands_out_from_the_paper(scheme: int) -> None:
    """WCAG: text 4.5 to 1, lines of a drawing 3 to 1, in the light and in the dark."""
    colours = dict(re.findall(r"--([a-z]+): #([0-9a-f]+)", STYLE.split("@media")[scheme]))
    paper = luminance(colours["paper"])
    for name, least in {
        "ink": 4.5,
        "quiet": 4.5,
        "real": 3,
        "fake": 3,
        "val": 3,
        "test": 3,
        "alarm": 4.5,
    }.items():
        low, high = sorted((paper, luminance(colours[name])))
        assert (high + 0.05) / (low + 0.05) >= least, name


def test_a_run_with_scores_alone_has_a_page(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", ("val",))
    with pytest.raises(UserError, match=r"deepfake_audio.tune"):
        write_report(run.path)
    judge(run.path)
    text = Outline(write_report(run.path).read_text()).text
    assert "no test scores" in text
    assert "Training" not in text
    write_scores(made_scores("test").query("label == 0"), run.scores("test"))
    judge(run.path)
    assert "there is no fake" in Outline(write_report(run.path).read_text()).text


def test_the_curve_of_f2_is_f2_at_each_threshold(run: RunFolder) -> None:
    scores = {"test": read_scores(run.scores("test"))}
    figure = f_beta_curve(scores, 0.5)
    line = figure.axes[0].lines[0]
    assert line.get_drawstyle() == "steps-post"
    x, y = line.get_xdata(), line.get_ydata()
    for i in range(0, len(x) - 1, 17):
        # Each value holds from its point on, towards the next one, which is lower.
        p = 1 / (1 + np.exp(-(x[i] + x[i + 1]) / 2))
        assert y[i] == pytest.approx(
            fbeta_score(scores["test"]["label"], scores["test"]["p_fake"] >= p, beta=2)
        )


def test_certain_scores_and_large_sets_can_be_drawn() -> None:
    certain = made_scores().assign(p_fake=lambda table: table["label"].astype(float))
    for draw in (f_beta_curve, roc_and_det, histograms):
        figure: Figure = draw({"val": certain, "test": certain}, 1.0)
        figure.canvas.draw()
        for axes in figure.axes:
            for line in axes.lines:
                assert np.isfinite(np.asarray(line.get_xydata(), dtype=float)).all()
    large = made_scores(voices=500, clips=20)
    assert len(f_beta_curve({"test": large}, 0.5).axes[0].lines[0].get_xdata()) <= MOST_POINTS


def test_labels_do_not_run_into_each_other(run: RunFolder) -> None:
    """Ticks' boxes on every axis, for narrow and for wide ranges of scores."""
    for distance in (0.5, 3, 12):
        scores = {part: made_scores(part, distance=distance) for part in ("val", "test")}
        for figure in (f_beta_curve(scores, 0.5), roc_and_det(scores, 0.5), histograms(scores, 0.5)):
            figure.canvas.draw()
            for axes in figure.axes:
                low, high = axes.get_xlim()
                ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
                boxes = [label.get_window_extent() for at, label in ticks if low <= at <= high]
                assert all(left.x1 + 2 < right.x0 for left, right in pairwise(boxes))


def test_training_curves_mark_the_epoch_that_was_kept() -> None:
    history = pd.DataFrame(
        {
            "epoch": [0, 1, 2],
            "train_loss": [3, 2, 1.0],
            "val_ap": [0.5, 0.9, 0.9],
            "val_choice": [0.4, 0.8, 0.7],
        }
    )
    figure = training_curves(history)
    assert figure is not None
    kept = [line for axes in figure.axes for line in axes.lines if line.get_label() == "epoch that was kept"]
    assert {float(line.get_xdata()[0]) for line in kept} == {2.0}  # type: ignore[index]
    assert training_curves(pd.DataFrame({"epoch": [0], "lr": [0.1]})) is None


@pytest.mark.parametrize(
    ("margin", "phrase"),
    [
        ([0.01, 0.2], ": clearly better than"),
        ([-0.1, 0.2], ": not clearly better"),
        ([-0.2, -0.1], ": worse than"),
    ],
)
def test_the_verdict_is_as_sure_as_the_interval_of_the_margin(
    run: RunFolder, margin: list[float], phrase: str
) -> None:
    metrics = read_json(run.metrics)
    metrics["test"]["intervals"]["f2_over_all_fake"] = margin
    assert phrase in verdict(metrics)


def test_heard_voices_errors_unseen_and_few_voices_are_said(run: RunFolder, tmp_path: Path) -> None:
    metrics, threshold = read_json(run.metrics), read_json(run.threshold)
    metrics["split"]["leakage"]["test_clips_with_voice_in_train"] = 0.982
    assert "98.2 % of the clips have a voice that it heard in training" in verdict(metrics)
    sure = made_run(tmp_path / "sure", distance=40, voices=9)
    told = " ".join(cautions(read_json(run.threshold), judge(sure.path)))
    assert "33.3 % of new voices could still go wrong" in told
    assert "With 9 voices" in told
    told = " ".join(cautions({**threshold, "better_than_all_fake": False}, metrics))
    assert "no threshold has a higher F2 than calling everything fake" in told


def test_calling_everything_fake_is_called_that_and_unknown_voices_are_not_called_unheard(
    run: RunFolder,
) -> None:
    metrics = read_json(run.metrics)
    test = metrics["test"]
    test["confusion"] = {"tp": test["n_fake"], "fp": test["n_real"], "tn": 0, "fn": 0}
    # The two formulas of one figure may differ in the last bit.
    test["intervals"]["f2_over_all_fake"] = [-1e-16, -1e-16]
    assert "it calls everything fake" in verdict(metrics) and "worse" not in verdict(metrics)
    leakage = {"test_clips_with_voice_in_train": 0.0, "test_clips_of_unknown_voice": 0.5}
    told = verdict({**metrics, "split": {"leakage": leakage}})
    assert "never heard" not in told and "the voice of 50.0 % of the clips is unknown" in told
