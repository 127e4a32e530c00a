"""Which class is which, said once: fake is the positive class, label 1, everywhere. And whose voice nobody knows."""

from __future__ import annotations

REAL = 0
FAKE = 1
LABEL_NAMES = {REAL: "real", FAKE: "fake"}

# What a table may hold in its label column; everything else is an error, never a guess.
LABEL_FROM_TEXT = {"0": REAL, "real": REAL, "1": FAKE, "fake": FAKE}

# Where a corpus doesn't say who speaks, a clip is a voice of its own; one voice "unknown" would be all voices in one.
UNKNOWN_VOICE = "clip:"
