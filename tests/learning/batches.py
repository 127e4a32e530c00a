"""Batches of made-up pictures, and a trainer for them: what learning is tested on, without sound or disk."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from deepfake_audio.learning.module import DetectorModule

CNN = {"name": "cnn", "bins": 16, "channels": [4, 8], "hidden": 8, "dropout": 0.0}


def loader(clips: int = 24, size: int = 8, domains: int = 3) -> DataLoader[Any]:
    """Pictures [16, 12] in a fixed order, fakes a little brighter than reals."""
    draws = torch.Generator().manual_seed(0)
    items: list[dict[str, Any]] = []
    for clip in range(clips):
        label = float(clip % 2)
        picture: Tensor = torch.randn(16, 12, generator=draws) + label
        items.append(
            {
                "features": picture,
                "frames": 12,
                "label": label,
                "clip": clip,
                "window": 0,
                "domain": clip % domains,
            }
        )
    return DataLoader(items, batch_size=size)  # type: ignore[arg-type]


def trainer(epochs: int, **changes: Any) -> pl.Trainer:
    settings: dict[str, Any] = {
        "max_epochs": epochs,
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
    }
    return pl.Trainer(**settings | changes)


def built(seed: int = 0, network: dict[str, Any] | None = None, **settings: Any) -> DetectorModule:
    """A module whose weights follow from the seed."""
    torch.manual_seed(seed)
    return DetectorModule(network or CNN, **settings)


def fitted(epochs: int = 2, ckpt: Any = None, changes: dict[str, Any] | None = None, **settings: Any) -> Any:
    """The module and the trainer after so many epochs."""
    module, fitter = built(**settings), trainer(epochs, **(changes or {}))
    fitter.fit(module, loader(), loader(8), ckpt_path=ckpt)
    return module, fitter


def weights(module: torch.nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
