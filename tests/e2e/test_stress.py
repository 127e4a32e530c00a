"""A detector that learnt a planted shortcut falls when it is taken away; one that learnt the voice does not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from deepfake_audio.corpora.toy.cast import draw_cast
from deepfake_audio.corpora.toy.tracks import voice_tracks
from deepfake_audio.corpora.toy.vocoders import VOCODERS
from deepfake_audio.detector import load_detector
from deepfake_audio.files import read_json
from deepfake_audio.stress import main

from .conftest import SMALL, command

SAMPLE_RATE_HZ = 16_000
VOICES = 40
SILENCE_SECONDS = 0.3
LEARN = (
    *SMALL,
    "trainer.max_epochs=10",
    "data.batch_size=8",
    "optim.lr=3e-3",
    "augment=none",
    "split=file",
    "audit.shortcuts=false",
)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`planted`: real speech only, and the same once more with silence in front, called fake. `true`: vocoders' fakes.

    Each voice is in both classes, so that a voice tells nothing; and voices are apart between the sides.
    """
    root = tmp_path_factory.mktemp("stress")
    order = np.random.default_rng(0).permutation(VOICES)
    rows = []
    for number, voice in enumerate(draw_cast(VOICES, 0)):
        track = voice_tracks(voice)[0]
        halves = [track[: len(track) // 2], track[len(track) // 2 :]]
        real, other = halves if number % 2 else halves[::-1]
        forged = VOCODERS[voice.vocoder](np.random.default_rng(number), other)
        silent = np.pad(real, (round(SILENCE_SECONDS * SAMPLE_RATE_HZ), 0))
        place = order[number] / VOICES
        part = "train" if place < 0.5 else "val" if place < 0.65 else "test"
        for corpus, fake in (("planted", silent), ("true", forged)):
            for label, wave in enumerate((real, fake)):
                clip = f"{number:02d}_{label}"
                file = root / corpus / f"{clip}.wav"
                file.parent.mkdir(exist_ok=True)
                soundfile.write(file, wave, SAMPLE_RATE_HZ, subtype="PCM_16")
                rows.append((corpus, clip, file.name, label, voice.identity, part))
    table = pd.DataFrame(rows, columns=["corpus", "clip", "path", "label", "voice", "split"])
    for corpus, clips in table.groupby("corpus"):
        clips.drop(columns="split").to_csv(root / str(corpus) / "clips.csv", index=False)
        sides = clips[["voice", "split"]].drop_duplicates()
        sides.to_csv(root / str(corpus) / "split.csv", index=False)
    return root


def learn(root: Path, corpus: str, name: str, *settings: str) -> Path:
    data = (f"clips={corpus}/clips.csv", f"split.file={corpus}/split.csv", f"hydra.run.dir={name}")
    command("train", *LEARN, *data, *settings, cwd=root)
    return root / name


def told_by(root: Path, run: Path, changes: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The verb in this process, which spares starting another."""
    monkeypatch.chdir(root)
    main([run.name, "--changes", changes])
    return read_json(run / "counterfactuals.json")


@pytest.fixture(scope="module")
def cheat(corpora: Path) -> Path:
    """The run of a detector that learnt the silence."""
    return learn(corpora, "planted", "cheat")


def test_one_that_learnt_silence_collapses_without_it(corpora: Path, cheat: Path) -> None:
    done = command("stress", "cheat", "--changes", "trimmed,silence_before,mp3", "--jobs", "2", cwd=corpora)
    told = read_json(cheat / "counterfactuals.json")
    changes = {row["name"]: row for row in told["changes"]}
    assert list(changes) == ["trimmed", "silence_before", "mp3"]
    assert told["clean"]["auc"] > 0.85
    assert told["clean"]["auc"] == pytest.approx(read_json(cheat / "metrics.json")["test"]["auc"], abs=1e-9)
    assert changes["trimmed"]["auc"] == pytest.approx(0.5, abs=0.03)
    assert changes["trimmed"]["drop_interval"][0] > 0.2
    assert changes["mp3"]["drop_in_auc"] < 0.1
    assert any("leans on the silence at the edges" in line for line in told["words"])
    assert "leans on the silence at the edges" in done.stdout
    scores = pd.read_csv(cheat / "counterfactuals.csv")
    tested = pd.read_csv(cheat / "scores_test.csv")
    assert scores.groupby("change").size().to_dict() == dict.fromkeys(("clean", *changes), len(tested))
    for told_in in ("report/index.html", "detector/README.md"):
        assert "leans on the silence at the edges" in (cheat / told_in).read_text(encoding="utf-8"), told_in


@pytest.mark.slow  # a training of its own
def test_trimmed_from_the_start_there_is_nothing_to_learn(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = learn(corpora, "planted", "trimmed", "neutral=trim")
    assert load_detector(run).neutral.silence_db == 30
    assert read_json(run / "detector" / "config.json")["format"] == 2
    assert read_json(run / "metrics.json")["test"]["auc"] == pytest.approx(0.5, abs=0.03)
    told = told_by(corpora, run, "trimmed,silence_before", monkeypatch)
    for row in told["changes"]:
        # It hears the same stretch of each clip whatever silence is around it.
        assert row["drop_in_auc"] == pytest.approx(0, abs=0.02)
    assert told["words"][0].startswith("no change is shown")
    # `predict` hears through the same treatment: not the silence in front.
    clips = pd.read_csv(corpora / "planted" / "clips.csv")
    fake = corpora / "planted" / clips.loc[clips["label"] == 1, "path"].iloc[0]
    verdict = load_detector(run).predict(fake)
    assert verdict.windows[0].start_seconds >= SILENCE_SECONDS


@pytest.mark.slow  # a training of its own
def test_one_that_learnt_the_voice_stands(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = learn(corpora, "true", "honest")
    told = told_by(corpora, run, "trimmed,silence_before,silence_after", monkeypatch)
    assert told["clean"]["auc"] > 0.85
    for row in told["changes"]:
        assert row["auc"] > 0.8
    assert not any("trimmed" in line for line in told["words"])


def test_bad_use_is_one_line_and_leaves_what_is_there(
    corpora: Path,
    cheat: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {file: file.read_bytes() for file in cheat.glob("counterfactuals.*")}
    clips = pd.read_csv(corpora / "planted" / "clips.csv")
    clips.iloc[:3].to_csv(tmp_path / "clips.csv", index=False)
    # From another folder the run's relative path leads nowhere.
    monkeypatch.chdir(tmp_path)
    for arguments, words in (
        ([cheat, "--changes", "trim"], "known are trimmed"),
        ([tmp_path], "no finished run"),
        ([cheat, "--jobs", "0"], "jobs=0"),
        ([cheat], "--clips FILE"),
        ([cheat, "--clips", tmp_path / "clips.csv"], "clips.csv has not the clips"),
    ):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        assert stop.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert words in line
    assert before == {file: file.read_bytes() for file in cheat.glob("counterfactuals.*")}


def test_changed_files_are_told(
    corpora: Path, cheat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clips of a run are copied, one is replaced by another sound, and the run is told of the copies."""
    shutil.copytree(corpora / "planted", tmp_path / "planted")
    shutil.copytree(cheat, tmp_path / "cheat")
    clip = pd.read_csv(cheat / "scores_test.csv").sort_values("p_fake")["clip"].iloc[-1]
    paths = pd.read_csv(corpora / "planted" / "clips.csv").set_index("clip")["path"]
    noise = np.random.default_rng(0).normal(0, 0.1, 30_000)
    soundfile.write(tmp_path / "planted" / paths[clip], noise, SAMPLE_RATE_HZ)
    told = told_by(tmp_path, tmp_path / "cheat", "no_offset", monkeypatch)
    assert told["words"][-1].startswith("1 of ")
    assert clip in told["words"][-1]


def test_validation_is_changed_to_choose_by_and_the_report_stays(
    corpora: Path, cheat: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(corpora)
    before = {file: file.read_bytes() for file in cheat.glob("report/*.html")}
    main([str(cheat), "--part", "val", "--changes", "resampled"])
    told = read_json(cheat / "counterfactuals_val.json")
    scores = pd.read_csv(cheat / "counterfactuals_val.csv")
    val = pd.read_csv(cheat / "scores_val.csv")
    assert sorted(scores["clip"]) == sorted([*val["clip"]] * 2)
    assert told["clean"]["n_clips"] == len(val) and told["channels"]["names"] == ["resampled"]
    assert f"{told['channels']['eer']:.3f}" in capsys.readouterr().out
    assert before == {file: file.read_bytes() for file in cheat.glob("report/*.html")}
