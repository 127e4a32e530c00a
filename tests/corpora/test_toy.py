"""The toy corpus on disk: FakeAVCeleb's tree, its traps, and the same bytes each time."""

from __future__ import annotations

import csv
import hashlib
import subprocess
from collections import Counter
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from deepfake_audio.corpora.toy import ToyCorpus, make_toy_corpus
from deepfake_audio.corpora.toy.cast import NO_SOUND, Clip, draw_cast, plan_clips
from deepfake_audio.corpora.toy.tracks import voice_tracks
from deepfake_audio.errors import UserError


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def decode(path: Path) -> tuple[np.ndarray | None, int]:
    """The sound at 16 kHz, or None where there is none to be had; and how many video frames."""
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(path)]
    sound = subprocess.run([*ffmpeg, "-vn", "-ar", "16000", "-f", "s16le", "-"], capture_output=True)
    video = subprocess.run([*ffmpeg, "-an", "-pix_fmt", "gray", "-f", "rawvideo", "-"], capture_output=True)
    wave = np.frombuffer(sound.stdout, "<i2") / 32768 if sound.returncode == 0 else None
    return wave, len(video.stdout) // 64**2


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ToyCorpus:
    toy = ToyCorpus(tmp_path_factory.mktemp("toy") / "videos", voices=10, seed=3, jobs=2, progress=False)
    toy.prepare()
    return toy


@pytest.fixture(scope="module")
def root(corpus: ToyCorpus) -> Path:
    return Path(corpus.root)


@pytest.fixture(scope="module")
def plan() -> list[Clip]:
    return plan_clips(draw_cast(10, 3), 3)


def test_equal_seeds_give_equal_bytes_however_many_work_and_other_seeds_do_not(
    root: Path, tmp_path: Path
) -> None:
    again = make_toy_corpus(tmp_path / "again", voices=10, seed=3, jobs=1, progress=False)
    assert digests(again) == digests(root)
    other = make_toy_corpus(tmp_path / "other", voices=10, seed=4, progress=False)
    assert not set(digests(other).values()) & {
        digest
        for path, digest in digests(root).items()
        if path.endswith("mp4") and (root / path).stat().st_size > 99
    }


def test_what_was_cut_short_is_completed_to_the_same_bytes_and_the_rest_not_made_again(
    tmp_path: Path,
) -> None:
    root = make_toy_corpus(tmp_path / "toy", voices=10, progress=False)
    whole = digests(root)
    videos = sorted(path for path in root.rglob("[0-9]*.mp4"))
    kept = {path: path.stat().st_mtime_ns for path in videos[::2]}
    for path in videos[1::2]:
        path.unlink()
    (root / "meta_data.csv").unlink()
    videos[1].with_name(f".{videos[1].stem}.part.mp4").write_bytes(b"half a vid")
    make_toy_corpus(root, voices=10, progress=False)
    assert digests(root) == whole
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_folder_that_holds_anything_else_is_left_alone(root: Path, tmp_path: Path) -> None:
    before = digests(root)
    with pytest.raises(UserError, match=r"seed=3, not .*seed=5.*another root"):
        make_toy_corpus(root, voices=10, seed=5, progress=False)
    with pytest.raises(UserError, match=r"voices=10.*another root"):
        make_toy_corpus(root, voices=20, seed=3, progress=False)
    assert digests(root) == before
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="something else"):
        make_toy_corpus(tmp_path, voices=10, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("voices", [0, 5, 15, -10])
def test_the_groups_must_come_out_even(tmp_path: Path, voices: int) -> None:
    with pytest.raises(UserError, match="multiple of 10"):
        make_toy_corpus(tmp_path / "toy", voices=voices, progress=False)


def test_the_metadata_has_the_official_form(root: Path) -> None:
    lines = (root / "meta_data.csv").read_text().splitlines()
    assert lines[0] == "source,target1,target2,method,category,type,race,gender,path,"
    rows = list(csv.reader(lines))[1:]
    assert {len(row) for row in rows} == {10}
    for row in rows:
        on_disk = root / row[9].removeprefix("FakeAVCeleb/") / row[8]
        assert on_disk.is_file()
        assert row[9] == f"FakeAVCeleb/{row[5]}/{row[6]}/{row[7]}/{row[0]}"


def test_its_planted_defects_are_there(root: Path) -> None:
    rows = list(csv.reader((root / "meta_data.csv").open()))[1:]
    files = Counter((row[9], row[8]) for row in rows)
    twice = [file for file, count in files.items() if count == 2]
    assert len(twice) == 2 and all("FakeVideo-FakeAudio" in folder for folder, _ in twice)
    assert all(len({row[3] for row in rows if (row[9], row[8]) == file}) == 2 for file in twice)

    apple = list(root.rglob("._*"))
    assert len(apple) == 1 and not any(row[8].startswith("._") for row in rows)

    names = {category: {(row[0], row[8]) for row in rows if row[4] == category} for category in "CD"}
    assert names["C"] & names["D"]


def test_it_is_read_as_the_fakeavceleb_that_it_imitates(corpus: ToyCorpus, plan: list[Clip]) -> None:
    table = corpus.index().set_index("media")
    assert len(table) == len(plan) == 63
    for clip in plan:
        row = table.loc[clip.path]
        assert row["voice"] == clip.voice.identity
        assert row["face"] == clip.source.identity
        assert row["label"] == (clip.category in "BD")
        assert row["system"] == (clip.voice.vocoder if clip.category in "BD" else "bonafide")
        assert row["corpus"] == "toy"
    assert table.groupby("voice")["label"].nunique().eq(2).all()


def test_at_its_full_size_every_group_and_system_is_there_and_donors_share_the_group() -> None:
    cast = draw_cast(60, 0)
    clips = plan_clips(cast, 0)
    assert Counter((voice.race, voice.gender) for voice in cast) == dict.fromkeys(
        {(voice.race, voice.gender) for voice in cast}, 6
    )
    assert len({(voice.race, voice.gender) for voice in cast}) == 10
    assert Counter(voice.vocoder for voice in cast) == {"griffinlim": 30, "lpc": 30}
    assert len({voice.identity for voice in cast}) == 60
    assert len({clip.path for clip in clips}) == len(clips) == 363
    for clip in clips:
        assert (clip.voice.race, clip.voice.gender) == (clip.source.race, clip.source.gender)
        assert 50 <= clip.frames <= clip.voice.frames <= 100 and clip.start + clip.frames <= clip.voice.frames
    borrowed = [clip for clip in clips if clip.voice != clip.source]
    assert len(borrowed) > 150 and all(clip.name.endswith("_wavtolip.mp4") for clip in borrowed)
    whole = {clip.voice for clip in clips if not clip.defect and clip.category == "A"}
    assert len(whole) == 60


def test_three_files_cannot_be_read_and_all_others_hold_their_part_of_their_voice(
    root: Path, plan: list[Clip]
) -> None:
    for clip in (clip for clip in plan if clip.defect):
        wave, frames = decode(root / clip.path)
        assert wave is None and (frames == 50) == (clip.defect == NO_SOUND)
    for clip in [clip for clip in plan if not clip.defect][::5]:
        wave, frames = decode(root / clip.path)
        assert wave is not None and frames == clip.frames
        assert abs(len(wave) - 640 * clip.frames) <= 1024
        real, fake = voice_tracks(clip.voice)
        start = clip.start * 640
        heard, other = (
            track[start : start + len(wave)] for track in ((fake, real), (real, fake))[clip.category in "AC"]
        )
        length = min(len(heard), len(wave))
        assert np.corrcoef(heard[:length], wave[:length])[0, 1] > 0.95
        assert abs(np.corrcoef(other[:length], wave[:length])[0, 1]) < 0.9


def test_the_container_does_not_tell_real_from_fake(root: Path, plan: list[Clip]) -> None:
    """Samples beyond the video's frames, which alone give FakeAVCeleb's fakes away."""
    surplus: dict[bool, set[int]] = {True: set(), False: set()}
    for clip in [clip for clip in plan if not clip.defect][::5]:
        wave, frames = decode(root / clip.path)
        assert wave is not None
        surplus[clip.category in "BD"].add(len(wave) - 640 * frames)
    assert surplus[True] == surplus[False]
