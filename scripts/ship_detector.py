"""Make the detector that comes with the package: `python scripts/ship_detector.py BENCH WORK [OVERRIDE ...]`.

BENCH is a folder with `clips.csv` (path, label, voice, system, corpus, split, licence) and its clips; WORK takes what
comes up on the way. Only clips whose licence lets a detector be given away are learnt from or chosen by. The test is
measured on all of its clips, whatever their licence: nothing of them gets into the detector.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

from deepfake_audio.sharing import publish
from deepfake_audio.shipped import FOLDER

# What may go into something that anyone may use for anything, as long as its makers are named.
PERMITTED = ("CC BY 4.0", "made for this set")
MOST_BYTES = 5_000_000
ATTRIBUTION = """
## Whose work is in it

The corpus `permitted` is speech of LibriSpeech (Panayotov et al. 2015) and VCTK (Yamagishi et al. 2019), both
CC BY 4.0, copy-synthesis of those same clips (Griffin-Lim, WORLD, a HiFi-GAN), and speech by espeak-ng, flite,
festival, Piper and Kokoro. Its test part has clips of LibriSpeech, RAVDESS, the demonstrations of YourTTS and HiFi-GAN,
and ASVspoof 2019: the detector was measured on those and has learnt nothing from them.
"""
COLUMNS = "{own_split: split, track: source_clip}"


def main() -> None:
    """Extract, train, stress, and put the detector into the package."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench", type=Path, help="folder of clips.csv and its clips")
    parser.add_argument("work", type=Path, help="a folder for what comes up on the way")
    parser.add_argument("overrides", nargs="*", help="of the training, as on its command line")
    options = parser.parse_args()
    bench, work = options.bench.resolve(), options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    clips = pd.read_csv(bench / "clips.csv")
    clips[(clips["split"] == "test") | clips["licence"].isin(PERMITTED)].to_csv(
        work / "permitted.csv", index=False
    )
    _run(
        "extract",
        *("corpus=table", "corpus.name=permitted", f"corpus.table={work / 'permitted.csv'}"),
        *(f"corpus.root={bench}", f"corpus.columns={COLUMNS}", f"out={work / 'wavs'}"),
    )
    run = work / "run"
    _run(
        "train",
        *("experiment=shipped", f"clips={work / 'wavs' / 'clips.csv'}", "corpus.name=permitted"),
        # A track of the test's that training knows is told in the report; the detector is none the worse for it.
        *("audit.on_leak=warn", f"hydra.run.dir={run}", "overwrite=true", *options.overrides),
    )
    _run("stress", str(run), "--part", "val")
    _run("stress", str(run))
    _put(run)


def _run(verb: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", f"deepfake_audio.{verb}", *arguments], check=True)


def _put(run: Path) -> None:
    """Into the package, tried out and small, with the names of those whose work is in it."""
    publish(run, FOLDER, overwrite=True, license="cc-by-4.0", language=["en"])
    with (FOLDER / "README.md").open("a", encoding="utf-8") as card:
        card.write(ATTRIBUTION)
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    if size > MOST_BYTES:
        shutil.rmtree(FOLDER)
        sys.exit(
            f"the detector has {size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:g} MB come with the package"
        )
    print(f"{FOLDER}: {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
