"""The page: whole, safe, legible in both schemes, and with the figures of the run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.metrics import expected_calibration_error
from deepfake_audio.files import read_json, write_json
from deepfake_audio.judgement import judge
from deepfake_audio.report import write_report
from deepfake_audio.report.sections.calibration import calibration_section, error_by_chance, uncalibrated
from deepfake_audio.report.sections.figures import systems
from deepfake_audio.report.sections.groups import group_pictures, group_section
from deepfake_audio.report.sections.headline import headline_table
from deepfake_audio.report.style import STYLE
from deepfake_audio.report.words import cautions, threshold_in_words, verdict
from deepfake_audio.runs import RunFolder, read_scores, write_scores

from ..scored import made_run, made_scores
from .heard import made_groups

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


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A judged run with all that training leaves, and names that would break a careless page."""
    run = made_run(tmp_path_factory.mktemp("report") / "run <b>&")
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


@pytest.fixture(scope="module")
def page(run: RunFolder) -> Path:
    return write_report(run.path)


def test_the_page_is_whole_and_fetches_nothing(run: RunFolder, page: Path) -> None:
    assert page == run.page
    outline = Outline(page.read_text())
    assert not outline.tags & {"script", "link", "iframe", "img"}
    assert all(address.startswith("#") for address in outline.addresses), "only glyphs within the page"
    assert not re.search(r"@import|url\((?!#)", page.read_text())
    assert "<script>alert(1)</script>" in outline.text, "escaped, so it arrives as text"
    pictures = (
        "f_by_threshold",
        "roc_det",
        "precision_recall",
        "histograms",
        "reliability",
        "training",
        "groups_system",
    )
    expected = {f"{name}.{kind}" for name in pictures for kind in ("png", "svg")} | {"index.html"}
    assert {file.name for file in run.report.iterdir()} == expected


def test_the_page_tells_the_figures_of_the_run(run: RunFolder, page: Path) -> None:
    text = Outline(page.read_text()).text
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


def test_equal_runs_give_equal_pages(run: RunFolder, page: Path) -> None:
    first = page.read_bytes()
    assert write_report(run.path).read_bytes() == first


def test_pictures_take_the_colours_of_the_scheme(page: Path) -> None:
    """No colour of the light scheme is left in a picture, and both schemes name each that is used."""
    drawings = "".join(re.findall(r"<svg.*?</svg>", page.read_text(), flags=re.DOTALL))
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


def test_a_run_with_scores_alone_has_a_page(tmp_path: Path, undrawn: list[str]) -> None:
    run = made_run(tmp_path / "run", ("val",))
    with pytest.raises(UserError, match=r"deepfake_audio.tune"):
        write_report(run.path)
    judge(run.path)
    text = Outline(write_report(run.path).read_text()).text
    assert "no test scores" in text
    assert "Training" not in text
    assert undrawn and "training" not in undrawn


def test_a_test_part_without_fakes_can_be_told_of_and_drawn(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", ("val",), voices=6)
    write_scores(made_scores("test", voices=6).query("label == 0"), run.scores("test"))
    judge(run.path)
    assert "there is no fake" in Outline(write_report(run.path).read_text()).text


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
    assert "No real clip was called fake" in told and "No fake was missed" in told
    assert told.count("up to 33.3 % of new voices (rule of three on 9)") == 3
    assert "The intervals of AUC, EER, average precision, minDCF have no width" in told
    assert "With 9 voices the intervals themselves are rough" in told
    told = " ".join(cautions({**threshold, "better_than_all_fake": False}, metrics))
    assert "the best F2 is no better than calling everything fake" in told


def test_an_error_that_did_not_happen_could_still(run: RunFolder) -> None:
    """Said of the kind of error that is missing, by the voices that could have shown it."""
    metrics, threshold = read_json(run.metrics), read_json(run.threshold)
    test = metrics["test"]
    test["confusion"] |= {"fp": 0, "tn": test["n_real"]}
    test["n_witnesses"] = {"real": 12, "fake": 30}
    told = " ".join(cautions(threshold, metrics))
    assert "No real clip was called fake" in told and "25.0 % of new voices (rule of three on 12)" in told
    assert "No fake was missed" not in told and "With 12 voices of real clips" in told
    of_old = {**test, "n_voices": 30, "by_system": [{"label": "real", "n_voices": 15}]}
    del of_old["n_witnesses"]
    assert "rule of three on 15" in " ".join(cautions(threshold, {**metrics, "test": of_old}))
    metrics["val"]["auc"] = 0.3
    assert "the wrong way" in " ".join(cautions(threshold, metrics))


@pytest.mark.parametrize("voices", [5, 7, 8])
def test_of_a_handful_of_voices_nothing_is_clear(run: RunFolder, voices: int) -> None:
    """However clear the interval: of seven, the one class's count, one does not conclude."""
    metrics = read_json(run.metrics)
    metrics["test"]["intervals"]["f2_over_all_fake"] = [0.1, 0.2]
    metrics["test"]["n_witnesses"] = {"real": voices, "fake": 30}
    said = f"with {voices} voices of real clips nobody can say whether that is better than calling everything"
    assert (said in verdict(metrics)) == (voices < 8)
    assert ("clearly better" in verdict(metrics)) == (voices == 8)
    told = " ".join(cautions(read_json(run.threshold), metrics))
    assert "the intervals themselves are rough" in told
    assert ("nothing can be concluded from so few" in told) == (voices < 8)


def test_one_voice_has_no_interval_and_no_plural(tmp_path: Path, undrawn: list[str]) -> None:
    run = made_run(tmp_path / "run", ("val",))
    write_scores(made_scores("test", voices=1), run.scores("test"))
    told = verdict(judge(run.path))
    assert "(8 clips of 1 voice)" in told and "(no interval: one voice)" in told
    text = Outline(write_report(run.path).read_text()).text
    assert "1 voice" in text and not re.search(r"\b1 voices", text)


def test_unknown_voices_are_not_called_voices(tmp_path: Path, undrawn: list[str]) -> None:
    run = made_run(tmp_path / "run")
    scores = made_scores("test")
    write_scores(scores.assign(voice="clip:" + scores["clip"]), run.scores("test"))
    metrics, threshold = judge(run.path), read_json(run.threshold)
    assert "(240 clips, voices unknown)" in verdict(metrics) and "95 % interval over clips" in verdict(
        metrics
    )
    assert "where no voice is known nobody can say" in verdict(metrics) and "clearly" not in verdict(metrics)
    assert "every interval is too narrow" in " ".join(cautions(threshold, metrics))
    text = Outline(write_report(run.path).read_text()).text
    assert "240 clips of 240 voices" not in text and "clips of unknown voice" in text
    half = scores["voice"].where(scores.index < 120, "clip:" + scores["clip"])
    write_scores(scores.assign(voice=half), run.scores("test"))
    metrics = judge(run.path)
    assert "(240 clips: 120 of 15 voices, 120 of unknown ones)" in verdict(metrics)
    told = " ".join(cautions(threshold, metrics))
    assert "Of 120 of the 240 clips it is unknown who speaks" in told and "With 15 known voices" in told


def test_ranks_without_an_error_are_doubted_where_the_threshold_errs(tmp_path: Path) -> None:
    """Scores wholly apart, but moved past the threshold of validation."""
    run = made_run(tmp_path / "run", distance=40)
    test = read_scores(run.scores("test"))
    write_scores(test.assign(p_fake=0.8 + 0.2 * test["label"] * test["p_fake"]), run.scores("test"))
    metrics, threshold = judge(run.path), read_json(run.threshold)
    assert metrics["test"]["intervals"]["auc"] == [1, 1] and metrics["test"]["confusion"]["fp"]
    told = " ".join(cautions(threshold, metrics))
    assert "The intervals of AUC, EER, average precision, minDCF have no width" in told
    assert "up to 10.0 % of new voices (rule of three on 30) still could" in told
    assert "It calls every clip fake, so no interval at its threshold has any width" in told


@pytest.mark.parametrize("label", [0, 1])
def test_a_test_of_one_class_has_words(tmp_path: Path, label: int) -> None:
    run = made_run(tmp_path / "run")
    write_scores(made_scores("test").query(f"label == {label}"), run.scores("test"))
    metrics = judge(run.path)
    assert ("there is no fake" in verdict(metrics)) == (label == 0)
    cautions(read_json(run.threshold), metrics)
    write_scores(read_scores(run.scores("test")).assign(p_fake=0.0), run.scores("test"))
    metrics = judge(run.path)
    assert "It calls every clip real" in " ".join(cautions(read_json(run.threshold), metrics))


def test_what_validation_chose_flatters_its_own_figures(run: RunFolder, page: Path) -> None:
    text = Outline(page.read_text()).text
    for chosen in (
        "the epoch, which flatters its AUC",
        "the threshold",
        "which flatters Brier, ECE and Cllr",
    ):
        assert chosen in text
    scores = {part: read_scores(run.scores(part)) for part in ("val", "test")}
    flatters = "Validation's own row flatters"
    for kind in ("platt", "none"):
        section = Outline(calibration_section(scores, {"kind": kind}, "<svg></svg>")).text
        assert (flatters in section) == (kind == "platt")


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


def test_the_detector_stands_beside_what_costs_nothing(run: RunFolder) -> None:
    """Of a coin and of calling everything fake by the formulas; of the probe as it was measured."""
    told = {
        **read_json(run.metrics)["test"],
        "n_fake": 150,
        "n_real": 50,
        "n_clips": 200,
        "f2_all_fake": 0.9375,
    }
    best = {"name": "loudness_db", "f2": 0.7, "f2_interval": [0.6, 0.8], "auc": 0.61, "low": 0.5, "high": 0.7}
    rows = {}
    for row in re.findall(r"<tr>(.*?)</tr>", headline_table(told, {"best": best}, "test")):
        name, *cells = (re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row))
        rows[name] = cells
    low, high = told["intervals"]["f2"]
    coin = 5 * 0.75 * 0.5 / (4 * 0.75 + 0.5)
    assert rows["F2"] == [
        f"{told['f2']:.3f} [{low:.3f}, {high:.3f}]",
        "0.938",
        f"{coin:.3f}",
        "0.700 [0.600, 0.800]",
    ]
    assert rows["false alarms (reals called fake)"][1:] == ["1.000", "0.500", "n/a"]
    assert rows["area under the ROC"][1:] == ["n/a", "0.500", "0.610 [0.500, 0.700]"]
    assert rows["average precision"][2] == "0.750"
    assert rows[""][3] == "a probe: the loudness"


def test_a_run_of_old_that_knows_less_has_a_page(tmp_path: Path, undrawn: list[str]) -> None:
    run = made_run(tmp_path / "run", voices=6)
    judge(run.path)
    metrics, threshold = read_json(run.metrics), read_json(run.threshold)
    old = (
        "f2",
        "f2_all_fake",
        "precision",
        "recall",
        "false_alarm_rate",
        "accuracy",
        "balanced_accuracy",
        "auc",
    )
    kept = (*old, "eer", "average_precision", "threshold", "beta", "confusion", "by_system")
    kept += ("n_clips", "n_voices", "n_real", "n_fake")
    for part in ("val", "test"):
        spans = {name: span for name, span in metrics[part]["intervals"].items() if name in old}
        metrics[part] = {name: metrics[part][name] for name in kept} | {"intervals": spans}
    write_json(run.metrics, {part: metrics[part] for part in ("val", "test")})
    for name in ("rule", "interval", "calls"):
        threshold.pop(name, None)
    write_json(run.threshold, threshold)
    scores = read_scores(run.scores("test")).drop(columns="logit")
    scores.to_csv(run.scores("test"), index=False)
    text = Outline(write_report(run.path).read_text()).text
    assert "P(fake) was not calibrated" in text and "the detector reaches" in text
    assert "Matthews" not in text and "Groups" not in text and "diagnosis" not in text


def test_groups_are_told_in_words_and_those_too_small_are_hollow() -> None:
    test = {
        "groups": made_groups(),
        "recall": 0.9,
        "false_alarm_rate": 0.2,
        "intervals": {"recall": [0.8, 1.0]},
    }
    (figure,) = group_pictures(test).values()
    recall, alarms = figure.axes
    marks = {line.get_ydata()[0]: line for line in alarms.lines if line.get_marker() in ("o", "D")}  # type: ignore[index]
    assert {row: mark.get_marker() for row, mark in marks.items()} == {0: "D", 1: "D"}, "certainly apart"
    hollow = [
        line for line in recall.lines if line.get_markerfacecolor() == "none" and line.get_marker() == "o"
    ]
    assert [line.get_ydata()[0] for line in hollow] == [2]  # type: ignore[index]
    told = group_section(test, {"groups_race": "<svg></svg>"})
    text = Outline(told).text
    for phrase in ("Real clips of East <1> are called fake more often.", "by 0.300 [0.100, 0.500]", "5 voices",
                   "Corrected for 14 comparisons"):  # fmt: skip
        assert phrase in text
    assert "North (160): fakes caught 95.0 %, false alarms 10.0 %" in told
    assert "EER" not in text, "that is told by system alone"
    assert group_section({"f2": 1.0}, {}) == group_section(None, {}) == ""


def test_each_system_has_its_eer_with_its_interval(run: RunFolder) -> None:
    """Where systems are groups, and where they are not, of fakes alone; figures of older runs have none."""
    test = read_json(run.metrics)["test"]
    fakes = [row for row in test["by_system"] if row["label"] == "fake"]
    images = {f"groups_{each['column']}": "<svg></svg>" for each in test["groups"]}
    assert fakes and "groups_system" in images
    for page in (group_section(test, images), systems(test, "test")):
        text = Outline(page).text
        for row in fakes:
            low, high = row["eer_interval"]
            assert f"{row['eer']:.3f} [{low:.3f}, {high:.3f}]" in text
        assert text.count("EER") >= 1
    bare = {key: value for key, value in fakes[0].items() if not key.startswith("eer")}
    older = group_section({**test, "by_system": [bare]}, images)
    assert "EER" not in Outline(older).text


def test_the_threshold_is_told_with_its_interval_and_by_its_rule(run: RunFolder) -> None:
    threshold = {**read_json(run.threshold), "interval": [0.25, 0.5]}
    val = read_json(run.metrics)["val"]
    assert "(95 % interval over validation's voices 0.25 to 0.5)" in threshold_in_words(threshold, val)
    unknown = {**val, "n_unknown_voice": val["n_clips"]}
    assert "(95 % interval over validation's clips 0.25 to 0.5)" in threshold_in_words(threshold, unknown)
    assert "interval" not in threshold_in_words({**threshold, "interval": None}, val)
    poor = {**threshold, "better_than_all_fake": False, "rule": {"name": "miss"}}
    told = " ".join(cautions(poor, read_json(run.metrics)))
    assert "F2 at this threshold is no better than that of calling everything fake" in told


def test_whether_p_fake_means_what_it_says_is_answered_first_and_on_test() -> None:
    """P drawn first and labels by it is right; the same moved away from .5, so that it is surer than it may be, not."""
    rng = np.random.default_rng(0)
    scores = {}
    for part in ("val", "test"):
        p = rng.uniform(0.02, 0.98, 4000)
        scores[part] = pd.DataFrame({"label": (rng.random(4000) < p).astype(int), "p_fake": p})
        scores[part]["logit"] = np.log(p / (1 - p))

    def answer(by: float, count: int = 4000, cllr: float | None = None, kind: str = "none") -> str:
        given = {
            part: clips.assign(p_fake=1 / (1 + np.exp(-by * clips["logit"]))).head(count)
            for part, clips in scores.items()
        }
        section = calibration_section(given, {"kind": kind}, "<svg></svg>", cllr)
        before, _, after = section.partition("<figure")
        assert after and "On validation" not in before
        return Outline(before).text

    assert "On test nothing speaks against it" in answer(1.0)
    assert "On test it nearly does" in answer(1.4)
    assert "On test it does not" in answer(4.0) and "before calibration" not in answer(4.0)
    assert "before calibration" in answer(4.0, kind="platt")
    assert "nothing speaks against it" in answer(1.4, 40), "of few clips an error is no wonder"
    assert "Its Cllr of 1.059 is no better than no answer" in answer(4.0, cllr=1.059)
    assert "Its Cllr of 0.500 is better than no answer" in answer(1.0, cllr=0.5)
    only = calibration_section({"val": scores["val"]}, {"kind": "platt"}, "<svg></svg>")
    assert "but it was fitted to these very clips" in only


def test_what_chance_explains_is_the_error_of_a_p_fake_that_is_right() -> None:
    """Beside the plain way: labels drawn by each clip's own P, the error of each draw."""
    rng = np.random.default_rng(1)
    for p in (rng.beta(0.3, 0.3, 60), rng.uniform(0, 1, 600), np.full(40, 0.5), np.array([0.0, 1.0])):
        drawn = [expected_calibration_error(rng.random(len(p)) < p, p) for _ in range(1500)]
        assert error_by_chance(p) == pytest.approx(np.quantile(drawn, 0.95), rel=0.12, abs=1e-9)


def test_p_fake_before_calibration_is_drawn_where_it_is_known() -> None:
    scores = made_scores("test")
    assert uncalibrated(scores, {"kind": "none"}) is None
    assert uncalibrated(scores, None) is None
    assert uncalibrated(scores.drop(columns="logit"), {"kind": "platt"}) is None
    extreme = scores.assign(logit=np.linspace(-800, 800, len(scores)))
    with np.errstate(all="raise", under="ignore"):
        raw = uncalibrated(extreme, {"kind": "platt"})
    assert raw is not None and raw[0] == 0 and raw[-1] == 1
    assert uncalibrated(scores, {"kind": "platt"}) == pytest.approx(1 / (1 + np.exp(-scores["logit"])))
