"""The voices of the toy corpus: something to learn, and no shortcut to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepfake_audio.corpora.toy.cast import Voice, draw_cast
from deepfake_audio.corpora.toy.tracks import voice_tracks
from deepfake_audio.forging.frames import SAMPLE_RATE_HZ, istft, stft
from deepfake_audio.forging.griffinlim import griffin_lim
from deepfake_audio.forging.lpc import lpc

Tracks = list[tuple[np.ndarray, np.ndarray]]
CAST = draw_cast(60, seed=0)


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(voice_tracks, CAST))


def seconds_until_loud(wave: np.ndarray) -> float:
    blocks = wave[: len(wave) // 160 * 160].reshape(-1, 160) - wave.mean()
    level = np.sqrt((blocks**2).mean(axis=1))
    return float(np.argmax(level > 0.1 * level.max())) / 100


def roll_off_hz(wave: np.ndarray) -> float:
    """Below which 95 % of the energy lies."""
    power = np.cumsum(np.abs(np.fft.rfft(wave - wave.mean())) ** 2)
    return float(np.searchsorted(power, 0.95 * power[-1])) / len(wave) * SAMPLE_RATE_HZ


PROBES = {
    "length": len,
    "loudness": np.std,
    "peak": lambda wave: np.abs(wave).max(),
    "crest": lambda wave: np.abs(wave - wave.mean()).max() / np.std(wave),
    "lead-in": seconds_until_loud,
    "lead-out": lambda wave: seconds_until_loud(wave[::-1]),
    "offset": np.mean,
    "size of offset": lambda wave: abs(np.mean(wave)),
    "noise floor": lambda wave: np.std(wave[:1000]),
    "bandwidth": roll_off_hz,
}


@pytest.mark.parametrize("name", PROBES)
def test_no_single_trivial_measure_separates_real_from_fake(tracks: Tracks, name: str) -> None:
    labels = [label for _ in tracks for label in (0, 1)]
    auc = roc_auc_score(labels, [PROBES[name](track) for pair in tracks for track in pair])
    assert 0.35 < auc < 0.65


def band_statistics(wave: np.ndarray) -> np.ndarray:
    """How each of 64 bands fluctuates, its level and its colour left out -> [128]."""
    power = np.abs(stft(wave, 512, 160)) ** 2
    bands = np.log(power[:, :256].reshape(len(power), 64, 4).mean(axis=2) + 1e-7)
    loud = bands[bands.mean(axis=1) > np.median(bands.mean(axis=1))]
    relief = np.abs(np.diff(loud, n=2, axis=1)).mean(axis=0)
    return np.concatenate([relief, np.abs(np.diff(loud, axis=0)).mean(axis=0)])


def test_there_is_something_to_learn_about_voices_not_heard_in_training(tracks: Tracks) -> None:
    features = np.array([[band_statistics(track) for track in pair] for pair in tracks])
    learn, ask = features[:40].reshape(80, -1), features[40:].reshape(40, -1)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(learn, [0, 1] * 40)
    assert roc_auc_score([0, 1] * 20, model.decision_function(ask)) > 0.85


def pitch_hz(wave: np.ndarray) -> float:
    """Median over the frames with the clearest echo."""
    frames = np.lib.stride_tricks.sliding_window_view(wave - wave.mean(), 1024)[::400]
    echo = np.fft.irfft(np.abs(np.fft.rfft(frames, 2048, axis=1)) ** 2, axis=1)
    echo = echo[:, 50:230] / echo[:, :1] / (1 - np.arange(50, 230) / 1024)
    echo = echo * np.linspace(1, 0.8, 180)  # of equal echoes the first is the period
    clearest = echo[echo.max(axis=1).argsort()[-15:]]
    return float(np.median(SAMPLE_RATE_HZ / (50 + clearest.argmax(axis=1))))


def test_men_speak_lower_than_women_and_a_fake_keeps_the_pitch_of_its_voice(tracks: Tracks) -> None:
    real = np.array([pitch_hz(pair[0]) for pair in tracks])
    fake = np.array([pitch_hz(pair[1]) for pair in tracks])
    women = np.array([voice.gender == "women" for voice in CAST])
    assert np.median(real[women]) > 1.4 * np.median(real[~women])
    assert np.mean(np.abs(np.log2(fake / real)) < 0.3) > 0.75


def test_tracks_are_what_the_plan_says_and_never_clip(tracks: Tracks) -> None:
    for voice, (real, fake) in zip(CAST, tracks, strict=True):
        assert len(real) == len(fake) == voice.frames * 640
        assert 0.01 < np.abs(real).max() < 1 and 0.01 < np.abs(fake).max() < 1


def test_each_voice_is_its_own() -> None:
    first, second = CAST[0], CAST[10]
    same_again = voice_tracks(Voice(**vars(first)))
    assert np.array_equal(same_again[0], voice_tracks(first)[0])
    other = voice_tracks(second)[0]
    shortest = min(len(other), len(same_again[0]))
    assert abs(np.corrcoef(other[:shortest], same_again[0][:shortest])[0, 1]) < 0.1


def test_frames_give_the_wave_back() -> None:
    wave = np.random.default_rng(0).normal(size=5000)
    assert np.allclose(istft(stft(wave, 512, 128), 512, 128, 5000), wave, atol=1e-9)


def buzz(rng: np.random.Generator, f0_hz: float) -> np.ndarray:
    """One second of pulses through two resonances, by the difference equation."""
    excitation = 0.01 * rng.normal(size=SAMPLE_RATE_HZ)
    excitation[:: round(SAMPLE_RATE_HZ / f0_hz)] += 1
    poles = np.concatenate(
        [0.97 * np.exp(1j * np.array([0.25, -0.25])), 0.96 * np.exp(1j * np.array([0.7, -0.7]))]
    )
    taps = np.real(np.poly(poles))[1:]
    wave = np.zeros(SAMPLE_RATE_HZ)
    for n in range(5, len(wave)):
        wave[n] = excitation[n] - taps @ wave[n - 1 : n - 5 : -1]
    return wave


@pytest.mark.parametrize("vocoder", [griffin_lim, lpc])
@pytest.mark.parametrize("f0_hz", [160, 200])
def test_a_vocoder_keeps_pitch_and_colour_but_not_the_waveform(vocoder, f0_hz: int) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    wave = buzz(rng, f0_hz)
    forged = vocoder(rng, wave)
    assert len(forged) == len(wave)
    assert pitch_hz(forged) == pytest.approx(f0_hz, rel=0.05)
    before, after = (np.abs(stft(each, 512, 128))[8:-8].mean(axis=0) for each in (wave, forged))
    bands = [np.log10(each[4:252].reshape(-1, 8).mean(axis=1)) for each in (before, after)]
    assert np.corrcoef(*bands)[0, 1] > 0.95
    assert np.corrcoef(wave, forged)[0, 1] < 0.9
