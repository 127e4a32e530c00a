"""Why a detector says what it says of one recording: its windows, the evidence in each, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detector import Detector, Verdict, WindowScore
from ..errors import UserError
from ..features import FrontEnd
from ..models.network import Network
from .about_mean import about_mean
from .attribution import LIME_SAMPLES, METHODS, chosen_layer
from .faithfulness import POINTS, RANDOM_ORDERS, Faithfulness, faithfulness
from .over_time import shown_to_people
from .patches import Floats
from .shown import Shown, as_shown, attributed, with_evidence
from .silence import WORTH_TELLING, Silence, silence_shares
from .stretches import Stretch, Window, joined
from .where import Patch, amount, place_in_words, top_patches

# A long recording has more windows than anybody will look at.
MOST_WINDOWS = 6
NAMES = {
    "gradcam": "Grad-CAM",
    "integrated_gradients": "integrated gradients",
    "lime": "LIME over patches of time and frequency",
}
# Two halves of LIME's samples that agree less have found nothing that holds.
UNSTABLE = 0.5
# Evidence that is less than so much of all did not decide by itself.
MOST_OF_ALL = 0.5

# What numpy and torch both take.
MOST_SEED = 2**32
LABELS = ("fake", "real")
BASELINES = {
    "mean": "the window's mean (0)",
    "silence": "digital silence (0)",
    "recording": "each row's mean over what was explained",
}

Wave = NDArray[np.float32]


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
        """What the detector calls the recording, "fake" or "real": the evidence for this is told of first."""
        return self.verdict.verdict

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


def explain(
    detector: Detector,
    waveform: Wave,
    method: str = "gradcam",
    layer: str | None = None,
    *,
    name: str = "",
    most_windows: int = MOST_WINDOWS,
    samples: int = LIME_SAMPLES,
    seed: int = 0,
    random_orders: int = RANDOM_ORDERS,
    points: int = POINTS,
) -> Explanation:
    """Explain the verdict on mono samples at the detector's rate: [T].

    Args:
        method: "gradcam" (at `layer`), "integrated_gradients" or "lime".
        name: of the recording, for messages.
        most_windows: of more, those that speak most for the verdict, by their P(fake), are explained.
        samples: of each of LIME's two halves.
        random_orders: how many the faithfulness is held against; 0 leaves it out.
        points: of the curves of faithfulness.
    """
    _check_wishes(method, layer, most_windows, samples, random_orders, seed)
    layer = chosen_layer(detector.network, layer) if method == "gradcam" else None
    waveform = np.asarray(waveform, dtype=np.float32)
    verdict = detector.predict_waveform(waveform, name)
    shown = [as_shown(detector, waveform, window) for window in _loudest(verdict, most_windows)]
    network = detector.network
    if not detector.features.zero_is_mean:
        network, shown = about_mean(network, shown)
    found = [attributed(network, each, method, layer, samples, seed) for each in shown]
    maps = [attribution.evidence for attribution in found]
    windows = [
        with_evidence(detector, network, each, evidence) for each, evidence in zip(shown, maps, strict=True)
    ]
    drawn = shown_to_people(detector.features)
    step = drawn.hop_samples / detector.sample_rate
    stretches = joined(windows, step, waveform, detector.sample_rate)
    return Explanation(
        verdict=verdict,
        method=method,
        layer=layer,
        error=_of(max, [abs(each.error) for each in found if each.error is not None]),
        stability=_of(np.mean, [each.stability for each in found if each.stability is not None]),
        samples=2 * samples if method == "lime" else None,
        seed=seed,
        windows=tuple(windows),
        stretches=tuple(stretches),
        bin_hz=drawn.bin_hz().numpy(),
        edges_hz=drawn.bin_edges_hz().numpy(),
        silence=silence_shares([s.evidence for s in stretches], [s.silent for s in stretches]),
        faithfulness=_faithfulness(network, shown, maps, seed, random_orders, points),
        over_time_only=not detector.features.has_frequencies,
        silence_is_nothing=detector.features.zero_is_silence,
        baseline=_baseline(detector.features),
    )


def _check_wishes(
    method: str, layer: str | None, most_windows: int, samples: int, random_orders: int, seed: int
) -> None:
    if method not in METHODS:
        raise UserError(f"--method {method} is not known; there is {', '.join(METHODS)}")
    if layer is not None and method != "gradcam":
        raise UserError(f"--layer is for --method gradcam; {method} looks at the whole network")
    if min(most_windows, samples) < 1:
        raise UserError("--windows and samples must be 1 or more")
    if random_orders < 0 or random_orders == 1:
        raise UserError("random_orders must be 0, or 2 or more: one has no spread")
    if not 0 <= seed < MOST_SEED:
        raise UserError(f"--seed must be 0 or more, and below {MOST_SEED}")


def _baseline(features: FrontEnd) -> str:
    if features.zero_is_silence:
        return BASELINES["silence"]
    return BASELINES["mean" if features.zero_is_mean else "recording"]


def _faithfulness(
    network: Network, shown: list[Shown], maps: list[Floats], seed: int, random_orders: int, points: int
) -> Faithfulness | None:
    """None where it is not asked for."""
    if not random_orders:
        return None
    pictures, grids = [(each.features, each.frames) for each in shown], [each.grid for each in shown]
    return faithfulness(network, pictures, maps, grids, seed, random_orders, points)


def _loudest(verdict: Verdict, most: int) -> list[WindowScore]:
    """Those that speak most for the verdict, in the order of time."""
    sign = 1 if verdict.verdict == "fake" else -1
    loudest = sorted(verdict.windows, key=lambda window: -sign * window.p_fake)[:most]
    return sorted(loudest, key=lambda window: window.start_seconds)


def _of(how: Any, values: list[float]) -> float | None:
    return float(how(values)) if values else None


def _percent(share: float) -> str:
    """As a whole number, but for what is not quite nothing or not quite all."""
    if 0 < share < 0.005:
        return "less than 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
