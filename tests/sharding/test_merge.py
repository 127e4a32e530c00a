"""Shards make what one run would have made, byte for byte, or are refused by name with nothing changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from omegaconf import OmegaConf

from deepfake_audio.auditing.shards import listen_to_shard
from deepfake_audio.auditing.survey import SURVEY, survey
from deepfake_audio.clips import read_clips
from deepfake_audio.errors import UserError
from deepfake_audio.extract import extract_from_config
from deepfake_audio.merge import merge
from deepfake_audio.sharding import Shard

from ..e2e.conftest import command

TABLES = ("clips.csv", "failures.csv", "corpus.json")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven wavs of noise, and one that is none; the names are what a table finds hardest."""
    root = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(0)
    names = ["a,b", 'say "ah"', "=1+1", "-5", "ü", "  blank", *(f"n{number}" for number in range(5))]
    for number, name in enumerate(names):
        folder = root / ("fake" if number % 2 else "real")
        folder.mkdir(exist_ok=True)
        soundfile.write(folder / f"{name}.wav", rng.normal(0, 0.1, 9_000 + 100 * number), 8_000)
    (root / "real" / "broken.wav").write_bytes(b"RIFF")
    return root


def extract(root: Path, out: Path, **settings: Any) -> None:
    corpus = {"_target_": "deepfake_audio.corpora.folder.Folder", "root": str(root), "name": "mine"}
    config = {"corpus": corpus, "progress": False, "jobs": 1, "max_failures": 1.0, **settings}
    extract_from_config(OmegaConf.create(config), out)


def sharded(root: Path, out: Path, of: int = 3, **settings: Any) -> Path:
    for number in reversed(range(of)):
        extract(root, out, shard=number, shards=of, **settings)
    return out


@pytest.fixture(scope="module")
def whole(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    extract(recordings, out)
    return out


@pytest.fixture(scope="module")
def finished(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sharded(recordings, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def shards(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "shards"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def test_shards_of_an_extraction_make_the_bytes_of_one_run(whole: Path, shards: Path) -> None:
    merge(shards, 1.0)
    assert contents(shards) == contents(whole), "and nothing of the shards is left"
    assert len(read_clips(shards / "clips.csv")) == 11
    assert len(pd.read_csv(shards / "failures.csv")) == 1
    with pytest.raises(UserError, match="holds no shards"):
        merge(shards, 1.0)


def test_too_many_failures_are_told_of_the_whole(shards: Path) -> None:
    with pytest.raises(UserError, match=r"1 of 12 files failed, more than max_failures=0.05"):
        merge(shards, 0.05)


def refused(folder: Path, said: str) -> None:
    before = contents(folder)
    with pytest.raises(UserError, match=said):
        merge(folder, 1.0)
    assert contents(folder) == before, "nothing earlier is damaged"


def test_missing_shards_are_named(shards: Path) -> None:
    (shards / "shards" / "clips.1-of-3.json").unlink()
    refused(shards, r"1 of 3 shards are missing: run those again, with -m shard=1$")


def test_doubled_shards_are_named(shards: Path, recordings: Path) -> None:
    extract(recordings, shards, shard=0, shards=2)
    refused(shards, r"shards of 2 \(0\) and 3 \(0, 1, 2\), so that clips are in two")
    (shards / "shards" / "clips.0-of-2.json").unlink()
    shutil.copy(shards / "shards" / "clips.0-of-3.json", shards / "shards" / "clips.1-of-3.json")
    refused(shards, r"clips\.1-of-3\.json says that it is of shard 0-of-3: that shard is here twice")


def test_shards_that_were_made_otherwise_are_named(shards: Path, recordings: Path) -> None:
    extract(recordings, shards, shard=1, shards=3, sample_rate=8_000)
    refused(shards, r"shards 1 were made otherwise than the rest \(sample_rate=8000, not 16000\)")
    more = Path(shutil.copytree(recordings, shards.parent / "more"))
    shutil.copy(more / "real" / "n0.wav", more / "real" / "n9.wav")
    extract(more, shards, shard=1, shards=3)
    refused(shards, r"shards 1 were made otherwise than the rest \(corpus.root=.*more, not")


def test_a_table_that_is_not_as_its_shard_left_it(shards: Path) -> None:
    table = shards / "shards" / "clips.2-of-3.csv"
    table.write_bytes(table.read_bytes()[:-20])
    refused(shards, r"clips\.2-of-3\.csv is missing or not as shard 2-of-3 left it")


def test_a_wav_that_was_left_behind(shards: Path) -> None:
    next((shards / "wav").rglob("n1.wav")).unlink()
    refused(shards, r"lacks 1 of 11 wavs \(wav/.*n1.wav\)")


def test_a_record_runs_nothing_but_our_own_adapters(shards: Path) -> None:
    """A canary: merging a folder that somebody sent must not do what its records say."""
    canary = shards.parent / "canary"
    for record in (shards / "shards").glob("clips.*.json"):
        told = json.loads(record.read_text())
        told["made"]["corpus"] = {"_target_": "pathlib.Path.touch", "self": str(canary)}
        record.write_text(json.dumps(told))
    refused(shards, "an adapter of your own")
    assert not canary.exists()


def test_a_shard_that_is_run_again_takes_its_old_record_away_first(shards: Path, recordings: Path) -> None:
    """Stopped half way, it must count as missing."""
    shutil.move(recordings, shards.parent / "away")
    try:
        with pytest.raises(UserError):
            extract(recordings, shards, shard=1, shards=3)
    finally:
        shutil.move(shards.parent / "away", recordings)
    assert (shards / "shards" / "clips.1-of-3.json").is_file(), "nothing was begun"
    extract(recordings, shards, shard=1, shards=3)
    merge(shards, 1.0)


def test_listening_by_shards_makes_the_survey_of_one_run(whole: Path, tmp_path: Path) -> None:
    one, many = (Path(shutil.copytree(whole, tmp_path / name)) for name in ("one", "many"))
    clips = read_clips(one / "clips.csv")
    survey(clips, one, progress=False)
    # What is known of a clip is known by when its file was written.
    for path in clips["path"]:
        shutil.copystat(one / path, many / path)
    for number in (1, 0):
        listen_to_shard(clips, many / "clips.csv", Shard(number, 2), jobs=1, progress=False)
    merge(many, 1.0)
    assert (many / SURVEY).read_bytes() == (one / SURVEY).read_bytes()
    assert not (many / "shards").exists()
    listen_to_shard(clips, many / "clips.csv", Shard(0, 2), jobs=1, progress=False)
    (many / "clips.csv").write_text("\n".join((many / "clips.csv").read_text().splitlines()[:-1]) + "\n")
    refused(many, "1 of 2 shards are missing")
    listen_to_shard(clips, many / "clips.csv", Shard(1, 2), jobs=1, progress=False)
    refused(many, "shards of another table than is there now")


def test_a_corpus_by_the_commands(whole: Path, recordings: Path, tmp_path: Path) -> None:
    """Extract and score as Hydra's jobs, and each put together by one command."""
    command(
        "extract", "-m", "corpus=folder", f"corpus.root={recordings}", "corpus.name=mine", "out=d", "shard=0,1",
        "shards=2", "progress=false", cwd=tmp_path,
    )  # fmt: skip
    command("merge", "d", "--max-failures", "1", cwd=tmp_path)
    assert all((tmp_path / "d" / name).is_file() for name in TABLES)
    pd.testing.assert_frame_equal(read_clips(tmp_path / "d" / "clips.csv"), read_clips(whole / "clips.csv"))
    command(
        "score",
        "-m",
        "clips=d/clips.csv",
        "out=e/s.csv",
        "shard=0,1",
        "shards=2",
        "progress=false",
        cwd=tmp_path,
    )
    told = command("merge", "e", cwd=tmp_path)
    assert "11 scores: e/s.csv" in told.stdout
    command("score", "clips=d/clips.csv", "out=f/s.csv", "jobs=1", "progress=false", cwd=tmp_path)
    assert (tmp_path / "f" / "s.csv").read_bytes() == (tmp_path / "e" / "s.csv").read_bytes()
    again = command("score", "-m", "clips=d/clips.csv", "out=e/s.csv", "shard=0,1", "shards=2", cwd=tmp_path)
    assert again.stdout.count("already there") == 2
