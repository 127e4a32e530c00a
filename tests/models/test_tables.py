"""Networks for tables: what scikit-learn fitted is what the tensors answer, and what is shipped holds all of it."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from deepfake_audio.errors import UserError
from deepfake_audio.models import build_network
from deepfake_audio.models.tables import Labels, Rows, StandardisedTable, TableNetwork

SCRIPTS = Path(__file__).parents[2] / "scripts"
SMALL: dict[str, dict[str, Any]] = {
    "logreg": {},
    "mlp": {"hidden": [16, 8], "rounds": 5},
    "boost": {"trees": 30, "depth": 6},
}
ESTIMATORS = {"logreg": LogisticRegression, "mlp": MLPClassifier, "boost": HistGradientBoostingClassifier}


def table(rows: int = 600, share_of_fakes: float = 0.3, seed: int = 0) -> tuple[Rows, Labels]:
    """Columns of very different size, as those of speech are."""
    drawn, labels = make_classification(
        rows, 26, n_informative=8, weights=[1 - share_of_fakes], flip_y=0.05, random_state=seed
    )
    scale = np.logspace(-3, 3, 26)
    return (drawn * scale + 5 * scale).astype(np.float32), labels.astype(np.int64)


@pytest.fixture(scope="module", params=sorted(SMALL))
def fitted(request: pytest.FixtureRequest) -> tuple[TableNetwork, Any]:
    """A fitted network, and the very estimator that its numbers were taken from."""
    kept: list[Any] = []
    estimator = ESTIMATORS[request.param]
    original = estimator.fit

    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        kept.append(self)
        return original(self, *arguments, **named)

    network = build_network(request.param, **SMALL[request.param])
    assert isinstance(network, TableNetwork)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimator, "fit", watched)
        network.fit(*table(), seed=0, balance=False)
    (model,) = kept
    return network.eval(), model


def decision(network: TableNetwork, model: Any, rows: Rows) -> np.ndarray:
    """What scikit-learn says of rows, as a logit."""
    shown = rows
    if isinstance(network, StandardisedTable):
        shown = (rows - network.mean.numpy()) / network.spread.numpy()
    if isinstance(model, MLPClassifier):
        # It tells probabilities alone; where they are not all but 0 or 1 their logit is exact enough.
        p = model.predict_proba(shown.astype(np.float64))
        return np.log(p[:, 1]) - np.log(p[:, 0])
    return model.decision_function(shown.astype(np.float64))


def test_tensors_answer_as_scikit_learn(fitted: tuple[TableNetwork, Any]) -> None:
    network, model = fitted
    rows, _ = table(seed=1)
    with torch.inference_mode():
        logits = network.row_logits(torch.from_numpy(rows)).numpy()
    expected = decision(network, model, rows)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(logits, expected, atol=1e-5, rtol=1e-5)


def test_the_table_of_models_tells_how_large_each_is(fitted: tuple[TableNetwork, Any]) -> None:
    """What was learnt by gradients, or how many leaves scikit-learn's own trees have."""
    network, model = fitted
    size = runpy.run_path(str(SCRIPTS / "model_table.py"))["size"]
    if isinstance(model, HistGradientBoostingClassifier):
        leaves = sum(tree.get_n_leaf_nodes() for (tree,) in model._predictors)
        assert size(network) == f"{leaves:,} leaves" and leaves > 60
    else:
        learnt = (
            [*model.coefs_, *model.intercepts_]
            if hasattr(model, "coefs_")
            else [model.coef_, model.intercept_]
        )
        assert size(network) == f"{sum(part.size for part in learnt):,}"


def test_a_window_is_the_mean_of_its_valid_frames(fitted: tuple[TableNetwork, Any]) -> None:
    network, _ = fitted
    rows = torch.from_numpy(table()[0][:8])
    features = rows.reshape(2, 4, 26).transpose(1, 2)
    with torch.inference_mode():
        logits = network(features, torch.tensor([4, 3]))
        each = network.row_logits(rows)
    torch.testing.assert_close(logits, torch.stack([each[:4].mean(), each[4:7].mean()]))


def test_equal_settings_give_equal_shapes_and_weights_carry_all(fitted: tuple[TableNetwork, Any]) -> None:
    """As a detector is rebuilt: from plain settings and tensors."""
    network, _ = fitted
    name = type(network).__name__.lower()
    again = build_network(name, **SMALL[name])
    again.load_state_dict(network.state_dict())
    rows = torch.from_numpy(table(seed=2)[0])
    with torch.inference_mode():
        assert torch.equal(again.row_logits(rows), network.row_logits(rows))  # type: ignore[operator]
    assert b"sklearn" not in pickle.dumps(network)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_equal_seeds_give_equal_weights(name: str) -> None:
    states = []
    for _ in range(2):
        network = build_network(name, **SMALL[name])
        assert isinstance(network, TableNetwork)
        network.fit(*table(300), seed=3, balance=False)
        states.append(network.state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@pytest.mark.parametrize("name", sorted(SMALL))
def test_balance_counts_the_rarer_class_alike(name: str) -> None:
    """Of columns that say nothing, a balanced fit makes even odds, and a plain one the share of the classes."""
    rng = np.random.default_rng(0)
    rows, labels = (
        rng.normal(size=(1000, 2)).astype(np.float32),
        (np.arange(1000) % 10 == 0).astype(np.int64),
    )
    smaller: dict[str, dict[str, Any]] = {"mlp": {"hidden": [4], "rounds": 60}, "boost": {"trees": 1}}
    settings = {"bins": 2} | smaller.get(name, {})
    means = {}
    for balance in (True, False):
        network = build_network(name, **settings)
        assert isinstance(network, TableNetwork)
        network.fit(rows, labels, 0, balance)
        with torch.inference_mode():
            means[balance] = float(network.row_logits(torch.from_numpy(rows)).mean())
    assert abs(means[True]) < 0.6
    assert means[False] == pytest.approx(np.log(0.1 / 0.9), abs=0.6)


def test_a_column_that_never_moves_does_no_harm() -> None:
    rows, labels = table(300)
    rows[:, 4] = 7.25
    network = build_network("logreg")
    assert isinstance(network, TableNetwork)
    network.fit(rows, labels, 0)
    with torch.inference_mode():
        assert network.row_logits(torch.from_numpy(rows)).isfinite().all()


def test_a_limit_between_two_numbers_of_single_precision_parts_them() -> None:
    """Rows that differ in their last bit only lie on the two sides that scikit-learn put them on."""
    low = np.float32(0.1)
    high = np.nextafter(low, np.float32(1))
    rows = np.tile(np.where(np.arange(200) % 2, high, low)[:, None], (1, 2)).astype(np.float32)
    network = build_network("boost", bins=2, trees=5)
    assert isinstance(network, TableNetwork)
    network.fit(rows, np.arange(200) % 2, 0)
    logits = network.row_logits(torch.from_numpy(rows))
    assert (logits[::2] < -0.5).all() and (logits[1::2] > 0.5).all()


def test_what_cannot_be_is_said() -> None:
    rows, labels = table(100)
    for name in SMALL:
        with pytest.raises(UserError, match=f"model={name} needs.*features=handcrafted"):
            build_network(name, bins=1)
    network = build_network("logreg")
    assert isinstance(network, TableNetwork)
    with pytest.raises(UserError, match="no fake row"):
        network.fit(rows, np.zeros_like(labels), 0)
    with pytest.raises(UserError, match="NaN"):
        network.fit(np.full_like(rows, np.nan), labels, 0)
    with pytest.raises(UserError, match=r"model\.bins=26 but the features have 80"):
        network(torch.zeros(1, 80, 5), torch.tensor([5]))
    for name, setting in (
        ("logreg", {"strength": 0}),
        ("mlp", {"hidden": []}),
        ("boost", {"leaves": 1}),
        ("boost", {"lr": 0}),
    ):
        with pytest.raises(UserError, match=f"model.*{next(iter(setting))}"):
            build_network(name, **setting)
