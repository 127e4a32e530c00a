"""Each voice's two tracks: one that it spoke, and one that a vocoder made of it.

Both are recorded in the same session (same length, pauses at the ends, level, room noise and microphone), so that
none of these can tell them apart; what is left is the sound of the vocoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from ...forging.frames import SAMPLE_RATE_HZ, Floats
from ...forging.matching import coloured_like
from .cast import FRAME_SAMPLES, Voice
from .vocoders import VOCODERS
from .voices import draw_speaker, speak

MICROPHONE_HZ = (85, 7200)
CREST_DB = 13.0
# In how many bands a fake is brought to the colour of its original.
COLOUR_BANDS = 24


@dataclass(frozen=True)
class Session:
    """The room, the microphone and the moment: the same for both tracks of a voice."""

    lead_in: int  # samples
    lead_out: int  # samples
    level_db: float
    noise_db: float  # against the speech
    noise_tilt: float
    offset: float


def voice_tracks(voice: Voice) -> tuple[Floats, Floats]:
    """The real and the fake track of a voice, float within [-1, 1] at 16 kHz -> [T], [T]."""
    rng = np.random.default_rng([voice.seed, voice.number, 1])
    speaker = draw_speaker(rng, voice.gender)
    session = _draw_session(rng)
    samples = voice.frames * FRAME_SAMPLES
    spoken = samples - session.lead_in - session.lead_out
    original = speak(rng, speaker, spoken)
    other = original if rng.random() < 0.5 else speak(rng, speaker, spoken)
    forged = coloured_like(VOCODERS[voice.vocoder](rng, other), other, _colour_borders(len(other)))
    return _record(rng, session, original, samples), _record(rng, session, forged, samples)


def _draw_session(rng: Generator) -> Session:
    lead_in, lead_out = rng.uniform(0.08, 0.40, 2) * SAMPLE_RATE_HZ
    return Session(
        lead_in=int(lead_in),
        lead_out=int(lead_out),
        level_db=rng.uniform(-30, -20),
        noise_db=rng.uniform(-42, -27),
        noise_tilt=rng.uniform(0, 0.5),
        offset=rng.normal(0, 3e-4),
    )


def _record(rng: Generator, session: Session, speech: Floats, samples: int) -> Floats:
    """Speech in its room, through its microphone, at its level -> [samples]."""
    quiet = samples - len(speech) - session.lead_in
    # Which way round a microphone is wired says nothing, and the skew of a voice should not either.
    polarity = rng.choice([-1.0, 1.0])
    dry = _limit(np.pad(polarity * speech, (session.lead_in, quiet)))
    noise = _band(rng.normal(size=samples), session.noise_tilt)
    heard = dry / _rms(dry) + noise / _rms(noise) * 10 ** (session.noise_db / 20)
    return heard / _rms(heard) * 10 ** (session.level_db / 20) + session.offset


def _colour_borders(samples: int) -> np.ndarray:
    """The bins between which a fake is brought to the colour of its original -> [COLOUR_BANDS + 1]."""
    return np.geomspace(samples // 320, samples // 2 + 1, COLOUR_BANDS + 1).astype(int)


def _limit(speech: Floats) -> Floats:
    """Bend the peaks until the crest is the same for all: vocoders change it, and it would give them away."""
    speech = _band(speech, 0.0)
    speech = speech / _rms(speech)
    target = 10 ** (CREST_DB / 20)
    gentle, hard = 0.01, 10.0
    for _ in range(14):
        drive = np.sqrt(gentle * hard)
        bent = _band(np.tanh(speech * drive), 0.0)
        gentle, hard = (drive, hard) if np.abs(bent).max() / _rms(bent) > target else (gentle, drive)
    return bent


def _band(wave: Floats, tilt: float) -> Floats:
    """What the microphone lets through, falling by `tilt` powers of the frequency -> [T]."""
    hz = np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE_HZ)
    low, high = MICROPHONE_HZ
    passed = 1 / np.sqrt((1 + (low / np.maximum(hz, 1)) ** 8) * (1 + (hz / high) ** 40))
    return np.fft.irfft(np.fft.rfft(wave) * passed * np.maximum(hz / 1000, 0.05) ** -tilt, len(wave))


def _rms(wave: Floats) -> float:
    return float(np.sqrt(np.mean(wave**2)))
