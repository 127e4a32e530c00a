"""What an interval over voices cannot know, in the same words wherever figures are told.

`told` is what `summary` gives of one part, or the like of it; one of an older run knows less, and is told so much.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .voices import FEW_VOICES, FEWEST_VOICES

Told = Mapping[str, Any]

AT_THRESHOLD = {
    "f2": "F2", "recall": "recall", "false_alarm_rate": "false alarms", "balanced_accuracy": "balanced accuracy",
}  # fmt: skip
WITHOUT = {
    "auc": "AUC", "eer": "EER", "average_precision": "average precision", "min_dcf": "minDCF", "act_dcf": "actDCF",
}  # fmt: skip
# Of each class an error that may not happen: its cell of `confusion`, the figure, and in words that none did.
ERRORS = (
    ("real", "fp", "false_alarm_rate", "No real clip was called fake"),
    ("fake", "fn", "recall", "No fake was missed"),
)
# Leaks by which a detector may have heard of a test clip what it should know nothing of.
HEARD_BEFORE = ("voice", "track", "near_track")
# Ends of an interval that differ by rounding only are one.
SAME = 1e-12


def doubts(told: Told) -> list[str]:
    """A sentence for each reason to trust the intervals of `told` less than they look."""
    return [*_unknown(told), *_few(told), *(_without_width(told) if _has_intervals(told) else [])]


def in_passing(doubt: str) -> str:
    """A doubt as it stands after "warning:", without capital and full stop."""
    return f"{doubt[0].lower()}{doubt[1:].removesuffix('.')}"


def size_in_words(told: Told) -> str:
    """ "400 clips of 20 voices", as far as voices are known."""
    clips, unknown = counted(told["n_clips"], "clip"), told.get("n_unknown_voice", 0)
    if not unknown:
        return f"{clips} of {counted(told['n_voices'], 'voice')}"
    if unknown == told["n_clips"]:
        return f"{clips}, voices unknown"
    voices = counted(told["n_voices"], "voice")
    return f"{clips}: {told['n_clips'] - unknown:,} of {voices}, {unknown:,} of unknown ones"


def leaks_into_test(audit: Told | None) -> bool:
    """Whether the audit heard a voice or a track of test in another part, forbidden or not."""
    leaks = (audit or {}).get("leaks") or {}
    return any(leaks[kind]["test_clips"] for kind in HEARD_BEFORE if kind in leaks)


def counted(number: int, one: str, more: str | None = None) -> str:
    """A number and what it is of: "1 voice", "1,234 voices"; `more` is the plural where no s makes it."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def drawn_in_words(told: Told) -> str:
    """What intervals are drawn over."""
    return "clips" if told.get("n_unknown_voice", 0) == told["n_clips"] else "voices"


def too_few_in_words(told: Told) -> str | None:
    """Why nothing may be concluded, where that is so: "With 5 voices"."""
    if drawn_in_words(told) == "clips":
        return "Where no voice is known"
    return _with(told) if fewest_witnesses(told) < FEWEST_VOICES else None


def fewest_witnesses(told: Told) -> int:
    """On how many known voices the figures rest: of the classes that are there, the one with the fewest."""
    return min(_witnesses(told).values(), default=0)


def _witnesses(told: Told) -> dict[str, int]:
    """Of each class that is there, how many voices stand for it on their own."""
    there = [name for name in ("real", "fake") if told[f"n_{name}"]]
    if "n_witnesses" in told:
        return {name: told["n_witnesses"][name] for name in there}
    # Before they were counted: at least so many.
    counted = {
        name: [row["n_voices"] for row in told.get("by_system", []) if row["label"] == name] for name in there
    }
    return {name: max(counts, default=told["n_voices"]) for name, counts in counted.items()}


def _unknown(told: Told) -> list[str]:
    unknown = told.get("n_unknown_voice", 0)
    if not unknown:
        return []
    if drawn_in_words(told) == "clips":
        who = "Who speaks is unknown, so clips were drawn as if each had a voice of its own"
    else:
        who = f"Of {unknown:,} of the {told['n_clips']:,} clips it is unknown who speaks, and each was drawn as a voice"
    return [f"{who}: every interval is too narrow."]


def _few(told: Told) -> list[str]:
    rough = (
        "the intervals themselves are rough"
        if _has_intervals(told)
        else "there is no interval, which takes two at least"
    )
    if drawn_in_words(told) == "clips":
        clips = min(count for name in ("real", "fake") if (count := told[f"n_{name}"]))
        return [f"With {counted(clips, 'clip')} of a class {rough}."] if clips < FEW_VOICES else []
    fewest = fewest_witnesses(told)
    if fewest >= FEW_VOICES:
        return []
    nothing = ", and nothing can be concluded from so few" if fewest < FEWEST_VOICES else ""
    return [f"{_with(told)} {rough}{nothing}."]


def _with(told: Told) -> str:
    """ "With 9 voices", or of which class they are so few."""
    counts = _witnesses(told)
    name = min(counts, key=lambda each: counts[each])
    known = f"{'known ' if told.get('n_unknown_voice', 0) else ''}voice{'' if counts[name] == 1 else 's'}"
    whose = "" if len(set(counts.values())) == 1 else f" of {name} clips"
    joined = told.get("n_clusters", told["n_voices"]) < told["n_voices"]
    return f"With {counts[name]} {known}{whose}{' (those that share a track are one)' if joined else ''}"


def _without_width(told: Told) -> list[str]:
    """No resample can hold what the sample lacks; the rule of three says what it could still be."""
    cells, counts, sentences = told.get("confusion"), _witnesses(told), []
    flat = {name for name in (*AT_THRESHOLD, *WITHOUT) if _is_flat(told["intervals"].get(name))}
    if cells:
        one_answer = cells["tn"] + cells["fn"] == 0 or cells["tp"] + cells["fp"] == 0
        if one_answer:
            answer = "fake" if cells["tp"] + cells["fp"] else "real"
            sentences.append(f"It calls every clip {answer}, so no interval at its threshold has any width.")
        unseen = (
            [] if one_answer else [each for each in ERRORS if told[f"n_{each[0]}"] and not cells[each[1]]]
        )
        for name, _, figure, what in unseen:
            flat.discard(figure)
            sentences.append(f"{what}, so that figure's interval has no width; {_still(counts[name])}.")
        if one_answer or cells["fp"] + cells["fn"] == 0:
            flat -= set(AT_THRESHOLD)
    if flat:
        names = [words for name, words in (AT_THRESHOLD | WITHOUT).items() if name in flat]
        which = f"{'intervals' if len(names) > 1 else 'interval'} of {', '.join(names)}"
        have = "have" if len(names) > 1 else "has"
        sentences.append(f"The {which} {have} no width, since no voice here would move them{_others(told)}.")
    return sentences


def _others(told: Told) -> str:
    fewest = fewest_witnesses(told)
    return f"; {_up_to(fewest)} still could" if fewest else ""


def _still(voices: int) -> str:
    if not voices:
        return "how often it could still happen nobody can tell, since who speaks is unknown"
    return f"it could still happen with {_up_to(voices)}"


def _up_to(voices: int) -> str:
    """The rule of three: after none of so many, how many there could be all the same."""
    return f"up to {100 * min(1.0, 3 / voices):.1f} % of new voices (rule of three on {voices})"


def _has_intervals(told: Told) -> bool:
    return any(each is not None for each in told["intervals"].values())


def _is_flat(interval: Any) -> bool:
    return interval is not None and interval[1] - interval[0] <= SAME
