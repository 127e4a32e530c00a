"""Two corpora in one run, one of them held out whole; and the same tracks in both are not let through."""

from __future__ import annotations

from pathlib import Path

from deepfake_audio.clips import read_clips, write_clips
from deepfake_audio.files import read_json
from deepfake_audio.runs import read_scores

from .conftest import SMALL, Road, command


def part(road: Road, folder: Path, corpus: str, first: int, last: int) -> Path:
    """Some of the road's voices as a corpus of their own, its voices named from 0 on."""
    clips = read_clips(road.audio / "clips.csv")
    voices = sorted(set(clips["voice"]))[first:last]
    numbers = {voice: f"p{number:03d}" for number, voice in enumerate(voices)}
    own = clips[clips["voice"].isin(voices)]
    own = own.assign(voice=own["voice"].map(numbers), corpus=corpus).drop(columns="face", errors="ignore")
    folder.mkdir()
    (folder / "wav").symlink_to(road.audio / "wav")
    write_clips(own, folder / "clips.csv")
    return folder / "clips.csv"


def test_a_corpus_held_out_whole(road: Road, tmp_path: Path) -> None:
    one = part(road, tmp_path / "first", "one", 0, 12)
    two = part(road, tmp_path / "second", "two", 12, 20)
    joined = f"clips=[{one},{two}]"
    run = tmp_path / "run"
    command(
        "train", joined, "split=corpus", "split.test=[two]", *SMALL, "trainer.max_epochs=1", f"hydra.run.dir={run}",
        cwd=tmp_path,
    )  # fmt: skip
    tested = read_scores(run / "scores_test.csv")
    assert set(tested["clip"]) == {f"two/{clip}" for clip in read_clips(two)["clip"]}
    assert set(tested["voice"]) == {f"two/p{number:03d}" for number in range(8)}, "two p000 are two people"
    split = read_json(run / "metrics.json")["split"]
    assert split["held_out"] == {"column": "corpus", "test": ["two"]}
    assert split["leakage"]["voices_in_two_splits"] == 0
    # The run's own clips are found again, changed, and judged.
    command("stress", run, "--changes", "quieter", cwd=tmp_path)
    (changed,) = read_json(run / "counterfactuals.json")["changes"]
    assert changed["name"] == "quieter"


def test_the_same_tracks_in_both_corpora_are_a_leak(road: Road, tmp_path: Path) -> None:
    joined = f"clips=[{part(road, tmp_path / 'a', 'one', 0, 12)},{part(road, tmp_path / 'b', 'two', 6, 20)}]"
    given = [joined, "split=corpus", "split.test=[two]"]
    told = command("audit", *given, "shortcuts=false", f"out={tmp_path / 'told'}", cwd=tmp_path, expect=1)
    assert "track" in told.stdout and "FORBIDDEN" in told.stdout
