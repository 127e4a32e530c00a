"""Sound decoded in this process is, bit for bit, what an ffmpeg process makes of it."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from deepfake_audio.audio.decoding import BACKENDS, ExtractionError, decode_audio, write_wav
from deepfake_audio.audio.media import MOST_BYTES_AT_ONCE, media_facts, opened_media
from deepfake_audio.audio.tracks import decoded_blocks, heard_track
from deepfake_audio.errors import UserError
from deepfake_audio.listening.streams import read_recording

RATE_HZ = 16_000
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=2")
# Encoder, container, rate and channels as they are met, and ends that fall into the middle of an encoder's frame.
KINDS = {
    "voxceleb.mp4": ("-ar", "16000", "-ac", "1", "-c:a", "aac"),
    "tool.mp4": ("-ar", "44100", "-c:a", "aac"),
    "phone.mov": ("-ar", "48000", "-ac", "1", "-c:a", "aac", "-t", "1.111"),
    "song.mp4": ("-c:a", "libmp3lame", "-t", "1.111"),
    "disc.mp4": ("-c:a", "ac3", "-t", "1.111"),
    "live.mp4": ("-c:a", "aac", "-t", "1.111", "-movflags", "frag_keyframe+empty_moov"),
    "opus.mp4": ("-c:a", "libopus", "-t", "1.111"),
    "web.webm": ("-c:a", "libopus"),
    "call.mp3": ("-ar", "22050", "-ac", "1"),
    "free.ogg": ("-ar", "44100", "-c:a", "libvorbis"),
    "surround.mkv": ("-ac", "6", "-c:a", "aac"),
    "three.mkv": ("-af", "pan=3c|c0=c0|c1=c1|c2=c0", "-c:a", "pcm_s16le"),
    "studio.flac": ("-ar", "96000", "-sample_fmt", "s32"),
    "apple.m4a": ("-c:a", "alac"),
    "old.avi": ("-c:a", "pcm_u8"),
    "double.mkv": ("-ar", "22050", "-c:a", "pcm_f64le"),
    "tv.ts": ("-c:a", "aac"),
}


def ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of stereo, partly over full scale once it is encoded: a sweep and noise."""
    time = np.arange(2 * 48_000) / 48_000
    left = 0.9 * np.sin(2 * np.pi * (200 + 900 * time) * time)
    right = np.random.default_rng(0).uniform(-1, 1, len(time))
    file = tmp_path_factory.mktemp("tracks") / "source.wav"
    soundfile.write(file, np.column_stack([left, right]), 48_000)
    return file


def by_every_backend(file: Path, sample_rate: int = RATE_HZ) -> list[np.ndarray]:
    return [decode_audio(file, file.with_name("out.wav"), sample_rate, backend) for backend in BACKENDS]


@pytest.mark.parametrize("name", KINDS)
def test_backends_agree_to_the_bit_and_prediction_hears_the_same(
    source: Path, tmp_path: Path, name: str
) -> None:
    film = PICTURE if name.endswith((".mp4", ".mov", ".avi")) and "song" not in name else ()
    ffmpeg(*film, "-i", source, *KINDS[name], tmp_path / name)
    ours, theirs = by_every_backend(tmp_path / name)
    assert len(ours) > RATE_HZ and np.array_equal(ours, theirs)
    assert np.array_equal(np.rint(read_recording(tmp_path / name, RATE_HZ) * 32768), ours)


def test_a_track_that_changes_midway_and_one_that_is_damaged(source: Path, tmp_path: Path) -> None:
    """Sounds put one behind the other, as recorders do, and bytes turned over where the sound is."""
    ffmpeg("-i", source, "-ar", "44100", tmp_path / "a.mp3")
    ffmpeg("-i", source, "-ar", "22050", "-ac", "1", tmp_path / "b.mp3")
    (tmp_path / "c.mp3").write_bytes((tmp_path / "a.mp3").read_bytes() + (tmp_path / "b.mp3").read_bytes())
    ours, theirs = by_every_backend(tmp_path / "c.mp3")
    assert len(ours) > 3.9 * RATE_HZ and np.array_equal(ours, theirs)
    ffmpeg("-i", source, "-ar", "44100", "-c:a", "aac", tmp_path / "d.mp4")
    content = bytearray((tmp_path / "d.mp4").read_bytes())
    for place in range(len(content) // 4, len(content) // 2, 997):
        content[place] ^= 0xFF
    (tmp_path / "d.mp4").write_bytes(content)
    ours, theirs = by_every_backend(tmp_path / "d.mp4")
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("default", ["", "0"])
def test_of_several_tracks_the_one_is_heard_that_ffmpeg_chooses(
    source: Path, tmp_path: Path, default: str
) -> None:
    """The first is stereo, the second mono; the one that is marked, or else that of more channels."""
    marks = [
        part for n in "01" for part in (f"-disposition:a:{n}", "default" if default and n == "1" else "0")
    ]
    two = ("-map", "0:a", "-map", "0:a", "-c:a", "flac", "-ac:a:1", "1", "-af:a:1", "volume=.5")
    ffmpeg("-i", source, *two, *marks, tmp_path / "two.mkv")
    with opened_media(tmp_path / "two.mkv") as container:
        assert heard_track(container).index == (1 if default else 0)
    ours, theirs = by_every_backend(tmp_path / "two.mkv")
    assert np.array_equal(ours, theirs)


def test_sound_comes_in_blocks_and_pictures_are_not_read(source: Path, tmp_path: Path) -> None:
    ffmpeg(*PICTURE, "-stream_loop", "20", "-i", source, "-c:a", "pcm_s16le", tmp_path / "long.mkv")
    with av.open(str(tmp_path / "long.mkv")) as container:
        sizes = [len(block) for block in decoded_blocks(container, heard_track(container), RATE_HZ)]
        assert sum(sizes) == 42 * RATE_HZ and max(sizes) < RATE_HZ
        assert container.streams.video[0].discard.name == "all"


def test_a_playlist_that_calls_itself_a_video_is_not_followed(source: Path, tmp_path: Path) -> None:
    ffmpeg("-i", source, "-c:a", "aac", tmp_path / "secret.mp4")
    lies = {
        "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "concat.mp4": "ffconcat version 1.0\nfile 'secret.mp4'\n",
    }
    for name, words in lies.items():
        (tmp_path / name).write_text(words)
        assert media_facts(tmp_path / name).container == ""
        for backend in BACKENDS:
            with pytest.raises(ExtractionError, match=r"unreadable|a playlist"):
                decode_audio(tmp_path / name, tmp_path / "out.wav", RATE_HZ, backend)
        assert not (tmp_path / "out.wav").exists()


def test_a_wav_is_written_as_libsndfile_writes_it(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 1_001).astype(np.int16)
    for rate in (8_000, 44_100):
        write_wav(tmp_path / "ours.wav", samples, rate)
        soundfile.write(tmp_path / "theirs.wav", samples, rate, subtype="PCM_16")
        assert (tmp_path / "ours.wav").read_bytes() == (tmp_path / "theirs.wav").read_bytes()


def test_a_backend_that_nobody_knows_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="backend=sox: give pyav or moviepy"):
        decode_audio(source, tmp_path / "a.wav", RATE_HZ, "sox")


@pytest.mark.parametrize("rate_hz", [1, 2_000_000])
def test_a_rate_that_no_recording_has(rate_hz: int, tmp_path: Path) -> None:
    """Up from one sample a second a hundred kilobytes would become seven hours."""
    sound = np.ones(1000, dtype="<i2").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + len(sound), b"WAVE", b"fmt ", 16, 1, 1, rate_hz, 0, 2, 16
    )
    (tmp_path / "odd.wav").write_bytes(head + struct.pack("<4sI", b"data", len(sound)) + sound)
    for backend in ("pyav", "moviepy"):
        with pytest.raises(ExtractionError, match=f"claims {rate_hz} samples a second"):
            decode_audio(tmp_path / "odd.wav", tmp_path / "out.wav", RATE_HZ, backend)
    with pytest.raises(UserError, match=f"claims {rate_hz} samples a second"):
        read_recording(tmp_path / "odd.wav", RATE_HZ)


def test_a_header_that_claims_much_is_not_believed(tmp_path: Path) -> None:
    head = b"RIFF\xff\xff\xff\x7fWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    tag = b"LIST\xff\xff\xff\x7fINFOISFT" + struct.pack("<I", 900_000_000)
    (tmp_path / "a.wav").write_bytes(head + tag + bytes(64))
    code = (
        "import resource, sys; from pathlib import Path; from deepfake_audio.audio.media import media_facts\n"
        "media_facts(Path('none.wav')); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "media_facts(Path('a.wav')); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True)
    assert int(done.stdout) * 1024 < MOST_BYTES_AT_ONCE
