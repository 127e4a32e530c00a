"""What the published weights of AASIST are called here."""

from __future__ import annotations

import re
from typing import Any

# The file has normalisations before five blocks whose answers are not used: they were never trained.
UNUSED = re.compile(r"encoder\.\d+\.0\.bn1\.")
PLACES = (
    (r"pos_S", "place_of_band"),
    (r"first_bn\.", "norm."),
    (r"out_layer\.", "head.1."),
    (r"encoder\.(\d+)\.0\.", r"encoder.\1."),
    (r"GAT_layer_S\.", "bands.0."),
    (r"GAT_layer_T\.", "moments.0."),
    (r"pool_S\.", "bands.1."),
    (r"pool_T\.", "moments.1."),
    (r"master1", "branches.0.stack"),
    (r"master2", "branches.1.stack"),
    (r"HtrgGAT_layer_ST11\.", "branches.0.mix."),
    (r"HtrgGAT_layer_ST12\.", "branches.0.again."),
    (r"HtrgGAT_layer_ST21\.", "branches.1.mix."),
    (r"HtrgGAT_layer_ST22\.", "branches.1.again."),
    (r"pool_hT1\.", "branches.0.pool_moments."),
    (r"pool_hS1\.", "branches.0.pool_bands."),
    (r"pool_hT2\.", "branches.1.pool_moments."),
    (r"pool_hS2\.", "branches.1.pool_bands."),
)
PARTS = {
    "conv1": "change",
    "bn2": "norm",
    "bn": "norm",
    "conv2": "settle",
    "conv_downsample": "shortcut",
    "att_proj": "pairs",
    "att_weight": "score",
    "proj": "score",
    "proj_type1": "first",
    "proj_type2": "second",
    "att_weight11": "score_first",
    "att_weight22": "score_second",
    "att_weight12": "score_across",
    "att_weightM": "score_stack",
    "att_projM": "stack_pairs",
    "proj_with_att": "projected.heard",
    "proj_without_att": "projected.own",
    "proj_with_attM": "stack_projected.heard",
    "proj_without_attM": "stack_projected.own",
}


def renamed(state: dict[str, Any]) -> dict[str, Any]:
    """The published file's entries under our names; what is named otherwise stays as it is."""
    return {_name(key): value for key, value in state.items() if not UNUSED.match(key)}


def _name(key: str) -> str:
    for theirs, ours in PLACES:
        place = re.match(theirs, key)
        if place:
            first, dot, rest = key[place.end() :].partition(".")
            return place.expand(ours) + PARTS.get(first, first) + dot + rest
    return key
