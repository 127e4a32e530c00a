"""Clips of a split table -> batches of windows -> features on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, DistributedSampler, Sampler

from ..audio import check_audible
from ..augment import build_augmentation
from ..errors import UserError
from ..features import build_features
from ..forging.on_the_fly import build_forger
from ..neutral import Neutral, build_neutral
from ..splitting import split_fingerprint
from ..stopping import serve_parent
from .bounds import check_lengths, find_bounds, of_each
from .compact import Bounds
from .domains import domain_numbers
from .groups import balance_groups, check_forged_kinds
from .kin import kin_of
from .loader import EpochLoader
from .pairs import PairSampler
from .parcels import collated
from .sampler import EpochOrder, EpochSampler
from .windows import FixedWindows, Item, PairedWindows, TrainingWindows


class ClipDataModule(pl.LightningDataModule):
    """A clip table with a `split` column, as batches.

    Args:
        clips: the table; `split` is train, val or test, other rows are left out.
        root: folder that `path` is relative to.
        features: name and arguments of the front end, see `build_features`.
        augment: name and arguments of the augmentation, see `build_augmentation`.
        balance: show as many fakes as reals in training; or columns of the table (corpus, system, ...), and each
            combination of their values besides has an equal share of its class, see `balance_groups`.
        neutral: name and settings of what is done to reals and fakes alike, see `build_neutral`.
        forging: settings of the forger that makes fakes of real windows in training, see `build_forger`.
        pairs: train on batches of pairs, each of a real clip and a fake, of the same clip where there is one; both
            are cut and augmented alike. `balance` by columns is then of the real clips.
        unpaired: share of the pairs whose fake is made of no clip of train, see `PairSampler`.
        domain_column: of the table; training batches then carry the number of each clip's value, as `domain`.
    """

    def __init__(
        self,
        clips: pd.DataFrame,
        root: Path,
        features: dict[str, Any],
        augment: dict[str, Any],
        window_seconds: float = 3.0,
        batch_size: int = 16,
        workers: int = 0,
        balance: bool | Sequence[str] = True,
        seed: int = 0,
        neutral: dict[str, Any] | None = None,
        forging: dict[str, Any] | None = None,
        domain_column: str | None = None,
        pairs: bool = False,
        unpaired: float = 0.3,
    ) -> None:
        super().__init__()
        _check_sizes(window_seconds, batch_size, workers)
        self.parts = {
            part: clips[clips["split"] == part].reset_index(drop=True) for part in ("train", "val", "test")
        }
        self.domains = domain_numbers(self.parts["train"], domain_column) if domain_column else None
        self.root = root
        self.features: nn.Module = build_features(**features)
        self.neutral = build_neutral(**(neutral or {}))
        self.sample_rate = int(features.get("sample_rate", 16_000))
        self.augment = build_augmentation(**{**augment, "sample_rate": self.sample_rate})
        _check_forging(forging or {}, clips, balance)
        self.forger = build_forger(**(forging or {}), sample_rate=self.sample_rate)
        self.window_samples = round(window_seconds * self.sample_rate)
        self.batch_size = batch_size
        self.workers = workers
        self.groups = balance_groups(self.parts["train"], balance)
        self.balance = balance is not False
        self.seed = seed
        self.unpaired = unpaired
        self.kin = kin_of(self.parts["train"]) if pairs else None
        if pairs:
            self._check_pairs()
        self.identity: dict[str, Any] = {
            "split": split_fingerprint(pd.concat(self.parts.values())),
            "window_samples": self.window_samples,
            "features": dict(features),
            "neutral": asdict(self.neutral),
        }
        self.bounds: dict[str, Bounds] = {}
        self._check_files("fingerprint" in clips)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint was trained on."""
        return self.identity

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Refuse to go on with other data: on another split, clips of this test would have been trained on."""
        # Older checkpoints say nothing of it, for there was none.
        told = {"neutral": asdict(Neutral()), **state_dict}
        changed = [key for key, value in self.identity.items() if told.get(key) != value]
        if changed:
            raise UserError(
                f"the checkpoint was trained with another {' and '.join(changed)} than this run has: go on with the "
                "same clips, split, features, neutral and data.window_seconds, or start anew"
            )

    def _check_files(self, listened_to: bool) -> None:
        """Say at once what is wrong, not after an hour of training.

        Extraction has heard every sample and says so by a fingerprint; other recordings are heard here, once.
        """
        paths = [path for clips in self.parts.values() for path in clips["path"]]
        bounds = find_bounds(self.root, paths, self.sample_rate, self.neutral)
        ends = np.cumsum([len(clips) for clips in self.parts.values()])
        for part, of_part in zip(self.parts, np.split(bounds.array, ends[:-1]), strict=True):
            self.bounds[part] = Bounds(of_part)
        if listened_to and "seconds" in self.parts["train"]:
            told = pd.concat([clips["seconds"] for clips in self.parts.values()])
            seconds = pd.to_numeric(told, errors="coerce").to_numpy(float)
            trimmed = self.neutral.silence_db is not None
            check_lengths(self.root, paths, bounds, seconds, self.sample_rate, trimmed)
        if not listened_to:
            for _ in of_each(lambda path: check_audible(self.root / path), paths):
                pass

    def train_dataloader(self) -> DataLoader:
        if self.kin is not None:
            paired = PairedWindows(
                self.parts["train"], *self._heard("train"), forger=self.forger, augment=self.augment.windows
            )
            pairs = self._pair_sampler()
            return self._loader(paired, pairs, drop_last=len(pairs) >= self.batch_size)
        clips = self.parts["train"]
        rank, world = self._place()
        real_share = 0.5 if self.forger is None else self.forger.real_draws
        sampler = EpochSampler(
            clips["label"].to_numpy(), self.seed, self.balance, rank, world, real_share, self.groups
        )
        windows = TrainingWindows(
            clips, *self._heard("train"), forger=self.forger, augment=self.augment.windows
        )
        # A last batch of few clips would give batch normalisation poor statistics; other epochs show other clips.
        return self._loader(windows, sampler, drop_last=len(sampler) >= self.batch_size)

    def val_dataloader(self) -> DataLoader:
        return self._fixed_loader("val")

    def test_dataloader(self) -> DataLoader:
        return self._fixed_loader("test")

    def every_window(self, part: str) -> DataLoader:
        """All windows of a part as they are, in the table's order: what is fitted at once learns from these."""
        return self._fixed_loader(part)

    def on_after_batch_transfer(self, batch: dict[str, Tensor], dataloader_idx: int) -> dict[str, Tensor]:
        """Waveforms -> features, on the device, once a batch; augmented in training only."""
        training = self.trainer is not None and bool(self.trainer.training)
        if training and self.domains is not None:
            batch["domain"] = self.domains.to(batch["clip"].device)[batch["clip"]]
        return self.with_features(batch, training)

    def with_features(self, batch: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        """A batch with `features` [B, F, T'] and `frames` [B] in the place of `waveform` and `samples`."""
        waveform, samples = batch["waveform"], batch["samples"]
        augment = self.augment.to(waveform.device).train(training)
        # Numbers from 0 on.
        pair = torch.unique(batch["pair"], return_inverse=True)[1] if "pair" in batch else None
        waveform = augment.on_waveform(waveform, samples, pair)
        features, frames = self.features.to(waveform.device)(waveform, samples)
        features, frames, labels = augment.on_picture(features, frames, batch["label"], pair)
        rest = {key: value for key, value in batch.items() if key not in {"waveform", "samples"}}
        return {**rest, "features": features, "frames": frames, "label": labels}

    def _check_pairs(self) -> None:
        """Say at once if pairs cannot be made, or would be torn apart."""
        if self.batch_size % 2:
            raise UserError(
                f"data.pairs=true needs batches of whole pairs: data.batch_size={self.batch_size} must be even"
            )
        if not self.balance:
            raise UserError("pairs are as many fakes as reals: data.pairs=true needs data.balance=true")
        self._pair_sampler()

    def _pair_sampler(self) -> PairSampler:
        assert self.kin is not None
        labels, (rank, world) = self.parts["train"]["label"].to_numpy(), self._place()
        forged = 0.0 if self.forger is None else self.forger.share
        return PairSampler(labels, self.kin, self.seed, forged, self.unpaired, rank, world, self.groups)

    def _heard(self, part: str) -> tuple[Path, int, int, Neutral, Bounds]:
        """What the windows of a part need to know beside its clips."""
        return self.root, self.window_samples, self.sample_rate, self.neutral, self.bounds[part]

    def _fixed_loader(self, part: str) -> DataLoader:
        windows = FixedWindows(self.parts[part], *self._heard(part))
        rank, world = self._place()
        # Shares are filled up to equal size with windows that stand twice; whoever gathers the logits counts
        # each (clip, window) once.
        sampler: Sampler | None = (
            DistributedSampler(windows, world, rank, shuffle=False) if world > 1 else None
        )
        return self._loader(windows, sampler, drop_last=False)

    def _loader(self, windows: Dataset[Item], sampler: Sampler | None, drop_last: bool) -> DataLoader:
        loader = EpochLoader if isinstance(sampler, EpochOrder) else DataLoader
        return loader(
            windows,
            batch_size=self.batch_size,
            sampler=sampler,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
            drop_last=drop_last,
            worker_init_fn=serve_parent,
            collate_fn=collated,
            # Without one of its own a loader draws from the global generator, and masks and dropout would
            # then depend on how often a loader was started.
            generator=torch.Generator().manual_seed(self.seed),
        )

    def _place(self) -> tuple[int, int]:
        """This process's rank and how many there are."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)


def _check_sizes(window_seconds: float, batch_size: int, workers: int) -> None:
    if not (window_seconds > 0 and batch_size >= 1 and workers >= 0):
        raise UserError(
            f"window_seconds={window_seconds} must be above 0, batch_size={batch_size} 1 or more, and "
            f"workers={workers} 0 or more"
        )


def _check_forging(forging: dict[str, Any], clips: pd.DataFrame, balance: bool | Sequence[str]) -> None:
    """Raise where forged fakes would tip the balance, or would be of a system that is kept for validation or test."""
    if forging.get("systems"):
        if balance is False:
            raise UserError("forging keeps the classes in balance: it needs data.balance=true")
        check_forged_kinds(clips, forging["systems"])
