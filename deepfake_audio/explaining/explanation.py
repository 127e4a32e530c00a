"""Why a detector says what it says of one recording: its windows, the evidence in each, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..verdict import Verdict
from .faithfulness import Faithfulness
from .patches import Floats
from .silence import WORTH_TELLING, Silence
from .stretches import Stretch, Window
from .where import Patch, amount, place_in_words, top_patches

NAMES = {
    "gradcam": "Grad-CAM",
    "integrated_gradients": "integrated gradients",
    "lime": "LIME over patches of time and frequency",
}
# Two halves of LIME's samples that agree less have found nothing that holds.
UNSTABLE = 0.5
# Evidence that is less than so much of all did not decide by itself.
MOST_OF_ALL = 0.5
LABELS = ("fake", "real")
BASELINES = {
    "mean": "the window's mean (0)",
    "silence": "digital silence (0)",
    "recording": "each row's mean over what was explained",
}


@dataclass(frozen=True)
class Explanation:
    """What speaks for fake (above 0) and for real (below 0) in the windows that were explained.

    Args:
        layer: what Grad-CAM looked at.
        error: integrated gradients: largest gap over windows between the map's sum and what it should be, in logits.
        stability: LIME: correlation of two halves of its samples, mean over windows.
        bin_hz, edges_hz: of the maps' rows, [F] and [F + 1].
        over_time_only: the detector's features have no frequencies; the maps' rows are those of a spectrogram, and
            all rows of a frame hold the same evidence.
        silence_is_nothing: the detector hears samples, and what the methods put in their place is silence.
        baseline: what the methods put in the place of what they take away.
    """

    verdict: Verdict
    method: str
    layer: str | None
    error: float | None
    stability: float | None
    samples: int | None
    seed: int
    windows: tuple[Window, ...]
    stretches: tuple[Stretch, ...]
    bin_hz: Floats
    edges_hz: Floats
    silence: Silence
    faithfulness: Faithfulness | None
    over_time_only: bool = False
    silence_is_nothing: bool = False
    baseline: str = BASELINES["mean"]

    @property
    def label(self) -> str:
        """What the detector leans to, "fake" or "real": the evidence for this is told of first."""
        return self.verdict.leaning

    def share_for(self, label: str) -> float | None:
        """Share of all evidence that speaks for a label; None where there is no evidence."""
        found = {each: amount(list(self.stretches), each) for each in LABELS}
        total = sum(found.values())
        return found[label] / total if total else None

    @property
    def patches(self) -> list[Patch]:
        """The patches that speak loudest for the verdict."""
        return top_patches(list(self.stretches), self.label, self._told_edges_hz)

    @property
    def _told_edges_hz(self) -> Floats | None:
        return None if self.over_time_only else self.edges_hz

    @property
    def suspicious(self) -> bool:
        """Whether what speaks for the verdict lies on silence, and is enough to matter."""
        return (self.share_for(self.label) or 0) >= WORTH_TELLING and self.silence.speaks_loudly(self.label)

    @property
    def words(self) -> str:
        """For people: how much speaks for the verdict, where that lies, and how much of it on silence."""
        share, silent = self.share_for(self.label), self.silence.of_evidence(self.label)
        decides = "the threshold, or the network's bias, decides"
        if not share or silent is None:
            return f"Nothing in what was explained speaks for {self.label}: {decides}."
        place = place_in_words(list(self.stretches), self.label, self._told_edges_hz)
        told = (
            f"Of all evidence {_percent(share)} speaks for {self.label}"
            f"{'' if share >= MOST_OF_ALL else f': {decides}'}. {place}; {_percent(silent)} of it falls on silence, "
            f"which is {_percent(self.silence.of_time)} of the time."
        )
        if self.suspicious:
            told += " The detector may go by silence, and not by the voice."
        return told

    @property
    def chosen_windows(self) -> str:
        """For people: which windows were explained, where not all were."""
        total = len(self.verdict.windows)
        if len(self.windows) == total:
            return ""
        which = ", ".join(f"{w.start_seconds:.1f} to {w.end_seconds:.1f} s" for w in self.windows)
        extreme = "highest" if self.label == "fake" else "lowest"
        return f"Of {total} windows, these with the {extreme} P(fake) were explained: {which}."

    @property
    def how(self) -> str:
        """For people: the method, and how good it is by its own lights."""
        name = NAMES[self.method].removesuffix(" and frequency" if self.over_time_only else "")
        told = [f"Method: {name}{f' at layer {self.layer}' if self.layer else ''}."]
        if self.over_time_only:
            told.append(
                "The rows of this detector's features are no frequencies: evidence is told over time alone."
            )
        if self.silence_is_nothing:
            told.append(
                "It hears samples, and is explained by putting silence in their place: what it makes of silence "
                "itself doesn't show here."
            )
        if self.error is not None:
            told.append(f"The map's sum is off by at most {self.error:.2g} logits a window.")
        if self.samples is not None:
            told.append(f"{self.samples} samples a window, seed {self.seed}.")
        if self.stability is not None:
            told.append(f"Two halves of the samples agree with a correlation of {self.stability:.2f}.")
            told += ["That is too little to believe either."] if self.stability < UNSTABLE else []
        return " ".join(told)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `explanation.json` holds them."""
        return {
            "verdict": self.verdict.to_dict(),
            "method": self.method,
            "layer": self.layer,
            "baseline": self.baseline,
            "over_time_only": self.over_time_only,
            "error_logits": self.error,
            "stability": self.stability,
            "samples": self.samples,
            "seed": self.seed,
            "windows": [
                {
                    "start_seconds": w.start_seconds,
                    "end_seconds": w.end_seconds,
                    "logit": w.logit,
                    "p_fake": w.p_fake,
                }
                for w in self.windows
            ],
            "evidence": {"for_fake": self.share_for("fake"), "for_real": self.share_for("real")},
            "silence": {**self.silence.to_dict(), "suspicious": self.suspicious},
            "patches_speak_for": self.label,
            "patches": [patch.to_dict() for patch in self.patches],
            "faithfulness": self.faithfulness.to_dict() if self.faithfulness else None,
            "words": [line for line in (self.words, self.chosen_windows) if line],
        }


def _percent(share: float) -> str:
    """As a whole number, but for what is not quite nothing or not quite all."""
    if 0 < share < 0.005:
        return "less than 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
