"""Damaged files are answered or refused, in time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from scripts.fuzzing.asking import Told, ask
from scripts.fuzzing.mutations import mutated
from scripts.fuzzing.whole import KINDS, make_files

from .made import RATE, made_detector, speech


def told_of(files: Iterable[Path], nothing: Path) -> Told:
    predict, together = made_detector().predict, Told()
    for file in files:
        together.add(ask(predict, file, nothing))
    return together


def test_sixty_damaged_files(tmp_path: Path) -> None:
    files = make_files(tmp_path)
    whole = told_of(files, tmp_path / "nothing")
    assert (whole.answered, whole.faults) == (len(KINDS), [])
    told = told_of(mutated(files, 60, seed=1), tmp_path / "nothing")
    assert not told.faults
    assert told.files == 60
    assert min(told.answered, told.refused) > 5, "the damage is neither nothing nor everything"
    assert told.slowest_seconds < 30


def test_memory_does_not_grow_with_the_recording() -> None:
    """What Python and numpy hold at most, of two minutes and of six; torch's part is that of a batch."""

    def peak(minutes: int) -> int:
        def blocks() -> Iterator[np.ndarray]:
            return (block for _ in range(minutes * 6))

        tracemalloc.start()
        detector._judge.of_blocks(blocks, "long")
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    detector, block = made_detector(neutral={"name": "trim"}), speech(10.0)
    detector.predict_waveform(block)
    # A minute is all kept to be measured; what is longer adds windows and nothing else.
    assert peak(6) < 1.25 * peak(2)


@pytest.mark.slow  # an hour of sound takes a minute to hear
def test_an_hour_takes_no_more_memory_than_ten_minutes(tmp_path: Path) -> None:
    import resource

    import soundfile

    detector = made_detector(neutral={"name": "trim"})

    def peak_mb(minutes: int) -> float:
        file = tmp_path / f"{minutes}.wav"
        with soundfile.SoundFile(file, "w", RATE, 1) as writer:
            for second in range(minutes * 6):
                writer.write(speech(10.0, seed=second))
        assert len(detector.predict(file).windows) >= minutes * 59
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    ten = peak_mb(10)
    # The hour's samples alone would be 230 MB; allocators wander by some tens.
    assert peak_mb(60) - ten < 100
