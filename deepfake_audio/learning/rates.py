"""How fast each part of a network learns, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import UserError


def _cosine(passed: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * passed))


# Share of the rate that is left after a share of the planned epochs.
SCHEDULES = {"cosine": _cosine, "linear": lambda passed: 1 - passed, "constant": lambda passed: 1.0}


@dataclass(frozen=True)
class Rates:
    """Shares of `lr` over the epochs of a run.

    Args:
        lr: learning rate of new layers.
        schedule: "cosine" and "linear" fall to zero over the planned epochs, "constant" stays.
        warmup_epochs: for so many epochs, or parts of one, the rate first climbs from zero to `lr`. With a warm-up
            rates change every step, without every epoch.
        freeze_epochs: two-phase fine-tuning. For so many epochs only the new layers learn; then everything
            does, at `finetune_scale` times the rate. Needs a pretrained network.
        layer_decay: each layer of the backbone learns at so many times the rate of the one behind it, the last one
            of that of the new layers: below 1 what is near the input, and most general, changes least.
    """

    lr: float = 1e-3
    schedule: str = "cosine"
    warmup_epochs: float = 0.0
    freeze_epochs: int = 0
    finetune_scale: float = 0.1
    layer_decay: float = 1.0

    def __post_init__(self) -> None:
        if not (self.lr > 0 and self.freeze_epochs >= 0 and self.finetune_scale > 0):
            raise UserError("optim: lr and finetune_scale must be above 0, freeze_epochs 0 or more")
        if not self.warmup_epochs >= 0:
            raise UserError(f"optim.warmup_epochs={self.warmup_epochs} must be 0 or more")
        if not 0 < self.layer_decay <= 1:
            raise UserError(f"optim.layer_decay={self.layer_decay} must be above 0 and at most 1")
        if self.schedule not in SCHEDULES:
            known = ", ".join(sorted(SCHEDULES))
            raise UserError(f"optim.schedule={self.schedule} is not known; there is {known}")

    def check_epochs(self, planned: int) -> None:
        """Raise if they don't fit into so many epochs; 0 where there is no end."""
        if self.warmup_epochs and not planned:
            raise UserError("optim.warmup_epochs needs an end in sight: set trainer.max_epochs")
        if planned and self.warmup_epochs >= planned:
            raise UserError(
                f"optim.warmup_epochs={self.warmup_epochs} leaves nothing of trainer.max_epochs={planned}"
            )

    @property
    def per_step(self) -> bool:
        """Whether rates change every step; else every epoch."""
        return self.warmup_epochs > 0

    @property
    def tells_backbone_apart(self) -> bool:
        """Whether the backbone learns at other rates than the rest."""
        return self.freeze_epochs > 0 or self.layer_decay < 1

    def of_new(self, epoch: float, planned: int) -> float:
        """Share of `lr` that new layers learn at after `epoch` epochs of those that are planned (0: no end)."""
        second_phase = self.freeze_epochs and epoch >= self.freeze_epochs
        return self._decay(epoch, planned) * (self.finetune_scale if second_phase else 1.0)

    def of_backbone(self, epoch: float, planned: int) -> float:
        """Share of `lr` that the backbone learns at, its layers' own shares aside."""
        if epoch < self.freeze_epochs:
            return 0.0
        return self._decay(epoch, planned) * (self.finetune_scale if self.freeze_epochs else 1.0)

    def _decay(self, epoch: float, planned: int) -> float:
        if epoch < self.warmup_epochs:
            return epoch / self.warmup_epochs
        if planned <= self.warmup_epochs:
            return 1.0
        planned_after, passed = planned - self.warmup_epochs, epoch - self.warmup_epochs
        return SCHEDULES[self.schedule](min(passed, planned_after) / planned_after)


def ramp(progress: float) -> float:
    """0 at the start of a run to nearly 1 half way: for what disturbs a network that knows nothing yet.

    The curve of "Domain-Adversarial Training of Neural Networks" (Ganin et al. 2016).
    """
    return 2 / (1 + math.exp(-10 * progress)) - 1
