"""What is shipped of a run that averages, against averages made by hand; going on is as if never stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from deepfake_audio.errors import UserError

from .batches import built, fitted, loader, same, trainer, weights


class Watch(pl.Callback):
    """The learner's weights after each step, and after each epoch."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Tensor]] = []
        self.epochs: list[dict[str, Tensor]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: object) -> None:
        self.steps.append(weights(pl_module.learner))  # type: ignore[arg-type]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.epochs.append(weights(pl_module.learner))  # type: ignore[arg-type]


def test_a_moving_average_by_hand() -> None:
    watch = Watch()
    begin = weights(built(average="ema", average_decay=0.5).network)
    module, _ = fitted(2, average="ema", average_decay=0.5, changes={"callbacks": [watch]})
    assert len(watch.steps) == 6
    mean = {key: value.double() for key, value in begin.items()}
    for number, state in enumerate(watch.steps, start=1):
        decay = min(0.5, (1 + number) / (10 + number))
        mean = {key: decay * mean[key] + (1 - decay) * state[key].double() for key in mean}
    for key, value in module.network.state_dict().items():
        if "num_batches" not in key:
            torch.testing.assert_close(value.double(), mean[key], atol=1e-6, rtol=1e-5)
        else:
            assert value == watch.steps[-1][key]


def test_a_late_average_by_hand() -> None:
    watch = Watch()
    module, _ = fitted(4, average="swa", average_start=0.5, changes={"callbacks": [watch]})
    for key, value in module.network.state_dict().items():
        late = [epoch[key].double() for epoch in watch.epochs[2:]]
        if "num_batches" not in key:
            torch.testing.assert_close(value.double(), torch.stack(late).mean(0), atol=1e-6, rtol=1e-5)


def test_before_it_begins_the_late_average_is_what_learns() -> None:
    module, _ = fitted(2, average="swa", average_start=0.9, schedule="constant")
    assert same(module.network.state_dict(), module.learner.state_dict())


def test_what_learns_is_not_disturbed_by_being_averaged() -> None:
    plain, _ = fitted(2)
    averaged, _ = fitted(2, average="ema")
    assert same(plain.network.state_dict(), averaged.learner.state_dict())


def test_the_average_is_what_is_scored() -> None:
    module, fitter = fitted(1, average="ema", average_decay=0.9)
    fitter.test(module, loader(8), verbose=False)
    batch = next(iter(loader(8)))
    with torch.no_grad():
        expected = module.network.eval()(batch["features"], batch["frames"])
        other = module.learner.eval()(batch["features"], batch["frames"])
    torch.testing.assert_close(torch.from_numpy(module.scores.logit).float(), expected)
    assert not torch.allclose(expected, other)


@pytest.mark.parametrize("average", ["ema", "swa"])
def test_going_on_from_a_checkpoint_is_as_if_never_stopped(average: str, tmp_path: Path) -> None:
    settings = {"average": average, "schedule": "constant", "average_start": 0.25}
    if average == "ema":
        settings |= {"teacher_weight": 0.5}

    class Keep(pl.Callback):
        def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            if trainer.current_epoch == 1:
                trainer.save_checkpoint(tmp_path / "half.ckpt")

    whole, _ = fitted(4, changes={"callbacks": [Keep()]}, **settings)
    # Begun with other weights, all of which the checkpoint replaces.
    gone_on, _ = fitted(4, ckpt=tmp_path / "half.ckpt", seed=7, **settings)
    assert same(whole.state_dict(), gone_on.state_dict())


def test_weights_that_are_loaded_after_building_are_what_learns_and_is_averaged() -> None:
    module, other = built(average="ema"), built(seed=5)
    module.network.load_state_dict(other.network.state_dict())
    trainer(1, limit_train_batches=0).fit(module, loader())
    module.setup("fit")
    assert same(module.learner.state_dict(), other.network.state_dict())


def test_a_teacher_pulls_towards_its_answers() -> None:
    """With nothing but the teacher's pull, what learns comes nearer to the average than without."""
    free, _ = fitted(3, average="ema", average_decay=0.99, lr=1e-2)
    taught, _ = fitted(3, average="ema", average_decay=0.99, lr=1e-2, teacher_weight=100.0)
    batch = next(iter(loader()))

    def apart(module: pl.LightningModule) -> float:
        with torch.no_grad():
            answers = [
                network.eval()(batch["features"], batch["frames"]).sigmoid()
                for network in (module.learner, module.network)
            ]
        return float((answers[0] - answers[1]).square().mean())

    assert apart(taught) < 0.5 * apart(free)


def test_what_cannot_be_is_said() -> None:
    for settings, told in (
        ({"average": "median"}, "average=median"),
        ({"average": "ema", "average_decay": 1.0}, "average_decay"),
        ({"average": "swa", "average_start": 1.0}, "average_start"),
        ({"teacher_weight": 1.0}, "average=ema"),
    ):
        with pytest.raises(UserError, match=told):
            built(**settings)  # type: ignore[arg-type]
