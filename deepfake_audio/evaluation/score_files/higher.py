"""What a higher score means: as the user says, or as the file's format settles it; never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...errors import UserError
from .cells import Cells, plain
from .columns import SCORES_OF_FAKE, SCORES_OF_REAL
from .keys import Keys
from .words import is_ours

DIRECTIONS = {"fake": "fake", "bonafide": "bona fide"}
STATED = "as you say"
# What clips of ASVspoof are called in all its years: LA_E_2834763, E_0009538969.
ASVSPOOF_CLIP = re.compile(r"((LA|DF|PA)_)?[TDE]_\d+")


def higher_means(
    cells: Cells, places: Mapping[str, int], keys: Keys | None, stated: str | None
) -> tuple[str, str]:
    """What a higher score means, and why that is believed; an error where nothing says it.

    Args:
        places: the column of each role.
        stated: what the user says, if anything.
    """
    if stated is not None:
        return stated, STATED
    name = plain(cells.name(places["score"]))
    if is_ours(cells) and name in ("p_fake", "logit"):
        return "fake", "as in all scores of our runs"
    if name == "cm_score":
        return "bonafide", "by ASVspoof's convention for a cm-score"
    for direction, known in (("fake", SCORES_OF_FAKE), ("bonafide", SCORES_OF_REAL)):
        if name in known:
            return direction, f"by the column's name, {name}"
    if cells.header is None and _is_asvspoof(cells, places, keys):
        return "bonafide", "by ASVspoof's convention"
    raise UserError(
        f"{cells.path}: nothing says whether a higher score means fake or bona fide; give --higher fake or "
        "--higher bonafide"
    )


def _is_asvspoof(cells: Cells, places: Mapping[str, int], keys: Keys | None) -> bool:
    """Files without a header are ASVspoof's if their keys are, if their clips are, or if their form is."""
    if keys is not None and keys.is_asvspoof:
        return True
    if "clip" in places and ASVSPOOF_CLIP.fullmatch(cells.columns[places["clip"]][0]):
        return True
    whole = {"clip", "system", "label", "score"} <= set(places)
    return whole and set(cells.columns[places["label"]]) <= {"bonafide", "spoof"}
