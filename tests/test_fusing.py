"""Runs fused into one detector: it answers what they answer together, and needs none of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import soundfile
import torch

from deepfake_audio.audio import window_starts
from deepfake_audio.building import build_run
from deepfake_audio.callbacks import callbacks
from deepfake_audio.clips import read_clips
from deepfake_audio.data import ClipDataModule
from deepfake_audio.detector import load_detector
from deepfake_audio.errors import UserError
from deepfake_audio.exporting.graph import whole
from deepfake_audio.files import read_json, write_json
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.repeating import keep_for_repeating
from deepfake_audio.runs import RunFolder
from deepfake_audio.training import train

from .test_configs import composed, plain

MEMBERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cnn": ({"name": "logmel", "sample_rate": 16_000}, {"name": "cnn", "channels": [4, 8], "hidden": 8}),
    "patches": (
        {"name": "spectrum", "sample_rate": 16_000},
        {"name": "patches", "channels": [4], "bins": 256},
    ),
    "logreg": ({"name": "handcrafted", "sample_rate": 16_000}, {"name": "logreg", "bins": 26}),
}
QUIET: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}


def trained(
    run: RunFolder, corpus: Path, member: str, seconds: float = 0.5, neutral: dict[str, Any] | None = None
) -> RunFolder:
    """A run of one epoch."""
    features, network = MEMBERS[member]
    clips = read_clips(corpus / "clips.csv")
    pl.seed_everything(0, verbose=False)
    module = DetectorModule(network)
    data = ClipDataModule(clips, corpus, features, {"name": "none"}, seconds, batch_size=8, neutral=neutral)
    trainer = pl.Trainer(accelerator="cpu", callbacks=callbacks(run, 0), max_epochs=1, **QUIET)
    run.path.mkdir(parents=True)
    keep_for_repeating(run, clips)
    train(module, data, trainer, run, features=features, about={"corpus": "little"})
    return run


@pytest.fixture(scope="module")
def runs(little_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    folder = tmp_path_factory.mktemp("members")
    return {name: trained(RunFolder(folder / name), little_corpus, name) for name in MEMBERS}


def fused(folder: Path, corpus: Path, members: list[Path], *overrides: str) -> RunFolder:
    """What `train experiment=bench_best`, or `model=fused`, does with its members."""
    run = RunFolder(folder)
    config = plain(
        composed(
            "experiment=bench_best",
            f"model.members=[{','.join(map(str, members))}]",
            f"clips={corpus / 'clips.csv'}",
            "data.window_seconds=0.5",
            "data.workers=0",
            "trainer.enable_progress_bar=false",
            "trainer.accelerator=cpu",
            *overrides,
        )
    )
    module, data, trainer = build_run(config, read_clips(corpus / "clips.csv"), corpus, run, None)
    train(module, data, trainer, run, features=data.identity["features"], about={"corpus": "little"})
    return run


def fused_on(
    corpus: Path, folder: Path, runs: dict[str, RunFolder], sides: dict[str, str], prefix: str = ""
) -> RunFolder:
    """Two of the runs, fused on their corpus with other sides and names."""
    other = folder / "other"
    shutil.copytree(corpus, other)
    clips = pd.read_csv(other / "clips.csv")
    clips["split"] = clips["split"].replace(sides)
    clips["corpus"], clips["clip"] = "little", prefix + clips["clip"]
    clips.to_csv(other / "clips.csv", index=False)
    return fused(folder / "run", other, [runs[name].path for name in ("cnn", "patches")])


def scores(run: RunFolder, part: str) -> pd.Series:
    return pd.read_csv(run.scores(part)).set_index("clip")["logit"]


@pytest.fixture(scope="module")
def together(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> RunFolder:
    """Made of copies of the runs that are gone afterwards."""
    folder = tmp_path_factory.mktemp("fused")
    for name, run in runs.items():
        shutil.copytree(run.path, folder / name)
    made = fused(folder / "run", little_corpus, [folder / name for name in runs])
    for name in runs:
        shutil.rmtree(folder / name)
    return made


def test_its_logit_is_the_mean_of_the_members_by_the_measure_of_validation(
    together: RunFolder, runs: dict[str, RunFolder]
) -> None:
    for part in ("val", "test"):
        measured = []
        for run in runs.values():
            val = scores(run, "val")
            measured.append((scores(run, part) - val.mean()) / val.std())
        pd.testing.assert_series_equal(scores(together, part), sum(measured) / len(measured), rtol=1e-4)


def test_what_is_shipped_needs_no_member_and_is_what_was_scored(
    together: RunFolder, little_corpus: Path
) -> None:
    detector = load_detector(together.path)
    paths = pd.read_csv(little_corpus / "clips.csv").set_index("clip")["path"]
    told = scores(together, "test")
    logits = [detector.predict(little_corpus / paths[clip]).logit for clip in told.index]
    np.testing.assert_allclose(told, logits, atol=1e-4)


def test_its_exported_graph_answers_alike(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    """Every member's front end becomes one that an exporter can follow."""
    members = [runs[name].path for name in ("cnn", "patches")]
    detector = load_detector(fused(tmp_path / "run", little_corpus, members).path)
    waveform = 0.1 * torch.randn(1, 20_000, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        p_fake, _ = whole(detector)(waveform, torch.tensor([20_000]))
    assert float(p_fake) == pytest.approx(detector.predict_waveform(waveform[0].numpy()).p_fake, abs=1e-3)


def test_a_member_of_shorter_windows_judges_in_windows_of_its_own(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    """And its exported graph does so too; and what one of them has heard elsewhere, both have."""
    short = trained(RunFolder(tmp_path / "short"), little_corpus, "cnn", seconds=0.2)
    write_json(short.detector_config, {**read_json(short.detector_config), "heard_elsewhere": True})
    # What neutral does to windows it does to the fused run's, which are longer.
    with pytest.raises(UserError, match=r"through neutral by itself: give data.window_seconds=0\.2"):
        folder = RunFolder(tmp_path / "alike")
        alike = trained(folder, little_corpus, "cnn", 0.2, plain(composed("neutral=all").neutral))
        fused(tmp_path / "refused", little_corpus, [alike.path, alike.path], "neutral=all")
    both = fused(tmp_path / "run", little_corpus, [short.path, runs["patches"].path])
    assert read_json(both.metrics)["heard_elsewhere"] is True
    detector = load_detector(both.path)
    paths = pd.read_csv(little_corpus / "clips.csv").set_index("clip")["path"]
    expected, exported = 0.0, whole(detector)
    waveform = soundfile.read(little_corpus / paths["c01"], dtype="float32")[0][:12_000]
    for run in (short, runs["patches"]):
        alone, val = load_detector(run.path), scores(run, "val")
        assert alone.window_samples == (3_200 if run is short else 8_000)
        windows = [waveform[start:][:8_000] for start in window_starts(len(waveform), 8_000)]
        logits = [float(alone.window_logits(window)[1].mean()) for window in windows]
        expected += (np.mean(logits) - val.mean()) / val.std() / 2
    assert detector.predict_waveform(waveform).logit == pytest.approx(expected, abs=1e-4)
    with torch.inference_mode():
        _, logit = exported(torch.from_numpy(waveform)[None], torch.tensor([len(waveform)]))
    assert float(logit) == pytest.approx(expected, abs=1e-3)


def test_two_of_the_same_answer_as_one(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    """But for the scale, which is validation's."""
    run = runs["cnn"]
    twice = scores(fused(tmp_path / "run", little_corpus, [run.path, run.path]), "test")
    assert np.corrcoef(twice, scores(run, "test"))[0, 1] == pytest.approx(1, abs=1e-5)


def test_what_cannot_judge_together_is_refused(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    cnn, patches = runs["cnn"].path, runs["patches"].path

    def refused(words: str, members: list[Path], *overrides: str) -> None:
        with pytest.raises(UserError, match=words):
            fused(tmp_path / "run", little_corpus, members, *overrides)

    refused("2 to 16 runs", [cnn])
    refused(r"model.members=\[RUN,RUN\]", [cnn], "model.members=[1,2]")
    refused("waveform as it is", [cnn, patches], "features.level=rms")
    refused("waveform as it is", [cnn, patches], "features=logmel")
    refused("leave model.pretrained out", [cnn, patches], "+model.pretrained=true")
    refused("nowhere is no detector", [cnn, tmp_path / "nowhere"])
    refused("data.window_seconds=0.5 or more", [cnn, patches], "data.window_seconds=0.25")
    refused("features.sample_rate=16000", [cnn, patches], "features.sample_rate=8000")
    refused("neutral", [cnn, patches], "neutral=trim")
    refused("forging", [cnn, patches], "forging=light")
    with pytest.raises(UserError, match=r"model.members=\[RUN,RUN\]"):
        fused(tmp_path / "run", little_corpus, [cnn, patches], "model.members=null")


def test_what_is_fused_itself_is_refused(
    together: RunFolder, runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    """What its members learnt from isn't in its folder."""
    with pytest.raises(UserError, match="is fused itself: name the runs"):
        fused(tmp_path / "run", little_corpus, [together.path, runs["cnn"].path])


def test_a_run_that_was_chosen_by_what_is_judged_is_refused(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="was chosen by 8 clips that are in this run's test"):
        fused_on(little_corpus, tmp_path, runs, {"val": "test", "test": "val"})


def test_clips_are_known_by_their_names_among_several_corpora(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="learnt from 32 clips that are in this run's val or test"):
        fused_on(little_corpus, tmp_path, runs, {"train": "test", "test": "train"}, prefix="little/")


def test_a_run_that_learnt_from_what_is_judged_is_refused(
    runs: dict[str, RunFolder], little_corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="learnt from 32 clips that are in this run's val or test"):
        fused_on(little_corpus, tmp_path, runs, {"train": "test", "test": "train"})
    bare = tmp_path / "bare"
    shutil.copytree(runs["cnn"].detector, bare)
    with pytest.raises(UserError, match=r"has no split\.csv"):
        fused(tmp_path / "run", little_corpus, [bare, bare])
