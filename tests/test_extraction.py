"""Sound out of video: the right samples, each failure a reason, and a kill costs nothing."""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest
import soundfile
from omegaconf import OmegaConf

from deepfake_audio.audio.decoding import ExtractionError, decode_audio, fingerprint
from deepfake_audio.audio.extracted import is_other_length
from deepfake_audio.clips import read_clips, write_clips
from deepfake_audio.corpora.toy import ToyCorpus
from deepfake_audio.errors import UserError
from deepfake_audio.extract import extract_from_config
from deepfake_audio.extraction import extract_corpus, unlisted_media

from .warm import run

# Of the memory of three processes together; the table of the clips itself is below one.
MOST_GROWN_MIB = 4
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=1")


def ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones too, and every empty folder, by its bytes."""
    return {
        str(entry.relative_to(folder)): hashlib.sha256(entry.read_bytes()).hexdigest()
        if entry.is_file()
        else ""
        for entry in folder.rglob("*")
        if entry.is_file() or not any(entry.iterdir())
    }


def extract(*overrides: str) -> subprocess.CompletedProcess[str]:
    return run("extract", "progress=false", *overrides, cwd=Path.cwd())


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyCorpus:
    corpus = ToyCorpus(tmp_path_factory.mktemp("toy") / "videos", voices=10, progress=False)
    corpus.prepare()
    return corpus


@pytest.fixture(scope="module")
def clean(toy: ToyCorpus) -> Path:
    """One undisturbed run of the command."""
    out = Path(toy.root).parent / "clean"
    done = extract("corpus.voices=10", f"corpus.root={toy.root}", f"out={out}")
    assert done.returncode == 0, done.stderr
    assert "60 extracted, 0 already there, 3 failed" in done.stdout
    assert "1 `._` entries" in done.stdout
    return out


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A second of 440 Hz under a second of picture."""
    video = tmp_path / "tone.mp4"
    ffmpeg(*PICTURE, "-f", "lavfi", "-i", "sine=440:duration=1:sample_rate=44100", "-shortest", video)
    return video


@pytest.mark.parametrize("sample_rate", [16_000, 22_050])
def test_a_tone_comes_out_at_its_pitch_and_length(tone: Path, tmp_path: Path, sample_rate: int) -> None:
    samples = decode_audio(tone, tmp_path / "tone.wav", sample_rate)
    info = soundfile.info(str(tmp_path / "tone.wav"))
    assert (info.samplerate, info.channels, info.subtype) == (sample_rate, 1, "PCM_16")
    written, _ = soundfile.read(str(tmp_path / "tone.wav"), dtype="int16")
    assert np.array_equal(samples, written)
    assert abs(len(samples) / sample_rate - 1) < 0.05
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert abs(spectrum.argmax() * sample_rate / len(samples) - 440) < 2


def test_channels_are_averaged(tmp_path: Path) -> None:
    left = np.round(8_000 * np.sin(np.arange(16_000) / 20)).astype(np.int16)
    right = np.full(16_000, 1_000, dtype=np.int16)
    soundfile.write(str(tmp_path / "stereo.wav"), np.column_stack([left, right]), 16_000, subtype="PCM_16")
    mono = decode_audio(tmp_path / "stereo.wav", tmp_path / "mono.wav", 16_000)
    assert np.abs(mono - (left.astype(float) + right) / 2).max() <= 0.5


def test_the_wav_and_its_fingerprint_are_of_the_sound_alone(tone: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "-another: name%d [1].mp4"
    ffmpeg("-i", tone, "-c", "copy", "-metadata", "title=another", tmp_path / "tagged.mp4")
    (tmp_path / "tagged.mp4").rename(renamed)
    first = decode_audio(tone, tmp_path / "first.wav", 16_000)
    second = decode_audio(renamed, tmp_path / "second.wav", 16_000)
    assert (tmp_path / "first.wav").read_bytes() == (tmp_path / "second.wav").read_bytes()
    assert fingerprint(first) == fingerprint(second) != fingerprint(first[1:])


def test_each_kind_of_bad_file_has_its_reason_and_leaves_no_wav(tone: Path, tmp_path: Path) -> None:
    ffmpeg(*PICTURE, tmp_path / "mute.mp4")
    still = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-shortest")
    ffmpeg(*PICTURE, *still, tmp_path / "silent.mp4")
    whole = tone.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(3_000))
    (tmp_path / "folder.mp4").mkdir()
    wave = np.full(16_000, 0.1)
    wave[7] = np.nan
    soundfile.write(str(tmp_path / "nan.wav"), wave, 16_000, subtype="FLOAT")
    (tmp_path / "no header.raw").write_bytes(bytes(1_000))
    reasons = {
        "nan.wav": "NaN or infinite",
        "no header.raw": "of another kind that holds no sound",
        "mute.mp4": "no audio track",
        "silent.mp4": "silent: every sample is zero",
        "cut.mp4": "moov atom not found",
        "empty.mp4": "empty",
        "noise.mp3": "unreadable",
        "folder.mp4": "missing",
        "absent.mp4": "missing",
    }
    for name, reason in reasons.items():
        with pytest.raises(ExtractionError, match=reason) as caught:
            decode_audio(tmp_path / name, tmp_path / "out.wav", 16_000)
        assert len(str(caught.value)) < 100 and str(tmp_path) not in str(caught.value)
        assert not (tmp_path / "out.wav").exists()


def test_the_command_mirrors_the_tree_and_lists_every_clip_once(toy: ToyCorpus, clean: Path) -> None:
    index = toy.index()
    clips, failures = read_clips(clean / "clips.csv"), pd.read_csv(clean / "failures.csv")
    assert set(clips["clip"]) | set(failures["clip"]) == set(index["clip"])
    assert len(clips) + len(failures) == len(index) == 63
    wavs = {file.relative_to(clean).as_posix() for file in clean.rglob("*.wav")}
    assert wavs == set(clips["path"])
    videos = {file.relative_to(toy.root).with_suffix("").as_posix() for file in Path(toy.root).rglob("*.mp4")}
    assert {wav.removeprefix("wav/").removesuffix(".wav") for wav in wavs} <= videos
    for clip in clips.itertuples():
        info = soundfile.info(str(clean / str(clip.path)))
        assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert info.frames / 16_000 == clip.seconds
        samples, _ = soundfile.read(str(clean / str(clip.path)), dtype="int16")
        assert fingerprint(samples) == clip.fingerprint


def test_the_planted_defects_are_the_failures(clean: Path) -> None:
    failures = pd.read_csv(clean / "failures.csv")
    assert list(failures.columns) == ["clip", "media", "reason"]
    told = " / ".join(sorted(failures["reason"]))
    assert "no audio track" in told and "0 bytes" in told and "moov atom not found" in told


@pytest.mark.parametrize("wavs_before_kill", [0, 1, 25])
def test_a_kill_and_a_second_run_give_the_bytes_of_one_clean_run(
    toy: ToyCorpus, clean: Path, tmp_path: Path, wavs_before_kill: int
) -> None:
    out = tmp_path / "out"
    overrides = ["corpus.voices=10", f"corpus.root={toy.root}", f"out={out}", "jobs=2", "progress=false"]
    process = subprocess.Popen([sys.executable, "-m", "deepfake_audio.extract", *overrides])
    patience = time.monotonic() + 30
    while not (out / ".extracting").is_dir() or len(list(out.glob("wav/**/*.wav"))) < wavs_before_kill:
        assert process.poll() is None and time.monotonic() < patience, "it must still be at work"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "clips.csv").exists(), "the kill came too late to show anything"
    again = extract(*overrides)
    assert again.returncode == 0, again.stderr
    assert tree(out) == tree(clean)


def test_what_a_kill_can_leave_is_swept_or_made_again(toy: ToyCorpus, clean: Path, tmp_path: Path) -> None:
    """Each leftover by hand: a killed ffmpeg's part, a cut-off wav, one at another rate, a half-written table."""
    done = read_clips(clean / "clips.csv")
    out = tmp_path / "out"
    stale = out / ".extracting" / "tmp123" / "7.wav"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"RIFF")
    (out / ".clips.part.csv").write_text("clip,pa")
    cut, slow = (out / path for path in done["path"][:2])
    cut.parent.mkdir(parents=True)
    slow.parent.mkdir(parents=True, exist_ok=True)
    cut.write_bytes(b"RIFF\x00")
    soundfile.write(str(slow), np.ones(800) * 0.1, 8_000, subtype="PCM_16")
    assert extract("corpus.voices=10", f"corpus.root={toy.root}", f"out={out}").returncode == 0
    assert tree(out) == tree(clean)


def test_finished_clips_are_not_done_again_unless_asked(toy: ToyCorpus, clean: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in clean.rglob("*.wav")}
    again = extract("corpus.voices=10", f"corpus.root={toy.root}", f"out={clean}")
    assert "0 extracted, 60 already there, 3 failed" in again.stdout
    assert {file: file.stat().st_mtime_ns for file in clean.rglob("*.wav")} == before
    index = toy.index().head(3)
    done, _ = extract_corpus(index, Path(toy.root), clean, overwrite=True, progress=False)
    assert not done["already_there"].any() and len(done) == 3
    assert {file for file, when in before.items() if file.stat().st_mtime_ns > when} == {
        clean / path for path in index["path"]
    }


def test_too_many_failures_end_with_an_error_after_the_tables_are_written(
    toy: ToyCorpus, tmp_path: Path
) -> None:
    done = extract("corpus.voices=10", f"corpus.root={toy.root}", f"out={tmp_path}", "max_failures=0.04")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: 3 of 63 files failed")
    assert len(read_clips(tmp_path / "clips.csv")) == 60 and (tmp_path / "failures.csv").is_file()


def test_two_extractors_do_not_work_in_one_folder(toy: ToyCorpus, tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(UserError, match=r"another extraction is at work there"):
            extract_corpus(toy.index().head(1), Path(toy.root), tmp_path, progress=False)
    finally:
        os.close(handle)
    done, _ = extract_corpus(toy.index().head(1), Path(toy.root), tmp_path, progress=False)
    assert len(done) == 1


def test_a_dry_run_needs_no_media_and_never_replaces_a_finished_table(
    toy: ToyCorpus, clean: Path, tmp_path: Path
) -> None:
    metadata = Path(toy.root) / "meta_data.csv"
    corpus = ["corpus=fakeavceleb", f"corpus.metadata={metadata}"]
    dry = extract(*corpus, f"out={tmp_path}", "dry_run=true")
    assert dry.returncode == 0, dry.stderr
    assert "63 clips, 10 voices, 0.4921 fake" in dry.stdout and "A: 10" in dry.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["clips.csv"]
    assert "fingerprint" not in read_clips(tmp_path / "clips.csv")
    before = tree(clean)
    refused = extract(*corpus, f"out={clean}", "dry_run=true")
    assert refused.returncode == 2 and "finished extraction" in refused.stderr
    assert tree(clean) == before


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["corpus=fakeavceleb"], "give corpus.root=DIR"),
        (["corpus=fakeavceleb", "corpus.root=nowhere"], "corpus.root=nowhere is no folder"),
        (["max_failures=2"], "max_failures=2 is a share"),
        (["corpus=unheard_of"], "unheard_of"),
        (["sample_rat=8000"], "sample_rat"),
    ],
)
def test_a_wrong_command_is_one_line(overrides: list[str], message: str, tmp_path: Path) -> None:
    done = extract(*overrides, f"out={tmp_path / 'out'}")
    assert done.returncode == 2 and message in done.stderr
    assert done.stderr.startswith("error: ") and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_bad_tables_are_refused_before_anything_is_written(toy: ToyCorpus, tmp_path: Path) -> None:
    index = toy.index().head(2)
    for bad, message in [
        (index.drop(columns="media"), "no column 'media'"),
        (index.assign(media="../../secret.mp4"), r"secret\.mp4 leaves it"),
        (index.assign(path="../x.wav"), r"x\.wav leaves it"),
        (index.assign(path="same.wav"), r"share a file, but several have same\.wav"),
    ]:
        with pytest.raises(UserError, match=message):
            extract_corpus(bad, Path(toy.root), tmp_path / "out", progress=False)
    with pytest.raises(UserError, match="jobs=0"):
        extract_corpus(index, Path(toy.root), tmp_path / "out", jobs=0)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="can't be made or opened"):
        extract_corpus(index, Path(toy.root), tmp_path / "file", progress=False)
    assert not (tmp_path / "out").exists()


def test_videos_that_the_metadata_forgets_are_counted(toy: ToyCorpus) -> None:
    assert unlisted_media(toy.index(), Path(toy.root)) == (1, 0)
    assert unlisted_media(toy.index().iloc[5:], Path(toy.root)) == (1, 5)


def recordings(folder: Path, **files: tuple[float, int]) -> pd.DataFrame:
    """Noise as wav (or what the name ends in) of so many seconds at a rate, and its table."""
    rng = np.random.default_rng(0)
    rows = []
    for name, (seconds, rate) in files.items():
        file = name.replace("_", ".")
        soundfile.write(str(folder / file), rng.uniform(-0.5, 0.5, round(seconds * rate)), rate)
        rows.append((name, f"wav/{name}.wav", len(rows) % 2, f"v{len(rows)}", file))
    return pd.DataFrame(rows, columns=["clip", "path", "label", "voice", "media"])


def test_what_the_header_says_goes_into_the_table(tone: Path, tmp_path: Path) -> None:
    index = recordings(tmp_path, a_flac=(1, 16_000), b_wav=(1.5, 44_100), c_mp3=(1, 22_050))
    film = pd.DataFrame([("d", "wav/d.wav", 0, "v9", tone.name)], columns=index.columns)
    done, _ = extract_corpus(pd.concat([index, film]), tmp_path, tmp_path / "out", progress=False)
    write_clips(done.drop(columns="already_there"), tmp_path / "out" / "clips.csv")
    table = read_clips(tmp_path / "out" / "clips.csv").set_index("clip")
    facts = [
        "container",
        "codec",
        "source_rate",
        "source_channels",
        "source_samples",
        "video_frames",
        "video_fps",
    ]
    assert table.loc["a_flac", facts].tolist() == ["flac", "flac", "16000", "1", "16000", "", ""]
    assert table.loc["b_wav", facts].tolist() == ["wav", "pcm_s16le", "44100", "1", "66150", "", ""]
    assert table.loc["c_mp3", facts[:4]].tolist() == ["mp3", "mp3", "22050", "1"]
    assert table.loc["d", facts].tolist() == ["mp4", "aac", "44100", "1", "44100", "25", "25.0"]
    assert abs(table["seconds"] - [1, 1.5, 1, 1]).max() < 0.08


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_file_at_the_rate_is_decoded_without_ffmpeg_to_the_same_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtype: str
) -> None:
    wave = np.random.default_rng(0).uniform(-0.9, 0.9, (16_000, 2))
    soundfile.write(str(tmp_path / "in.wav"), wave, 16_000, subtype=subtype)
    ffmpeg("-i", tmp_path / "in.wav", "-c:a", "pcm_f32le", tmp_path / "reference.wav")
    reference = soundfile.read(str(tmp_path / "reference.wav"))[0].mean(axis=1)

    def no_process(*arguments: object, **settings: object) -> None:
        raise AssertionError("no process is needed")

    monkeypatch.setattr("deepfake_audio.audio.decoding.ffmpeg_extract_audio", no_process)
    samples = decode_audio(tmp_path / "in.wav", tmp_path / "out.wav", 16_000, "moviepy")
    assert np.abs(samples / 32768 - reference).max() <= 1.01 / 32768
    with pytest.raises(AssertionError, match="no process"):
        decode_audio(tmp_path / "in.wav", tmp_path / "out.wav", 8_000, "moviepy")


def test_a_link_stands_for_what_needs_no_copy(tmp_path: Path) -> None:
    index = recordings(tmp_path, a_flac=(1, 16_000), b_wav=(1, 16_000), c_wav=(1, 8_000), d_ogg=(1, 16_000))
    stereo = np.random.default_rng(1).uniform(-0.5, 0.5, (16_000, 2))
    soundfile.write(str(tmp_path / "e.wav"), stereo, 16_000)
    index.loc[4] = ["e", "wav/e.wav", 0, "v", "e.wav"]
    linked, _ = extract_corpus(index, tmp_path, tmp_path / "linked", link=True, progress=False)
    copied, _ = extract_corpus(index, tmp_path, tmp_path / "copied", progress=False)
    assert linked["path"].tolist() == ["wav/a_flac.flac", *index["path"][1:]]
    assert [(tmp_path / "linked" / path).is_symlink() for path in linked["path"]] == [
        True,
        True,
        False,
        False,
        False,
    ]
    pd.testing.assert_frame_equal(linked.drop(columns="path"), copied.drop(columns="path"))
    for one, other in zip(linked["path"], copied["path"], strict=True):
        heard, copy = (
            soundfile.read(str(tmp_path / file))[0] for file in (f"linked/{one}", f"copied/{other}")
        )
        assert np.array_equal(heard, copy)
    again, _ = extract_corpus(index, tmp_path, tmp_path / "linked", link=True, progress=False)
    assert again["already_there"].all()
    back, _ = extract_corpus(index, tmp_path, tmp_path / "linked", progress=False)
    assert not any((tmp_path / "linked" / path).is_symlink() for path in back["path"])
    assert back["fingerprint"].tolist() == linked["fingerprint"].tolist()


@pytest.mark.parametrize("column", ["seconds", "stated_seconds"])
def test_a_clip_of_another_length_than_its_table_says_is_a_failure_with_both(
    tmp_path: Path, column: str
) -> None:
    index = recordings(tmp_path, a_wav=(4, 16_000), b_wav=(0.1, 16_000), c_wav=(4, 16_000))
    done, failures = extract_corpus(
        index.assign(**{column: ["4.3", "4", ""]}), tmp_path, tmp_path / "out", progress=False
    )
    assert failures.to_numpy().tolist() == [["b_wav", "b.wav", "the table says 4 s, it is 0.10 s"]]
    assert done["clip"].tolist() == ["a_wav", "c_wav"] and done["seconds"].tolist() == [4, 4]
    assert "stated_seconds" not in done


@pytest.mark.parametrize(
    ("seconds", "stated", "other"),
    [
        (4, 4.5, False),
        (4, 4.51, True),
        (20, 21.9, False),
        (20, 23, True),
        (3.9, 0.1, True),
        (4, float("nan"), False),
    ],
)
def test_another_length_is_a_tenth_and_half_a_second(seconds: float, stated: float, other: bool) -> None:
    assert is_other_length(seconds, stated) == other


def test_a_wav_that_was_cut_short_since_is_made_again(tmp_path: Path) -> None:
    index = recordings(tmp_path, a_wav=(2, 16_000), b_wav=(2, 16_000), c_wav=(2, 16_000))
    first, _ = extract_corpus(index, tmp_path, tmp_path / "out", progress=False)
    before = tree(tmp_path / "out")
    cut, rewritten, _ = (tmp_path / "out" / path for path in first["path"])
    cut.write_bytes(cut.read_bytes()[:-10])
    soundfile.write(str(rewritten), soundfile.read(str(rewritten))[0][:16_000], 16_000, subtype="PCM_16")
    again, _ = extract_corpus(index, tmp_path, tmp_path / "out", progress=False)
    assert again["already_there"].tolist() == [False, False, True]
    assert tree(tmp_path / "out") == before


def test_a_folder_of_another_corpus_is_refused_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, corpus in enumerate(("one", "two")):
        for label in ("real", "fake"):
            (tmp_path / corpus / label).mkdir(parents=True)
            noise = np.random.default_rng(number).uniform(-0.5, 0.5, 16_000)
            soundfile.write(str(tmp_path / corpus / label / "a.wav"), noise, 16_000)

    def extracted(root: str, **settings: object) -> str:
        corpus = {
            "_target_": "deepfake_audio.corpora.folder.Folder",
            "root": str(tmp_path / root),
            "name": "mine",
        }
        extract_from_config(
            OmegaConf.create({"corpus": corpus, "progress": False, **settings}), tmp_path / "out"
        )
        return capsys.readouterr().out

    assert "nobody says who speaks in 2 of 2 clips" in extracted("one")
    before = tree(tmp_path / "out")
    with pytest.raises(UserError, match=r"was extracted from a corpus with root=.*one \(now .*two\)"):
        extracted("two")
    assert tree(tmp_path / "out") == before
    assert "2 extracted" in extracted("two", overwrite=True)
    assert "2 already there" in extracted("two")
    assert tree(tmp_path / "out") != before


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_recording_cut_off_is_a_failure_that_says_so(suffix: str, tmp_path: Path) -> None:
    """Read on its own such a file looks like a shorter one that is whole."""
    wave = np.random.default_rng(0).normal(0, 0.1, 64_000)
    for name in ("cut", "whole"):
        soundfile.write(tmp_path / f"{name}.{suffix}", wave, 16_000)
    file = tmp_path / f"cut.{suffix}"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    clips = pd.DataFrame(
        {"clip": ["cut", "whole"], "path": ["cut.wav", "whole.wav"], "label": 0, "voice": "v",
         "media": [f"cut.{suffix}", f"whole.{suffix}"]}
    )  # fmt: skip
    done, failures = extract_corpus(clips, tmp_path, tmp_path / "out", progress=False)
    assert list(done["clip"]) == ["whole"]
    assert "cut off: its header says 4.00 s" in failures["reason"].item()


def test_a_wav_from_a_pipe_has_no_length_in_its_header_and_is_whole(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(content)
    clips = pd.DataFrame([{"clip": "a", "path": "a.wav", "label": 0, "voice": "v", "media": "a.wav"}])
    done, failures = extract_corpus(clips, tmp_path, tmp_path / "out", progress=False)
    assert len(done) == 1 and failures.empty


def test_a_file_that_holds_its_decoder_is_given_up_and_so_is_what_it_started(
    tone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ffmpeg that never ends, and a time that no decoder can keep."""
    clips = pd.DataFrame({"clip": ["a"], "path": ["a.wav"], "label": 0, "voice": "v", "media": [tone.name]})
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\necho $$ > " + str(tmp_path / "pid") + "\nexec sleep 60\n")
    idle.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(idle))
    for backend, most_seconds in (("moviepy", 3), ("pyav", 0.001)):
        done, failures = extract_corpus(
            clips, tmp_path, tmp_path / "out", backend=backend, most_seconds=most_seconds, progress=False
        )
        assert done.empty and failures["reason"].item() == f"given up after {most_seconds} s"
    pid = (tmp_path / "pid").read_text().strip()
    assert not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text()
    monkeypatch.undo()
    done, failures = extract_corpus(clips, tmp_path, tmp_path / "out", progress=False)
    assert len(done) == 1 and failures.empty
    assert sorted(tree(tmp_path / "out")) == ["a.wav"]


def test_a_folder_begun_by_one_backend_is_ended_by_the_other_as_if_by_one(
    toy: ToyCorpus, clean: Path, tmp_path: Path
) -> None:
    index, root = toy.index(), Path(toy.root)
    extract_corpus(index.head(9), root, tmp_path, backend="moviepy", progress=False)
    done, failures = extract_corpus(index, root, tmp_path, progress=False)
    assert done["already_there"].sum() == 9 - failures["clip"].isin(index["clip"].head(9)).sum()
    assert tree(tmp_path / "wav") == tree(clean / "wav")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("backend", "sox"), *(("most_seconds", value) for value in (0, math.inf, math.nan, "long", None, True))],
)
def test_a_wrong_setting_is_told_by_its_name(
    toy: ToyCorpus, tmp_path: Path, setting: str, value: object
) -> None:
    with pytest.raises(UserError, match=f"{setting}={value}: give"):
        extract_corpus(toy.index(), Path(toy.root), tmp_path / "out", **{setting: value})  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow  # two thousand clips by each backend take a minute
@pytest.mark.parametrize("backend", ["pyav", "moviepy"])
def test_nothing_grows_over_two_thousand_clips(tone: Path, backend: str) -> None:
    """Handles, processes, threads and memory of a run after 200 clips and after 2,000."""
    root, count = tone.parent, 2_000
    names = [f"{number:04d}" for number in range(count)]
    for name in names:
        os.link(tone, root / f"{name}.mp4")
    clips = pd.DataFrame({"clip": names, "path": names, "label": 0, "voice": names})
    clips = clips.assign(path=clips["path"] + ".wav", media=clips["clip"] + ".mp4")
    clips.to_csv(root / "clips.csv", index=False)
    code = (
        "import sys, pandas as pd; from pathlib import Path; from deepfake_audio.extraction import extract_corpus\n"
        "root = Path(sys.argv[1]); clips = pd.read_csv(root / 'clips.csv', dtype=str).assign(label=0)\n"
        "done, _ = extract_corpus(clips, root, root / 'out', jobs=2, backend=sys.argv[2], progress=False)\n"
        "sys.exit(len(done) != 2000)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(root), backend])
    seen: dict[int, list[float]] = {}
    while process.poll() is None:
        made = len(list((root / "out").glob("*.wav")))
        # Those that are about to end hold nothing any more.
        if 0 < made < 1_990:
            seen[made] = held_by(process.pid)
        time.sleep(0.05)
    assert process.returncode == 0
    early = [held for made, held in seen.items() if 100 <= made <= 400]
    late = [held for made, held in seen.items() if made >= 1_600]
    assert early and late, "it went too fast to be watched"
    # Of what comes and goes with each clip the least is what stays.
    before, after = np.min(early, axis=0), np.min(late, axis=0)
    print(f"{backend}: handles, processes, threads, MiB: {before} then {after}")
    assert (after[:3] <= before[:3]).all()
    assert after[3] - before[3] < MOST_GROWN_MIB


def held_by(pid: int) -> list[float]:
    """Open handles, processes, threads and resident MiB of a process and its workers, without what these start."""
    group = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    handles = sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in group)
    states = [Path(f"/proc/{one}/status").read_text() for one in group]

    def told(name: str) -> int:
        return sum(int(state.split(f"{name}:")[1].split()[0]) for state in states)

    return [handles, len(group), told("Threads"), told("VmRSS") / 1024]
