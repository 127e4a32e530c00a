"""Windows of recordings: where they lie, what is read, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.audio import count_samples, padded, read_window, window_starts
from deepfake_audio.errors import UserError


@given(samples=st.integers(1, 5_000), window=st.integers(1, 700))
def test_windows_hear_every_sample_and_never_pass_the_end(samples: int, window: int) -> None:
    starts = window_starts(samples, window)
    heard = np.zeros(samples, dtype=bool)
    for start in starts:
        heard[start : start + window] = True
        assert start >= 0
        assert start + window <= samples or starts == [0]
    assert heard.all()
    assert starts == sorted(set(starts))


def test_a_window_is_the_slice_of_the_whole_file(tmp_path: Path) -> None:
    wav = tmp_path / "a.wav"
    soundfile.write(wav, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000, subtype="PCM_16")
    whole, _ = soundfile.read(wav, dtype="float32")
    np.testing.assert_array_equal(read_window(wav, 5_000, 3_000), whole[5_000:8_000])
    assert count_samples(wav, 16_000) == 16_000


def test_stereo_is_averaged(tmp_path: Path) -> None:
    wav = tmp_path / "a.flac"
    stereo = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    soundfile.write(wav, stereo, 16_000, subtype="PCM_16")
    np.testing.assert_allclose(read_window(wav, 0, 100), 0.125, atol=1e-4)


def test_padding_comes_after_the_end() -> None:
    np.testing.assert_array_equal(padded(np.array([1.0, 2.0]), 4), [1, 2, 0, 0])


def test_bad_files_are_named_with_the_way_out(tmp_path: Path) -> None:
    empty, nan, text, rate = (tmp_path / name for name in ("empty.wav", "nan.wav", "text.wav", "rate.wav"))
    soundfile.write(empty, np.zeros(0), 16_000)
    soundfile.write(nan, np.array([0.0, np.nan]), 16_000, subtype="FLOAT")
    text.write_text("no audio")
    soundfile.write(rate, np.zeros(10), 44_100)
    for path, message in ((empty, "is empty"), (text, "cannot be read"), (rate, "sample_rate=16000")):
        with pytest.raises(UserError, match=message) as error:
            count_samples(path, 16_000)
        assert str(path) in str(error.value)
    with pytest.raises(UserError, match="NaN"):
        read_window(nan, 0, 2)
    with pytest.raises(UserError, match="is missing"):
        read_window(tmp_path / "missing.wav", 0, 2)
