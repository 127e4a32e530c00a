"""Through a codec and back: the same speech, in step, and really changed."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.signal import correlate, resample_poly

from deepfake_audio.audio.codecs import CODECS, Wave, recode
from deepfake_audio.corpora.toy.voices import draw_speaker, speak
from deepfake_audio.errors import UserError

RATE_HZ = 16_000


def speech(seconds: float = 2.0, seed: int = 0, rate: int = RATE_HZ) -> Wave:
    rng = np.random.default_rng(seed)
    wave = speak(rng, draw_speaker(rng, "women" if seed % 2 else "men"), round(seconds * RATE_HZ))
    wave = resample_poly(wave, rate // 100, RATE_HZ // 100)
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def lag(after: Wave, before: Wave) -> int:
    """By how many samples `after` comes later."""
    return int(correlate(after, before).argmax()) - (len(before) - 1)


def likeness(one: Wave, other: Wave) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def power_above(wave: Wave, hz: float, rate: int = RATE_HZ) -> float:
    power = np.abs(np.fft.rfft(wave)) ** 2
    return float(power[np.fft.rfftfreq(len(wave), 1 / rate) > hz].sum() / power.sum())


@pytest.mark.parametrize("rate", [8_000, RATE_HZ, 44_100, 48_000])
@pytest.mark.parametrize("codec", CODECS)
def test_what_comes_back_is_in_step_and_as_long(codec: str, rate: int) -> None:
    for seed in (1, 2):
        wave = speech(seed=seed, rate=rate)
        heard = recode(wave, rate, codec)
        assert heard.shape == wave.shape
        assert heard.dtype == np.float32
        assert abs(lag(heard, wave)) <= 1
        assert 0.8 < likeness(heard, wave) < 0.99995


@pytest.mark.parametrize("codec", CODECS)
def test_the_ends_are_heard_too_and_nothing_rings_before(codec: str) -> None:
    """A burst in the last tenth of a second survives, and what was silent long before it stays so."""
    wave = np.zeros(RATE_HZ, dtype=np.float32)
    wave[-1_600:] = speech(1.0)[4_000:5_600]
    heard = recode(wave, RATE_HZ, codec)
    assert np.square(heard[-1_600:]).sum() > 0.5 * np.square(wave[-1_600:]).sum()
    assert np.abs(heard[: RATE_HZ // 2]).max() < 0.01


@pytest.mark.parametrize("codec", CODECS)
def test_equal_input_gives_equal_output(codec: str) -> None:
    wave = speech(1.0)
    first = recode(wave, RATE_HZ, codec)
    recode(speech(1.0, seed=7), RATE_HZ, codec)
    np.testing.assert_array_equal(recode(wave, RATE_HZ, codec), first)


@pytest.mark.parametrize("codec", CODECS)
def test_odd_input_comes_back(codec: str) -> None:
    for samples in (0, 1, 37, 800):
        assert len(recode(np.full(samples, 0.1, dtype=np.float32), RATE_HZ, codec)) == samples
    assert np.abs(recode(np.zeros(8_000, dtype=np.float32), RATE_HZ, codec)).max() < 1e-3
    assert np.abs(recode(100 * speech(0.5), RATE_HZ, codec)).max() < 3


def test_telephones_leave_nothing_above_4_khz() -> None:
    wave = speech() + np.random.default_rng(0).normal(0, 0.05, 2 * RATE_HZ).astype(np.float32)
    assert power_above(wave, 4_200) > 0.1
    for codec in ("gsm", "mulaw"):
        assert power_above(recode(wave, RATE_HZ, codec), 4_200) < 1e-3


def test_fewer_bits_take_more_away() -> None:
    wave = speech()
    for codec, few, many in (("aac", 12_000, 64_000), ("mp3", 8_000, 64_000), ("opus", 6_000, 48_000)):
        assert likeness(recode(wave, RATE_HZ, codec, few), wave) < likeness(
            recode(wave, RATE_HZ, codec, many), wave
        )


@pytest.mark.parametrize(("codec", "ending"), [("aac", "m4a"), ("mp3", "mp3"), ("opus", "opus")])
def test_it_sounds_as_after_the_ffmpeg_program(codec: str, ending: str, tmp_path: Path) -> None:
    """Against files that moviepy's ffmpeg wrote and read: in step, coloured alike, and as far from the original.

    Not sample by sample: another version of an encoder spends its bits otherwise.
    """
    wave, ffmpeg = speech(3.0), imageio_ffmpeg.get_ffmpeg_exe()
    there, coded, back = (tmp_path / name for name in ("a.wav", f"b.{ending}", "c.wav"))
    soundfile.write(there, wave, RATE_HZ, subtype="PCM_16")
    encoder = {"aac": "aac", "mp3": "libmp3lame", "opus": "libopus"}[codec]
    for command in (
        ["-i", there, "-c:a", encoder, "-b:a", str(CODECS[codec].bit_rate), coded],
        ["-i", coded, "-ar", str(RATE_HZ), back],
    ):
        subprocess.run([ffmpeg, "-loglevel", "error", *command], check=True)
    found, wanted = recode(wave, RATE_HZ, codec), soundfile.read(back, dtype="float32")[0][: len(wave)]
    assert len(wanted) == len(wave)
    assert abs(lag(found, wanted)) <= 1
    assert likeness(found, wave) == pytest.approx(likeness(wanted, wave), abs=0.03)
    np.testing.assert_allclose(octaves_db(found), octaves_db(wanted), atol=1.5)
    np.testing.assert_allclose(octaves_db(found - wave), octaves_db(wanted - wave), atol=8)


def octaves_db(wave: Wave) -> np.ndarray:
    """Energy below 500 Hz and in the octaves above."""
    power, hz = np.abs(np.fft.rfft(wave)) ** 2, np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    borders = (0, 500, 1_000, 2_000, 4_000, 8_000)
    return 10 * np.log10(
        [power[(hz >= low) & (hz < high)].sum() for low, high in itertools.pairwise(borders)]
    )


def test_what_cannot_be_done_is_said() -> None:
    wave = speech(0.5)
    with pytest.raises(UserError, match=r"'vorbis' is not known; there is aac"):
        recode(wave, RATE_HZ, "vorbis")
    with pytest.raises(UserError, match="bit_rate=13000 is no choice for the codec gsm"):
        recode(wave, RATE_HZ, "gsm", 13_000)
    with pytest.raises(UserError, match="bit_rate=0"):
        recode(wave, RATE_HZ, "aac", 0)
    with pytest.raises(UserError, match="cannot be used at 16000 Hz and bit_rate=900000000"):
        recode(wave, RATE_HZ, "opus", 900_000_000)


@pytest.mark.parametrize("codec", CODECS)
def test_real_speech_stays_in_step(codec: str, bench: Path) -> None:
    clips = pd.read_csv(bench / "speech" / "clips.csv")
    for path in clips["path"].sample(8, random_state=1):
        wave = soundfile.read(bench / "speech" / path, dtype="float32", frames=3 * RATE_HZ)[0]
        heard = recode(wave, RATE_HZ, codec)
        assert abs(lag(heard, wave)) <= 2
        assert likeness(heard, wave) > 0.7
