"""The headline figures and their intervals over voices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from .. import metrics
from ..metrics import Floats
from ..metrics.costs import ASVSPOOF5, dcf
from .draws import RESAMPLES, Times, over_draws
from .honest import calibration_error_interval
from .measured import AT_CUT, OF_CURVE, AtCut, Clips, Figure, Losses, Sweeps
from .spread import Interval, spread

# Whole curves cost draws x clips. Beyond a hundred thousand clips draws are given up before minutes are, and two
# hundred of them still find the ends of an interval.
CURVE_CELLS = 200_000_000
FEWEST_RESAMPLES = 200
# The figures that know one class only; all others rest on whichever classes there are.
OF_FAKES, OF_REALS = ("recall",), ("false_alarm_rate",)
# Ranks of few voices look cleaner than those of all voices would, and the best cut is best for these very clips.
FLATTERED = ("auc", "average_precision", "min_dcf")

# Tells figures by name, [r] each, of drawn sets [r, V].
Drawn = Callable[[Times], dict[str, Floats]]


def intervals(
    labels: ArrayLike,
    scores: ArrayLike,
    voices: ArrayLike,
    threshold: float,
    beta: float = 2.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
    prevalence: float | None = None,
    more: Mapping[str, Figure] | None = None,
) -> dict[str, Interval]:
    """95 % intervals of the figures at `threshold` and of the threshold-free ones, over voices.

    `f2_over_all_fake` is the margin over calling everything fake, each drawn set against its own baseline. An
    interval is None where a figure is undefined, or where a class that it rests on has one voice only.

    Args:
        voices: who speaks, or the `clusters` of voices that share recordings [N].
        prevalence: the share of fakes for which the scores are probabilities, that of validation; with it there
            are also `cllr` and `act_dcf`. Scores that are no probabilities have neither Brier score nor ECE.
        more: the lowest costs of whole sweeps to tell besides, by name.
    """
    clips = Clips.of(labels, scores, voices)
    here, honest = at_cut(clips, threshold, AT_CUT, beta), of_probabilities(clips, prevalence)
    drawn = over_draws(lambda times: here(times) | honest(times), clips.n_voices, resamples, seed)
    costs = dict(more or {})
    drawn |= curves(clips, OF_CURVE | costs, resamples, seed)
    flattered = {name: OF_CURVE[name] for name in FLATTERED} | costs
    measured = as_they_are(of_curves(clips, flattered), clips)
    found = {
        name: spread(values, resting_on(clips, name), measured.get(name)) for name, values in drawn.items()
    }
    return {**found, "ece": calibration_error_interval(clips, resting_on(clips, "ece"), resamples, seed)}


def at_cut(clips: Clips, threshold: float, names: Iterable[str], beta: float = 2.0) -> Drawn:
    """Figures at one threshold; `f_beta` besides where `beta` is not 2."""
    counts = AtCut(clips, threshold)
    wanted = {name: AT_CUT[name] for name in names}
    if beta != 2.0:
        wanted["f_beta"] = lambda counts: metrics.f_beta(counts, beta)

    def tell(times: Times) -> dict[str, Floats]:
        drawn = counts(times)
        return {name: of(drawn) for name, of in wanted.items()}

    return tell


def curves(clips: Clips, wanted: dict[str, Figure], resamples: int, seed: int) -> dict[str, Floats]:
    """Figures of the whole sweep of every drawn set, [R] each; R is less where there are very many clips."""
    draws = affordable(resamples, len(clips.score))
    return over_draws(of_curves(clips, wanted), clips.n_voices, draws, seed)


def of_curves(clips: Clips, wanted: dict[str, Figure]) -> Drawn:
    """Figures of whole sweeps."""
    sweeps = Sweeps(clips)
    return lambda times: sweeps.figures(wanted, times)


def of_probabilities(clips: Clips, prevalence: float | None) -> Drawn:
    """Brier score, and with a prevalence Cllr and actual DCF; Brier is NaN if scores are no probabilities."""
    p, fake = clips.score, clips.fake
    brier = Losses(clips, (p - fake) ** 2) if p.min() >= 0 and p.max() <= 1 else None
    ratios = None if prevalence is None else of_ratios(clips, metrics.log_likelihood_ratios(p, prevalence))

    def tell(times: Times) -> dict[str, Floats]:
        told = {"brier": np.full(len(times), np.nan) if brier is None else brier(times)}
        return told if ratios is None else told | ratios(times)

    return tell


def of_ratios(clips: Clips, llr: Floats) -> Drawn:
    """Cllr and actual DCF of log-likelihood ratios [N]; the clips' own scores don't count."""
    bits = np.logaddexp(0, np.where(clips.fake, -llr, llr)) / math.log(2)
    cllr = Losses(clips, bits, halves=True)
    # Where the odds just balance the costs, a clip is called real, as in `metrics.act_dcf`.
    bayes = math.nextafter(math.log(ASVSPOOF5.of_reals / ASVSPOOF5.of_fakes), math.inf)
    counts = AtCut(Clips(clips.fake, llr, clips.voice, clips.n_voices), bayes)
    return lambda times: {"cllr": cllr(times), "act_dcf": dcf(counts(times))}


def as_they_are(tell: Drawn, clips: Clips) -> dict[str, float]:
    """The figures of the clips themselves, which are the set in which each voice stands once."""
    once = tell(np.ones((1, clips.n_voices), dtype=np.int32))
    return {name: float(values[0]) for name, values in once.items()}


def affordable(resamples: int, clips: int) -> int:
    """How many draws of whole curves so many clips allow."""
    return min(resamples, max(FEWEST_RESAMPLES, CURVE_CELLS // clips))


def resting_on(clips: Clips, figure: str) -> int:
    """On how many voices a figure rests: of the classes that it needs and that are there, the fewest."""
    classes = [True] if figure in OF_FAKES else [False] if figure in OF_REALS else [True, False]
    return min((count for fake in classes if (count := clips.voices_with(fake))), default=0)
