"""What a detector says of a recording, as data: the one shape that every way of asking it answers in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

CANT_TELL = "can't tell"


@dataclass(frozen=True)
class WindowScore:
    """What the detector says of one stretch of a recording."""

    start_seconds: float
    end_seconds: float
    p_fake: float


@dataclass(frozen=True)
class Segment:
    """Neighbouring windows that each reach the threshold, as one stretch; `p_fake` is that of its worst window."""

    start_seconds: float
    end_seconds: float
    p_fake: float


@dataclass(frozen=True)
class Verdict:
    """What the detector says of a recording.

    `verdict` is "fake" where `p_fake >= threshold`, else "real", unless there are `doubts`: reasons why nobody
    should rely on either. Then it is "can't tell", and the figures say which way the detector leans.
    `warnings` are what to bear in mind with a verdict that stands.
    """

    file: str
    p_fake: float
    verdict: str
    threshold: float
    logit: float
    seconds: float
    windows: tuple[WindowScore, ...]
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()

    @property
    def leaning(self) -> str:
        """Which way the detector leans, "fake" or "real", also where it can't tell."""
        return "fake" if self.p_fake >= self.threshold else "real"

    @property
    def in_words(self) -> str:
        """ "fake", "real", or which way the detector leans where it can't tell."""
        return self.verdict if self.verdict == self.leaning else f"{self.verdict} (leans to {self.leaning})"

    @property
    def margin(self) -> float:
        """How far P(fake) lies from the threshold: positive on the side of fake."""
        return self.p_fake - self.threshold

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `predict --json` prints them."""
        return {**asdict(self), "margin": self.margin}
