"""Batches: the same for equal seeds, balanced when asked, shared out without overlap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from deepfake_audio.data import ClipDataModule, EpochSampler, FixedWindows
from deepfake_audio.data.groups import balance_groups
from deepfake_audio.errors import UserError

FEATURES = {"name": "logmel"}
SPECAUGMENT = {"name": "specaugment"}


def module(root: Path, **changes: Any) -> ClipDataModule:
    settings: dict[str, Any] = {"window_seconds": 0.5, "batch_size": 8, "workers": 0} | changes
    return ClipDataModule(pd.read_csv(root / "clips.csv"), root, FEATURES, SPECAUGMENT, **settings)


def epochs_of(data: ClipDataModule, count: int = 2) -> list[dict[str, torch.Tensor]]:
    """All batches of some epochs, features and masks included, from a fixed state of the global generator."""
    torch.manual_seed(0)
    loader = data.train_dataloader()
    batches = []
    for epoch in range(count):
        loader.sampler.set_epoch(epoch)
        batches += [data.with_features(batch, training=True) for batch in loader]
    return batches


def test_equal_seeds_give_equal_batches_whatever_the_number_of_workers(little_corpus: Path) -> None:
    expected = epochs_of(module(little_corpus, workers=0))
    for workers in (1, 2):
        found = epochs_of(module(little_corpus, workers=workers))
        assert len(found) == len(expected) > 2
        for batch, other in zip(expected, found, strict=True):
            assert batch.keys() == other.keys()
            assert all(torch.equal(batch[key], other[key]) for key in batch)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_forged_windows_are_fakes_and_leave_an_epoch_balanced(little_corpus: Path, share: float) -> None:
    """Half of what is heard is fake, `share` of that forged out of reals; the same whatever the workers."""
    forging = {"systems": ["lpc"], "share": share}
    clips = pd.read_csv(little_corpus / "clips.csv").query("split == 'train'").reset_index(drop=True)
    heard = epochs_of(module(little_corpus, forging=forging), count=12)
    label = torch.cat([batch["label"] for batch in heard]).numpy()
    was_fake = clips["label"].to_numpy()[torch.cat([batch["clip"] for batch in heard]).numpy()]
    assert label.mean() == pytest.approx(0.5, abs=0.08)
    assert (label[was_fake == 1] == 1).all()
    forged = (label == 1) & (was_fake == 0)
    assert forged.sum() / (label == 1).sum() == pytest.approx(share, abs=0.1)
    again = epochs_of(module(little_corpus, forging=forging, workers=2), count=1)
    assert all(torch.equal(a["features"], b["features"]) for a, b in zip(heard, again, strict=False))


def test_forging_without_balance_is_refused(little_corpus: Path) -> None:
    with pytest.raises(UserError, match=r"data\.balance=true"):
        module(little_corpus, forging={"systems": ["lpc"], "share": 0.5}, balance=False)


@pytest.mark.parametrize("called", ["LPC", "forged_lpc"])
def test_what_the_split_keeps_for_validation_is_not_forged(called: str, little_corpus: Path) -> None:
    clips = pd.read_csv(little_corpus / "clips.csv")
    clips.loc[(clips["label"] == 1) & (clips["split"] == "val"), "system"] = called
    for balance in (True, ["system"]):
        with pytest.raises(UserError, match="fakes by lpc in training, which the split keeps for validation"):
            ClipDataModule(clips, little_corpus, FEATURES, SPECAUGMENT, balance=balance,
                           forging={"systems": ["griffinlim", "lpc"], "share": 0.5})  # fmt: skip


def test_augmented_windows_are_the_same_whatever_the_number_of_workers(little_corpus: Path) -> None:
    """And no longer than a window, whatever was done to them."""
    steps: dict[str, Any] = {
        "silence": {"share": 1.0}, "speed": {"share": 1.0, "factors": [0.6, 1.5]}, "pitch": {"share": 0.3},
        "codec": {"share": 0.5, "bit_rates": {"opus": [16_000], "mulaw": []}}, "specaugment": {},
    }  # fmt: skip
    clips = pd.read_csv(little_corpus / "clips.csv")

    def heard(workers: int) -> list[dict[str, torch.Tensor]]:
        data = ClipDataModule(clips, little_corpus, FEATURES, {"name": "robust", "steps": steps}, window_seconds=0.5,
                              batch_size=8, workers=workers, balance=["system"])  # fmt: skip
        loader = data.train_dataloader()
        loader.sampler.set_epoch(1)
        return list(loader)

    alone, shared = heard(0), heard(2)
    assert len(alone) == len(shared) > 2
    for batch, other in zip(alone, shared, strict=True):
        assert all(torch.equal(batch[key], other[key]) for key in batch)
        assert batch["waveform"].shape[1] == 8_000 and int(batch["samples"].max()) == 8_000
        assert int(batch["samples"].min()) < 8_000 and batch["samples"].min() > 0


def test_a_longer_window_loses_its_beginning_or_its_end(little_corpus: Path) -> None:
    """What is added behind a full window is heard too, now and then."""
    clips = pd.read_csv(little_corpus / "clips.csv")
    wave = {"name": "silence", "share": 1.0, "noise_db": [-200, -200]}
    data = ClipDataModule(clips, little_corpus, FEATURES, wave, window_seconds=0.5, batch_size=8)
    found = torch.cat([batch["waveform"] for batch in data.train_dataloader()])
    quiet = found.abs() < 1e-4
    assert quiet[:, :400].all(dim=1).any() and quiet[:, -400:].all(dim=1).any()


def test_what_validation_hears_is_never_forged(little_corpus: Path) -> None:
    plain, forging = module(little_corpus), module(little_corpus, forging={"systems": ["lpc"], "share": 1.0})
    for one, other in zip(plain.val_dataloader(), forging.val_dataloader(), strict=True):
        assert torch.equal(one["waveform"], other["waveform"]) and torch.equal(one["label"], other["label"])


def test_another_seed_and_another_epoch_give_other_crops(little_corpus: Path) -> None:
    def crops(seed: int, epoch: int) -> torch.Tensor:
        data = module(little_corpus, seed=seed, balance=False, batch_size=32)
        loader = data.train_dataloader()
        loader.sampler.set_epoch(epoch)
        batch = next(iter(loader))
        return batch["waveform"][batch["clip"].argsort()]

    assert not torch.equal(crops(0, 0), crops(0, 1))
    assert not torch.equal(crops(0, 0), crops(1, 0))
    assert torch.equal(crops(5, 3), crops(5, 3))


def test_evaluation_hears_each_window_once_and_the_same_each_time(little_corpus: Path) -> None:
    data = module(little_corpus)
    first, second = (torch.cat([b["waveform"] for b in data.val_dataloader()]) for _ in range(2))
    assert torch.equal(first, second)
    clips = data.parts["val"]
    pairs = [
        pair
        for b in data.val_dataloader()
        for pair in zip(b["clip"].tolist(), b["window"].tolist(), strict=True)
    ]
    assert len(pairs) == len(set(pairs))
    assert {clip for clip, _ in pairs} == set(range(len(clips)))


def test_lengths_are_carried_and_padding_is_zero(little_corpus: Path) -> None:
    data = module(little_corpus, window_seconds=1.0)
    for batch in data.test_dataloader():
        for waveform, samples in zip(batch["waveform"], batch["samples"], strict=True):
            assert waveform[: int(samples)].any()
            assert not waveform[int(samples) :].any()
        ready = data.with_features(batch, training=False)
        for features, frames in zip(ready["features"], ready["frames"], strict=True):
            assert not features[:, int(frames) :].any()
    assert min(int(n) for b in data.test_dataloader() for n in b["samples"]) < 16_000


def test_masks_in_training_only(little_corpus: Path) -> None:
    data = module(little_corpus)
    batch = next(iter(data.val_dataloader()))
    plain = data.with_features(dict(batch), training=False)["features"]
    assert torch.equal(plain, data.with_features(dict(batch), training=False)["features"])
    assert (data.with_features(dict(batch), training=True)["features"] == 0).sum() > (plain == 0).sum()


def test_columns_to_balance_by_must_be_there(little_corpus: Path) -> None:
    for balance, told in ((["corpus"], "corpus"), ([], r"\[\]"), (2, "2")):
        with pytest.raises(
            UserError, match=f"data.balance=.*{told}.* must be true, false or a list .*system"
        ):
            module(little_corpus, balance=balance)


def test_balance_shows_both_classes_alike_and_every_clip_of_the_rarer() -> None:
    labels = np.array([0] * 10 + [1] * 90)
    sampler = EpochSampler(labels, seed=0, balance=True)
    shown = np.array([index for index, _ in sampler])
    assert len(shown) == 100
    assert (labels[shown] == 0).sum() == 50
    assert set(shown[labels[shown] == 0]) == set(range(10))
    assert len(set(shown[labels[shown] == 1])) == 50
    plain = [index for index, _ in EpochSampler(labels, seed=0, balance=False)]
    assert sorted(plain) == list(range(100))


@pytest.mark.parametrize("real_share", [0.5, 0.75])
def test_each_group_has_an_equal_share_of_its_class(real_share: float) -> None:
    """Of 120 clips: reals of corpora a and b, fakes of a, b and c; in no epoch do shares differ by more than one."""
    clips = pd.DataFrame(
        {"label": [0] * 20 + [1] * 100, "corpus": [*"a" * 17, *"b" * 3, *"a" * 80, *"b" * 19, "c"]}
    )
    groups = balance_groups(clips, ["label", "corpus"])
    reals = round(120 * real_share)
    for epoch in range(9):
        sampler = EpochSampler(
            clips["label"].to_numpy(), seed=1, balance=True, real_share=real_share, groups=groups
        )
        sampler.set_epoch(epoch)
        shown = clips.iloc[[clip for clip, _ in sampler]]
        assert len(shown) == 120 and (shown["label"] == 0).sum() == reals
        counts = shown.groupby(["label", "corpus"]).size()
        assert set(counts[0]) == {reals // 2}
        assert set(counts[1]) <= {(120 - reals) // 3, -(-(120 - reals) // 3)}
        # Every clip of a group is shown as often as any other, or once more.
        for _, times in shown.groupby(["label", "corpus"]):
            often = times.index.value_counts()
            assert often.max() - often.min() <= 1
        assert list(sampler) == list(sampler)


@pytest.mark.parametrize("balance", [True, False])
def test_processes_share_one_order_between_them(balance: bool) -> None:
    labels, groups = np.array([0, 1] * 51), np.arange(102) % 5
    whole = list(EpochSampler(labels, seed=4, balance=balance, groups=groups))
    shares = [list(EpochSampler(labels, 4, balance, rank, world=4, groups=groups)) for rank in range(4)]
    assert {len(share) for share in shares} == {26}
    dealt = [shares[place % 4][place // 4] for place in range(4 * 26)]
    assert dealt[: len(whole)] == whole
    assert dealt[len(whole) :] == whole[:2]


def test_missing_files_are_named_before_training(little_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"48 of 48 clips have no file.*00\.wav.*extract"):
        ClipDataModule(pd.read_csv(little_corpus / "clips.csv"), tmp_path, FEATURES, SPECAUGMENT)


def test_a_bad_file_is_one_line_also_from_a_worker(tmp_path: Path) -> None:
    rows = []
    for number in range(8):
        soundfile.write(tmp_path / f"{number}.wav", np.full(9_000, 0.1), 16_000, subtype="FLOAT")
        rows.append((str(number), f"{number}.wav", number % 2, str(number), "train"))
    soundfile.write(tmp_path / "3.wav", np.full(9_000, np.nan), 16_000, subtype="FLOAT")
    clips = pd.DataFrame(rows, columns=["clip", "path", "label", "voice", "split"])
    with pytest.raises(UserError, match=r"3\.wav holds samples that are NaN"):
        ClipDataModule(clips, tmp_path, FEATURES, SPECAUGMENT)
    # A fingerprint says that extraction has listened to it, so it is not listened to again.
    told = clips.assign(fingerprint="heard")
    data = ClipDataModule(told, tmp_path, FEATURES, SPECAUGMENT, window_seconds=0.5, batch_size=4, workers=1)
    from deepfake_audio.errors import one_line

    with pytest.raises(UserError) as error:
        list(data.train_dataloader())
    assert one_line(error.value).startswith(str(tmp_path / "3.wav"))
    assert "NaN" in one_line(error.value)


def test_a_silent_clip_is_refused_before_training(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(9_000), 16_000)
    clips = pd.DataFrame({"clip": ["a"], "path": ["a.wav"], "label": [1], "voice": ["v"], "split": ["test"]})
    with pytest.raises(UserError, match=r"a\.wav is silent"):
        ClipDataModule(clips, tmp_path, FEATURES, SPECAUGMENT)


def test_only_the_window_is_read(tmp_path: Path) -> None:
    """An hour of audio costs no more than a window of it: the file is sought, not decoded."""
    wav = tmp_path / "long.wav"
    with soundfile.SoundFile(wav, "w", 16_000, 1, "PCM_16") as file:
        for minute in range(60):
            file.write(np.full(60 * 16_000, minute / 100))
    clips = pd.DataFrame({"clip": ["a"], "path": ["long.wav"], "label": [1], "voice": ["v"]})
    windows = FixedWindows(clips, tmp_path, 32_000, 16_000)
    assert len(windows) == 1800
    np.testing.assert_allclose(windows[1799]["waveform"], 0.59, atol=1e-4)
