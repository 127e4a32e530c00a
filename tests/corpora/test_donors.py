"""Whose voice a lip-synced clip carries: planted clips that contradict their names, through the real command."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from imageio_ffmpeg import get_ffmpeg_exe

from deepfake_audio.clips import read_clips
from deepfake_audio.corpora.donors import settle_voices
from deepfake_audio.corpora.fakeavceleb import FakeAVCeleb
from deepfake_audio.corpora.toy import ToyCorpus
from deepfake_audio.extraction import extract_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FakeAVCeleb:
    """FakeAVCeleb's layout, twenty people; three lip-synced clips carry their source's track, one a stranger's."""
    root = tmp_path_factory.mktemp("celebs")
    toy = ToyCorpus(root, voices=20, progress=False)
    toy.prepare()
    clips = toy.index()
    borrowed = clips[clips["media"].str.endswith("_wavtolip.mp4") & (clips["voice"] != clips["face"])]
    own = clips[clips["category"].isin(["A", "B"])].set_index(["face", "label"])["media"]
    planted = borrowed.iloc[[0, 20, -1]]
    for clip in planted.itertuples():
        _give_track(root / str(clip.media), root / own[clip.face, clip.label])
    alien = borrowed.iloc[5]
    stranger = next(face for face, _ in own.index if face not in (alien["face"], alien["voice"]))
    _give_track(root / alien["media"], root / own[stranger, alien["label"]])
    pd.concat([planted, borrowed.iloc[[5]]])[["clip", "face"]].to_csv(root / "planted.csv", index=False)
    return FakeAVCeleb(root)


def _give_track(film: Path, other: Path) -> None:
    """The picture of one film with .3 s to 1.9 s of another's sound, encoded once more."""
    part = film.with_name("part.mp4")
    command = [
        get_ffmpeg_exe(), "-v", "error", "-y", "-i", film, "-ss", "0.3", "-t", "1.6", "-i", other,
        "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-b:a", "48k", part,
    ]  # fmt: skip
    subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL)
    shutil.move(part, film)


@pytest.fixture(scope="module")
def extracted(corpus: FakeAVCeleb, tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    out = tmp_path_factory.mktemp("out")
    done, _ = extract_corpus(corpus.index(), Path(str(corpus.root)), out, progress=False)
    return done, out


def test_a_clip_that_contradicts_its_name_takes_the_voice_that_is_heard(
    corpus: FakeAVCeleb, extracted: tuple[pd.DataFrame, Path]
) -> None:
    done, out = extracted
    planted = read_planted(corpus)
    settled, lines = corpus.settle(done, out)
    changed = settled[settled["voice"] != done["voice"]]
    assert set(changed["clip"]) == set(planted["clip"][:3])
    assert (changed["voice"] == changed["face"]).all() and set(changed["voice_by"]) == {"track"}
    alien = settled.set_index("clip").loc[planted["clip"][3]]
    assert alien["voice_by"] == "name" and alien["voice"] != alien["face"]
    assert lines[0].startswith(
        "lip-synced clips: 39 of 43 carry the track of the donor in their name, 3 that of"
    )
    assert "1 neither's; 0 have nothing" in lines[0]
    assert all(clip in lines[1] for clip in planted["clip"][:3])
    assert lines[2].endswith(f"(voice_by=name): {planted['clip'][3]}")
    assert settled.drop(columns=["voice", "voice_by"]).equals(done.drop(columns="voice"))


def read_planted(corpus: FakeAVCeleb) -> pd.DataFrame:
    return pd.read_csv(Path(str(corpus.root)) / "planted.csv", dtype=str)


def test_only_the_track_of_the_same_label_is_evidence(
    corpus: FakeAVCeleb, extracted: tuple[pd.DataFrame, Path]
) -> None:
    """Without the clones of B, nothing is left to tell a D clip by; C clips are told by A as before."""
    done, out = extracted
    settled, lines = corpus.settle(done[done["category"] != "B"], out)
    lips = settled["media"].str.endswith("_wavtolip.mp4") & settled["category"].isin(["C", "D"])
    assert set(settled.loc[lips & (settled["label"] == 1), "voice_by"]) == {"name"}
    assert "track" in set(settled.loc[lips & (settled["label"] == 0), "voice_by"])
    unknown = int(lines[0].split("; ")[1].split()[0])
    assert unknown == (lips & (settled["label"] == 1) & (settled["voice"] != settled["face"])).sum() > 0


def test_the_command_tells_it_and_writes_it(
    corpus: FakeAVCeleb, extracted: tuple[pd.DataFrame, Path]
) -> None:
    out = extracted[1]
    command = [sys.executable, "-m", "deepfake_audio.extract", "corpus=fakeavceleb", "progress=false"]
    done = subprocess.run(
        [*command, f"corpus.root={corpus.root}", f"out={out}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        "39 of 43 carry the track of the donor in their name, 3 that of their source, 1 neither's"
        in done.stdout
    )
    clips = read_clips(out / "clips.csv").set_index("clip")
    planted = read_planted(corpus)
    assert clips.loc[planted["clip"][:3], "voice"].tolist() == planted["face"][:3].tolist()


def test_a_corpus_without_such_clips_is_left_as_it_is(tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "a.wav"), np.ones(16_000) * 0.1, 16_000)
    clips = pd.DataFrame(
        {"clip": ["a"], "path": ["a.wav"], "label": [0], "voice": ["v"], "face": ["v"], "category": ["A"]}
    )
    settled, lines = settle_voices(clips, tmp_path, clips["path"] == "")
    assert lines == [] and settled["voice_by"].tolist() == ["name"]
