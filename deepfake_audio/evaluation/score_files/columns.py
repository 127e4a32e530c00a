"""Which column of a score file is what: as told, or by a name or a layout that is known."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import UserError, named
from .cells import DECIMAL_COMMA, Cells, has_decimal_comma, is_number, plain
from .words import KNOWN_LABELS, is_ours

# What programs call their columns; of several that are there the first named is taken.
NAMES = {
    "clip": (
        "clip", "clip_id", "filename", "file_name", "file", "fname", "utt", "utt_id", "utterance", "utterance_id",
        "trial", "trial_id", "trial_anon", "audio", "audio_file", "audio_path", "path", "filepath", "file_path", "wav",
        "name", "id",
    ),
    "label": (
        "label", "labels", "key", "cm_label", "target", "y_true", "y", "class", "truth", "ground_truth", "is_fake",
        "is_spoof", "is_real", "is_bonafide",
    ),
    "voice": ("voice", "speaker", "speaker_id", "spk", "spk_id", "speaker_name"),
    "system": (
        "system", "system_id", "attack", "attack_id", "attack_type", "attack_anon", "generator", "vocoder", "method",
    ),
    "track": ("track", "source_clip"),
}  # fmt: skip
SCORES_OF_FAKE = (
    "p_fake", "prob_fake", "fake_prob", "fake_probability", "fake_score", "score_fake", "p_spoof", "prob_spoof",
    "spoof_prob", "spoof_score", "score_spoof", "fakeness",
)  # fmt: skip
SCORES_OF_REAL = (
    "cm_score", "p_bonafide", "prob_bonafide", "bonafide_prob", "bonafide_score", "score_bonafide", "p_real",
    "prob_real", "real_prob", "real_score", "score_real",
)  # fmt: skip
SCORES_OF_EITHER = (
    "score", "scores", "prob", "probs", "probability", "p", "logit", "llr", "y_score", "y_pred_proba", "confidence",
)  # fmt: skip
SCORE_NAMES = (*SCORES_OF_FAKE, *SCORES_OF_REAL, *SCORES_OF_EITHER)
# Files without a header, by how many columns they have, and which of them holds label words and which numbers.
LAYOUTS = {
    (2, None, 1): ("clip", "score"),
    (3, 1, 2): ("clip", "label", "score"),
    (3, 2, 1): ("clip", "score", "label"),
    (4, 2, 3): ("clip", "system", "label", "score"),
    (4, 3, 2): ("voice", "clip", "score", "label"),
}


def find_columns(cells: Cells, asked: Mapping[str, str]) -> dict[str, int]:
    """The place of each column that is there: `clip`, `label`, `score`, `voice`, `system`, `track`.

    Args:
        asked: columns as the user names them, or their numbers (from 1), instead of what would be found.
    """
    places = {role: _asked(cells, role, name) for role, name in asked.items()}
    if cells.header is None:
        found = {} if asked else _by_layout(cells)
    else:
        found = _by_name([plain(name) for name in cells.header], cells, asked)
    taken = set(places.values())
    found = {role: place for role, place in found.items() if place not in taken} | places
    if "score" not in found:
        raise UserError(f"{cells.path}: which column holds the score? Give --score-column")
    return found


def _asked(cells: Cells, role: str, name: str) -> int:
    if cells.header is not None and cells.header.count(name) == 1:
        return cells.header.index(name)
    if name.isdecimal() and 1 <= int(name) <= len(cells.columns):
        return int(name) - 1
    there = f"it has {named(cells.header, 12)}" if cells.header else f"it has {cells.form}: give a number"
    raise UserError(f"{cells.path} has no column {name!r} for the {role}; {there}")


def _by_layout(cells: Cells) -> dict[str, int]:
    first = [column[0] for column in cells.columns]
    label = next((i for i, cell in enumerate(first) if cell.lower() in KNOWN_LABELS), None)
    numbers = [i for i, cell in enumerate(first) if is_number(cell)]
    for (width, label_at, score_at), roles in LAYOUTS.items():
        if (width, label_at, [score_at]) == (len(first), label, numbers):
            return {role: place for place, role in enumerate(roles)}
    raise UserError(
        f"{cells.path}: no layout without a header that is known ({cells.form}); say which column is what, counted "
        "from 1: --clip-column 1 --score-column 2 --label-column 3"
    )


def _by_name(header: list[str], cells: Cells, asked: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for role, names in NAMES.items():
        there = [name for name in names if name in header]
        if there and role not in asked and header.count(there[0]) > 1:
            raise UserError(f"{cells.path} has several columns {there[0]!r}; give --{role}-column NUMBER")
        if there:
            found[role] = header.index(there[0])
    scores = [name for name in SCORE_NAMES if name in header]
    if "score" in asked:
        return found
    if not scores:
        why = DECIMAL_COMMA if any(map(has_decimal_comma, cells.header or [])) else ""
        raise UserError(
            f"{cells.path}: no column of its first line ({named(cells.header or [], 12)}) has a name that is known "
            f"for a score; give --score-column NAME{why}"
        )
    several = len(scores) > 1 and not is_ours(cells)
    if several or header.count(scores[0]) > 1:
        raise UserError(f"{cells.path} has several scores ({', '.join(scores)}); give --score-column NAME")
    return {**found, "score": header.index(scores[0])}
