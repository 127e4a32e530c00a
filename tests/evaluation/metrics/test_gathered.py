"""The classes give what the functions give, in one process and in two, and work where torchmetrics' own do."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, distributed, multiprocessing
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import BinaryAUROC, BinaryFBetaScore

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.metrics import gathered


def all_figures() -> dict[str, Metric]:
    """One of each, by its name."""
    return {
        "f_beta": gathered.FBeta(0.3),
        "f_half": gathered.FBeta(0.3, beta=0.5),
        "recall": gathered.Recall(0.3),
        "precision": gathered.Precision(0.3),
        "false_alarm_rate": gathered.FalseAlarmRate(0.3),
        "accuracy": gathered.Accuracy(0.3),
        "balanced_accuracy": gathered.BalancedAccuracy(0.3),
        "matthews": gathered.Matthews(0.3),
        "roc_auc": gathered.RocAuc(),
        "average_precision": gathered.AveragePrecision(),
        "eer": gathered.EqualErrorRate(),
        "min_dcf": gathered.MinDcf(),
        "act_dcf": gathered.ActDcf(0.4),
        "cllr": gathered.Cllr(0.4),
        "brier": gathered.Brier(),
        "ece": gathered.CalibrationError(),
    }


def expected(labels: np.ndarray, p_fake: np.ndarray) -> dict[str, float]:
    """The same by the plain functions."""
    at, curve = metrics.confusion(labels, p_fake, 0.3), metrics.sweep(labels, p_fake).counts
    llr = metrics.log_likelihood_ratios(p_fake, 0.4)
    figures = {
        "f_beta": metrics.f_beta(at),
        "f_half": metrics.f_beta(at, 0.5),
        "recall": metrics.recall(at),
        "precision": metrics.precision(at),
        "false_alarm_rate": metrics.false_alarm_rate(at),
        "accuracy": metrics.accuracy(at),
        "balanced_accuracy": metrics.balanced_accuracy(at),
        "matthews": metrics.matthews(at),
        "roc_auc": metrics.roc_auc(curve),
        "average_precision": metrics.average_precision(curve),
        "eer": metrics.equal_error_rate(curve),
        "min_dcf": metrics.min_dcf(curve),
        "act_dcf": metrics.act_dcf(labels, llr),
        "cllr": metrics.cllr(labels, llr),
        "brier": metrics.brier(labels, p_fake),
        "ece": metrics.expected_calibration_error(labels, p_fake),
    }
    return {name: float(figure) for name, figure in figures.items()}


def some_clips(number: int = 101) -> tuple[Tensor, Tensor]:
    """P(fake) [N] in doubles, with ties, and labels [N]."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, number)
    p_fake = np.round(rng.beta(2 + 2 * labels, 3 - labels), 2) * 0.99
    return torch.from_numpy(p_fake), torch.from_numpy(labels)


def test_in_batches_they_give_what_the_functions_give_for_all() -> None:
    p_fake, labels = some_clips()
    together = MetricCollection(all_figures())
    for batch in torch.arange(len(labels)).split(17):
        together.update(p_fake[batch], labels[batch])
    found = {name: float(figure) for name, figure in together.compute().items()}
    assert found == pytest.approx(expected(labels.numpy(), p_fake.numpy()), abs=1e-15)
    assert len(together.compute_groups) == 1, "the clips are kept once for all of them"
    together.reset()
    together.update(p_fake[:50], labels[:50])
    assert float(together.compute()["brier"]) == metrics.brier(labels[:50], p_fake[:50])


def test_each_step_is_told_of_its_own_batch() -> None:
    """As a training loop logs it: calling the metric gives the batch's figure, compute() that of all."""
    p_fake, labels = some_clips()
    metric = gathered.RocAuc()
    for batch in torch.arange(len(labels)).split(34):
        step = metric(p_fake[batch], labels[batch])
        assert float(step) == metrics.roc_auc(metrics.sweep(labels[batch], p_fake[batch]).counts)
    assert float(metric.compute()) == metrics.roc_auc(metrics.sweep(labels, p_fake).counts)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_they_agree_with_torchmetrics_own(dtype: torch.dtype) -> None:
    """At a threshold that no score is: theirs calls a score that equals it real, ours calls it fake."""
    p_fake, labels = some_clips()
    p_fake = p_fake.to(dtype)
    pairs = (gathered.FBeta(0.305), BinaryFBetaScore(2.0, 0.305)), (gathered.RocAuc(), BinaryAUROC())
    for ours, theirs in pairs:
        assert float(ours(p_fake, labels)) == pytest.approx(float(theirs(p_fake.float(), labels)), abs=1e-6)


def test_without_clips_or_without_a_class_a_figure_is_no_number_and_bad_clips_are_an_error() -> None:
    metric = gathered.EqualErrorRate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert metric.compute().isnan()
    assert metric(torch.tensor([0.1, 0.2]), torch.tensor([1, 1])).isnan()
    with pytest.raises(UserError, match="NaN"):
        metric(torch.tensor([0.1, torch.nan]), torch.tensor([0, 1]))


def _judge(rank: int, folder: str, shares: list[list[int]]) -> None:
    """What one process does: hand in its share of the clips, ask for the figures of all, leave them in a file."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=len(shares))
    p_fake, labels = some_clips()
    found = []
    for share in (shares[rank], range(len(labels)) if rank == 0 else []):
        mine = torch.tensor(list(share), dtype=torch.long)
        figures = MetricCollection(all_figures(), compute_groups=False)
        if len(mine):
            figures.update(p_fake[mine], labels[mine])
        found.append({name: float(figure) for name, figure in figures.compute().items()})
    torch.save(found, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


def test_two_processes_come_to_the_figures_of_one(tmp_path: Path) -> None:
    """Real processes, with unequal shares; and once more where one of them saw no clip at all."""
    p_fake, labels = some_clips()
    shares = [list(range(0, 70)), list(range(70, 101))]
    # Both begin in a process that has imported what takes seconds to import, and has no threads yet.
    multiprocessing.set_forkserver_preload(["torchmetrics", gathered.__name__])
    multiprocessing.start_processes(_judge, (str(tmp_path), shares), nprocs=2, start_method="forkserver")
    one = expected(labels.numpy(), p_fake.numpy())
    for rank in (0, 1):
        for found in torch.load(tmp_path / f"{rank}.pt"):
            assert found == pytest.approx(one, abs=1e-12)


def test_the_functions_do_without_torch() -> None:
    """They are for quick commands too, and torch takes seconds to come."""
    asked = "import sys; from deepfake_audio.evaluation import metrics; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=60)
