"""A verdict in words that can be quoted: what was measured of the detector stands beside what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..measured import in_words
from ..probability import beside, digits_apart, in_digits, shown
from ..verdict import CANT_TELL, Verdict

# Longer lists are on the time line.
MOST_NAMED = 3
MEANS_NOT = (
    "It is no proof. Real recordings are called fake, most often those that were compressed, cleaned or recorded "
    "unlike the ones the detector learnt from; and fakes by systems that it has never heard pass as real.",
    "It is about the sound of the voice alone: not about the picture, not about who speaks, and not about whether "
    "what is said is true.",
    "Give it as a reason to look closer, with these figures, and never as evidence alone.",
)
OF_TOYS = (
    "This detector has learnt from synthetic toy voices: it shows how things work, and says nothing about real "
    "recordings."
)


@dataclass(frozen=True)
class Told:
    """A verdict for people.

    Args:
        headline: a word or two.
        quote: one sentence that can stand by itself.
        reasons: why there is no verdict, where there is none.
        certainty: how far the figures are to be trusted.
        cautions: what to bear in mind with this recording.
        means_not: what nobody should take it for.
    """

    headline: str
    quote: str
    reasons: tuple[str, ...]
    certainty: tuple[str, ...]
    cautions: tuple[str, ...]
    means_not: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it, in the order in which it is read."""
        return (self.quote, *self.reasons, *self.certainty, *self.cautions, *self.means_not)


def told(verdict: Verdict, config: Mapping[str, Any]) -> Told:
    """The words for a verdict by the detector whose config this is."""
    toys = (OF_TOYS,) if config.get("corpus") == "toy" else ()
    return Told(
        headline=verdict.verdict.upper(),
        quote=_quote(verdict, config),
        reasons=tuple(_sentence(doubt) for doubt in verdict.doubts),
        certainty=tuple(
            filter(None, (_windows(verdict), _of_threshold(verdict, config), _of_p_fake(config)))
        ),
        cautions=(*toys, *(_sentence(warning) for warning in verdict.warnings)),
        means_not=MEANS_NOT,
    )


def clock(seconds: float) -> str:
    """A place in a recording: 2.5 s, 1:02, or 1:00:07."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _quote(verdict: Verdict, config: Mapping[str, Any]) -> str:
    p_fake, cut = beside(verdict.p_fake, verdict.threshold)
    if verdict.verdict == CANT_TELL:
        return (
            f"The detector can't tell whether the voice in this recording ({_lasting(verdict)}) is fake. Its P(fake) "
            f"of {p_fake} leans to {verdict.leaning} (fake from {cut} on), but should not be relied on."
        )
    at = f"At the threshold {cut}{_what_it_does(verdict, config)}"
    return (
        f"{at}, the voice in this recording ({_lasting(verdict)}) is called {verdict.verdict.upper()}: "
        f"P(fake) is {p_fake}."
    )


def _lasting(verdict: Verdict) -> str:
    return clock(verdict.seconds) + (" long" if verdict.seconds >= 60 else "")


def _what_it_does(verdict: Verdict, config: Mapping[str, Any]) -> str:
    """What the threshold did on test, or else on validation, which chose it; nothing where it has been moved."""
    threshold = config.get("threshold") or {}
    if verdict.threshold != threshold.get("threshold"):
        return ""
    if in_words(config) is not None:
        on, told = "on test", config["measured"]
        fake, real = told["n_fake"], told["n_real"]
    else:
        on, told = "on validation", threshold
        counts = ((config.get("split") or {}).get("counts") or {}).get("val") or {}
        fake, real = counts.get("fake"), counts.get("real")
    recall, alarms = told.get("recall"), told.get("false_alarm_rate")
    if recall is None or alarms is None:
        return ""
    return (
        f", which {on} caught {_share(recall, fake, 'fakes')} and called {_share(alarms, real, 'reals')} fake"
    )


def _share(share: float, count: int | None, things: str) -> str:
    """A share of clips; all or none of a few is no hundred and no nothing per cent."""
    if share in (0, 1):
        whole = "all" if share else "none"
        return f"{whole} of the {count} {things}" if count else f"{whole} of the {things}"
    percent = f"{100 * share:.1f}".removesuffix(".0")
    return f"{percent} % of the {count} {things}" if count else f"{percent} % of the {things}"


def _windows(verdict: Verdict) -> str:
    windows = verdict.windows
    if len(windows) < 2:
        return ""
    reach = [window for window in windows if window.p_fake >= verdict.threshold]
    worst = max(windows, key=lambda window: window.p_fake)
    if not reach:
        digits = digits_apart(worst.p_fake, verdict.threshold)
        return (
            f"None of its {len(windows)} windows reaches the threshold by itself; the highest has P(fake) "
            f"{shown(worst.p_fake, digits)}, at {clock(worst.start_seconds)}."
        )
    places = [f"{clock(each.start_seconds)} to {clock(each.end_seconds)}" for each in verdict.segments]
    more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    where = f" ({', '.join(places[:MOST_NAMED])}{more})" if places and len(reach) < len(windows) else ""
    return (
        f"{_count(len(reach), len(windows))} the threshold by {'itself' if len(reach) == 1 else 'themselves'}{where}; "
        f"the highest has P(fake) {shown(worst.p_fake)}, at {clock(worst.start_seconds)}."
    )


def _count(some: int, windows: int) -> str:
    if some == windows:
        return "Both of its windows reach" if windows == 2 else f"All of its {windows} windows reach"
    return f"{some} of its {windows} windows {'reaches' if some == 1 else 'reach'}"


def _of_threshold(verdict: Verdict, config: Mapping[str, Any]) -> str:
    """How firm the threshold is, by the clips it was chosen on."""
    threshold = config.get("threshold") or {}
    interval, clips, voices = threshold.get("interval"), threshold.get("n_clips"), threshold.get("n_voices")
    if verdict.threshold != threshold.get("threshold") or not clips:
        return ""
    on = f"The threshold was chosen on {clips} clips" + (f" of {voices} voices" if voices else "")
    if not interval:
        return f"{on}."
    low, high = (in_digits(end, 3) for end in interval)
    inside = interval[0] <= verdict.p_fake <= interval[1]
    meaning = "and this P(fake) lies among those" if inside else "and this P(fake) lies outside of that"
    return (
        f"{on}; other such clips would have put it anywhere from {low} to {high} (95 % interval), {meaning}."
    )


def _of_p_fake(config: Mapping[str, Any]) -> str:
    """Whether P(fake) is a probability of anything."""
    calibration = config.get("calibration") or {}
    if calibration.get("kind", "none") == "none":
        return "P(fake) is not calibrated: it is a score from 0 to 1, and no share of anything."
    prevalence = calibration.get("prevalence")
    share = "" if prevalence is None else f", of which {100 * prevalence:.3g} % were fake"
    return (
        f"P(fake) is calibrated on validation's clips{share}: where fakes are rarer, it is too high, and where the "
        "recordings are of another kind, it may be off either way."
    )


def _sentence(text: str) -> str:
    """What was written as a clause, as a sentence."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"
