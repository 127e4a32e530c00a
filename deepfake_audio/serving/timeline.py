"""The time line of a recording that plays: a player, and its windows as bars that jump to their place."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..probability import shown
from ..verdict import Verdict, WindowScore
from .words import clock

# Narrower than this a bar can't be hit with a finger, or seen.
MOST_BARS = 160
# Of what nobody would jump to.
MOST_LISTED = 12

# Runs once, on an element whose content changes: so everything is listened for there.
SCRIPT = """
const player = () => element.querySelector('audio');
const go = (seconds) => { const it = player(); if (it) { it.currentTime = seconds; it.play().catch(() => {}); } };
element.addEventListener('click', (event) => {
  const jump = event.target.closest('[data-at]');
  if (jump) return go(Number(jump.dataset.at));
  const track = event.target.closest('.track');
  if (!track) return;
  const box = track.getBoundingClientRect();
  go((event.clientX - box.left) / box.width * Number(track.dataset.seconds));
});
element.addEventListener('timeupdate', () => {
  const track = element.querySelector('.track'), it = player();
  if (track && it) element.querySelector('.playhead').style.left =
    100 * Math.min(1, it.currentTime / Number(track.dataset.seconds)) + '%';
}, true);
"""


def timeline(verdict: Verdict, sound: str) -> str:
    """Player (MP3 in base64), bars, and the suspicious stretches as a list of buttons."""
    seconds = max(verdict.seconds, 1e-3)
    bars = "".join(_bar(window, verdict.threshold, seconds) for window in thinned(verdict.windows))
    cut = 100 * min(1.0, max(0.0, verdict.threshold))
    return (
        f'<audio controls preload="auto" aria-label="the recording" src="data:audio/mpeg;base64,{escape(sound)}">'
        f'</audio><div class="track" data-seconds="{seconds:.3f}" role="img" aria-label="{escape(_says(verdict))}">'
        f'{bars}<div class="cut" style="bottom:{cut:.2f}%"></div><div class="playhead"></div></div>'
        f'<p class="ends"><span>{clock(0)}</span><span>P(fake) over time; the dashed line is the threshold; click to '
        f"listen</span><span>{clock(seconds)}</span></p>{_listed(verdict)}"
    )


def thinned(windows: Sequence[WindowScore]) -> list[WindowScore]:
    """At most as many as can be drawn: of neighbours the worst stands for all of them, over their whole time."""
    together = -(-len(windows) // MOST_BARS)
    groups = [windows[first : first + together] for first in range(0, len(windows), together or 1)]
    return [
        WindowScore(group[0].start_seconds, group[-1].end_seconds, max(window.p_fake for window in group))
        for group in groups
    ]


def _bar(window: WindowScore, threshold: float, seconds: float) -> str:
    label = "fake" if window.p_fake >= threshold else "real"
    left, width = (
        100 * value / seconds for value in (window.start_seconds, window.end_seconds - window.start_seconds)
    )
    says = f"{clock(window.start_seconds)} to {clock(window.end_seconds)}, P(fake) {shown(window.p_fake)}"
    return (
        f'<div class="slot" data-at="{window.start_seconds:.3f}" title="{escape(says)}" '
        f'style="left:{left:.3f}%;width:{width:.3f}%"><div class="bar {label}" '
        f'style="height:{100 * max(window.p_fake, 0.02):.1f}%"></div></div>'
    )


def _says(verdict: Verdict) -> str:
    reach = sum(window.p_fake >= verdict.threshold for window in verdict.windows)
    return f"time line: {reach} of {len(verdict.windows)} windows reach the threshold"


def _listed(verdict: Verdict) -> str:
    """The suspicious stretches, worst first, for the keyboard as well."""
    if not verdict.segments:
        return ""
    worst = sorted(verdict.segments, key=lambda segment: -segment.p_fake)[:MOST_LISTED]
    items = "".join(
        f'<button type="button" data-at="{each.start_seconds:.3f}">{clock(each.start_seconds)} to '
        f"{clock(each.end_seconds)} <span>P(fake) {escape(shown(each.p_fake))}</span></button>"
        for each in worst
    )
    more = len(verdict.segments) - len(worst)
    rest = f" <span>and {more} more</span>" if more else ""
    return f'<p class="stretches">Suspicious: {items}{rest}</p>'
