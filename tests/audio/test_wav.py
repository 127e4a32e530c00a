"""Plain wav files read by their bytes: what libsndfile reads of them, and of all others nothing."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.audio import count_samples, read_window
from deepfake_audio.audio.wav import plain_samples, read_plain
from deepfake_audio.errors import UserError

RATE_HZ = 16_000
SOUND = np.random.default_rng(0).integers(-(2**15), 2**15, 3_000).astype("<i2")


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def wav(*before: bytes, bits: int = 16, channels: int = 1, kind: int = 1, data: bytes | None = None) -> bytes:
    """The bytes of a file, with chunks between its format and its samples."""
    frame = channels * bits // 8
    form = chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, RATE_HZ, RATE_HZ * frame, frame, bits))
    body = form + b"".join(before) + (chunk(b"data", SOUND.tobytes()) if data is None else data)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


@given(start=st.integers(0, 2_999), samples=st.integers(1, 4_000), note=st.binary(max_size=90))
def test_what_is_read_is_what_libsndfile_reads(
    start: int, samples: int, note: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also behind a chunk of any length, odd ones too, and to the last bit."""
    path = tmp_path_factory.getbasetemp() / "plain.wav"
    path.write_bytes(wav(chunk(b"LIST", note)))
    whole, rate_hz = soundfile.read(path, dtype="float32")
    assert plain_samples(path) == (len(whole), rate_hz) == (3_000, RATE_HZ)
    read = read_plain(path, start, samples)
    assert read is not None and read.dtype == np.float32
    np.testing.assert_array_equal(read, whole[start : start + samples])


CUT_SHORT = b"data" + struct.pack("<I", 8_000) + SOUND.tobytes()
STREAMED = b"data" + struct.pack("<I", 0xFFFFFFFF) + SOUND.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        wav(channels=2),
        wav(bits=8),
        wav(bits=24),
        wav(kind=3, bits=32),
        wav(data=CUT_SHORT),
        wav(data=STREAMED),
        wav(data=chunk(b"data", b"")),
        wav(chunk(b"id3 ", b"\0" * 5_000)),
        wav()[:40],
        wav().replace(b"RIFF", b"RIFX"),
        b"",
    ],
    ids=[
        "stereo",
        "8 bit",
        "24 bit",
        "float",
        "cut short",
        "streamed",
        "empty",
        "far in",
        "head",
        "big",
        "none",
    ],
)
def test_of_other_files_nothing_is_said(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.wav"
    path.write_bytes(content)
    assert plain_samples(path) is None and read_plain(path, 0, 10) is None


def test_what_is_cut_short_is_as_long_as_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(wav(data=CUT_SHORT))
    assert count_samples(path, RATE_HZ) == soundfile.info(path).frames == 3_000
    np.testing.assert_array_equal(read_window(path, 2_900, 200), SOUND[2_900:] / np.float32(2**15))


def test_beyond_the_end_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "plain.wav"
    path.write_bytes(wav())
    assert read_plain(path, 3_000, 1) is None and read_plain(path, -1, 5) is None
    assert read_plain(tmp_path / "gone.wav", 0, 1) is None


def test_a_folder_that_is_called_as_a_clip_is(tmp_path: Path) -> None:
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(UserError, match=r"a\.wav"):
        count_samples(tmp_path / "a.wav", RATE_HZ)
