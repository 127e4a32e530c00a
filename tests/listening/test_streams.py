"""What comes in blocks is what extraction writes and what training cuts, and nothing else is ever opened."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.audio import window_starts
from deepfake_audio.audio.decoding import decode_audio
from deepfake_audio.errors import UserError
from deepfake_audio.listening import ffmpeg
from deepfake_audio.listening.streams import (
    BLOCK_NUMBERS,
    between,
    cut_windows,
    read_recording,
    recording_blocks,
)
from deepfake_audio.neutral import build_neutral

from .made import RATE, made_detector, speech, written


def by_ffmpeg(source: Path, name: str, *settings: str) -> Path:
    made = source.with_name(name)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-i", str(source)]
    subprocess.run([*command, *settings, str(made)], check=True)
    return made


@pytest.fixture(scope="module")
def stereo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wave = np.stack([speech(3.1, seed=1), speech(3.1, -40, seed=2)], axis=1)
    return written(tmp_path_factory.mktemp("streams") / "stereo.wav", wave)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("same.wav", ()),
        ("float.wav", ("-c:a", "pcm_f32le")),
        ("44k.flac", ("-ar", "44100")),
        ("call.wav", ("-ar", "8000", "-ac", "1", "-c:a", "pcm_mulaw")),
        ("16k.mp3", ("-ar", "16000")),
        ("48k.ogg", ("-ar", "48000")),
        ("clip.mp4", ("-ar", "44100", "-c:a", "aac")),
        ("surround.mkv", ("-ac", "6", "-ar", "44100", "-c:a", "aac")),
    ],
)
def test_samples_are_those_that_extraction_writes(
    stereo: Path, tmp_path: Path, name: str, settings: tuple[str, ...]
) -> None:
    file = by_ffmpeg(stereo, name, *settings)
    expected = decode_audio(file, tmp_path / "a.wav", RATE)
    found = read_recording(file, RATE)
    assert np.array_equal(np.rint(found * 32768).astype(np.int16), expected)
    assert np.array_equal(found, (expected / 32768).astype(np.float32))


def test_what_needs_no_extraction_is_taken_as_it_stands(tmp_path: Path) -> None:
    """A 24-bit mono file at the rate is linked into a corpus: training hears all of its bits."""
    file = written(tmp_path / "a.flac", speech(1.0), subtype="PCM_24")
    read, _ = soundfile.read(file, dtype="float32")
    assert np.array_equal(read_recording(file, RATE), read)
    assert not np.array_equal(np.rint(read * 32768), read * 32768)


@pytest.mark.parametrize("channels", [1, 2, 200])
def test_no_block_holds_more_numbers_than_it_may(tmp_path: Path, channels: int) -> None:
    wave = np.tile(speech(max(1, 60 / channels))[:, None], channels)
    file = written(tmp_path / "a.wav", wave)
    longest = max(len(block) for block in recording_blocks(file, RATE))
    assert longest * channels <= BLOCK_NUMBERS < wave.size
    file = by_ffmpeg(file, "b.wav", "-ar", "22050") if channels < 9 else file
    sizes = [2 * len(block) * channels for block in recording_blocks(file, RATE)]
    assert max(sizes) <= max(ffmpeg.BLOCK_BYTES, 2 * BLOCK_NUMBERS)


@given(
    samples=st.integers(1, 400),
    window=st.integers(1, 90),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_windows_of_a_stream_are_those_of_training(samples: int, window: int, cuts: list[int]) -> None:
    """However the stream is cut into blocks."""
    wave = np.arange(samples, dtype=np.float32)
    blocks = np.split(wave, sorted(min(cut, samples) for cut in cuts))
    found = list(cut_windows(blocks, window))
    assert [start for start, _ in found] == window_starts(samples, window)
    for start, heard in found:
        assert np.array_equal(heard, wave[start : start + window])


@given(st.integers(0, 50), st.integers(0, 60), st.lists(st.integers(0, 60), max_size=4))
def test_between_two_samples_of_a_stream(first: int, length: int, cuts: list[int]) -> None:
    wave = np.arange(60, dtype=np.float32)
    blocks = np.split(wave, sorted(cuts))
    end = min(60, first + length)
    found = np.concatenate([wave[:0], *between(blocks, first, end)])
    assert np.array_equal(found, wave[first:end])


@pytest.mark.parametrize("neutral", ["none", "trim", "all"])
def test_a_file_and_its_samples_get_the_same_verdict_to_the_bit(tmp_path: Path, neutral: str) -> None:
    """In one go as training cuts it, and block by block from a file; 20 s are several blocks and batches."""
    wave = np.concatenate([np.zeros(9_000), speech(19.3), np.zeros(5_000)]).astype(np.float32)
    file = written(tmp_path / "a.wav", wave, subtype="FLOAT")
    detector = made_detector(neutral={"name": neutral})
    spans, logits = detector.window_logits(wave)
    told = detector.predict(file)
    first, end = build_neutral(neutral).bounds(wave, RATE)
    assert [start - first for start, _ in spans] == window_starts(end - first, RATE)
    assert [(w.start_seconds, w.end_seconds) for w in told.windows] == [
        (a / RATE, b / RATE) for a, b in spans
    ]
    assert told.logit == float(logits.mean())
    assert [w.p_fake for w in told.windows] == detector.calibration.p_fake(logits.numpy()).tolist()


def test_a_playlist_or_a_script_that_calls_itself_a_video_is_refused(stereo: Path) -> None:
    clip = by_ffmpeg(stereo, "real.mp4", "-c:a", "aac")
    lies = {
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{clip.name}\n#EXT-X-ENDLIST\n",
        "hls.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{clip}\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{clip.name}'\n",
        "dash.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f"<Period><BaseURL>{clip}</BaseURL></Period></MPD>",
        "words.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    }
    for name, words in lies.items():
        file = clip.with_name(name)
        file.write_text(words)
        with pytest.raises(UserError, match=f"{name} cannot be read"):
            read_recording(file, RATE)
    assert len(read_recording(clip, RATE))


@pytest.mark.parametrize(
    "name", ["a b\nc.mp4", "-i.mp4", "%03d.mp4", "file:x.mp4", "'q'.mp4", os.fsdecode(b"\xff.mp4")]
)
def test_whatever_a_file_is_called(
    stereo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    by_ffmpeg(stereo, "plain.mp4", "-c:a", "aac").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(read_recording(Path(name), RATE)) == pytest.approx(3.1 * RATE, rel=0.05)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe it in"):
        read_recording(tmp_path / "pipe", RATE)
    with pytest.raises(UserError, match="cannot be read"):
        read_recording(Path("x" * 5000), RATE)


def test_a_decoder_that_says_nothing_is_given_up(
    stereo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\nexec sleep 60\n")
    idle.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(idle))
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(idle))
    monkeypatch.setattr(ffmpeg, "STALLED_SECONDS", 0.2)
    with pytest.raises(UserError, match="given up"):
        read_recording(by_named(stereo, "x.mp4"), RATE)


def by_named(stereo: Path, name: str) -> Path:
    file = stereo.with_name(name)
    file.write_bytes(b"not for libsndfile")
    return file


def test_whoever_has_heard_enough_leaves_no_process(stereo: Path) -> None:
    file = by_ffmpeg(stereo, "long.mkv", "-af", "aloop=loop=40:size=49600", "-c:a", "pcm_s16le")
    blocks = ffmpeg.decoded_blocks(file, RATE)
    assert next(blocks).shape[1] == 2
    blocks.close()  # type: ignore[attr-defined]
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.exists():
        names = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children.read_text().split()]
        assert not any(b"long.mkv" in name for name in names)
