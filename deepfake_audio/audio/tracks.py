"""The sound track of an open media file, decoded in this process: the samples that an ffmpeg process makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .media import unreadable

# Frames are resampled many together: one by one the calls cost more than the work, all at once the memory does.
NUMBERS_AT_ONCE = 2**15
# ffmpeg gives a file up of which more than this share can't be decoded.
MOST_DAMAGED = 2 / 3
# What numpy has no type for goes to the resampler frame by frame.
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
    resampler, kind = None, None
    for frame in _together(_cut_at_end(_frames(container, track), container, track)):
        if _kind(frame) != kind:
            # A broadcast may change its channels midway.
            yield from _flushed(resampler)
            resampler = av.AudioResampler(format="s16", layout=frame.layout, rate=sample_rate)
            kind = _kind(frame)
        yield from _arrays(resampler.resample(frame))
    yield from _flushed(resampler)


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
    length = round(track.duration * track.time_base * track.rate) if said and track.duration else None
    before, last = 0, None
    for frame in frames:
        if last is not None:
            before += last.samples
            yield last
        last = frame
    if last is None:
        return
    if length is None or not before < length < before + last.samples or last.format.name not in KNOWN_FORMATS:
        yield last
    else:
        yield _frame(_cut(last, length - before), last)


def _together(frames: Iterator[Any]) -> Iterator[Any]:
    """Frames of one kind put together to larger ones."""
    held: list[Any] = []
    numbers = 0
    for frame in frames:
        if held and (numbers >= NUMBERS_AT_ONCE or _kind(frame) != _kind(held[0])):
            yield _joined(held)
            held, numbers = [], 0
        if frame.format.name not in KNOWN_FORMATS:
            yield frame
            continue
        held.append(frame)
        numbers += frame.samples * frame.layout.nb_channels
    if held:
        yield _joined(held)


def _joined(frames: list[Any]) -> Any:
    return _frame(np.concatenate([frame.to_ndarray() for frame in frames], axis=1), frames[0])


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


def _flushed(resampler: Any) -> Iterator[NDArray[np.int16]]:
    return iter(()) if resampler is None else _arrays(resampler.resample(None))


def _arrays(frames: list[Any]) -> Iterator[NDArray[np.int16]]:
    for frame in frames:
        if frame.samples:
            yield frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
