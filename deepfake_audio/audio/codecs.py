"""Send speech through a lossy codec and back, in this process: what a call, a messenger or a video site does to it.

AAC, MP3 and Opus are those of the ffmpeg that PyAV brings; the telephone's GSM and mu-law those of libsndfile.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import UserError

Wave = NDArray[np.float32]

# Encoders look ahead by a few frames; so much silence behind the end brings the last samples out again. A decoder
# that drops a sample too much at the beginning drops one of the silence in front.
LEAD_SECONDS = 0.01
FLUSH_SECONDS = 0.2
# Longer than any codec's delay.
LONGEST_DELAY_SECONDS = 0.15
PROBE_SECONDS = 1.0
# What each encoder of ffmpeg calls its shorter search.
QUICKER = {
    "aac": {"aac_coder": "fast"},
    "libmp3lame": {"compression_level": "7"},
    "libopus": {"compression_level": "3"},
}


@dataclass(frozen=True)
class Codec:
    """One way of sending speech; `rates_hz` are those it works at, the lowest one that loses nothing is taken."""

    through: Callable[[Wave, int, int | None, bool], tuple[Wave, int]]
    rates_hz: tuple[int, ...]
    bit_rate: int | None  # bits a second, where it can be chosen


def recode(
    waveform: Wave, sample_rate: int, codec: str = "aac", bit_rate: int | None = None, quick: bool = False
) -> Wave:
    """Encode and decode: [T] -> [T], at the same rate and in step with what went in.

    Equal input gives equal output. Beyond full scale samples are clipped, as in a file.

    Args:
        codec: aac, mp3, opus, gsm or mulaw.
        bit_rate: bits a second; the codec's usual one for speech if not given (gsm and mulaw have but one).
        quick: let the encoder spend its bits after a shorter search, in a half to a third of the time.
    """
    chosen = known_codec(codec, bit_rate)
    if len(waveform) == 0:
        return waveform
    delay = _delay(codec, sample_rate, bit_rate or chosen.bit_rate, quick)
    heard = _sent(waveform, sample_rate, chosen, bit_rate or chosen.bit_rate, quick)
    heard = heard[delay : delay + len(waveform)]
    return np.pad(heard, (0, len(waveform) - len(heard)))


def known_codec(name: str, bit_rate: int | None = None) -> Codec:
    """The codec called `name`, if it can have that bit rate."""
    if name not in CODECS:
        raise UserError(f"codec {name!r} is not known; there is {', '.join(CODECS)}")
    if bit_rate is None:
        return CODECS[name]
    if CODECS[name].bit_rate is None:
        raise UserError(f"bit_rate={bit_rate} is no choice for the codec {name}: leave it out (null)")
    if isinstance(bit_rate, bool) or not isinstance(bit_rate, int) or bit_rate < 1:
        raise UserError(f"bit_rate={bit_rate} of the codec {name} must be a whole number of bits a second")
    return CODECS[name]


def try_codec(name: str, bit_rate: int | None = None, sample_rate: int = 16_000, quick: bool = False) -> None:
    """Raise if the codec cannot be used so; what is found out about it is kept for `recode`."""
    chosen = known_codec(name, bit_rate)
    _delay(name, sample_rate, bit_rate or chosen.bit_rate, quick)


def resampled(waveform: Wave, rate: int, to_rate: int) -> Wave:
    """[T] -> [T * to_rate / rate], without a shift in time."""
    if rate == to_rate:
        return waveform
    # Not above: scipy.signal takes a second to load, and only codecs need it.
    from scipy.signal import resample_poly

    ratio = Fraction(to_rate, rate)
    return np.asarray(resample_poly(waveform, ratio.numerator, ratio.denominator), dtype=np.float32)


@functools.cache
def _delay(name: str, sample_rate: int, bit_rate: int | None, quick: bool) -> int:
    """By how many samples the output lags, the silence in front included; measured once.

    Not looked up, because versions of ffmpeg differ in what of an encoder's priming the decoder already drops.
    """
    from scipy.signal import correlate

    rng = np.random.default_rng(0)
    clock = np.arange(round(PROBE_SECONDS * sample_rate)) / sample_rate
    # Something like a voice: a buzz whose pitch wanders, so that only one shift fits, which comes and goes.
    pitch_hz = 120 + 40 * np.sin(2 * np.pi * 1.3 * clock) + rng.normal(0, 0.5, len(clock)).cumsum() * 0.02
    phase = 2 * np.pi * np.cumsum(pitch_hz) / sample_rate
    buzz = sum(np.cos(n * phase + n * n) / n for n in range(2, 20))
    probe = (0.1 * buzz * (1.2 + np.sin(2 * np.pi * 4 * clock))).astype(np.float32)
    heard = _sent(probe, sample_rate, CODECS[name], bit_rate, quick)
    likeness = correlate(heard, probe, mode="full")
    most = round(LONGEST_DELAY_SECONDS * sample_rate)
    none = len(probe) - 1
    return int(np.argmax(likeness[none : none + most]))


def _sent(waveform: Wave, sample_rate: int, codec: Codec, bit_rate: int | None, quick: bool) -> Wave:
    """What arrives, with some silence and the codec's delay in front, and more silence behind."""
    enough = [rate for rate in codec.rates_hz if rate >= sample_rate]
    rate = enough[0] if enough else codec.rates_hz[-1]
    silence = round(LEAD_SECONDS * sample_rate), round(FLUSH_SECONDS * sample_rate)
    sent = resampled(np.pad(waveform, silence).astype(np.float32, copy=False), sample_rate, rate)
    heard, heard_rate = codec.through(np.clip(sent, -1, 1), rate, bit_rate, quick)
    return resampled(heard, heard_rate, sample_rate)


def _through_ffmpeg(
    waveform: Wave, rate: int, bit_rate: int | None, quick: bool, encoder: str, decoder: str, form: str
) -> tuple[Wave, int]:
    """Packets straight from the encoder to the decoder, without a container between."""
    import av

    step = Fraction(1, rate)
    try:
        writer: Any = av.CodecContext.create(encoder, "w")
        writer.sample_rate, writer.layout, writer.format = rate, "mono", form
        writer.time_base, writer.bit_rate, writer.thread_count = step, bit_rate, 1
        writer.options = QUICKER[encoder] if quick else {}
        writer.open()
        size = writer.frame_size
        whole = np.pad(waveform, (0, -len(waveform) % size))
        packets = []
        for start in range(0, len(whole), size):
            frame = av.AudioFrame.from_ndarray(whole[None, start : start + size], format=form, layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = rate, step, start
            packets += writer.encode(frame)
        packets += writer.encode(None)
        reader: Any = av.CodecContext.create(decoder, "r")
        reader.sample_rate, reader.layout, reader.extradata = rate, "mono", writer.extradata
        reader.thread_count = 1
        frames = [frame for packet in [*packets, None] for frame in reader.decode(packet)]
    except (av.FFmpegError, ValueError) as error:
        raise UserError(
            f"the codec {decoder} cannot be used at {rate} Hz and bit_rate={bit_rate}: {error}"
        ) from None
    heard = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
    # Which of its forms a decoder answers in is its own choice; whole numbers are full scale at their largest.
    scale = -np.iinfo(heard.dtype).min if np.issubdtype(heard.dtype, np.integer) else 1
    return heard.astype(np.float32) / np.float32(scale), int(frames[0].sample_rate)


def _through_sndfile(
    waveform: Wave, rate: int, bit_rate: int | None, quick: bool, subtype: str
) -> tuple[Wave, int]:
    """A telephone's codec, as a file in memory."""
    file = io.BytesIO()
    soundfile.write(file, waveform, rate, format="WAV", subtype=subtype)
    file.seek(0)
    heard, _ = soundfile.read(file, dtype="float32")
    return heard, rate


AAC_MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
CODECS: dict[str, Codec] = {
    "aac": Codec(
        functools.partial(_through_ffmpeg, encoder="aac", decoder="aac", form="fltp"),
        AAC_MP3_RATES_HZ,
        32_000,
    ),
    "mp3": Codec(
        functools.partial(_through_ffmpeg, encoder="libmp3lame", decoder="mp3", form="fltp"),
        AAC_MP3_RATES_HZ,
        32_000,
    ),
    "opus": Codec(
        functools.partial(_through_ffmpeg, encoder="libopus", decoder="libopus", form="flt"),
        (8_000, 12_000, 16_000, 24_000, 48_000),
        16_000,
    ),
    "gsm": Codec(functools.partial(_through_sndfile, subtype="GSM610"), (8_000,), None),
    "mulaw": Codec(functools.partial(_through_sndfile, subtype="ULAW"), (8_000,), None),
}
