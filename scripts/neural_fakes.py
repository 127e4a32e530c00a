"""Fakes as neural vocoders and codecs make them, without any published weights.

    python scripts/neural_fakes.py --clips clips.csv --split-file split.csv --out forged --systems vocos24,encodec24

Each system is a small network of another layout (`forging/generators.py`), trained here for some minutes on the real
training clips and then given the same clips to say again. --out gets what `forge` writes: clips.csv, failures.csv and
wav/. The speech is rough; the traces of the layers are those that the large systems of that layout leave.

`hibari` is a whole English synthesiser that comes with its voice (pip install hibari-tts). It reads --sentences, a
text file of one sentence a line, and stands in the table without a source.

What a network learnt from binds it and its fakes: with clips for research alone, they are for research alone.
"""

from __future__ import annotations

import argparse
import zlib
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from scipy.signal import resample_poly
from torch import Tensor
from tqdm import tqdm

from deepfake_audio.audio import count_samples, read_window
from deepfake_audio.clips import check_clips, read_clips, write_clips
from deepfake_audio.configs import command_line_errors
from deepfake_audio.errors import UserError
from deepfake_audio.extract import CLIPS, FAILURES
from deepfake_audio.extraction import fingerprint
from deepfake_audio.files import replacing
from deepfake_audio.forging import systems as forging_systems
from deepfake_audio.forging.corpus import forge_corpus
from deepfake_audio.forging.frames import SAMPLE_RATE_HZ, Floats
from deepfake_audio.forging.generators import LAYOUTS, Generator, voice_source
from deepfake_audio.labels import FAKE, REAL
from deepfake_audio.splitting import split_clips

SPEAKING = "hibari"
SPEAKING_RATE_HZ = 24_000
# A network hears every voice at one loudness; it gets back its own afterwards.
LEVEL, HIGHEST = 0.07, 0.95
# So much speech is enough for a rough generator, and fits into memory.
MOST_CLIPS, MOST_SECONDS = 1000, 8
SEGMENT_SAMPLES, BATCH = 8192, 8
LEARNING_RATE, WARM_UP_STEPS = 2e-3, 30
# Against the spectra's part of the loss, of the three sizes together.
WAVE_WEIGHT = 40.0
LOSS_SIZES = (256, 512, 1024)
LOG_FLOOR = 1e-4

Samples = NDArray[np.float32]


def main(arguments: list[str] | None = None) -> None:
    """Train what is not trained yet, forge, write the tables."""
    options = parsed(arguments)
    with command_line_errors():
        names = options.systems.split(",")
        check_systems(names, options.sentences)
        clips = training_clips(read_clips(options.clips), options.split_file)
        root, learnt = options.clips.parent, [name for name in names if name != SPEAKING]
        if root.resolve() == options.out.resolve():
            raise UserError(f"--out {options.out} is the folder of --clips, whose table would be lost")
        folder = options.networks or options.out.with_name(options.out.name + "_networks")
        tables = []
        if learnt:
            # Fakes of networks that are no more would pass for theirs.
            overwrite = any(not network_file(folder, name).is_file() for name in learnt)
            for name in learnt:
                generator = trained(name, clips, root, folder, options.steps, options.seed)
                forging_systems.SYSTEMS[name] = Resynthesis(generator.eval())
            each = options.each or len(learnt)
            # One process: the networks were put among the systems in this one alone.
            done, failures = forge_corpus(
                clips, root, options.out, learnt, each=each, seed=options.seed, jobs=1, overwrite=overwrite
            )
            tables.append(done.drop(columns="already_there"))
            with replacing(options.out / FAILURES) as part:
                failures.to_csv(part, index=False, lineterminator="\n")
        if SPEAKING in names:
            tables.append(spoken(options.sentences, options.out, options.seed))
        fakes = check_clips(pd.concat(tables, ignore_index=True), "the table of fakes")
        write_clips(fakes, options.out / CLIPS)
        print(f"{len(fakes)} fakes: {options.out / CLIPS}")


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, required=True, help="a clips.csv; its real clips are used")
    parser.add_argument("--out", type=Path, required=True, help="folder of the fakes")
    parser.add_argument(
        "--systems", required=True, help=f"some of {','.join([*LAYOUTS, SPEAKING])}, with commas"
    )
    parser.add_argument(
        "--split-file", type=Path, help="only its train side is used; else the column split says"
    )
    parser.add_argument(
        "--networks",
        type=Path,
        help="folder of networks; those there are used as they are (default OUT_networks)",
    )
    parser.add_argument("--steps", type=int, default=600, help="of each network's training (default 600)")
    parser.add_argument("--each", type=int, help="fakes of a clip, by drawn systems (default: one by each)")
    parser.add_argument("--sentences", type=Path, help=f"text file that {SPEAKING} reads, a sentence a line")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def check_systems(names: list[str], sentences: Path | None) -> None:
    """Refuse, before any work, what is not known or not installed."""
    for name in names:
        if name == SPEAKING:
            hibari_class()
            if sentences is None or not sentences.is_file():
                raise UserError(f"system {SPEAKING} needs --sentences, a text file of one sentence a line")
        elif name not in LAYOUTS:
            raise UserError(f"system {name!r} is not known; there is {', '.join([*LAYOUTS, SPEAKING])}")
        elif LAYOUTS[name].needs_source:
            try:
                import pyworld  # noqa: F401
            except ImportError:
                raise UserError(f"system {name} needs pyworld: pip install 'deepfake-audio[world]'") from None


def hibari_class() -> Any:
    try:
        from hibari import Hibari  # type: ignore[import-not-found]
    except ImportError:
        raise UserError(f"system {SPEAKING} needs hibari-tts: pip install hibari-tts") from None
    return Hibari


def training_clips(clips: pd.DataFrame, split_file: Path | None) -> pd.DataFrame:
    """The real clips of the train side: neither a network nor a fake may know those of val or test."""
    if split_file is not None:
        applied = split_clips(clips, "voice", file=str(split_file), missing="warn")
        kept = applied[applied["split"] == "train"]
        clips = kept if "split" in clips else kept.drop(columns="split")
    elif "split" in clips:
        clips = clips[clips["split"] == "train"]
    else:
        raise UserError("--clips has no column split: give --split-file, so that val and test are left alone")
    real = clips[clips["label"] == REAL]
    if real.empty:
        raise UserError("there is no real training clip")
    return real.reset_index(drop=True)


@dataclass(frozen=True)
class Resynthesis:
    """A trained generator as a synthesiser of `forging`: [T] -> [T] at 16 kHz."""

    generator: Generator

    def __call__(self, rng: np.random.Generator, wave: Floats) -> Floats:
        layout = self.generator.layout
        up, down = ratio(layout.sample_rate)
        gain = loudness_gain(wave)
        source = voice_source(wave, layout.sample_rate, rng) if layout.needs_source else None
        heard = resample_poly(wave, up, down) * gain
        samples = -(-len(heard) // layout.hop_samples) * layout.hop_samples
        given = [None if row is None else whole(row, samples) for row in (heard, source)]
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            made = self.generator(*given)[0].numpy()[: len(heard)].astype(np.float64)
        spoken_again = resample_poly(made, down, up) / gain
        return np.pad(spoken_again, (0, max(0, len(wave) - len(spoken_again))))[: len(wave)]


def network_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"


def trained(name: str, clips: pd.DataFrame, root: Path, folder: Path, steps: int, seed: int) -> Generator:
    """The network from its file, or trained and put there."""
    file = network_file(folder, name)
    # Each has draws of its own, whichever others are asked for.
    own_seed = zlib.crc32(f"{name}\t{seed}".encode())
    torch.manual_seed(own_seed)
    generator = Generator(LAYOUTS[name])
    if file.is_file():
        generator.load_state_dict(load_file(file))
        return generator
    train(generator, speech(clips, root, LAYOUTS[name].sample_rate, seed), steps, own_seed, name)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(file) as part:
        save_file(generator.state_dict(), part)
    return generator


def speech(clips: pd.DataFrame, root: Path, sample_rate: int, seed: int) -> list[tuple[Floats, Samples]]:
    """The beginnings of clips, at 16 kHz and at the network's rate."""
    drawn = clips.sample(min(len(clips), MOST_CLIPS), random_state=seed)
    heard = []
    for path in drawn["path"]:
        samples = min(count_samples(root / path, SAMPLE_RATE_HZ), MOST_SECONDS * SAMPLE_RATE_HZ)
        wave = read_window(root / path, 0, samples).astype(np.float64)
        heard.append((wave, resample_poly(wave, *ratio(sample_rate)).astype(np.float32)))
    return heard


def train(
    generator: Generator, waves: list[tuple[Floats, Samples]], steps: int, seed: int, name: str
) -> None:
    """Spectra of three sizes alike; the codecs, which hear phases, make the samples alike too."""
    layout, rng = generator.layout, np.random.default_rng(seed)
    segment = SEGMENT_SAMPLES // layout.hop_samples * layout.hop_samples
    long = [pair for pair in waves if len(pair[1]) > segment and pair[1].any()]
    if not long:
        raise UserError(f"no training clip is longer than {segment / layout.sample_rate:.1f} s")
    sources = [
        voice_source(wave, layout.sample_rate, rng).astype(np.float32) if layout.needs_source else None
        for wave, _ in long
    ]
    optimiser = torch.optim.AdamW(generator.parameters(), LEARNING_RATE, betas=(0.8, 0.99))
    generator.train()
    for step in tqdm(range(steps), desc=name, unit="step"):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / WARM_UP_STEPS) * (1 - 0.95 * step / steps)
        wave, source = batch([row for _, row in long], sources, segment, rng)
        loss = distance(generator(wave, source), wave, with_samples=not layout.needs_source)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(generator.parameters(), 5.0)
        optimiser.step()


def batch(
    waves: list[Samples], sources: list[Samples | None], segment: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor | None]:
    """Stretches of as many clips, about equally loud -> [B, segment] twice."""
    rows: list[Samples] = []
    beside: list[Samples] = []
    while len(rows) < BATCH:
        place = int(rng.integers(len(waves)))
        start = int(rng.integers(len(waves[place]) - segment))
        row, source = waves[place][start : start + segment], sources[place]
        rows.append(row * loudness_gain(row, rng.uniform(0.5, 1.5)))
        if source is not None:
            beside.append(np.resize(source[start : start + segment], segment))
    return torch.from_numpy(np.stack(rows)), torch.from_numpy(np.stack(beside)) if beside else None


def distance(made: Tensor, wanted: Tensor, with_samples: bool) -> Tensor:
    """[B, T], [B, T] -> []."""
    total = (made - wanted).abs().mean() * (WAVE_WEIGHT if with_samples else 0.0)
    for size in LOSS_SIZES:
        window = torch.hann_window(size)
        one, other = (
            torch.stft(wave, size, size // 4, window=window, return_complex=True).abs() + LOG_FLOOR
            for wave in (made, wanted)
        )
        total = total + (one.log() - other.log()).abs().mean()
        total = total + torch.linalg.norm(one - other) / torch.linalg.norm(other)
    return total


def loudness_gain(wave: NDArray[Any], times: float = 1.0) -> float:
    """What brings a wave to `LEVEL`, a quiet one not all the way, and no peak over `HIGHEST`."""
    level = max(float(np.sqrt(np.mean(np.square(wave)))), LEVEL / 100)
    return min(LEVEL * times / level, HIGHEST / max(float(np.abs(wave).max()), 1e-6))


def ratio(sample_rate: int) -> tuple[int, int]:
    """Up by, down by: from 16 kHz."""
    common = gcd(sample_rate, SAMPLE_RATE_HZ)
    return sample_rate // common, SAMPLE_RATE_HZ // common


def whole(row: Floats, samples: int) -> Tensor:
    """[T] -> [1, samples], mirrored at the end."""
    padded = np.pad(row, (0, max(0, samples - len(row))), mode="reflect")[:samples]
    return torch.from_numpy(padded.astype(np.float32))[None]


def spoken(sentences: Path, out: Path, seed: int) -> pd.DataFrame:
    """Each line read aloud at a drawn speed and level, and the rows of these clips."""
    speaker, rng = hibari_class()(), np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    lines = [line.strip() for line in sentences.read_text("utf-8").splitlines() if line.strip()]
    for number, line in enumerate(tqdm(lines, desc=SPEAKING, unit="sentence")):
        wave = speaker(line, speed=float(rng.uniform(0.8, 1.25)), seed=seed + number)
        wave = resample_poly(wave, SAMPLE_RATE_HZ, SPEAKING_RATE_HZ)
        wave = wave * loudness_gain(wave, 10 ** rng.uniform(-0.5, 0.3))
        written = np.round(wave * 32767).astype(np.int16)
        path = Path("wav") / SPEAKING / f"{number:05}.wav"
        with replacing(out / path) as part:
            soundfile.write(str(part), written, SAMPLE_RATE_HZ, subtype="PCM_16")
        rows.append({
            "clip": f"{SPEAKING}/{number:05}", "path": str(path), "label": FAKE, "voice": f"{SPEAKING}_heart",
            "system": SPEAKING, "corpus": "tts", "split": "train", "source_clip": "",
            "seconds": len(written) / SAMPLE_RATE_HZ, "fingerprint": fingerprint(written),
        })  # fmt: skip
    if not rows:
        raise UserError(f"{sentences} has no sentence")
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
