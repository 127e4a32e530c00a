"""Gradient-boosted trees on a table of features."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError
from .tables import Labels, Rows, TableNetwork, Weights


class Boost(TableNetwork):
    """scikit-learn's histogram gradient boosting; its trees are kept as arrays of nodes and walked in torch.

    Each tree has room for as many nodes as the settings allow, so that weights of equal settings have equal shapes.
    A leaf leads to itself.

    Args:
        bins: height of the features.
        trees: how many, one after the other.
        lr: share of each tree's answer that counts.
        leaves: most of one tree.
        depth: most questions from the root of a tree to a leaf.
        least_rows: fewest of a leaf.
        penalty: on the size of the leaves' answers.
        share_of_columns: that each question is chosen among.
    """

    column: Tensor  # [trees, nodes], the column that a node asks about
    limit: Tensor  # [trees, nodes], up to which it sends a row to the left
    left: Tensor  # [trees, nodes]
    right: Tensor  # [trees, nodes]
    value: Tensor  # [trees, nodes], what a leaf adds to the logit
    start: Tensor  # [], the logit before any tree

    def __init__(
        self,
        bins: int = 26,
        trees: int = 300,
        lr: float = 0.1,
        leaves: int = 31,
        depth: int = 10,
        least_rows: int = 20,
        penalty: float = 0.0,
        share_of_columns: float = 1.0,
    ) -> None:
        super().__init__(bins)
        if min(trees, depth, least_rows) < 1 or leaves < 2 or not 0 < share_of_columns <= 1:
            raise UserError(
                "model: trees, depth and least_rows must be 1 or more, leaves 2 or more, and share_of_columns "
                "above 0 and at most 1"
            )
        if not lr > 0 or penalty < 0:
            raise UserError("model: lr must be above 0 and penalty 0 or more")
        self.trees = trees
        self.depth = depth
        self.settings: dict[str, Any] = {
            "max_iter": trees,
            "learning_rate": lr,
            "max_leaf_nodes": leaves,
            "max_depth": depth,
            "min_samples_leaf": least_rows,
            "l2_regularization": penalty,
            "max_features": share_of_columns,
        }
        shape = (trees, 2 * leaves - 1)
        for name in ("column", "left", "right"):
            self.register_buffer(name, torch.zeros(shape, dtype=torch.long))
        for name in ("limit", "value"):
            self.register_buffer(name, torch.zeros(shape))
        self.register_buffer("start", torch.zeros(()))

    def _fit(self, rows: Rows, labels: Labels, weights: Weights, seed: int) -> None:
        """Trees one after the other; no rows are put aside to stop by, since they would be of the same voices."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(**self.settings, early_stopping=False, random_state=seed)
        model.fit(rows, labels, sample_weight=weights)
        self.start.fill_(float(model._baseline_prediction.item()))
        for number, (tree,) in enumerate(model._predictors):
            self._take(number, tree.nodes)

    def _take(self, number: int, nodes: np.ndarray) -> None:
        """The nodes of one of scikit-learn's trees."""
        itself, leaf = np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
        taken = {
            "column": np.where(leaf, 0, nodes["feature_idx"]),
            "limit": np.where(leaf, 0.0, _rounded_down(nodes["num_threshold"])),
            "left": np.where(leaf, itself, nodes["left"]),
            "right": np.where(leaf, itself, nodes["right"]),
            "value": np.where(leaf, nodes["value"], 0.0),
        }
        for name, values in taken.items():
            kept = getattr(self, name)
            kept[number] = 0
            kept[number, : len(nodes)] = torch.from_numpy(values.astype(np.float64)).to(kept.dtype)

    def row_logits(self, rows: Tensor) -> Tensor:
        """[N, F] -> [N]."""
        tree = torch.arange(self.trees, device=rows.device)
        node = torch.zeros(rows.shape[0], self.trees, dtype=torch.long, device=rows.device)
        for _ in range(self.depth):
            asked = rows.gather(1, self.column[tree, node])
            node = torch.where(asked <= self.limit[tree, node], self.left[tree, node], self.right[tree, node])
        return self.start + self.value[tree, node].sum(dim=1)


def _rounded_down(limits: np.ndarray) -> np.ndarray:
    """The largest single-precision number not above each limit: a row of such numbers goes the same way by both."""
    single = limits.astype(np.float32)
    return np.where(single > limits, np.nextafter(single, np.float32(-np.inf)), single)
