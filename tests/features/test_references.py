"""Each front end against an independent one: librosa, scipy, or its formula written out anew."""

from __future__ import annotations

from typing import Any

import librosa
import numpy as np
import pytest
import torch
from scipy.fft import dct
from scipy.signal import lfilter

from deepfake_audio.features import build_features
from deepfake_audio.features.cepstra import slopes
from deepfake_audio.features.cqt import CQT
from deepfake_audio.features.lfcc import LFCC
from deepfake_audio.features.logmel import LogMel
from deepfake_audio.features.spectrum import Spectrum

from .sounds import RATE, noise, voice_like

Floats = np.ndarray
WAVE = voice_like()
FRAMES = torch.tensor([RATE // 160 + 1])
STFT: dict[str, Any] = {"n_fft": 512, "win_length": 400, "hop_length": 160, "pad_mode": "constant"}


def shown(name: str, **settings: object) -> Floats:
    return build_features(name, **settings)(torch.from_numpy(WAVE)[None], torch.tensor([len(WAVE)]))[0][
        0
    ].numpy()


def power(front_end: LogMel | Spectrum | CQT, wave: Floats = WAVE) -> Floats:
    with torch.no_grad():
        return front_end.power(torch.from_numpy(wave)[None])[0].double().numpy()


def level_db(values: Floats) -> Floats:
    return librosa.power_to_db(values, amin=1e-12, top_db=80.0)


def standardised(values: Floats) -> Floats:
    return (values - values.mean()) / values.std()


@pytest.mark.parametrize("mels", [40, 80])
def test_logmel_is_librosas_melspectrogram(mels: int) -> None:
    expected = librosa.feature.melspectrogram(y=WAVE, sr=RATE, n_mels=mels, fmin=20, fmax=8000, **STFT)
    assert np.allclose(level_db(power(LogMel(n_mels=mels))), level_db(expected), atol=1e-3)
    assert np.allclose(shown("logmel", n_mels=mels), standardised(level_db(expected)), atol=1e-3)


def test_spectrum_is_librosas_stft_squared() -> None:
    expected = np.abs(librosa.stft(WAVE, **STFT)) ** 2
    found = power(Spectrum(f_min_hz=0.0))
    assert np.abs(found - expected).max() < 1e-6 * expected.max()
    assert np.allclose(shown("spectrum", f_min_hz=0.0), standardised(level_db(expected)), atol=1e-3)
    band = shown("spectrum", f_min_hz=1000.0, f_max_hz=4000.0)
    assert np.allclose(band, standardised(level_db(expected[32:129])), atol=1e-3)


def triangles(filters: int, low: float, high: float, n_fft: int = 512) -> Floats:
    """Rising from the last filter's peak to its own and falling to the next one's: [filters, bins]."""
    hz, peaks = np.arange(n_fft // 2 + 1) * RATE / n_fft, np.linspace(low, high, filters + 2)
    return np.stack([np.interp(hz, peaks[at : at + 3], [0, 1, 0], 0, 0) for at in range(filters)])


def linear_cepstra() -> Floats:
    """LFCC by its formula: [20, T']."""
    spectrum = np.abs(librosa.stft(WAVE, n_fft=512, win_length=320, hop_length=160, pad_mode="constant")) ** 2
    return dct(level_db(triangles(20, 20, 8000) @ spectrum), type=2, norm="ortho", axis=0)


def as_shown(cepstra: Floats, width: int) -> Floats:
    """Weighed, with librosa's deltas, in standardised blocks."""
    cepstra = cepstra.copy()
    cepstra[0] -= cepstra[0].mean()
    blocks = [cepstra * np.arange(1, len(cepstra) + 1)[:, None]]
    for _ in range(2):
        blocks.append(librosa.feature.delta(blocks[-1], width=width, mode="nearest"))
    return np.concatenate([standardised(block) for block in blocks])


def test_lfcc_is_its_formula() -> None:
    found = shown("lfcc")
    assert found.shape == (60, 101)
    assert np.allclose(found, as_shown(linear_cepstra(), 3), atol=1e-3)


def test_mfcc_is_librosas() -> None:
    mel = librosa.feature.melspectrogram(y=WAVE, sr=RATE, n_mels=80, fmin=20, fmax=8000, **STFT)
    expected = librosa.feature.mfcc(S=level_db(mel), n_mfcc=20)
    assert np.allclose(shown("mfcc"), as_shown(expected, 9), atol=1e-3)


def test_no_coefficient_is_lost_of_as_many_as_there_are_filters() -> None:
    """The transform is then a rotation, from which the levels could be had again."""
    rotation = LFCC(coefficients=20).cosines
    assert torch.allclose(rotation @ rotation.T, torch.eye(20), atol=1e-5)
    assert torch.allclose(rotation.T @ rotation, torch.eye(20), atol=1e-5)


@pytest.mark.parametrize("width", [3, 5, 9])
def test_slopes_are_librosas_deltas(width: int) -> None:
    values = noise(12, 60).view(2, 6, 60)
    found = slopes(values, torch.tensor([60, 37]), width)
    for clip, known in ((0, 60), (1, 37)):
        expected = librosa.feature.delta(values[clip, :, :known].numpy(), width=width, mode="nearest")
        assert np.allclose(found[clip, :, :known].numpy(), expected, atol=1e-6)


def test_the_slope_of_a_straight_line_is_its_slope() -> None:
    line = 3.0 * torch.arange(30.0).expand(1, 2, 30) - 7
    assert torch.allclose(slopes(line, torch.tensor([30]), 5)[..., 2:-2], torch.tensor(3.0))


def test_cqt_is_its_formula_sample_by_sample() -> None:
    """Each filter laid on the recording at each of some frames, and summed."""
    front_end = CQT()
    found = power(front_end)
    for bin_ in (0, 20, 60, 94):
        hz = 32.7 * 2 ** (bin_ / 12)
        length = (2 ** (1 / 6) + 1) / (2 ** (1 / 6) - 1) * RATE / hz
        offset = np.arange(-int(length / 2), int(length / 2) + 1)
        bell = (1 + np.cos(2 * np.pi * offset / length)) / np.sqrt(length)
        kernel = bell * np.exp(-2j * np.pi * hz * offset / RATE)
        wide = np.pad(WAVE.astype(float), len(offset))
        for frame in (0, 33, 100):
            middle = frame * 160 + len(offset)
            expected = abs((wide[middle + offset] * kernel).sum()) ** 2
            assert found[bin_, frame] == pytest.approx(expected, rel=1e-3, abs=1e-8 * found.max())


def test_cqt_hears_as_librosas_filters_do() -> None:
    front_end = CQT()
    found = power(front_end)
    filters, lengths = librosa.filters.wavelet(freqs=front_end.bin_hz().numpy(), sr=RATE, pad_fft=False)
    size = filters.shape[1]
    wide = np.pad(WAVE, (size // 2, size))
    cut = np.stack([wide[frame * 160 : frame * 160 + size] for frame in range(0, 101, 5)])
    expected = np.abs(cut @ filters.conj().T).T ** 2 * lengths[:, None]
    apart = np.abs(level_db(found[:, ::5]) - level_db(expected))[
        level_db(expected) > level_db(expected).max() - 40
    ]
    assert np.median(apart) < 0.02
    assert np.quantile(apart, 0.99) < 0.5


@pytest.mark.filterwarnings("ignore:n_fft=")  # of what librosa has resampled once too often
@pytest.mark.parametrize(("bins", "per_octave"), [(95, 12), (190, 24)])
def test_cqt_tells_tones_as_librosas_does(bins: int, per_octave: int) -> None:
    """Same shape, same bin, and a level within half a decibel; librosa's lower octaves are of resampled sound."""
    front_end = CQT(n_bins=bins, bins_per_octave=per_octave)
    settings: dict[str, Any] = {
        "hop_length": 160,
        "fmin": 32.7,
        "n_bins": bins,
        "bins_per_octave": per_octave,
    }
    for hz in (65.4, 440.0, 1000.0, 3000.0, 7000.0):
        wave = np.sin(2 * np.pi * hz * np.arange(2 * RATE) / RATE).astype(np.float32)
        found = power(front_end, wave)
        expected = np.abs(librosa.cqt(wave, sr=RATE, tuning=0.0, pad_mode="constant", **settings)) ** 2
        assert found.shape == expected.shape
        middle, theirs = level_db(found)[:, 100], level_db(expected)[:, 100]
        assert middle.argmax() == theirs.argmax()
        assert middle.argmax() == np.abs(np.log2(front_end.bin_hz().numpy() / hz)).argmin()
        assert abs(middle.max() - theirs.max()) < 0.5


@pytest.mark.filterwarnings("ignore:n_fft=")
def test_cqt_of_speech_is_librosas_in_the_main() -> None:
    found = level_db(power(CQT()))
    theirs = librosa.cqt(WAVE, sr=RATE, hop_length=160, fmin=32.7, n_bins=95, tuning=0.0, pad_mode="constant")
    expected = level_db(np.abs(theirs) ** 2)
    assert np.median(np.abs(found - expected)[expected > expected.max() - 40]) < 0.3
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.97


def test_cqt_is_level_in_white_noise() -> None:
    found = 10 * np.log10(power(CQT(f_min_hz=200.0, n_bins=60), noise(1, 4 * RATE)[0].numpy()).mean(axis=1))
    assert found.std() < 1.0


def test_waveform_is_left_alone_or_brought_to_a_level() -> None:
    assert np.array_equal(shown("waveform")[0], WAVE)
    lifted = shown("waveform", preemphasis=0.97)[0]
    assert np.allclose(lifted, lfilter([1, -0.97], [1], WAVE), atol=1e-6)
    assert np.sqrt((shown("waveform", level="rms") ** 2).mean()) == pytest.approx(1, abs=1e-5)
