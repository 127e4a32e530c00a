"""Early ends, held against Optuna's own pruners."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner

from deepfake_audio.errors import UserError
from deepfake_audio.sweeping.pruning import Pruning

EPOCHS, RUNS = 20, 40


@pytest.mark.parametrize(
    ("pruning", "theirs"),
    [
        (Pruning("median", 3, 4), MedianPruner(n_startup_trials=4, n_warmup_steps=3)),
        (Pruning("median", 1, 1), MedianPruner(n_startup_trials=1, n_warmup_steps=1)),
        (Pruning("halving", 2, keep=3), SuccessiveHalvingPruner(min_resource=2, reduction_factor=3)),
        (Pruning("halving", 1, keep=2), SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_ends_the_runs_that_optuna_would_end(pruning: Pruning, theirs: BasePruner, seed: int) -> None:
    rng = np.random.default_rng(seed)
    study = optuna.create_study(direction="maximize", pruner=theirs)
    finished: list[dict[int, float]] = []
    unfinished: list[dict[int, float]] = []
    ended = 0
    for _ in range(RUNS):
        trial, own = study.ask(), dict[int, float]()
        # A step of one decimal ties now and then, as average precision does.
        curve = np.round(rng.normal(0, 1) + np.cumsum(rng.normal(0.1, 0.3, EPOCHS)), 1)
        # Some end sooner by themselves.
        for epoch, value in enumerate(curve[: rng.integers(10, EPOCHS + 1)], 1):
            own[epoch] = float(value)
            trial.report(own[epoch], epoch)
            ours = pruning.ends(own, finished, unfinished)
            assert ours == trial.should_prune()
            if ours:
                ended += 1
                unfinished.append(own)
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            finished.append(own)
            study.tell(trial, max(own.values()))
    assert 0 < ended < RUNS


def test_no_rule_ends_nothing() -> None:
    assert not Pruning("none").ends({1: -9.0, 2: -9.0, 3: -9.0}, [{1: 1.0, 2: 1.0, 3: 1.0}] * 9)


@pytest.mark.parametrize(
    "setting", [{"rule": "best"}, {"startup_epochs": 0}, {"startup_trials": 1.5}, {"keep": 1}]
)
def test_a_bad_setting_is_named(setting: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(setting))):
        Pruning(**setting)  # type: ignore[arg-type]
