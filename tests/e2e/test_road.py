"""From videos to a verdict by the real commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from sklearn.metrics import fbeta_score, recall_score, roc_auc_score

from deepfake_audio import load_detector
from deepfake_audio.audio import window_starts
from deepfake_audio.clips import read_clips
from deepfake_audio.data import ClipDataModule

from .conftest import REPOSITORY, SMALL, Road, command


def test_the_run_folder_holds_all_that_a_reader_asks_for(road: Road) -> None:
    names = {path.relative_to(road.run).as_posix() for path in road.run.rglob("*")}
    assert names >= {
        "config.yaml",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "history.csv",
        "scores_val.csv",
        "scores_test.csv",
        "threshold.json",
        "metrics.json",
        "report/index.html",
        "detector/config.json",
        "detector/model.safetensors",
        "detector/README.md",
    }
    assert not list(road.folder.glob("lightning_logs"))
    assert len(pd.read_csv(road.run / "history.csv")) == 3


def test_scores_are_of_unseen_voices_each_clip_once(road: Road) -> None:
    clips = read_clips(road.audio / "clips.csv")
    val, test = (pd.read_csv(road.run / f"scores_{part}.csv") for part in ("val", "test"))
    fitted = json.loads((road.run / "metrics.json").read_text())["calibration"]
    for scores in (val, test):
        own, told = scores.columns[:6].tolist(), scores.columns[6:].tolist()
        assert own == ["clip", "voice", "system", "label", "logit", "p_fake"]
        assert told == ["corpus", "method", "race", "gender", "seconds"]
        assert scores["clip"].is_unique
        odds = fitted["slope"] * scores["logit"] + fitted["offset"]
        np.testing.assert_allclose(scores["p_fake"], 1 / (1 + np.exp(-odds)), rtol=1e-9)
        told = clips.set_index("clip").loc[scores["clip"]]
        assert told["label"].tolist() == scores["label"].tolist()
        assert told["voice"].tolist() == scores["voice"].tolist()
    trained_on = set(clips["voice"]) - set(val["voice"]) - set(test["voice"])
    heard = clips[clips["voice"].isin(trained_on)]
    assert len(heard) + len(val) + len(test) == len(clips)
    assert not set(val["voice"]) & set(test["voice"])


def test_the_metrics_are_those_of_the_scores(road: Road) -> None:
    """Recomputed by scikit-learn from what the run left behind."""
    metrics = json.loads((road.run / "metrics.json").read_text())
    threshold = json.loads((road.run / "threshold.json").read_text())
    assert threshold["chosen_on"] == "val"
    for part in ("val", "test"):
        scores = pd.read_csv(road.run / f"scores_{part}.csv")
        label, called = scores["label"], (scores["p_fake"] >= threshold["threshold"]).astype(int)
        told = metrics[part]
        assert told["f2"] == pytest.approx(fbeta_score(label, called, beta=2))
        assert told["recall"] == pytest.approx(recall_score(label, called))
        assert told["auc"] == pytest.approx(roc_auc_score(label, scores["p_fake"]))
        assert told["f2_all_fake"] == pytest.approx(fbeta_score(label, np.ones_like(label), beta=2))
        assert told["n_clips"] == len(scores)
        assert told["n_voices"] == scores["voice"].nunique()
        low, high = told["intervals"]["f2"]
        assert low <= told["f2"] <= high
    val = pd.read_csv(road.run / "scores_val.csv")
    every = [fbeta_score(val["label"], val["p_fake"] >= t, beta=2) for t in [*val["p_fake"], 2.0]]
    assert threshold["f2"] == pytest.approx(max(every))


def test_training_and_prediction_give_the_same_logit(road: Road) -> None:
    """The wav, and the video it came from, through the shipped detector: as in the test scores, to 1e-5."""
    detector = load_detector(road.run / "detector")
    scores = pd.read_csv(road.run / "scores_test.csv").set_index("clip")
    clips = read_clips(road.audio / "clips.csv").set_index("clip").loc[scores.index[:12]]
    for clip, row in clips.iterrows():
        from_wav = detector.predict(road.audio / row["path"])
        from_video = detector.predict(road.videos / row["media"])
        assert from_wav.logit == pytest.approx(scores.loc[clip, "logit"], abs=1e-5)
        assert from_video.logit == pytest.approx(from_wav.logit, abs=1e-6)


def test_the_same_window_in_a_batch_and_alone(road: Road) -> None:
    detector = load_detector(road.run)
    clips = read_clips(road.audio / "clips.csv").assign(split="test")
    data = ClipDataModule(
        clips, road.audio, {"name": "logmel"}, {"name": "none"}, window_seconds=1.5, batch_size=8
    )
    batch = next(iter(data.test_dataloader()))
    together = detector.score(batch["waveform"], batch["samples"])
    alone = [
        detector.score(w[None], n[None]) for w, n in zip(batch["waveform"], batch["samples"], strict=True)
    ]
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


def test_predict_by_command(road: Road, tmp_path: Path) -> None:
    scores = pd.read_csv(road.run / "scores_test.csv")
    clips = read_clips(road.audio / "clips.csv").set_index("clip")
    video = road.videos / clips.loc[scores["clip"][0], "media"]
    folder = tmp_path / "inbox"
    folder.mkdir()
    shutil.copy(video, folder / "a b.mp4")
    (folder / "broken.mp4").write_bytes(b"no video")
    detector = road.run / "detector"
    done = command("predict", folder, "--detector", detector, "--json", cwd=tmp_path, expect=3)
    good, bad = json.loads(done.stdout)
    assert good["logit"] == pytest.approx(scores["logit"][0], abs=1e-5)
    assert good["verdict"] == ("fake" if good["p_fake"] >= good["threshold"] else "real")
    assert good["windows"][-1]["end_seconds"] == pytest.approx(good["seconds"])
    assert "broken.mp4" in bad["error"]
    table = command("predict", folder / "a b.mp4", "--detector", road.run, cwd=tmp_path).stdout
    assert good["verdict"] in table
    assert "a b.mp4" in table


def test_the_threshold_moves_after_training_and_the_detector_with_it(road: Road, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(road.run, run)
    command(REPOSITORY / "scripts" / "tune_threshold.py", run, "--beta", "0.5", cwd=tmp_path)
    cautious = json.loads((run / "threshold.json").read_text())
    told = json.loads((road.run / "threshold.json").read_text())
    assert cautious["beta"] == 0.5
    assert cautious["threshold"] >= told["threshold"]
    assert load_detector(run).threshold == cautious["threshold"]
    assert f"{cautious['threshold']:.6g}" in (run / "detector" / "README.md").read_text()
    (run / "scores_val.csv").unlink()
    command(REPOSITORY / "scripts" / "tune_threshold.py", run, cwd=tmp_path, expect=2)
    assert json.loads((run / "threshold.json").read_text()) == cautious


def test_equal_seeds_give_equal_scores_whatever_the_workers(road: Road, tmp_path: Path) -> None:
    command("train", *road.data, "data.workers=2", f"hydra.run.dir={tmp_path / 'again'}", cwd=tmp_path)
    for part in ("val", "test"):
        name = f"scores_{part}.csv"
        assert (tmp_path / "again" / name).read_bytes() == (road.run / name).read_bytes()


def test_going_on_from_a_checkpoint_ends_where_an_unbroken_run_does(road: Road, tmp_path: Path) -> None:
    """Two epochs and one more, with the rate of learning held constant, give the scores of three."""
    steady = (*road.data, "optim.schedule=constant")
    command("train", *steady, f"hydra.run.dir={tmp_path / 'whole'}", cwd=tmp_path)
    command("train", *steady, "trainer.max_epochs=2", f"hydra.run.dir={tmp_path / 'half'}", cwd=tmp_path)
    last = tmp_path / "half" / "checkpoints" / "last.ckpt"
    command("train", *steady, f"ckpt_path={last}", f"hydra.run.dir={tmp_path / 'rest'}", cwd=tmp_path)
    whole, rest = tmp_path / "whole", tmp_path / "rest"
    for name in ("history.csv", "scores_val.csv", "scores_test.csv"):
        assert (rest / name).read_bytes() == (whole / name).read_bytes(), name
    told = [json.loads((run / "metrics.json").read_text()) for run in (rest, whole)]
    for metrics in told:
        # When it was, and for how long, is another matter.
        del metrics["provenance"]["started"], metrics["provenance"]["seconds"]
    assert told[0] == told[1]
    weights = [
        torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for run in (whole, rest)
    ]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.slow  # tests/test_ranks.py shows it of two and four processes, without starting commands for it
def test_several_processes_count_each_clip_once(road: Road, tmp_path: Path) -> None:
    """The trained weights, scored by two processes: the same rows, the same figures as by one.

    Some part has an odd number of windows, so that one is dealt to both processes and must be counted once.
    """
    seconds = read_clips(road.audio / "clips.csv").set_index("clip")["seconds"]
    odd = [
        sum(
            len(window_starts(round(s * 16_000), 24_000))
            for s in seconds.loc[pd.read_csv(road.run / name)["clip"]]
        )
        % 2
        for name in ("scores_val.csv", "scores_test.csv")
    ]
    assert any(odd)
    last = road.run / "checkpoints" / "last.ckpt"
    done = command(
        "train",
        *road.data,
        "trainer=ddp",
        *SMALL[:1],
        f"ckpt_path={last}",
        f"hydra.run.dir={tmp_path / 'two'}",
        cwd=tmp_path,
    )
    assert "MEMBER: 2/2" in done.stdout + done.stderr
    for part in ("val", "test"):
        one, two = (pd.read_csv(run / f"scores_{part}.csv") for run in (road.run, tmp_path / "two"))
        assert one["clip"].tolist() == two["clip"].tolist()
        np.testing.assert_allclose(one["logit"], two["logit"], atol=1e-5)
    one, two = (json.loads((run / "metrics.json").read_text()) for run in (road.run, tmp_path / "two"))
    for key in ("f2", "auc", "eer", "n_clips"):
        assert one["test"][key] == pytest.approx(two["test"][key], abs=1e-6)


def test_training_on_several_processes(road: Road, tmp_path: Path) -> None:
    command("train", *road.data, "trainer=ddp", *SMALL[:1], f"hydra.run.dir={tmp_path / 'ddp'}", cwd=tmp_path)
    one, two = (pd.read_csv(run / "scores_test.csv") for run in (road.run, tmp_path / "ddp"))
    assert one["clip"].tolist() == two["clip"].tolist()
    assert len(pd.read_csv(tmp_path / "ddp" / "history.csv")) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["ddp"]


def test_a_small_table_of_ones_own(tmp_path: Path) -> None:
    """Four columns and six voices: one voice in test has no interval, and that is no error."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(24):
        soundfile.write(tmp_path / f"{number} é.wav", rng.normal(0, 0.1, 24_000), 16_000)
        rows.append((str(number), f"{number} é.wav", ["real", "fake"][number % 2], f"v{number // 4}"))
    pd.DataFrame(rows, columns=["clip", "path", "label", "voice"]).to_csv(tmp_path / "clips.csv", index=False)
    done = command("train", "clips=clips.csv", *SMALL, "hydra.run.dir=run", cwd=tmp_path)
    assert "no interval: one voice" in done.stdout
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["corpus"] == "unnamed"
