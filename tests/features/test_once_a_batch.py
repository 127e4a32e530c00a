"""Features are made on the device, once a batch, of all its clips together."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from deepfake_audio.data import ClipDataModule


@pytest.mark.parametrize("name", ["logmel", "lfcc", "waveform"])
def test_a_batch_is_heard_once_and_each_clip_as_if_alone(name: str, little_corpus: Path) -> None:
    clips = pd.read_csv(little_corpus / "clips.csv")
    data = ClipDataModule(
        clips, little_corpus, {"name": name}, {"name": "none"}, window_seconds=1.0, batch_size=8
    )
    calls: list[int] = []
    data.features.register_forward_hook(lambda _, given, made: calls.append(len(given[0])))
    batch = next(iter(data.train_dataloader()))
    together = data.with_features(dict(batch), training=True)
    assert calls == [8]
    assert len(set(batch["samples"].tolist())) > 1  # some are shorter than the window
    for clip in range(8):
        # Each by itself and without its padding.
        length = int(batch["samples"][clip])
        alone, frames = data.features(
            batch["waveform"][clip : clip + 1, :length], batch["samples"][clip : clip + 1]
        )
        assert int(frames) == int(together["frames"][clip])
        assert torch.allclose(together["features"][clip, :, : int(frames)], alone[0], atol=1e-3)
