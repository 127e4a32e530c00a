"""Logistic regression on a table of features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import UserError
from .tables import Labels, Rows, StandardisedTable, Weights

# Steps of the solver; on standardised columns it has long arrived by then.
MOST_STEPS = 1000


class LogReg(StandardisedTable):
    """One weight a column.

    Args:
        bins: height of the features.
        strength: how freely weights may grow: scikit-learn's C, the inverse of the penalty.
    """

    def __init__(self, bins: int = 26, strength: float = 1.0) -> None:
        super().__init__(bins)
        if not strength > 0:
            raise UserError(f"model.strength={strength} must be above 0")
        self.strength = strength
        self.line = nn.Linear(bins, 1)

    @torch.no_grad()
    def _fit(self, rows: Rows, labels: Labels, weights: Weights, seed: int) -> None:
        """Weights of the columns, by L-BFGS."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=self.strength, max_iter=MOST_STEPS, random_state=seed)
        model.fit(self.learn_standard(rows, weights), labels, sample_weight=weights)
        self.line.weight.copy_(torch.from_numpy(model.coef_))
        self.line.bias.copy_(torch.from_numpy(model.intercept_))

    def row_logits(self, rows: Tensor) -> Tensor:
        """[N, F] -> [N]."""
        return self.line(self.standardised(rows)).squeeze(1)
