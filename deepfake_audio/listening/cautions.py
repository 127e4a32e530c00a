"""What to bear in mind with a verdict (warnings), and what it must not be relied on for (doubts).

Each rule compares one figure with one limit, and says both.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ..verdict import WindowScore
from .conditions import Conditions
from .profile import Heard

# Doubts: the verdict becomes "can't tell".

# Some four syllables; and two looks of the shortest windows that detectors are trained on.
LEAST_SOUND_SECONDS = 1.0
# The mean over windows is then for the most part about windows without a voice.
MOST_SILENCE = 0.8
# An octave less than nearly all of what training heard: half of what the detector listens to isn't there.
LEAST_BAND_OF_TRAINING = 0.5

# Warnings: the verdict stands.

# Most speech has a third or less of pauses in it.
MUCH_SILENCE = 0.5
# Speech that touches full scale by accident does so in less than one sample in a thousand.
MUCH_CLIPPED = 0.001
# A telephone ends at 3.4 kHz; what decoders leave above it is within this.
NARROW_HZ = 4_000.0
# Another microphone, another distance: so much either way is everyday, and no detector should mind.
USUAL_DB = 6.0
# The threshold was chosen on whole clips. Of real speech about one window in ten reaches it by accident, scattered;
# what was put in lasts, or is a good deal of the whole.
LEAST_IN_A_ROW = 2
NOTABLE_SHARE = 0.25


def doubts(
    found: Conditions, p_fake: float, threshold: dict[str, Any], heard: Heard | None, hears_up_to_hz: float
) -> tuple[str, ...]:
    """Reasons why neither "fake" nor "real" should be said.

    Args:
        threshold: as a detector's config holds it.
        hears_up_to_hz: what lies above never comes to the detector's ears.
    """
    told = []
    if found.sound_seconds < LEAST_SOUND_SECONDS:
        told.append(
            f"only {found.sound_seconds:.1f} s of it is no silence: at least {LEAST_SOUND_SECONDS:g} s of speech is "
            "needed"
        )
    elif found.silence_share > MOST_SILENCE:
        told.append(
            f"{100 * found.silence_share:.0f} % of it is silence: there is little that could be judged"
        )
    interval = threshold.get("interval")
    if interval and interval[0] <= p_fake <= interval[1]:
        told.append(
            f"P(fake) is too close to the threshold, which other voices in validation would have put anywhere from "
            f"{interval[0]:.3g} to {interval[1]:.3g}"
        )
    if heard is not None:
        usual, has = (min(hz, hears_up_to_hz) for hz in (heard["bandwidth_hz"].low, found.bandwidth_hz))
        if has < LEAST_BAND_OF_TRAINING * usual:
            told.append(
                f"it ends at {has / 1000:.1f} kHz, and nearly all training clips reach {usual / 1000:.1f} kHz: most of "
                "what the detector listens to is missing"
            )
    return (*told, *_useless_threshold(threshold))


def _useless_threshold(threshold: dict[str, Any]) -> list[str]:
    """What validation showed of the threshold that should keep one from relying on it."""
    rule = threshold.get("rule") or {"max_false_alarm": threshold.get("max_false_alarm")}
    if threshold.get("calls", "some") != "some":
        return [f"on validation this threshold called {threshold['calls']} fake: don't rely on it"]
    # A threshold that is there to keep false alarms few, say, may rightly have the lower F-beta.
    if (
        rule.get("name", "f_beta") == "f_beta"
        and rule.get("max_false_alarm") is None
        and threshold.get("better_than_all_fake") is False
    ):
        return ["on validation this detector was no better than calling everything fake: don't rely on it"]
    return []


def warnings(
    found: Conditions,
    heard_seconds: float,
    window_seconds: float,
    heard: Heard | None,
    any_level: bool,
    hears_up_to_hz: float,
) -> tuple[str, ...]:
    """What makes a verdict less certain.

    Args:
        heard_seconds: how much lies between the edges that the detector listens to.
        any_level: the detector brings all to one level, so that loud and quiet are the same to it.
    """
    told = []
    if heard_seconds < window_seconds:
        told.append(
            f"{heard_seconds:.1f} s is shorter than the {window_seconds:.1f} s the detector listens to at once: less "
            "certain"
        )
    if MUCH_SILENCE < found.silence_share <= MOST_SILENCE:
        told.append(f"{100 * found.silence_share:.0f} % of it is silence")
    if found.clipped_share > max(MUCH_CLIPPED, heard["clipped_share"].high if heard else 0):
        told.append(f"clipped: {100 * found.clipped_share:.2g} % of its samples are at full scale or beyond")
    reached = heard["bandwidth_hz"].low if heard else hears_up_to_hz
    if found.bandwidth_hz < min(NARROW_HZ, reached, hears_up_to_hz):
        told.append(f"narrow band, as over a telephone: it ends at {found.bandwidth_hz / 1000:.1f} kHz")
    return (*told, *(_unlike(found, heard, any_level) if heard else ()))


def _unlike(found: Conditions, heard: Heard, any_level: bool) -> list[str]:
    told = []
    level, floor = heard["loudness_db"], heard["noise_floor_db"]
    if not any_level and found.loudness_db > level.high + USUAL_DB:
        told.append(_beyond("louder", found.loudness_db, level.high))
    if not any_level and found.loudness_db < level.low - USUAL_DB:
        told.append(_beyond("quieter", found.loudness_db, level.low))
    # Against the speech where the level is made the same: noise that is turned up with it is no more noise.
    if (
        found.noise_floor_db > floor.high + USUAL_DB
        and found.noise_floor_db > found.loudness_db - 2 * USUAL_DB
    ):
        told.append(_beyond("noisier in its pauses", found.noise_floor_db, floor.high))
    return told


def _beyond(how: str, found_db: float, limit_db: float) -> str:
    return f"{how} than nearly all training clips: {found_db:.0f} dB against {limit_db:.0f} dB"


def of_parts(verdict: str, windows: Sequence[WindowScore], threshold: float) -> tuple[str, ...]:
    """What must not be overlooked in a recording that as a whole is called real."""
    reach = [window.p_fake >= threshold for window in windows]
    row = max((len(list(run)) for reaches, run in itertools.groupby(reach) if reaches), default=0)
    if verdict != "real" or not (row >= LEAST_IN_A_ROW or sum(reach) >= NOTABLE_SHARE * len(reach) > 0):
        return ()
    number = f"{sum(reach)} of {len(reach)} windows {'reaches' if sum(reach) == 1 else 'reach'}"
    return (
        f"{number} the threshold, though the whole does not: a part that is fake would, and so do some windows of real "
        "recordings; listen to those stretches",
    )
