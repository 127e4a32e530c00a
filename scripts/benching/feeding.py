"""Windows that reach the training process, beside loading whole files and beside reading nothing but the bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .frame import Point, Row, seconds_of, side_by_side

if TYPE_CHECKING:
    import pandas as pd
    from torch.utils.data import DataLoader

RATE_HZ, WINDOW_SECONDS, BATCH = 16_000, 4.0, 16
WINDOW = round(WINDOW_SECONDS * RATE_HZ)
# Seconds of the files, how many there are, how often each is heard in an epoch, and how many times as fast is asked.
LENGTHS = ((6, 96, 8, 2.0), (60, 48, 8, 10.0))
# Of a wav of 16 bits: what soundfile writes before the samples.
HEADER_BYTES, BYTES_A_SAMPLE = 44, 2
OTHERS = {
    "librosa": "librosa.load(f, sr=16000), cropped",
    "soundfile": "soundfile.read(f), cropped",
    "floor": "the window's bytes read and no more",
}
SIZES = (1_000, 10_000, 100_000)


def rows(work: Path, quick: bool) -> list[Row]:
    """Clips a second of the DataModule's train loader and of the others', one worker each, batches of 16."""
    _on_one_thread()
    found = []
    for seconds, files, times, goal in LENGTHS:
        files, times = (16, 2) if quick else (files, times)
        clips = recordings(work / f"{seconds}s", seconds, files, times)
        loaders = {"ours": ours(clips), **{how: theirs(clips, how) for how in OTHERS}}
        for loader in loaders.values():
            _hear(loader)
        taken = side_by_side(
            {how: lambda loader=loader: _hear(loader) for how, loader in loaders.items()},  # type: ignore[misc]
            2 if quick else 5,
        )
        found += [_row(seconds, how, len(clips), taken, goal) for how in OTHERS]
    return found


def growth(work: Path, quick: bool) -> list[Point]:
    """An epoch of windows, and what stands before it: each file looked at, and the order drawn."""
    from deepfake_audio.data import EpochSampler
    from deepfake_audio.data.bounds import find_bounds
    from deepfake_audio.neutral import Neutral

    _on_one_thread()
    points = []
    clips = recordings(work / "growth", 6, 16 if quick else 200, 1)
    root = Path(clips.attrs["root"])
    for size in SIZES[:1] if quick else SIZES:
        many = _repeated(clips, size)
        paths = many["path"].tolist()
        looked = seconds_of(lambda: find_bounds(root, paths, RATE_HZ, Neutral()))  # noqa: B023
        labels = many["label"].to_numpy()
        drawn = seconds_of(lambda: sum(1 for _ in EpochSampler(labels, 0, True)))  # noqa: B023
        points += [
            Point("look at every file", size, "clips", looked),
            Point("draw an epoch's order", size, "clips", drawn),
        ]
    for size in (64, 256) if quick else (500, 2_000, 8_000):
        loader = ours(_repeated(clips, size))
        _hear(loader)
        points.append(Point("feed", size, "clips", seconds_of(lambda: _hear(loader))))  # noqa: B023
    return points


def recordings(folder: Path, seconds: int, files: int, times: int) -> pd.DataFrame:
    """A clip table of training clips, each file standing in it so many times; `attrs` say where they are."""
    import pandas as pd
    import soundfile

    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(files):
        sound = rng.normal(0, 0.1, seconds * RATE_HZ).astype(np.float32)
        soundfile.write(folder / f"{number}.wav", sound, RATE_HZ, subtype="PCM_16")
    one_each = pd.DataFrame({"path": [f"{number}.wav" for number in range(files)]})
    one_each.attrs["root"] = str(folder)
    return _repeated(one_each, files * times)


def _repeated(clips: pd.DataFrame, size: int) -> pd.DataFrame:
    """A table of so many clips over the same files."""
    rows = np.arange(size)
    table = clips.iloc[rows % len(clips)][["path"]].reset_index(drop=True)
    # The fingerprint says that extraction has listened to them.
    table = table.assign(
        clip=rows.astype(str), label=rows % 2, voice=rows.astype(str), split="train", fingerprint="made"
    )
    table.attrs = clips.attrs
    return table


def ours(clips: pd.DataFrame, **settings: Any) -> DataLoader:
    """The train loader of `ClipDataModule`."""
    from deepfake_audio.data import ClipDataModule

    return ClipDataModule(
        clips,
        Path(clips.attrs["root"]),
        {"name": "logmel"},
        {"name": "specaugment"},
        window_seconds=WINDOW_SECONDS,
        **{"batch_size": BATCH, "workers": 1, **settings},
    ).train_dataloader()


def theirs(clips: pd.DataFrame, how: str) -> DataLoader:
    """A loader as one finds it elsewhere: PyTorch's own, whole files, a random crop."""
    import torch
    from torch.utils.data import DataLoader

    def load(path: str) -> np.ndarray:
        if how == "floor":
            return _bytes_of_window(path)
        return _crop(_whole(path, how))

    class Whole(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
            return torch.from_numpy(load(paths[place])), labels[place]

    paths = [f"{clips.attrs['root']}/{path}" for path in clips["path"]]
    labels = clips["label"].tolist()
    return DataLoader(Whole(), BATCH, shuffle=True, num_workers=1, persistent_workers=True, drop_last=True)


def _whole(path: str, how: str) -> np.ndarray:
    if how == "librosa":
        import librosa

        return librosa.load(path, sr=RATE_HZ)[0]
    import soundfile

    return soundfile.read(path, dtype="float32")[0]


def _crop(sound: np.ndarray) -> np.ndarray:
    start = np.random.randint(len(sound) - WINDOW + 1)
    return sound[start : start + WINDOW]


def _bytes_of_window(path: str) -> np.ndarray:
    """As they stand in the file: not even made into floats."""
    read = np.empty(WINDOW, dtype="<i2")
    with Path(path).open("rb", buffering=0) as file:
        file.seek(HEADER_BYTES + BYTES_A_SAMPLE * RATE_HZ)
        file.readinto(read.data)
    return read


def _row(seconds: int, how: str, clips: int, taken: dict[str, float], goal: float) -> Row:
    return Row(
        measure=f"feed windows of {WINDOW_SECONDS:g} s of files of {seconds} s, 1 worker",
        against=OTHERS[how],
        unit="clips/s",
        ours=clips / taken["ours"],
        theirs=clips / taken[how],
        ratio=taken[how] / taken["ours"],
        goal=None if how == "floor" else goal,
    )


def _hear(loader: Iterable[Any]) -> None:
    """A whole epoch; nothing is done with it."""
    for _ in loader:
        pass


def _on_one_thread() -> None:
    """So that the worker has a core to itself, also where there are two."""
    import torch

    torch.set_num_threads(1)
