"""The detector that comes with the package, so that the first file can be judged in the first minute.

Its folder is made by `scripts/ship_detector.py`; its card says on what it was trained, and how far to trust it.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import UserError

FOLDER = Path(__file__).parent / "detector"


def shipped_detector() -> Path:
    """The folder of the detector that comes with the package."""
    if not (FOLDER / "config.json").is_file():
        raise UserError(
            "this installation carries no detector: give one of your own with --detector DIR, the detector/ of a run"
        )
    return FOLDER
