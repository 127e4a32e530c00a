"""Training batches carry where each clip comes from, when somebody asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl

from deepfake_audio.data import ClipDataModule
from deepfake_audio.data.domains import domain_numbers, with_domains
from deepfake_audio.errors import UserError
from deepfake_audio.learning.module import DetectorModule

from ..learning.batches import trainer


def test_numbers_follow_the_names_and_not_the_order() -> None:
    clips = pd.DataFrame({"corpus": ["b", "a", "c", "a"], "year": [2020, 2019, 2020, 2019]})
    assert domain_numbers(clips, "corpus").tolist() == [1, 0, 2, 0]
    assert domain_numbers(clips, "year").tolist() == [1, 0, 1, 0]


def test_how_many_there_are_is_counted_in_training() -> None:
    clips = pd.DataFrame(
        {"corpus": ["a", "a", "b", "c"], "split": [*["train"] * 3, "test"], "label": [0, 1, 1, 1]}
    )
    assert with_domains({"column": "corpus", "weight": 1.0}, clips) == {
        "column": "corpus",
        "weight": 1.0,
        "domains": 2,
    }
    assert with_domains({"column": None}, clips) is None
    systems = clips.assign(system=["human", "hifigan", "hifigan", "lpc"])
    with pytest.raises(UserError, match="tells no training fakes apart"):
        with_domains({"column": "system", "among": "fakes"}, systems)
    with pytest.raises(UserError, match="tells no training clips apart"):
        with_domains({"column": "corpus"}, clips.assign(corpus="a"))
    with pytest.raises(UserError, match=r"adversary\.column=channel"):
        with_domains({"column": "channel"}, clips)
    with pytest.raises(UserError, match="empty for 1"):
        with_domains({"column": "corpus"}, clips.assign(corpus=["a", "a", None, "c"]))


def test_what_says_the_class_is_not_hidden_from_all() -> None:
    clips = pd.DataFrame({"split": "train", "label": [0, 0, 1, 1], "system": ["human", "human", "a", "b"]})
    with pytest.raises(UserError, match=r"adversary\.among=fakes"):
        with_domains({"column": "system", "among": "all"}, clips)


def test_real_clips_need_no_system() -> None:
    clips = pd.DataFrame({"system": ["", "hifigan", "lpc"], "label": [0, 1, 1], "split": "train"})
    told = with_domains({"column": "system", "among": "fakes"}, clips)
    assert told is not None and told["domains"] == 3
    with pytest.raises(UserError, match="empty for 1 training"):
        domain_numbers(clips.replace("lpc", ""), "system")


def test_batches_carry_them_in_training_alone(little_corpus: Path) -> None:
    clips = pd.read_csv(little_corpus / "clips.csv")
    data = ClipDataModule(
        clips, little_corpus, {"name": "logmel"}, {"name": "none"}, window_seconds=0.3, domain_column="voice"
    )
    seen: list[dict[str, Any]] = []
    fixed: list[dict[str, Any]] = []

    class Watch(pl.Callback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            seen.append(batch)

        def on_validation_batch_start(self, trainer: Any, pl_module: Any, batch: Any, *_: int) -> None:
            fixed.append(batch)

    settings = with_domains({"column": "voice"}, clips)
    module = DetectorModule({"name": "cnn", "channels": [4], "hidden": 4}, adversary=settings)
    trainer(1, callbacks=[Watch()], limit_train_batches=2, limit_val_batches=1).fit(module, datamodule=data)
    voices = data.parts["train"]["voice"]
    names = sorted(set(voices))
    for batch in seen:
        told = [names[number] for number in batch["domain"].tolist()]
        assert told == voices.iloc[batch["clip"].tolist()].tolist()
    assert seen and "domain" not in fixed[0]
