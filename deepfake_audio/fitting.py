"""Networks that need no epochs: tables, of which every window of train is a part, and those that know all already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from tqdm import tqdm

from .data import ClipDataModule
from .errors import UserError
from .features import valid_frames
from .learning.module import DetectorModule
from .models.tables import Labels, Rows, TableNetwork


def fits_at_once(
    module: DetectorModule, data: ClipDataModule, trainer: pl.Trainer, ckpt_path: Path | None = None
) -> bool:
    """Whether a network is fitted without epochs; an error where the settings ask it for what epochs have."""
    network = module.network
    loaded = network.complete and trainer.max_epochs == 0
    if not network.fits_at_once and not loaded:
        return False
    done = "judged as loaded" if loaded else "fitted at once"
    name = f"model={module.hparams['network']['name']} is {done}"
    if ckpt_path is not None:
        raise UserError(f"{name}, so there is nothing to go on from: leave ckpt_path out")
    if trainer.world_size > 1:
        raise UserError(f"{name}, in one process: use trainer=single")
    if data.forger is not None:
        raise UserError(f"{name}, and forging makes fakes for epochs: use forging=none")
    if data.kin is not None:
        raise UserError(f"{name}, and pairs are for epochs: use data.pairs=false")
    return True


def fit_at_once(module: DetectorModule, data: ClipDataModule, trainer: pl.Trainer) -> None:
    """Fit a network for tables to every window of train, as it is: no cropping, no augmentation.

    Detectors that are fused, or loaded whole, have learnt all they know.
    """
    if not isinstance(module.network, TableNetwork):
        return
    rows, labels = table_of(data, trainer.strategy.root_device, quiet=trainer.progress_bar_callback is None)
    module.network.fit(rows, labels, data.seed, data.balance)


def table_of(data: ClipDataModule, device: torch.device, quiet: bool = True) -> tuple[Rows, Labels]:
    """Each valid frame of each window of train as a row [N, F], and its clip's label [N]."""
    rows: list[Rows] = []
    labels: list[Labels] = []
    for batch in tqdm(data.every_window("train"), desc="features of train", disable=quiet):
        batch = {key: value.to(device) for key, value in batch.items()}
        ready = data.with_features(batch, training=False)
        features, frames = ready["features"], ready["frames"]
        valid = valid_frames(frames, features.shape[2])
        rows.append(features.transpose(1, 2)[valid].float().cpu().numpy())
        labels.append(ready["label"].long().repeat_interleave(frames).cpu().numpy())
    return np.concatenate(rows), np.concatenate(labels)
