"""What probes tell, for readers; apart from the models, so that a page is drawn without loading them."""

from __future__ import annotations

from typing import Any

from .doubts import counted
from .voices import FEWEST_VOICES

# Of a score of probes one or two are above .5 by luck; nobody needs to act on less than this.
FOUND_ABOVE = 0.55

# What each probe looks at, as it stands in a sentence after "a detector that only looks at".
WORDS = {
    "seconds": "the length",
    "samples_mod_1024": "the number of samples modulo 1,024",
    "leading_silence_seconds": "the silence before the speech",
    "trailing_silence_seconds": "the silence after the speech",
    "silence_share": "the share of silence",
    "leading_zeros_seconds": "the digital zeros at the start",
    "trailing_zeros_seconds": "the digital zeros at the end",
    "loudness_db": "the loudness",
    "peak_db": "the peak level",
    "clipped_share": "the share of clipped samples",
    "dc": "the constant offset",
    "noise_floor_db": "the noise floor",
    "bandwidth_hz": "the bandwidth",
    "rolloff_hz": "the 99 % roll-off frequency",
    "spectral_tilt_db_per_octave": "the tilt of the spectrum",
    "container": "the container of the source file",
    "codec": "the codec of the source file",
    "source_rate": "the sample rate of the source file",
    "source_channels": "the channels of the source file",
    "video_fps": "the frame rate of the video",
    "source_samples_mod_1024": "the number of samples in the source file modulo 1,024",
    "audio_minus_video_seconds": "how much longer the audio is than the video",
    "all": "all probes together",
}


def auc_in_words(told: dict[str, Any]) -> str:
    """An AUC and its interval: "0.712 [0.655, 0.768]"."""
    return f"{told['auc']:.3f} [{told['low']:.3f}, {told['high']:.3f}]"


def found_in_words(ranked: list[dict[str, Any]], everything: dict[str, Any]) -> str:
    """What probes told of a corpus, best first, and all of them together."""
    best, count = ranked[0], len(ranked)
    found = [each for each in ranked if each["low"] > FOUND_ABOVE]
    together_reach = f"all {count} together reach {auc_in_words(everything)}"
    if found:
        others = f", and {len(found) - 1} more tell something" if len(found) > 1 else ""
        told = (
            f"{WORDS[best['name']].capitalize()} alone tells fakes from reals with an AUC of {auc_in_words(best)}"
            f"{others}; {together_reach}. A detector can score as much without hearing the voice."
        )
    elif everything["low"] > FOUND_ABOVE:
        told = (
            f"No probe alone is shown to tell fakes from reals, but {together_reach} in AUC. A detector can "
            "score as much without hearing the voice."
        )
    else:
        told = (
            f"No shortcut found: the best of {count} probes, {WORDS[best['name']]}, reaches an AUC of "
            f"{auc_in_words(best)}; {together_reach}. Chance is 0.5."
        )
    return told


def verdict_in_words(told: dict[str, Any]) -> str:
    """Whether a detector is worth more than the best probe."""
    best, margin = told["best"], told["margin"]
    rival = f"a detector that only looks at {WORDS[best['name']]} reaches"
    if best["name"] == "all":
        rival = f"all {len(told['probes']) - 1} probes together, which do not hear the voice, reach"
    aucs = f"on test its AUC is {told['detector']['auc']:.3f}; {rival} {best['auc']:.3f}"
    if told["better"]:
        how = f"Better than cheating by {margin['auc']:.3f} [{margin['low']:.3f}, {margin['high']:.3f}]"
        return f"{how}: {aucs}."
    how = "Worse than cheating" if told["better"] is False else "Not shown to be better than cheating"
    if told["n_witnesses"] < FEWEST_VOICES:
        voices = counted(told["n_witnesses"], "voice") if told["n_witnesses"] else "no known voices"
        how = f"With {voices} in test nobody can say whether it is better than cheating"
    elif told["better"] is False and best["low"] <= 0.5:
        how = "Worse than a probe that may itself be at chance"
    spread = f"{margin['auc']:+.3f} [{margin['low']:+.3f}, {margin['high']:+.3f}]"
    return f"{how}: {aucs}. The difference is {spread}."
