"""Windows forged on the spot: from the window's seed alone, and the two classes stay in balance."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.forging.on_the_fly import Forger, build_forger
from deepfake_audio.labels import FAKE, REAL


@pytest.fixture(scope="module")
def window(voices: list[np.ndarray]) -> np.ndarray:
    return voices[0][:16_000].astype(np.float32)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_half_of_what_is_heard_is_fake_and_so_much_of_that_is_forged(
    share: float, window: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    forger = Forger(["lpc"], share)
    # The law of the draws alone: what is forged costs time and says nothing here.
    forger.systems = {"lpc": lambda rng, wave: wave[::-1]}
    rng = np.random.default_rng(0)
    drawn = (rng.random(2000) >= forger.real_draws).astype(int)
    heard = np.array([forger(window[:3200], label, seed)[1] for seed, label in enumerate(drawn)])
    assert heard.mean() == pytest.approx(0.5, abs=0.04)
    assert 1 - drawn.sum() / heard.sum() == pytest.approx(share, abs=0.05)


def test_a_window_follows_from_its_seed_and_fakes_are_let_be(window: np.ndarray) -> None:
    forger = Forger(["griffinlim", "lpc", "codec"], 1.0)
    heard = [forger(window, REAL, seed) for seed in range(12)]
    again = [forger(window, REAL, seed) for seed in range(12)]
    assert {label for _, label in heard} == {REAL, FAKE}
    for (wave, label), (same, same_label) in zip(heard, again, strict=True):
        assert np.array_equal(wave, same) and label == same_label
        assert wave.dtype == np.float32 and wave.shape == window.shape
        assert np.array_equal(wave, window) == (label == REAL)
    assert len({wave.tobytes() for wave, label in heard if label == FAKE}) == sum(
        label == FAKE for _, label in heard
    )
    for seed in range(12):
        wave, label = forger(window, FAKE, seed)
        assert wave is window and label == FAKE


def test_silence_and_scraps_stay_real() -> None:
    forger = Forger(["lpc"], 1.0)
    for wave in (np.zeros(16_000, np.float32), np.ones(100, np.float32)):
        for seed in range(8):
            heard, label = forger(wave, REAL, seed)
            assert heard is wave and label == REAL


def test_no_systems_no_forger_and_odd_settings_are_refused() -> None:
    assert build_forger(None) is None
    assert isinstance(build_forger(["lpc"], 0.5), Forger)
    for share in (-0.1, 1.1, True):
        with pytest.raises(UserError, match="share of the fakes"):
            Forger(["lpc"], share)
    with pytest.raises(UserError, match="16000 Hz"):
        Forger(["lpc"], 0.5, sample_rate=8000)
