"""Speakers that never were: source-filter speech, each speaker with a pitch, a tract and a rhythm of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ...forging.frames import (
    SAMPLE_RATE_HZ,
    Complexes,
    Floats,
    bins_hz,
    delays,
    istft,
    place,
    pulse_times,
    stft,
)

# 64 ms holds the ringing of the narrowest formant; 5 ms follows the fastest articulation.
RESPONSE_SAMPLES = 1024
CONTROL_HOP = 80


@dataclass(frozen=True)
class Speaker:
    """What stays the same whenever this person speaks."""

    f0_hz: float
    accent_semitones: float
    jitter: float
    shimmer: float
    tract: float  # formants are multiplied by it: a short tract is above 1
    vowel_shifts: Floats  # [vowels, 3], this speaker's own vowels
    bandwidth: float
    tilt: float  # of the glottal pulse: higher is darker
    breath: float
    frication: float
    syllables_per_second: float
    pause_share: float


@dataclass(frozen=True)
class Sound:
    """One speech sound: formants in hertz, amplitudes from 0 to 1, length in seconds."""

    seconds: float
    formants_hz: tuple[float, float, float] = (500, 1500, 2500)
    voicing: float = 0.0
    frication: float = 0.0
    centre_hz: float = 4000
    width_hz: float = 2000
    breath: float = 0.0


VOWELS = (
    (730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480),
    (570, 840, 2410), (500, 1500, 2500), (660, 1720, 2410), (640, 1190, 2390),
)  # fmt: skip
CONSONANTS = (
    Sound(0.10, frication=1.0, centre_hz=5600, width_hz=1100),
    Sound(0.10, frication=0.9, centre_hz=3300, width_hz=1000),
    Sound(0.08, frication=0.3, centre_hz=4500, width_hz=3500),
    Sound(0.07, voicing=0.35, frication=0.35, centre_hz=5400, width_hz=1200, formants_hz=(250, 1700, 2600)),
    Sound(0.06, breath=0.9),
    Sound(0.07, voicing=0.30, formants_hz=(270, 1100, 2300)),
    Sound(0.07, voicing=0.32, formants_hz=(280, 1600, 2500)),
    Sound(0.06, voicing=0.50, formants_hz=(360, 1300, 2800)),
)
STOP_CLOSURE = Sound(0.05)
STOP_BURSTS = (
    Sound(0.015, frication=0.8, centre_hz=1200, width_hz=1200),
    Sound(0.015, frication=0.9, centre_hz=4200, width_hz=1500),
    Sound(0.020, frication=0.8, centre_hz=2300, width_hz=900),
)


def draw_speaker(rng: Generator, gender: str) -> Speaker:
    """A person of the given gender (`men` or `women`, as FakeAVCeleb names its folders)."""
    low_hz, high_hz, short, shorter = (85, 150, 0.92, 1.06) if gender == "men" else (165, 250, 1.08, 1.24)
    return Speaker(
        f0_hz=rng.uniform(low_hz, high_hz),
        accent_semitones=rng.uniform(1.0, 3.5),
        jitter=rng.uniform(0.004, 0.018),
        shimmer=rng.uniform(0.03, 0.12),
        tract=rng.uniform(short, shorter),
        vowel_shifts=rng.uniform(0.93, 1.07, (len(VOWELS), 3)),
        bandwidth=rng.uniform(0.8, 1.5),
        tilt=rng.uniform(0.80, 0.96),
        breath=rng.uniform(0.02, 0.12),
        frication=rng.uniform(0.6, 1.2),
        syllables_per_second=rng.uniform(3.2, 5.5),
        pause_share=rng.uniform(0.10, 0.25),
    )


def speak(rng: Generator, speaker: Speaker, samples: int) -> Floats:
    """An utterance that fills `samples` from its first sound to its last -> [samples]."""
    sounds = _utterance(rng, speaker, samples / SAMPLE_RATE_HZ)
    seconds = np.array([sound.seconds for sound in sounds])
    ends = np.round(np.cumsum(seconds) / seconds.sum() * samples / CONTROL_HOP).astype(int)
    lengths = np.diff(ends, prepend=0)
    return _voiced(rng, speaker, sounds, lengths, samples) + _noise(rng, speaker, sounds, lengths, samples)


def _utterance(rng: Generator, speaker: Speaker, seconds: float) -> list[Sound]:
    """Words of one to three syllables, with pauses between some of them, about `seconds` long."""
    sounds: list[Sound] = []
    for _ in range(max(2, round(seconds * speaker.syllables_per_second * (1 - speaker.pause_share) / 2))):
        for _ in range(rng.integers(1, 4)):
            sounds += _syllable(rng, speaker)
        if rng.random() < 0.5:
            sounds.append(
                Sound(rng.uniform(0.4, 1.6) * 4 * speaker.pause_share / speaker.syllables_per_second)
            )
    return sounds if sounds[-1].voicing else sounds + _syllable(rng, speaker)


def _syllable(rng: Generator, speaker: Speaker) -> list[Sound]:
    onset = rng.random()
    if onset < 0.3:
        begin = [STOP_CLOSURE, STOP_BURSTS[rng.integers(len(STOP_BURSTS))]]
    elif onset < 0.9:
        begin = [CONSONANTS[rng.integers(len(CONSONANTS))]]
    else:
        begin = []
    index = int(rng.integers(len(VOWELS)))
    first, second, third = np.multiply(VOWELS[index], speaker.vowel_shifts[index])
    length = rng.uniform(0.6, 1.5) * 0.55 / speaker.syllables_per_second
    vowel = Sound(length, (first, second, third), voicing=rng.uniform(0.6, 1.0), breath=speaker.breath)
    coda = [CONSONANTS[rng.integers(len(CONSONANTS))]] if rng.random() < 0.3 else []
    return [*begin, vowel, *coda]


def _track(values: list[float], lengths: np.ndarray, smooth: int) -> Floats:
    """Each sound's value held for its length, then smoothed over 2 * smooth + 1 control steps -> [K]."""
    held = np.repeat(np.asarray(values, dtype=float), lengths)
    shape = np.hanning(2 * smooth + 3)[1:-1]
    return np.convolve(np.pad(held, smooth, mode="edge"), shape / shape.sum(), mode="valid")


def _pitch(rng: Generator, speaker: Speaker, lengths: np.ndarray) -> Floats:
    """Accents on a line that falls towards the end -> [K] in hertz."""
    accents = _track(list(rng.normal(0, speaker.accent_semitones / 2, len(lengths))), lengths, 12)
    falling = np.linspace(1, -1, len(accents)) * speaker.accent_semitones
    return speaker.f0_hz * 2 ** ((accents + falling) / 12)


def _formant_filter(speaker: Speaker, formants_hz: Floats, size: int) -> Complexes:
    """Five resonances, minimum phase: [P, 3] -> [P, size // 2 + 1]."""
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = np.ones((len(formants_hz), len(delay)), dtype=complex)
    upper = np.full(len(formants_hz), 1.0)
    columns = [*(formants_hz.T), 3500 * upper, 4500 * upper]
    for column, width_hz in zip(columns, (60, 80, 120, 180, 260), strict=True):
        radius = np.exp(-np.pi * width_hz * speaker.bandwidth / SAMPLE_RATE_HZ)
        cosine = np.cos(2 * np.pi * np.minimum(column * speaker.tract, 7000) / SAMPLE_RATE_HZ)[:, None]
        gain = 1 - 2 * radius * cosine + radius**2
        response *= gain / (1 - 2 * radius * cosine * delay + radius**2 * delay**2)
    return response


def _voiced(
    rng: Generator, speaker: Speaker, sounds: list[Sound], lengths: np.ndarray, samples: int
) -> Floats:
    """Glottal beats one by one, each through the tract as it stands at that moment -> [samples]."""
    clock = np.arange(samples) / CONTROL_HOP
    steps = np.arange(lengths.sum(), dtype=float)
    f0_hz = np.interp(clock, steps, _pitch(rng, speaker, lengths))
    times = pulse_times(f0_hz, rng.normal(0, speaker.jitter, samples // 16))
    at = times / CONTROL_HOP
    loudness = np.interp(at, steps, _track([sound.voicing for sound in sounds], lengths, 4))
    loudness *= 1 + speaker.shimmer * rng.normal(size=len(times))
    tracks = (_track([sound.formants_hz[n] for sound in sounds], lengths, 6) for n in range(3))
    formants_hz = np.stack([np.interp(at, steps, track) for track in tracks], axis=1)
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(RESPONSE_SAMPLES))
    # Two poles of the pulse and the zero of radiation at the lips.
    glottis = (1 - 0.98 * delay) * ((1 - speaker.tilt) / (1 - speaker.tilt * delay)) ** 2 / (1 - speaker.tilt)
    response = (
        _formant_filter(speaker, formants_hz, RESPONSE_SAMPLES) * glottis * delays(times, RESPONSE_SAMPLES)
    )
    beats = np.fft.irfft(response, RESPONSE_SAMPLES, axis=1) * loudness[:, None]
    return place(beats, times.astype(np.int64), samples)


def _noise(
    rng: Generator, speaker: Speaker, sounds: list[Sound], lengths: np.ndarray, samples: int
) -> Floats:
    """Breath through the tract and friction at the teeth, as filtered white noise -> [samples]."""
    size, hop = 256, CONTROL_HOP // 5 * 4
    spectra = stft(rng.normal(size=samples), size, hop)
    at = np.arange(len(spectra)) * hop / CONTROL_HOP
    steps = np.arange(lengths.sum(), dtype=float)

    def track(name: str, smooth: int) -> Floats:
        return np.interp(at, steps, _track([getattr(sound, name) for sound in sounds], lengths, smooth))

    tracks = (_track([sound.formants_hz[n] for sound in sounds], lengths, 6) for n in range(3))
    formants_hz = np.stack([np.interp(at, steps, values) for values in tracks], axis=1)
    breath = track("breath", 4)[:, None] * np.abs(_formant_filter(speaker, formants_hz, size))
    distance = (bins_hz(size) - track("centre_hz", 2)[:, None]) / track("width_hz", 2)[:, None]
    friction = speaker.frication * track("frication", 3)[:, None] * np.exp(-0.5 * distance**2)
    return istft(spectra * (0.10 * breath + 0.06 * friction), size, hop, samples)
