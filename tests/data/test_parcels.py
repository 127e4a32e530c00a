"""Batches on their way out of a worker, and what is kept of millions of clips."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, default_collate

from deepfake_audio.data.bounds import TRIED, check_lengths, find_bounds, of_each
from deepfake_audio.data.compact import Bounds, Names
from deepfake_audio.data.parcels import as_16_bits, collated
from deepfake_audio.errors import UserError
from deepfake_audio.neutral import Neutral, build_neutral

STEPS = np.arange(-(2**15), 2**15).astype(np.float32) / 2**15


def item(wave: np.ndarray, clip: int) -> dict[str, object]:
    return {"waveform": wave, "samples": len(wave), "label": float(clip % 2), "clip": clip, "window": 0}


@pytest.mark.parametrize("wave", [STEPS, STEPS + 1e-7, STEPS * 1.5, np.full(9, np.nan, np.float32)])
def test_a_batch_comes_out_of_a_worker_as_it_would_without(wave: np.ndarray) -> None:
    """Of 16 bits or not, in range or not: equal to the last bit, and of the same types."""
    items = [item(wave, clip) for clip in range(6)]
    expected = default_collate(items)
    for workers in (0, 1):
        (found,) = DataLoader(items, batch_size=6, num_workers=workers, collate_fn=collated)  # type: ignore[arg-type]
        assert list(found) == list(expected)
        for name, column in expected.items():
            assert found[name].dtype == column.dtype
            assert torch.equal(found[name].nan_to_num(7), column.nan_to_num(7))


def test_only_what_is_of_16_bits_travels_as_that() -> None:
    assert as_16_bits([STEPS, (-STEPS).clip(-1, 0.5)]) is not None
    for other in (STEPS / 2, STEPS + 1, np.full_like(STEPS, np.inf)):
        assert as_16_bits([STEPS, other]) is None


@given(st.lists(st.text(st.characters(codec="utf-8")) | st.just("a\udcff.wav")))
def test_names_come_back_as_they_were(names: list[str]) -> None:
    kept = Names(names)
    assert list(kept) == names == kept[:] and len(kept) == len(names)
    assert all(kept[-place] == names[-place] for place in range(1, len(names) + 1))
    with pytest.raises(IndexError):
        kept[len(names)]


def test_a_clip_takes_few_bytes() -> None:
    names = [f"RealVideo-RealAudio/African/men/id{n:05d}/0001.wav" for n in range(1_000)]
    kept = (Names(names), Bounds((n, n + 1) for n in range(1_000)))
    assert len(pickle.dumps(kept)) < sum(map(len, names)) + 30 * 1_000


@pytest.mark.parametrize("slow", [False, True])
def test_each_is_asked_once_and_answers_in_order(slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepfake_audio.data.bounds.SLOW_SECONDS", 0.0 if slow else 10.0)
    asked = []
    paths = [str(n) for n in range(3 * TRIED)]
    assert list(of_each(lambda path: asked.append(path) or int(path), paths)) == list(range(3 * TRIED))
    assert sorted(asked, key=int) == paths


@pytest.mark.parametrize("trimmed", [False, True])
def test_a_file_that_is_not_as_long_as_its_table_says(tmp_path: Path, trimmed: bool) -> None:
    for name, length in (("whole.wav", 8_000), ("cut.wav", 900), ("untold.wav", 900)):
        soundfile.write(tmp_path / name, np.ones(length) * 0.1, 16_000)
    paths = ["whole.wav", "cut.wav", "untold.wav"]
    bounds = find_bounds(tmp_path, paths, 16_000, build_neutral("trim" if trimmed else "none"))
    seconds = np.array([0.5, 0.5, np.nan])
    with pytest.raises(UserError, match=r"1 of 3 clips .* cut\.wav: 0\.50 s there, 0\.06 s in the file"):
        check_lengths(tmp_path, paths, bounds, seconds, 16_000, trimmed)
    check_lengths(tmp_path, paths[::2], Bounds(bounds.array[::2]), seconds[::2], 16_000, trimmed)


def test_missing_files_are_told_before_bad_ones(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no audio")
    with pytest.raises(UserError, match=r"2 of 3 clips have no file under .*: a\.wav, b\.wav"):
        find_bounds(tmp_path, ["bad.wav", "a.wav", "b.wav"], 16_000, Neutral())
    with pytest.raises(UserError, match=r"bad\.wav cannot be read"):
        find_bounds(tmp_path, ["bad.wav"], 16_000, Neutral())
