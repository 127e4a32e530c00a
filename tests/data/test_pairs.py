"""Batches of pairs: a real window and a fake of it, cut at one place and changed by the same draws."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from deepfake_audio.augment import build_augmentation
from deepfake_audio.data import ClipDataModule, PairedWindows, PairSampler
from deepfake_audio.data.kin import Kin, kin_of
from deepfake_audio.data.pairs import Pair
from deepfake_audio.errors import UserError
from deepfake_audio.forging.on_the_fly import STREAM, build_forger
from deepfake_audio.joined import read_corpora
from deepfake_audio.labels import FAKE, REAL
from deepfake_audio.neutral import Neutral

from ..test_options import SMALL, trained

WINDOW = 8_000
FORGING = {"systems": ["lpc"], "share": 0.33}
ROBUST: dict[str, Any] = {
    "name": "robust",
    "steps": {"silence": {}, "speed": {}, "codec": {"share": 0.2}, "noise": {}, "device": {}, "band": {},
              "specaugment": {}},
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reals of noise; of each but the last a fake at half its level, of every other a fake in a third of the time.

    Fakes at half the level are 300 samples longer or shorter at their end. Beside them 12 strangers, 9 of one system.
    """
    root = tmp_path_factory.mktemp("paired")
    rng = np.random.default_rng(0)
    rows = []

    def add(clip: str, wave: np.ndarray, label: int, system: str, source: str, part: str) -> None:
        soundfile.write(root / f"{clip}.wav", wave, 16_000, subtype="FLOAT")
        rows.append((clip, f"{clip}.wav", label, f"v{clip[1:3]}", system, source, part, f"c{len(rows) % 2}"))

    for number in range(14):
        real = (0.1 * rng.standard_normal(int(rng.integers(6_000, 20_000)))).astype(np.float32)
        name, part = f"r{number:02d}", "train" if number < 11 else "val" if number < 13 else "test"
        add(name, real, REAL, "human", "", part)
        if number != 10:
            half = real[:-300] if number % 2 else np.concatenate([real, real[:300]])
            add(f"h{number:02d}", half / 2, FAKE, "half", name, part)
        if number % 2:
            add(f"t{number:02d}", real[::3], FAKE, "third", name, part)
    for number in range(12):
        system = "flite" if number < 9 else "kokoro"
        wave = 0.1 * rng.standard_normal(9_000).astype(np.float32)
        add(f"x{number:02d}", wave, FAKE, system, "nobody" if number % 2 else "", "train")
    columns = ["clip", "path", "label", "voice", "system", "source_clip", "split", "corpus"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "clips.csv", index=False)
    return root


def module(root: Path, without: str = "", **changes: Any) -> ClipDataModule:
    settings: dict[str, Any] = {"window_seconds": 0.5, "batch_size": 8, "pairs": True} | changes
    augment = settings.pop("augment", {"name": "none"})
    clips = pd.read_csv(root / "clips.csv", keep_default_na=False)
    clips = clips[~clips["clip"].str[0].isin(list(without)) | (clips["split"] != "train")]
    if settings.pop("untold", False):
        clips = clips.drop(columns="source_clip")
    return ClipDataModule(clips, root, {"name": "logmel"}, augment, **settings)


def drawn(data: ClipDataModule, epochs: int) -> list[Any]:
    """The pairs of some epochs."""
    sampler = data.train_dataloader().sampler
    assert isinstance(sampler, PairSampler)
    found = []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        halves = list(sampler)
        assert len(halves) == len(sampler) and [label for _, label in halves] == [REAL, FAKE] * (
            len(sampler) // 2
        )
        assert all(one is other for (one, _), (other, _) in zip(halves[::2], halves[1::2], strict=True))
        found += [pair for pair, _ in halves[::2]]
    return found


def test_who_is_made_of_whom(tmp_path: Path) -> None:
    """By `source_clip` or `track`, also where tables are joined; equal names of two corpora are two clips."""
    clips = pd.DataFrame(
        [("1", 0, "human", ""), ("2", 0, "human", ""), ("a", 1, "x", "1"), ("b", 1, "y", " 1 "), ("c", 1, "x", "1"),
         ("d", 1, "x", "nan"), ("e", 1, "y", "9"), ("f", 1, "x", "2")],
        columns=["clip", "label", "system", "source_clip"],
    )  # fmt: skip
    expected = {0: [[2, 4], [3]], 1: [[7]]}
    for table in (clips, clips.rename(columns={"source_clip": "track"}), clips.assign(corpus="one")):
        kin = kin_of(table)
        assert kin.own == expected
        assert kin.strangers.tolist() == [5, 6] and kin.strangers_by.tolist() == [0, 1]
    # Recordings of which there are several clips, real and fake.
    tracks = clips.assign(source_clip="", track=["t", "t", "t", "u", "t", "", "u", "u"])
    assert kin_of(tracks).own == {0: [[2, 4]], 1: [[2, 4]]}
    full = clips.assign(path=clips["clip"] + ".wav", voice="v")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        of_voice = full.assign(corpus=["one"] * 2 + ["forged"] * 6, voice_corpus="one")
        (full if name == "two" else of_voice).to_csv(tmp_path / name / "clips.csv", index=False)
    joined, _ = read_corpora([tmp_path / "one" / "clips.csv", tmp_path / "two" / "clips.csv"])
    shifted = {row + 8: [[fake + 8 for fake in fakes] for fakes in by] for row, by in expected.items()}
    assert kin_of(joined).own == {**expected, **shifted}


def test_a_pair_is_cut_at_the_same_place_to_the_sample(corpus: Path) -> None:
    """Fakes of equal length, forged ones too; what has another tempo is cut by itself."""
    data = module(corpus, forging=FORGING)
    train, forger = data.parts["train"], build_forger(**FORGING)
    windows = PairedWindows(train, *data._heard("train"), forger=forger)
    assert forger is not None
    seen: Counter[str] = Counter()
    for pair in drawn(data, 6):
        real, fake = windows[pair, REAL], windows[pair, FAKE]
        heard, made = (item["waveform"][: item["samples"]] for item in (real, fake))
        assert real["label"] == REAL and fake["label"] == FAKE and real["pair"] == fake["pair"] == pair.number
        source = "" if pair.fake is None else train["source_clip"][pair.fake]
        assert real["clip"] == pair.real and pair.own == (source == train["clip"][pair.real])
        kind = "forged" if pair.forged else train["system"][pair.fake]
        seen[kind] += 1
        if kind == "half":
            assert np.array_equal(made, heard / 2)
        elif kind == "forged":
            expected = forger.forged(heard, np.random.default_rng([pair.seed, STREAM]))
            assert expected is not None and np.array_equal(made, expected) and fake["clip"] == pair.real
        elif kind == "third":
            assert fake["samples"] <= real["samples"] and fake["clip"] == pair.fake
    assert min(seen[kind] for kind in ("forged", "half", "third", "flite", "kokoro")) > 3


def test_where_nothing_can_be_forged_another_fake_stands_in_or_the_real_one(tmp_path: Path) -> None:
    rows = []
    for name, label, source in (("r", REAL, ""), ("f", FAKE, "r")):
        soundfile.write(tmp_path / f"{name}.wav", np.full(1_000, 0.1 + 0.1 * label), 16_000, subtype="FLOAT")
        rows.append((name, f"{name}.wav", label, "v", source, "train"))
    clips = pd.DataFrame(rows, columns=["clip", "path", "label", "voice", "source_clip", "split"])
    clips.to_csv(tmp_path / "clips.csv", index=False)
    for changes, label in (({}, [0.0, 1.0]), ({"untold": True, "without": "f"}, [0.0, 0.0])):
        data = module(tmp_path, batch_size=2, forging={"systems": ["lpc"], "share": 1.0}, **changes)
        (batch,) = data.train_dataloader()
        assert batch["label"].tolist() == label and batch["waveform"][:, 500].tolist() == pytest.approx(
            [0.1 + 0.1 * told for told in label]
        )


@pytest.mark.parametrize(("forged", "unpaired"), [(0.0, 0.3), (0.33, 0.3), (0.8, 0.5), (0.0, 0.0)])
def test_kinds_of_fakes_have_their_shares(forged: float, unpaired: float) -> None:
    """Of 50 reals of two corpora 40 have own fakes, by two systems; 30 strangers, 24 of one of two systems."""
    own = {row: [[100 + row], [200 + row, 300 + row]] for row in range(40)}
    kin = Kin(own, np.arange(400, 430), np.repeat([0, 1], [24, 6]))
    labels = np.array([0] * 50 + [1] * 380)
    groups = np.repeat([0, 1, 2], [10, 40, 380])
    sampler = PairSampler(labels, kin, seed=3, forged=forged, unpaired=unpaired, groups=groups)
    pairs = []
    for epoch in range(20):
        sampler.set_epoch(epoch)
        epoch_pairs = [pair for pair, label in sampler if label == REAL]
        assert len(epoch_pairs) == 215
        of_corpus = np.bincount([int(pair.real >= 10) for pair in epoch_pairs])
        assert abs(of_corpus[0] - of_corpus[1]) <= 1
        pairs += epoch_pairs
    assert np.mean([pair.forged for pair in pairs]) == pytest.approx(forged, abs=0.025)
    drawn_ones = [pair for pair in pairs if not pair.forged]
    with_own = [pair for pair in drawn_ones if pair.real < 40]
    left = min(unpaired, 1 - forged) / (1 - forged)
    assert np.mean([not pair.own for pair in with_own]) == pytest.approx(left, abs=0.03)
    assert all(pair.own == (pair.fake < 400) for pair in pairs)
    assert all(not pair.own for pair in pairs if pair.real >= 40)
    assert all(pair.fake % 100 == pair.real for pair in pairs if pair.own)
    systems = np.bincount([pair.fake // 100 for pair in pairs if pair.own])[1:]
    assert systems[0] / systems.sum() == pytest.approx(0.5, abs=0.05)
    strangers = np.array([pair.fake >= 424 for pair in pairs if not pair.own])
    assert strangers.mean() == pytest.approx(0.5, abs=0.02)


def test_batches_are_whole_pairs_and_the_same_whatever_the_number_of_workers(corpus: Path) -> None:
    """Augmented and forged ones, too; an epoch has as many windows as there are clips."""
    heard = []
    for workers in (0, 2):
        data = module(corpus, forging=FORGING, augment=ROBUST, workers=workers)
        torch.manual_seed(0)
        loader = data.train_dataloader()
        assert len(loader.sampler) == -(-len(data.parts["train"]) // 2) * 2
        loader.sampler.set_epoch(2)
        heard.append([data.with_features(batch, training=True) for batch in loader])
    assert len(heard[0]) == len(heard[1]) == 4
    for one, other in zip(*heard, strict=True):
        assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
        assert one["label"].tolist() == [0.0, 1.0] * 4
        assert (one["pair"].view(-1, 2).diff(dim=1) == 0).all() and len(one["pair"].unique()) == 4


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_pairs_and_split_none(world: int, corpus: Path) -> None:
    data = module(corpus)
    labels, kin = data.parts["train"]["label"].to_numpy(), kin_of(data.parts["train"])
    whole = [pair.seed for pair, _ in list(PairSampler(labels, kin, 4))[::2]]
    shares = []
    for rank in range(world):
        halves = list(PairSampler(labels, kin, 4, rank=rank, world=world))
        assert all(one is other for (one, _), (other, _) in zip(halves[::2], halves[1::2], strict=True))
        assert [pair.number for pair, _ in halves[::2]] == list(range(len(halves) // 2))
        shares.append([pair.seed for pair, _ in halves[::2]])
    assert len({len(share) for share in shares}) == 1
    dealt = [shares[place % world][place // world] for place in range(world * len(shares[0]))]
    assert dealt[: len(whole)] == whole and set(dealt) == set(whole)


def test_twins_stay_twins_through_all_that_is_done_to_them(corpus: Path) -> None:
    """From file to picture: were a fake its real clip to the last bit, no augmentation would tell them apart."""
    data = module(corpus, augment=ROBUST, without="tx", unpaired=0.0)
    windows = PairedWindows(data.parts["train"], *data._heard("train"), augment=data.augment.windows)
    pairs = [pair._replace(fake=pair.real) for pair in drawn(data, 1)]
    items = [windows[pair, label] for pair in pairs for label in (REAL, FAKE)]
    batch = torch.utils.data.default_collate(items)
    torch.manual_seed(0)
    ready = data.with_features(batch, training=True)
    real, fake = ready["features"][::2], ready["features"][1::2]
    torch.testing.assert_close(real, fake, rtol=0, atol=1e-4)
    assert torch.equal(ready["frames"][::2], ready["frames"][1::2])
    plain = data.with_features(batch, training=False)["features"][::2]
    assert ((real - plain).abs().amax(dim=(1, 2)) > 0.1).all()


def test_reals_without_a_fake_are_left_out_where_there_is_nothing_else(corpus: Path) -> None:
    data = module(corpus, without="x")
    alone = set(data.parts["train"].index[data.parts["train"]["clip"] == "r10"])
    assert not alone & {pair.real for pair in drawn(data, 4)}
    assert alone & {pair.real for pair in drawn(module(corpus, without="x", forging=FORGING), 4)}


def test_what_pairs_need_is_said_at_once(corpus: Path) -> None:
    with pytest.raises(
        UserError, match=r"finds no pair in train.*source_clip or track.*forging.*data.pairs=false"
    ):
        module(corpus, without="htx")
    # Of a table that names no source, all fakes are strangers; and forging needs none.
    assert not any(pair.own for pair in drawn(module(corpus, untold=True), 1))
    assert all(pair.forged for pair in drawn(module(corpus, without="htx", forging=FORGING), 1))
    for changes, said in (
        ({"batch_size": 7}, r"data\.batch_size=7 must be even"),
        ({"balance": False}, r"data\.balance=true"),
        ({"unpaired": 1.5}, r"data\.unpaired=1\.5"),
        ({"unpaired": True}, r"data\.unpaired=True"),
    ):
        with pytest.raises(UserError, match=said):
            module(corpus, **changes)


def test_ordinary_batches_and_validation_know_no_pairs(corpus: Path) -> None:
    for loader in (module(corpus, pairs=False).train_dataloader(), module(corpus).val_dataloader()):
        assert "pair" not in next(iter(loader))


@pytest.mark.parametrize(
    "overrides",
    [("adversary=corpus", "augment=robust"), ("augment=mixup",), ("loss=focal", "forging=light")],
)
def test_a_step_is_trained_on_pairs(overrides: tuple[str, ...], little_corpus: Path, tmp_path: Path) -> None:
    trained(tmp_path, little_corpus, *SMALL, "data.pairs=true", *overrides)


def test_a_chain_without_pairs_is_one_of_pairs_of_one() -> None:
    """What is drawn for each clip is drawn for each pair in the same way, to the last bit."""
    chain = build_augmentation(
        "robust", {name: {} for name in ("noise", "room", "gain", "specaugment")}
    ).train()
    waveform, samples = 0.1 * torch.randn(6, WINDOW), torch.full((6,), WINDOW)
    picture, frames, labels = torch.randn(6, 64, 50), torch.full((6,), 50), torch.zeros(6)
    heard = []
    for pair in (None, torch.arange(6)):
        torch.manual_seed(0)
        wave = chain.on_waveform(waveform, samples, pair)
        heard.append((wave, chain.on_picture(picture, frames, labels, pair)[0]))
    assert all(torch.equal(one, other) for one, other in zip(*heard, strict=True))


@pytest.mark.parametrize("trimmed", [False, True])
def test_where_to_cut_is_known_without_a_look_at_the_files_unless_they_are_trimmed(
    trimmed: bool, tmp_path: Path
) -> None:
    """In step is who is as long in the file; what is trimmed off one end of one of the two does not part them."""
    wave = 0.1 * np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    faded = np.concatenate([wave[:12_000], np.zeros(8_000, np.float32)])
    for name, sound in (("real", wave), ("faded", faded), ("short", wave[:12_000])):
        soundfile.write(tmp_path / f"{name}.wav", sound, 16_000, subtype="FLOAT")
    clips = pd.DataFrame({"path": ["real.wav", "faded.wav", "short.wav"], "label": [REAL, FAKE, FAKE]})
    neutral = Neutral(silence_db=30.0) if trimmed else Neutral()
    windows = PairedWindows(clips, tmp_path, WINDOW, 16_000, neutral)
    in_step, apart = (Pair(0, 0, fake, True, False, 0) for fake in (1, 2))
    end = windows.bounds[1][1]
    assert abs(end - 12_000) < 800 if trimmed else end == 20_000
    assert windows._heard_of(in_step, 0) == windows._heard_of(in_step, 1) == (0, end)
    assert windows._heard_of(apart, 0) == windows.bounds[0] != windows.bounds[2]
    for file in tmp_path.iterdir():
        file.unlink()
    if trimmed:
        with pytest.raises(UserError, match="is missing"):
            windows._heard_of(in_step, 0)
    else:
        assert windows._heard_of(in_step, 0) == (0, end)
