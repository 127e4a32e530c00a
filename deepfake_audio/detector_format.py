"""Of which format a detector's config is: a reader that knows only an older one must refuse, not misjudge."""

from __future__ import annotations

from typing import Any

# One that hears everything as it is, and whose P(fake) is the sigmoid of its logit.
PLAIN_FORMAT = 1
# One that has `neutral`: a reader that passes over it would judge by what this detector has never heard.
NEUTRAL_FORMAT = 2
# One that has `calibration`: a reader that passes over it would hold a bare sigmoid against a calibrated threshold.
CALIBRATED_FORMAT = 3


def format_of(config: dict[str, Any]) -> int:
    """The oldest format whose readers understand all that the config says."""
    if (config.get("calibration") or {}).get("kind", "none") != "none":
        return CALIBRATED_FORMAT
    if not config.get("neutral"):
        return PLAIN_FORMAT
    # Not above: a threshold is tuned in a second, and no codec loaded for it.
    from .neutral import build_neutral

    return PLAIN_FORMAT if build_neutral(**config["neutral"]).does_nothing else NEUTRAL_FORMAT
