"""Codecs in training: each is drawn, in step, and fast."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.audio.codecs import CODECS, recode
from deepfake_audio.augment import Codecs
from deepfake_audio.augment.codec import BIT_RATES

from ..audio.test_codecs import RATE_HZ, lag, likeness, octaves_db, power_above, speech


def test_every_codec_and_every_bit_rate_is_drawn() -> None:
    wave = speech(0.4)
    augment = Codecs(1.0, {"opus": [8_000, 32_000], "gsm": [], "mp3": None})
    wanted = {recode(wave, RATE_HZ, "opus", rate, quick=True).tobytes() for rate in (8_000, 32_000)}
    wanted.add(recode(wave, RATE_HZ, "gsm", quick=True).tobytes())
    rng = np.random.default_rng(0)
    assert {augment.change(wave, RATE_HZ, rng).tobytes() for _ in range(40)} == wanted
    assert set(BIT_RATES) == set(CODECS)


@pytest.mark.parametrize("rate", [8_000, RATE_HZ, 44_100])
@pytest.mark.parametrize("codec", ["aac", "mp3", "opus"])
def test_a_quick_encoder_is_in_step_and_sounds_as_the_thorough_one(codec: str, rate: int) -> None:
    wave = speech(2.0, rate=rate)
    for bit_rate in (BIT_RATES[codec][0], BIT_RATES[codec][-1]):
        quick, thorough = (recode(wave, rate, codec, bit_rate, quick=quick) for quick in (True, False))
        assert len(quick) == len(wave) and abs(lag(quick, wave)) <= 1
        assert likeness(quick, wave) > 0.8 * likeness(thorough, wave)
        if rate == RATE_HZ:
            np.testing.assert_allclose(octaves_db(quick)[:4], octaves_db(thorough)[:4], atol=2)


def test_the_telephone_takes_what_lies_above_4_khz() -> None:
    wave = speech() + np.random.default_rng(0).normal(0, 0.05, 2 * RATE_HZ).astype(np.float32)
    for name in ("gsm", "mulaw"):
        heard = Codecs(1.0, {name: []}).change(wave, RATE_HZ, np.random.default_rng(0))
        assert power_above(heard, 4_200) < 1e-3 < 0.1 < power_above(wave, 4_200)
