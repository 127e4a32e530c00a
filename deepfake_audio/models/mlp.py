"""A multilayer perceptron on a table of features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UserError
from .tables import Labels, Rows, StandardisedTable, Weights


class MLP(StandardisedTable):
    """Hidden layers with ReLU, trained by Adam for a set number of rounds.

    Args:
        bins: height of the features.
        hidden: width of each hidden layer.
        penalty: on the size of the weights, scikit-learn's alpha.
        rounds: how often each row is shown.
        lr: learning rate.
        batch_rows: rows that are shown together.
    """

    def __init__(
        self,
        bins: int = 26,
        hidden: Sequence[int] = (128, 64),
        penalty: float = 1e-3,
        rounds: int = 60,
        lr: float = 1e-3,
        batch_rows: int = 200,
    ) -> None:
        super().__init__(bins)
        if not (
            len(hidden) and min(hidden) >= 1 and penalty >= 0 and min(rounds, batch_rows) >= 1 and lr > 0
        ):
            raise UserError(
                "model: hidden (at least one), rounds and batch_rows must be 1 or more, lr above 0, penalty 0 or more"
            )
        self.hidden = tuple(hidden)
        self.penalty = penalty
        self.rounds = rounds
        self.lr = lr
        self.batch_rows = batch_rows
        widths = [bins, *hidden]
        layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    @torch.no_grad()
    def _fit(self, rows: Rows, labels: Labels, weights: Weights, seed: int) -> None:
        """Layers' weights, by Adam."""
        from sklearn.neural_network import MLPClassifier

        model = MLPClassifier(
            hidden_layer_sizes=self.hidden,
            alpha=self.penalty,
            learning_rate_init=self.lr,
            batch_size=min(self.batch_rows, len(rows)),
            max_iter=self.rounds,
            # It goes on to the last round: what it would stop by is the loss of its own rows.
            n_iter_no_change=self.rounds,
            random_state=seed,
        )
        model.fit(*self._shown(rows, labels, weights, seed))
        linear = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        for layer, weight, bias in zip(linear, model.coefs_, model.intercepts_, strict=True):
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))

    def _shown(self, rows: Rows, labels: Labels, weights: Weights, seed: int) -> tuple[Rows, Labels]:
        """Standardised rows; what counts more is shown more often, for scikit-learn 1.5 knows no weights here."""
        standard = self.learn_standard(rows, weights)
        if weights is None:
            return standard, labels
        drawn = np.random.default_rng(seed).random(len(rows))
        times = np.floor(weights / weights.min() + drawn).astype(int)
        return np.repeat(standard, times, axis=0), np.repeat(labels, times)

    def row_logits(self, rows: Tensor) -> Tensor:
        """[N, F] -> [N]."""
        return self.layers(self.standardised(rows)).squeeze(1)
