"""Networks for tables: each frame of the features is a row of a table, and all rows are fitted at once.

scikit-learn is imported where something is fitted: whoever only asks a detector does not wait for it.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import UserError
from ..labels import LABEL_NAMES
from .network import Network, mean_over_time

Rows = NDArray[np.float32]  # [N, F]
Labels = NDArray[np.int64]  # [N]
Weights = NDArray[np.float64] | None  # [N], mean 1; None where all rows count alike


class TableNetwork(Network):
    """Base of networks that scikit-learn fits, and that answer afterwards by tensors alone.

    A window's logit is the mean of the logits of its valid columns.

    Args:
        bins: height of the features, the columns of the table.
    """

    fits_at_once = True

    def __init__(self, bins: int) -> None:
        super().__init__()
        if bins < 2:
            raise UserError(
                f"model={type(self).__name__.lower()} needs several figures a frame, and these features have "
                f"{bins}: choose others, such as features=handcrafted"
            )
        self.bins = bins

    def fit(self, rows: Rows, labels: Labels, seed: int, balance: bool = True) -> None:
        """Learn from a table [N, F] and its labels [N].

        Args:
            seed: of what the fit draws.
            balance: whether reals and fakes count alike in all, however many rows each has.
        """
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        rows, labels = np.asarray(rows, dtype=np.float32), np.asarray(labels, dtype=np.int64)
        if not np.isfinite(rows).all():
            raise UserError(
                "the features hold numbers that are NaN or infinite: look for what is odd in the clips"
            )
        counts = np.bincount(labels, minlength=2)
        for label, name in LABEL_NAMES.items():
            if not counts[label]:
                raise UserError(f"there is no {name} row to learn from; both are needed")
        # scikit-learn bins rows that differ in weight many times more slowly than rows that don't.
        weights = (len(labels) / 2 / counts)[labels] if balance and counts[0] != counts[1] else None
        # scikit-learn's threads would wait for each other where other work has the cores.
        with threadpool_limits(limits=torch.get_num_threads()), warnings.catch_warnings():
            # How long it goes on is a setting, as epochs are.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._fit(rows, labels, weights, seed)

    @abstractmethod
    def _fit(self, rows: Rows, labels: Labels, weights: Weights, seed: int) -> None:
        """Let scikit-learn fit a model, and take its numbers over."""

    @abstractmethod
    def row_logits(self, rows: Tensor) -> Tensor:
        """[N, F] -> [N]."""

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> the mean logit of its columns, [B]."""
        batch, bins, columns = features.shape
        if bins != self.bins:
            raise UserError(f"model.bins={self.bins} but the features have {bins}: leave model.bins null")
        rows = features.float().transpose(1, 2).reshape(-1, bins)
        logits = self.row_logits(rows).reshape(batch, 1, columns)
        return mean_over_time(logits, frames).squeeze(1)


class StandardisedTable(TableNetwork):
    """A table network whose columns are first brought to zero mean and unit spread, as the fitted rows had them."""

    mean: Tensor  # [F]
    spread: Tensor  # [F]

    def __init__(self, bins: int) -> None:
        super().__init__(bins)
        self.register_buffer("mean", torch.zeros(bins))
        self.register_buffer("spread", torch.ones(bins))

    def standardised(self, rows: Tensor) -> Tensor:
        """[N, F] -> [N, F]."""
        return (rows - self.mean) / self.spread

    def learn_standard(self, rows: Rows, weights: Weights) -> Rows:
        """Take the columns' mean and spread over, and return the rows by that standard [N, F]."""
        mean = np.average(rows, axis=0, weights=weights)
        spread = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weights))
        self.mean.copy_(torch.from_numpy(mean))
        # A column that never moves says nothing, and stays zero.
        self.spread.copy_(
            torch.from_numpy(np.where(spread > 1e-6 * np.abs(mean), spread, 1.0)).clamp_min(1e-12)
        )
        return self.standardised(torch.from_numpy(rows)).numpy()
