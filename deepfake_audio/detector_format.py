"""What a detector's folder is: the names of its files, where one is found, and of which format its config is.

A reader that knows only an older format must refuse, not misjudge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import UserError

CONFIG, WEIGHTS, CARD, VALIDATION = "config.json", "model.safetensors", "README.md", "validation.csv"

# One that hears everything as it is, and whose P(fake) is the sigmoid of its logit.
PLAIN_FORMAT = 1
# One that has `neutral`: a reader that passes over it would judge by what this detector has never heard.
NEUTRAL_FORMAT = 2
# One that has `calibration`: a reader that passes over it would hold a bare sigmoid against a calibrated threshold.
CALIBRATED_FORMAT = 3
# What this version reads.
NEWEST_FORMAT = CALIBRATED_FORMAT


def detector_folder(place: str | Path) -> Path:
    """`detector/` of a run, or the folder itself."""
    folder = Path(place).expanduser()
    for each in (folder, folder / "detector"):
        if (each / CONFIG).is_file():
            return each
    raise UserError(
        f"{folder} is no detector: it has no {CONFIG}; give the detector/ folder of a run, or the run"
    )


def format_of(config: dict[str, Any]) -> int:
    """The oldest format whose readers understand all that the config says."""
    if (config.get("calibration") or {}).get("kind", "none") != "none":
        return CALIBRATED_FORMAT
    if not config.get("neutral"):
        return PLAIN_FORMAT
    # Not above: a threshold is tuned in a second, and no codec loaded for it.
    from .neutral import build_neutral

    return PLAIN_FORMAT if build_neutral(**config["neutral"]).does_nothing else NEUTRAL_FORMAT


def check_format(config: dict[str, Any], file: Path) -> None:
    """Raise unless this version understands all that the config read from `file` says."""
    told = config.get("format")
    if isinstance(told, bool) or not isinstance(told, int):
        raise UserError(f"{file} is not a detector's config: it says no format")
    if told > NEWEST_FORMAT:
        raise UserError(
            f"{file.parent} is of format {told} and this version reads up to {NEWEST_FORMAT}: upgrade deepfake-audio"
        )
