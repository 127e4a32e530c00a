"""One recording, explained: its most telling windows by a method, and how far to trust that."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detector import Detector
from ..errors import UserError
from ..features import FrontEnd, LogPower
from ..models.network import Network
from ..verdict import Verdict, WindowScore
from .about_mean import about_mean
from .attribution import LIME_SAMPLES, METHODS, chosen_layer, usual_method
from .explanation import BASELINES, Explanation
from .faithfulness import POINTS, RANDOM_ORDERS, Faithfulness, faithfulness
from .over_time import shown_to_people
from .patches import Floats
from .shown import Shown, as_shown, attributed, with_evidence
from .silence import silence_shares
from .stretches import joined

# A long recording has more windows than anybody will look at.
MOST_WINDOWS = 6
# What numpy and torch both take.
MOST_SEED = 2**32

Wave = NDArray[np.float32]


def explain(
    detector: Detector,
    waveform: Wave,
    method: str | None = None,
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
        method: "gradcam" (at `layer`), "integrated_gradients" or "lime"; if not given, see `usual_method`.
        name: of the recording, for messages.
        most_windows: of more, those that speak most for the verdict, by their P(fake), are explained.
        samples: of each of LIME's two halves.
        random_orders: how many the faithfulness is held against; 0 leaves it out.
        points: of the curves of faithfulness.
    """
    method = method or usual_method(detector.network)
    _check_wishes(method, layer, most_windows, samples, random_orders, seed)
    layer = chosen_layer(detector.network, layer) if method == "gradcam" else None
    waveform = np.asarray(waveform, dtype=np.float32)
    verdict = detector.predict_waveform(waveform, name)
    network, shown = _shown(detector, waveform, _loudest(verdict, most_windows))
    found = [attributed(network, each, method, layer, samples, seed) for each in shown]
    maps = [attribution.evidence for attribution in found]
    windows = [with_evidence(detector, network, *each) for each in zip(shown, maps, strict=True)]
    drawn = shown_to_people(detector.features)
    stretches = joined(windows, drawn.hop_samples / drawn.sample_rate, waveform, drawn.sample_rate)
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
        over_time_only=not isinstance(detector.features, LogPower),
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


def _shown(detector: Detector, waveform: Wave, windows: list[WindowScore]) -> tuple[Network, list[Shown]]:
    """Windows as the methods look at them, and what they ask: the network, or one whose zero is a mean."""
    shown = [as_shown(detector, waveform, window) for window in windows]
    if detector.features.zero_is_mean:
        return detector.network, shown
    return about_mean(detector.network, shown)


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
    sign = 1 if verdict.leaning == "fake" else -1
    loudest = sorted(verdict.windows, key=lambda window: -sign * window.p_fake)[:most]
    return sorted(loudest, key=lambda window: window.start_seconds)


def _of(how: Any, values: list[float]) -> float | None:
    return float(how(values)) if values else None
