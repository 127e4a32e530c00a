"""The command that makes a split again, for the head of its file."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from .dealing import FRACTIONS, Deal
from .sides import SPLITS


def command(policy: str, deal: Deal, asked: Mapping[str, Any]) -> list[str]:
    """What makes a split again, as one types it."""
    words = ["python -m deepfake_audio.split clips=clips.csv out=FILE", f"policy={policy}"]
    if policy != "own":
        words.append(f"seed={deal.seed}")
    if deal.folds is not None:
        words.append(f"folds={deal.folds} fold={deal.fold}")
    words += [
        f"fractions.{side}={deal.share(side):g}" for side in SPLITS if deal.share(side) != FRACTIONS[side]
    ]
    if asked["column"] is not None:
        words.append(f"column={asked['column']}")
    for side in ("test", "val", "unseen"):
        given = asked[side]
        if side == "unseen" and isinstance(given, int):
            words.append(f"unseen={given}")
        elif given is not None:
            values = [given] if isinstance(given, str | int | float) else given
            quoted = ",".join('"' + str(value).replace('"', '\\"') + '"' for value in values)
            words.append(shlex.quote(f"{side}=[{quoted}]"))
    return words
