"""Windows that each reach the threshold, joined to the stretches of a recording that a person should listen to."""

from __future__ import annotations

from collections.abc import Sequence

from ..verdict import Segment, WindowScore


def suspicious_segments(windows: Sequence[WindowScore], threshold: float) -> tuple[Segment, ...]:
    """Neighbours as one, in the order of time; the last window may overlap the one before it."""
    found: list[Segment] = []
    for window in windows:
        if window.p_fake < threshold:
            continue
        if found and window.start_seconds <= found[-1].end_seconds:
            before = found.pop()
            worst = max(before.p_fake, window.p_fake)
            found.append(Segment(before.start_seconds, max(before.end_seconds, window.end_seconds), worst))
        else:
            found.append(Segment(window.start_seconds, window.end_seconds, window.p_fake))
    return tuple(found)
