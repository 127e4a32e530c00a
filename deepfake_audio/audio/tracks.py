"""The sound track of an open media file, decoded in this process: the samples that an ffmpeg process makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .media import unreadable

# Frames are resampled many together: one by one the calls cost more than the work, all at once the memory does.
SAMPLES_AT_ONCE = 2**13
# ffmpeg gives a file up of which more than this share can't be decoded.
MOST_DAMAGED = 2 / 3
# Of a mp4's tracks, those whose last frame can be cut; numpy has no type for others.
KNOWN_FORMATS = ("u8", "u8p", "s16", "s16p", "s32", "s32p", "flt", "fltp", "dbl", "dblp")


class DamagedTrackError(ValueError):
    """Too little of a track could be decoded."""


def heard_track(container: Any) -> Any:
    """The track that ffmpeg chooses where nobody does: the default one, else that of most channels."""
    import av.stream

    tracks = [track for track in container.streams.audio if track.codec_context is not None]
    default = av.stream.Disposition.default
    return max(
        tracks,
        key=lambda track: (bool(track.disposition & default), track.codec_context.channels),
        default=None,
    )


def decoded_blocks(container: Any, track: Any, sample_rate: int) -> Iterator[NDArray[np.int16]]:
    """A track at `sample_rate`, its channels as they are: int16 [T, C] each.

    Raises:
        DamagedTrackError: most of it can't be decoded.
    """
    import av
    from av.stream import Discard

    for other in container.streams:
        if other.index != track.index:
            other.discard = Discard.all
    # Threads cost more than they give for sound, and one process for each core is at work already.
    track.codec_context.thread_count = 1
    resampler: av.AudioResampler | None = None
    kind, layout = None, None
    for frame in _together(_cut_at_end(_frames(container, track), container, track)):
        if resampler is None or _kind(frame) != kind:
            # A broadcast may change midway: ffmpeg begins anew, keeps the first channels and drops what was on its way.
            kind, layout = _kind(frame), layout or frame.layout
            resampler = av.AudioResampler(format="s16", layout=layout, rate=sample_rate)
        yield from _arrays(resampler.resample(frame))
    if resampler is not None:
        yield from _arrays(resampler.resample(None))


def _frames(container: Any, track: Any) -> Iterator[Any]:
    """What can be decoded; damaged packets are passed over."""
    decoded = damaged = 0
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets, None)
        except unreadable():
            # Cut off: what came before it stands.
            packet = None
        if packet is None:
            break
        try:
            frames = packet.decode()
        except unreadable():
            damaged += 1
            continue
        decoded += len(frames)
        yield from frames
    if damaged > MOST_DAMAGED * (decoded + damaged):
        raise DamagedTrackError(f"{damaged} of its {decoded + damaged} pieces can't be decoded")


def _cut_at_end(frames: Iterator[Any], container: Any, track: Any) -> Iterator[Any]:
    """The last frame cut where the track ends by its header, as ffmpeg does from its version 9 on.

    An encoder fills its last frame up with silence, and a mp4 says how much of it is sound.
    """
    # One that is written in fragments doesn't say, and opus tells its decoder itself.
    said = "mov" in container.format.name.split(",") and track.frames and track.codec_context.name != "opus"
    last = None
    for frame in frames:
        if last is not None:
            yield last
        last = frame
    if last is None:
        return
    kept = _samples_before_end(last, track) if said else last.samples
    yield (
        _frame(_cut(last, kept), last)
        if 0 < kept < last.samples and last.format.name in KNOWN_FORMATS
        else last
    )


def _samples_before_end(frame: Any, track: Any) -> int:
    """How many samples of a frame lie before the end of its track."""
    if frame.pts is None or not track.duration:
        return int(frame.samples)
    left = (track.start_time or 0) + track.duration - frame.pts
    return round(left * track.time_base * frame.sample_rate)


def _together(frames: Iterator[Any]) -> Iterator[Any]:
    """Frames of one kind put together to larger ones."""
    from av.audio.fifo import AudioFifo

    held, kind = AudioFifo(), None
    for frame in frames:
        if held.samples and (held.samples >= SAMPLES_AT_ONCE or _kind(frame) != kind):
            yield held.read()
        if _kind(frame) != kind:
            held, kind = AudioFifo(), _kind(frame)
        # Or else it insists that no time is missing between frames, as after a damaged one.
        frame.pts = None
        held.write(frame)
    if held.samples:
        yield held.read()


def _cut(frame: Any, samples: int) -> np.ndarray:
    return frame.to_ndarray()[:, : samples if frame.format.is_planar else samples * frame.layout.nb_channels]


def _frame(numbers: np.ndarray, like: Any) -> Any:
    import av

    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(numbers), format=like.format.name, layout=like.layout
    )
    frame.sample_rate = like.sample_rate
    return frame


def _kind(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _arrays(frames: list[Any]) -> Iterator[NDArray[np.int16]]:
    for frame in frames:
        if frame.samples:
            yield frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
