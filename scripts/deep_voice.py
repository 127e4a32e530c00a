"""How well the table models do on DEEP-VOICE's features: `python scripts/deep_voice.py TABLE.csv [--folds 10]`.

TABLE is DATASET-balanced.csv: a row a second, 26 figures and a label. The models stand as `model=logreg`, `mlp` and
`boost` have them, fixed before any of these folds was dealt. Three ways to deal:
    random: stratified folds, as in the paper. Seconds of one speech stand on both sides.
    blocks: runs of rows as they stand in the table, each class by itself.
    apart: rows that look alike (k-means, each class by itself) stay together, so that what is judged looks like
        nothing that was learnt from. No recording is named in the table, so this is the nearest to a new one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.model_selection import StratifiedKFold

from deepfake_audio.clips import read_table
from deepfake_audio.configs import command_line_errors
from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.metrics.counts import accuracy, confusion, f_beta, matthews
from deepfake_audio.features.handcrafted import COLUMNS
from deepfake_audio.models import build_network
from deepfake_audio.models.tables import Labels, Rows, TableNetwork

MODELS = ("logreg", "mlp", "boost")
# The published table has words; copies of it have numbers.
LABELS = {"0": 0, "1": 1, "REAL": 0, "FAKE": 1}
CAUTION = (
    "Caution: rows are seconds of the same few recordings. Random folds put seconds of one speech on both sides, so\n"
    "their figure says nothing about new voices, new speech or another way of faking."
)

Folds = NDArray[np.int64]  # [N], which fold each row is judged in


def main() -> None:
    """Deal, fit, judge, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the folds and the fits (default 0)")
    parser.add_argument("--deals", nargs="+", choices=list(DEALS), default=list(DEALS))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    options = parser.parse_args()
    with command_line_errors():
        rows, labels = read(options.table)
        if not 2 <= options.folds <= np.bincount(labels, minlength=2).min():
            raise UserError(f"--folds {options.folds} must be 2 or more, and no class may have fewer rows")
        print(f"{len(rows)} rows, {labels.mean():.1%} of them 1, which F2 takes for fake\n{CAUTION}")
        print(order_in_words(rows, labels))
        print(f"\n{'folds':8}{'model':8}{'accuracy':>20}{'F2':>9}{'MCC':>9}   (mean and spread over folds)")
        for deal in options.deals:
            folds = DEALS[deal](rows, labels, options.folds, options.seed)
            for model in options.models:
                print(f"{deal:8}{model:8}{judged(model, rows, labels, folds, options.seed)}", flush=True)


def read(table: Path) -> tuple[Rows, Labels]:
    """Rows [N, 26] in the order of COLUMNS, and labels [N]."""
    cells = read_table(table, ())
    named = cells.rename(columns={"LABEL": "label"})
    missing = [column for column in (*COLUMNS, "label") if column not in named]
    if missing:
        raise UserError(f"{table} has no column {missing[0]}: this is for DEEP-VOICE's table of features")
    unknown = set(named["label"]) - set(LABELS)
    if unknown:
        raise UserError(f"{table}: label must be one of {', '.join(LABELS)}, not {min(unknown)}")
    try:
        rows = named[list(COLUMNS)].to_numpy().astype(np.float32)
    except ValueError as error:
        raise UserError(f"{table}: a figure is no number ({error})") from None
    return rows, np.array([LABELS[word] for word in named["label"]], dtype=np.int64)


def random_folds(rows: Rows, labels: Labels, folds: int, seed: int) -> Folds:
    """As many of each class in each fold, drawn."""
    dealt = np.zeros(len(labels), dtype=np.int64)
    for number, (_, judged_rows) in enumerate(
        StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, labels)
    ):
        dealt[judged_rows] = number
    return dealt


def blocks(rows: Rows, labels: Labels, folds: int, seed: int) -> Folds:
    """The first rows of each class in the first fold, and so on."""
    dealt = np.zeros(len(labels), dtype=np.int64)
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        dealt[members] = np.arange(len(members)) * folds // len(members)
    return dealt


def look_alikes(rows: Rows, labels: Labels, folds: int, seed: int) -> Folds:
    """A cluster of each class in each fold, the largest with the largest."""
    dealt = np.zeros(len(labels), dtype=np.int64)
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0).clip(min=1e-12)
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        cluster = KMeans(folds, n_init=3, random_state=seed).fit_predict(standard[members])
        rank = np.argsort(np.argsort(-np.bincount(cluster, minlength=folds)))
        dealt[members] = rank[cluster]
    return dealt


DEALS: dict[str, Callable[[Rows, Labels, int, int], Folds]] = {
    "random": random_folds,
    "blocks": blocks,
    "apart": look_alikes,
}


def order_in_words(rows: Rows, labels: Labels) -> str:
    """Whether rows that stand together are of one recording: they would be more alike than others are."""
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0).clip(min=1e-12)
    near, far = [], []
    for label in (0, 1):
        of_class = standard[labels == label]
        near.append(np.linalg.norm(of_class[1:] - of_class[:-1], axis=1))
        far.append(np.linalg.norm(of_class - np.random.default_rng(0).permutation(of_class), axis=1))
    ratio = float(np.concatenate(near).mean() / np.concatenate(far).mean())
    says = (
        "rows are shuffled, so blocks are as random folds"
        if ratio > 0.95
        else "so blocks keep recordings together"
    )
    return f"Neighbours in the table differ {ratio:.2f} times as much as any two rows of a class: {says}."


def judged(model: str, rows: Rows, labels: Labels, folds: Folds, seed: int) -> str:
    """Accuracy, F2 and MCC of a model, each fold judged by a fit to the others."""
    counts = []
    for fold in range(int(folds.max()) + 1):
        here = folds == fold
        network = build_network(model, bins=rows.shape[1])
        assert isinstance(network, TableNetwork)
        network.fit(rows[~here], labels[~here], seed)
        with torch.inference_mode():
            logits = network.row_logits(torch.from_numpy(rows[here])).numpy()
        counts.append(confusion(labels[here], logits, 0.0))
    right = np.array([accuracy(each) for each in counts])
    f2, mcc = (float(np.mean([figure(each) for each in counts])) for figure in (f_beta, matthews))
    return f"{right.mean():>10.2%} ± {right.std(ddof=1):>6.2%}{f2:>10.4f}{mcc:>9.4f}"


if __name__ == "__main__":
    main()
