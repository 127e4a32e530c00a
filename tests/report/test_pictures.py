"""Pictures show what they say: the right figures at the right place, and legible whatever the scores."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import fbeta_score, precision_recall_curve, roc_curve

from deepfake_audio.explaining import explain
from deepfake_audio.report.canvas import INK, PHONE_INCHES, WIDTH_INCHES, for_a_phone
from deepfake_audio.report.drawings import save_and_draw
from deepfake_audio.report.pictures import (
    MOST_POINTS,
    f_beta_curve,
    histograms,
    precision_recall,
    reliability_diagram,
    roc_and_det,
    spectrogram,
    training_curves,
)
from deepfake_audio.report.pictures.evidence import evidence_picture
from deepfake_audio.report.pictures.scale import log_odds, probability_ticks, shown_range
from deepfake_audio.report.pictures.spectrogram import MOST_COLUMNS, levels_db

from ..explaining.made import detector_of, high_band, with_tone_at
from ..scored import made_scores


def both(**how: float) -> dict[str, pd.DataFrame]:
    return {part: made_scores(part, **how) for part in ("val", "test")}  # type: ignore[arg-type]


def squeezed(scale: float) -> dict[str, pd.DataFrame]:
    """A detector that hardly dares to say anything: all scores near .5."""
    return {
        part: table.assign(p_fake=1 / (1 + np.exp(-scale * table["logit"]))) for part, table in both().items()
    }


def test_the_curve_of_f2_is_f2_at_each_threshold() -> None:
    scores = {"test": made_scores("test")}
    line = f_beta_curve(scores, 0.5).axes[0].lines[0]
    assert line.get_drawstyle() == "steps-post"
    x, y = line.get_xdata(), line.get_ydata()
    for i in range(0, len(x) - 1, 17):
        # Each value holds from its point on, towards the next one, which is lower.
        p = 1 / (1 + np.exp(-(x[i] + x[i + 1]) / 2))
        assert y[i] == pytest.approx(
            fbeta_score(scores["test"]["label"], scores["test"]["p_fake"] >= p, beta=2)
        )


def test_the_threshold_has_its_interval_and_tests_own_best_its_name() -> None:
    figure = f_beta_curve(both(), 0.4, interval=[0.3, 0.55], own_best={"threshold": 0.45, "f2": 0.9})
    (axes,) = figure.axes
    (band,) = axes.patches
    assert [band.get_x(), band.get_x() + band.get_width()] == pytest.approx(log_odds([0.3, 0.55]))  # type: ignore[attr-defined]
    (legend,) = figure.legends
    named = {text.get_text() for text in legend.get_texts()}
    assert {"its 95 % interval", "test's own best (diagnosis only)"} <= named
    # Of another beta F2's optimum is no point of the curve.
    other = f_beta_curve(both(), 0.4, 0.5, own_best={"threshold": 0.45, "f2": 0.9})
    assert not any("diagnosis" in text.get_text() for text in other.legends[0].get_texts())


def test_roc_and_det_are_the_two_errors_at_every_threshold() -> None:
    """Corner by corner against scikit-learn; the dots stand where the threshold puts them."""
    table = made_scores("test")
    far, hit, _ = roc_curve(table["label"], table["p_fake"], drop_intermediate=False)
    roc, det = roc_and_det({"test": table}, 0.5).axes
    np.testing.assert_allclose(roc.lines[0].get_xydata(), np.stack([far, hit], axis=1))
    inside = (far > 0) & (far < 1) & (hit < 1)
    deviates = np.stack([norm.ppf(far), norm.ppf(1 - hit)], axis=1)
    np.testing.assert_allclose(np.asarray(det.lines[0].get_xydata())[inside], deviates[inside])
    called = table["p_fake"] >= 0.5
    alarms, caught = called[table["label"] == 0].mean(), called[table["label"] == 1].mean()
    np.testing.assert_allclose(roc.lines[1].get_xydata(), [[alarms, caught]])
    np.testing.assert_allclose(det.lines[1].get_xydata(), [norm.ppf([alarms, 1 - caught])])


def test_precision_against_recall_is_that_of_every_threshold() -> None:
    table = made_scores("test")
    share, hit, _ = precision_recall_curve(table["label"], table["p_fake"])
    (axes,) = precision_recall({"test": table}, 0.5).axes
    np.testing.assert_allclose(axes.lines[0].get_xydata(), np.stack([hit, share], axis=1)[:-1][::-1])


def test_chance_in_precision_is_the_share_of_fakes() -> None:
    table = made_scores("test")
    table = pd.concat([table[table["label"] == 1].head(30), table[table["label"] == 0]])
    (axes,) = precision_recall({"test": table}, 0.5).axes
    dotted = [line for line in axes.lines if line.get_linestyle() == ":" and len(line.get_xdata()) == 2]  # type: ignore[arg-type]
    assert float(dotted[0].get_ydata()[0]) == pytest.approx(30 / len(table))  # type: ignore[index]


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_scores_that_crowd_fill_the_picture_all_the_same(scale: float) -> None:
    """Bars in a third of the panel at least, and no score is left out."""
    scores = squeezed(scale)
    figure = histograms(scores, float(scores["val"]["p_fake"].median()))
    low, high = figure.axes[0].get_xlim()
    inside = np.concatenate([log_odds(table["p_fake"]) for table in scores.values()])
    assert np.mean((inside >= low) & (inside <= high)) >= 0.98
    assert np.ptp(np.quantile(inside, [0.05, 0.95])) > (high - low) / 3
    heights = [patch.get_xy()[:, 1].sum() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert all(height > 0 for height in heights)


def test_one_far_score_does_not_squeeze_the_others() -> None:
    table = made_scores("test", voices=50)
    table.loc[0, "p_fake"] = 1e-30
    low, _ = shown_range({"test": table}, [0.5])
    assert low > float(log_odds(table["p_fake"].drop(0)).min()) - 1


def test_certain_scores_and_large_sets_can_be_drawn() -> None:
    certain = made_scores().assign(p_fake=lambda table: table["label"].astype(float))
    for draw in (f_beta_curve, roc_and_det, precision_recall, histograms):
        figure: Figure = draw({"val": certain, "test": certain}, 1.0)
        figure.canvas.draw()
        for axes in figure.axes:
            for line in axes.lines:
                assert np.isfinite(np.asarray(line.get_xydata(), dtype=float)).all()
    large = made_scores(voices=500, clips=20)
    assert len(f_beta_curve({"test": large}, 0.5).axes[0].lines[0].get_xdata()) <= MOST_POINTS


@pytest.mark.parametrize("phone", [False, True])
def test_labels_do_not_run_into_each_other(phone: bool) -> None:
    """Ticks' boxes on every axis, for narrow and for wide ranges of scores, on a desk and on a phone."""
    for scores in (both(distance=0.5), both(distance=12), squeezed(0.02)):
        for draw in (f_beta_curve, roc_and_det, histograms):
            figure = draw(scores, 0.5)
            if phone:
                figure = for_a_phone(figure)
            figure.canvas.draw()
            for axes in figure.axes:
                low, high = axes.get_xlim()
                ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
                boxes = [label.get_window_extent() for at, label in ticks if low <= at <= high]
                assert len(boxes) >= 2
                assert all(left.x1 + 2 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("ends", [(-14.5, 14.5), (-2.0, 3.0), (-0.02, 0.03), (6.0, 9.0), (2.0, 2.3)])
def test_ticks_of_probability_lie_within_and_apart(ends: tuple[float, float]) -> None:
    ticks = log_odds(probability_ticks(*ends))
    assert len(ticks) >= 2
    assert (ticks >= ends[0]).all() and (ticks <= ends[1]).all()
    assert np.diff(ticks).min() >= 0.2 * (ends[1] - ends[0]) - 1e-9


def test_the_reliability_diagram_is_the_share_of_fakes_in_each_step() -> None:
    """Against scikit-learn's, and before calibration it is that of the bare logits."""
    table = made_scores("test", voices=60)
    raw = 1 / (1 + np.exp(-table["logit"].to_numpy()))
    given = table.assign(p_fake=raw**2)
    share, size = reliability_diagram(given, raw).axes
    before, after = share.collections
    for drawn, p_fake in ((after, given["p_fake"]), (before, raw)):
        fakes, mean = calibration_curve(table["label"], p_fake, n_bins=10)
        assert np.asarray(drawn.get_offsets()) == pytest.approx(np.stack([mean, fakes], axis=1))
    assert sum(patch.get_height() for patch in size.patches) == len(table)  # type: ignore[attr-defined]
    # Colours are kept for parts of the data.
    assert to_hex(before.get_edgecolor()[0]) == INK
    # Told apart without colour: filled and hollow.
    assert len(after.get_facecolor()) and not len(before.get_facecolor())


def test_who_never_errs_has_no_curve_of_errors_and_that_is_said() -> None:
    scores = both()
    assert not roc_and_det(scores, 0.5).axes[1].texts
    scores["test"] = scores["test"].assign(p_fake=0.1 + 0.8 * scores["test"]["label"])
    assert [text.get_text() for text in roc_and_det(scores, 0.5).axes[1].texts] == [
        "no errors to draw\non test"
    ]
    (alone,) = roc_and_det({"test": scores["test"]}, 0.5).axes[1].texts
    assert alone.get_text() == "no errors to draw"
    same = {"test": scores["test"].assign(p_fake=0.5)}
    assert not roc_and_det(same, 0.5).axes[1].texts, "who says the same of all errs as chance does"


def test_time_lines_of_windows_apart_have_one_scale() -> None:
    wave = with_tone_at(7.2, 7.6, 6000, 10.0) + with_tone_at(2.2, 2.3, 5000, 10.0)
    detector = detector_of(high_band(scale=4.0))
    detector.threshold = 0.0
    told = explain(detector, wave, "integrated_gradients", most_windows=2, random_orders=0)
    lines = [axes for axes in evidence_picture(told).axes[:-1] if not axes.images]
    drawn = [
        np.concatenate([path.vertices[:, 1] for path in each.collections[0].get_paths()]) for each in lines
    ]
    assert len(lines) == 2
    assert max(each.max() for each in drawn) > 1.3 * min(each.max() for each in drawn)
    assert len({each.get_ylim() for each in lines}) == 1
    assert lines[0].get_ylim()[1] >= max(each.max() for each in drawn)


def test_a_tone_stands_at_its_frequency_and_time() -> None:
    rate = 16_000
    seconds = np.arange(2 * rate) / rate
    tone = np.where(seconds > 1, np.sin(2 * np.pi * 3000 * seconds), 0.0)
    level = levels_db(tone, rate)
    loudest = np.unravel_index(np.argmax(level), level.shape)
    assert loudest[0] / len(level) * rate / 2 == pytest.approx(3000, abs=100)
    assert level.max() == 0
    assert (level[:, : level.shape[1] // 2 - 5] == level.min()).all()
    (axes,) = spectrogram(tone, rate).axes
    assert axes.images[0].get_extent() == [0, 2, 0, 8000]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "frequency (Hz)")
    assert levels_db(np.zeros(30 * rate), rate).shape[1] <= MOST_COLUMNS + 1
    assert levels_db(np.ones(3), rate).size, "shorter than a window"


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


def test_files_stand_on_white_and_the_page_gets_a_drawing_for_each_screen(tmp_path: Path) -> None:
    told = save_and_draw(tmp_path, "roc", roc_and_det(both(), 0.5))
    png = Image.open(tmp_path / "roc.png").convert("RGBA")
    assert png.getpixel((2, 2)) == (255, 255, 255, 255)
    saved = (tmp_path / "roc.svg").read_text()
    assert "background: #fff" in saved and INK in saved and "var(" not in saved
    assert INK not in told
    wide, narrow = re.findall(r"<svg.*?</svg>", told, flags=re.DOTALL)
    points = [float(re.search(r'width="([\d.]+)pt"', svg).group(1)) / 72 for svg in (wide, narrow)]  # type: ignore[union-attr]
    assert points == pytest.approx([WIDTH_INCHES, PHONE_INCHES])
    # Every name on the page is one thing's alone, and what is referred to is there.
    ids = re.findall(r' id="([^"]+)"', told)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', told)) <= set(ids)
