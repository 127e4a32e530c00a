"""Every synthesiser makes other speech of the same words by the same voice, and nothing else is other about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.metrics import roc_auc_score

from deepfake_audio.audio.measures import MEASURES, measure
from deepfake_audio.errors import UserError
from deepfake_audio.forging.frames import istft, stft
from deepfake_audio.forging.systems import (
    SYSTEMS,
    ForgingError,
    build_systems,
    copy_synthesis,
)
from tests.corpora.test_toy_sound import pitch_hz

Voices = list[np.ndarray]

VOCODERS = ("griffinlim", "world", "lpc")


def forged_by(name: str, wave: np.ndarray, seed: int = 0) -> np.ndarray:
    if name == "world":
        pytest.importorskip("pyworld")
    return copy_synthesis(build_systems([name])[name], np.random.default_rng(seed), wave)


@pytest.fixture(scope="module")
def fakes(voices: Voices) -> dict[str, Voices]:
    return {name: [forged_by(name, wave, seed) for seed, wave in enumerate(voices)] for name in SYSTEMS}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_fake_is_as_long_and_by_the_same_voice_but_another_waveform(
    name: str, voices: Voices, fakes: dict[str, Voices]
) -> None:
    for wave, fake in zip(voices, fakes[name], strict=True):
        assert fake.shape == wave.shape
        assert np.isfinite(fake).all()
        assert np.abs(fake).max() <= np.abs(wave).max() * 1.05
        # A vocoder doesn't know the waveform; the others follow it in part of the band, or of the phases.
        assert abs(np.corrcoef(wave, fake)[0, 1]) < (0.5 if name in VOCODERS else 0.9995)
    pitches = [pitch_hz(fake) / pitch_hz(wave) for wave, fake in zip(voices, fakes[name], strict=True)]
    assert np.median(np.abs(np.log2(pitches))) < 0.15


@pytest.mark.parametrize("name", SYSTEMS)
def test_equal_draws_give_equal_fakes_and_others_give_others(name: str, voices: Voices) -> None:
    wave = voices[0][:24_000]
    one, again, other = (forged_by(name, wave, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def shortcut_aucs(originals: Voices, forged: Voices) -> dict[str, float]:
    """How well each measure alone tells the two apart."""
    clips = [
        measure((np.round(wave * 32767) / 32768).astype(np.float32), 16_000) for wave in [*originals, *forged]
    ]
    labels = [0] * len(originals) + [1] * len(forged)
    return {what: float(roc_auc_score(labels, [clip[what] for clip in clips])) for what in MEASURES}


@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_that_a_detector_could_cheat_on_tells_fakes_from_originals(
    name: str, voices: Voices, fakes: dict[str, Voices]
) -> None:
    aucs = shortcut_aucs(voices, fakes[name])
    # All these recordings are by one microphone at one crest, so that the least difference counts.
    assert {what: auc for what, auc in aucs.items() if not 0.3 < auc < 0.7} == {}


@pytest.mark.parametrize("name", SYSTEMS)
def test_nor_does_it_on_real_speech(name: str, bench: Path) -> None:
    table = pd.read_csv(bench / "speech" / "clips.csv")
    clips = table[(table["label"] == "real") & (table["split"] == "train")].sample(16, random_state=0)
    waves = [soundfile.read(str(bench / "speech" / path))[0][:32_000] for path in clips["path"]]
    aucs = shortcut_aucs(waves, [forged_by(name, wave, seed) for seed, wave in enumerate(waves)])
    assert {what: auc for what, auc in aucs.items() if not 0.42 < auc < 0.58} == {}


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_ends_of_a_fake_are_as_its_middle(name: str, voices: Voices, fakes: dict[str, Voices]) -> None:
    """Speech cut in the middle of a word: no fading in, no click."""
    wave = voices[0]
    loud = int(np.argmax(np.convolve(wave**2, np.ones(3200), "valid")))
    middle = wave[loud : loud + 16_000]
    fake = forged_by(name, middle, seed=5)
    for end in (slice(0, 160), slice(-160, None)):
        change_db = 10 * np.log10(np.mean(fake[end] ** 2) / np.mean(middle[end] ** 2))
        assert abs(change_db) < 8


def test_a_long_recording_is_forged_in_pieces_that_nobody_hears() -> None:
    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.1, 45 * 16_000)
    wave[20 * 16_000 :] *= 0.3
    heard: list[int] = []

    def halve(rng: np.random.Generator, wave: np.ndarray) -> np.ndarray:
        heard.append(len(wave))
        return rng.normal() * wave

    fake = copy_synthesis(halve, rng, wave)
    # Three pieces, each with its margins and what it fades over; the level comes from the original.
    assert len(heard) == 3 and max(heard) <= 15 * 16_000 + 2 * 4000 + 320
    assert np.corrcoef(np.abs(fake), np.abs(wave))[0, 1] > 0.99
    assert np.abs(np.abs(fake) - np.abs(wave)).max() < 0.05


def test_digital_silence_stays_and_speech_stays_out_of_it(voices: Voices) -> None:
    wave = voices[0].copy()
    wave[:4000] = 0
    fake = forged_by("griffinlim", wave)
    assert not fake[:4000].any()
    assert fake[4000:4100].any()


def test_what_cannot_be_forged_is_said_in_a_few_words() -> None:
    rng, synthesise = np.random.default_rng(0), SYSTEMS["lpc"]
    with pytest.raises(ForgingError, match=r"shorter than 0\.2 s"):
        copy_synthesis(synthesise, rng, np.ones(3199))
    with pytest.raises(ForgingError, match="silent"):
        copy_synthesis(synthesise, rng, np.zeros(16_000))
    with pytest.raises(ForgingError, match="no sound"):
        copy_synthesis(lambda rng, wave: wave * np.nan, rng, np.ones(16_000))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_shortest_and_the_strangest_waves_come_through(name: str) -> None:
    rng = np.random.default_rng(0)
    click = np.zeros(3200)
    click[1600] = 1.0
    for wave in (click, np.ones(3200), np.sign(rng.normal(size=3200)), rng.normal(0, 1e-4, 5001)):
        fake = forged_by(name, wave)
        assert len(fake) == len(wave)
        assert np.isfinite(fake).all()


def test_systems_are_built_by_name_or_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(build_systems(["lpc", "codec"])) == ["lpc", "codec"]
    with pytest.raises(UserError, match=r"'tacotron' is not known; there is griffinlim, world, lpc, codec"):
        build_systems(["lpc", "tacotron"])
    for odd in ([], ["lpc", "lpc"], "lpc"):
        with pytest.raises(UserError, match="give a list of some of"):
            build_systems(odd)
    monkeypatch.setitem(__import__("sys").modules, "pyworld", None)
    with pytest.raises(UserError, match=r"pip install 'deepfake-audio\[world\]'"):
        build_systems(["lpc", "world"])


def test_frames_come_back_as_they_were() -> None:
    wave = np.random.default_rng(0).normal(size=5003)
    assert np.allclose(istft(stft(wave, 1024, 256), 1024, 256, 5003), wave, atol=1e-9)
