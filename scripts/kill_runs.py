"""Kill commands at random moments, run them again, and compare what they leave with what an undisturbed run left.

    python scripts/kill_runs.py [extract train predict] [--kills 30] [--into DIR]

Each round kills the command once (every third one several times in a row) with SIGKILL, lets it run to its end, and
compares bytes. The corpus is a small generated one. Ends with 1 if anything differs or a command fails. Commands are
forked from a process that has imported what takes long, so that a kill falls on their work and not on its beginning.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import runpy
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context, set_start_method
from multiprocessing.context import ForkServerProcess
from pathlib import Path

# The toy corpus has a voice for each group, which there are ten of.
VOICES = 10
SMALL = (
    "trainer.max_epochs=3", "trainer.enable_progress_bar=false", "data.workers=1", "data.batch_size=8",
    "data.window_seconds=1.0", "model.channels=[8,16]", "audit.shortcuts=false", "explain=false",
    "checkpoint.every_steps=2",
)  # fmt: skip
# What says when a run was, and for how long, is another in each.
MARKED_BY_TIME = ("metrics.json", "config.json")

# What a command printed, which for predict is all that it leaves; and what the last one said besides.
TOLD, SAID = "told.txt", "said.txt"
# What commands import, and not what they are themselves.
IMPORTED = [
    "hydra", "matplotlib.pyplot", "moviepy", "pandas", "pytorch_lightning", "scipy.signal", "sklearn.linear_model",
    "soundfile", "torch._dynamo", "torchaudio", "torchmetrics",
]  # fmt: skip
FORKED = get_context("forkserver")


@dataclass(frozen=True)
class Victim:
    """A command, how it is run again, and what is compared of what it leaves."""

    first: list[str]
    again: list[str]
    leaves: Callable[[Path], dict[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verbs", nargs="*", default=["extract", "train", "predict"], metavar="verb")
    parser.add_argument("--kills", type=int, default=30, help="rounds for each verb")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--into", type=Path, help="a folder to keep; a temporary one if not given")
    asked = parser.parse_args()
    draws = random.Random(asked.seed)
    FORKED.set_forkserver_preload(IMPORTED)
    with tempfile.TemporaryDirectory() as temporary:
        work = (asked.into or Path(temporary)).resolve()
        (work / "whole").mkdir(parents=True, exist_ok=True)
        prepare(work, asked.verbs)
        print(
            "| verb | kills | second runs that ended with other bytes | what was compared | seconds undisturbed |"
        )
        print("|---|---|---|---|---|")
        differing = [rounds(verb, work, asked.kills, draws) for verb in asked.verbs]
    sys.exit(int(any(differing)))


def prepare(work: Path, verbs: list[str]) -> None:
    """Videos for all; wavs and a detector for those who need them."""
    extract = [
        "extract",
        "corpus=toy",
        f"corpus.root={work / 'videos'}",
        f"corpus.voices={VOICES}",
        "progress=false",
    ]
    run([*extract, f"out={work / 'data'}"], work)
    if "predict" in verbs:
        run(["train", *trained(work), f"hydra.run.dir={work / 'run'}"], work)


def trained(work: Path) -> list[str]:
    return [f"clips={work / 'data' / 'clips.csv'}", *SMALL]


def victim(verb: str, work: Path, folder: Path) -> Victim:
    """`verb`, leaving what it makes in a folder."""
    if verb == "extract":
        words = ["extract", "corpus=toy", f"corpus.root={work / 'videos'}", f"corpus.voices={VOICES}",
                 "progress=false", f"out={folder}"]  # fmt: skip
        return Victim(words, words, lambda there: fingerprints(there, ("**/*.wav", "*.csv", "*.json")))
    if verb == "train":
        words = ["train", *trained(work), f"hydra.run.dir={folder}"]
        kept = ("scores_*.csv", "history.csv", "threshold.json", "split.csv", "detector/model.safetensors")
        return Victim(words, [*words, "ckpt_path=last"], lambda there: fingerprints(there, kept))
    if verb == "predict":
        wavs = sorted((work / "data").rglob("*.wav"))[:12]
        words = ["predict", *map(str, wavs), "--detector", str(work / "run"), "--json"]
        return Victim(words, words, lambda there: fingerprints(there, (TOLD,)))
    raise SystemExit(f"{verb} is not known: extract, train or predict")


def fingerprints(folder: Path, patterns: tuple[str, ...]) -> dict[str, str]:
    """Of each file that a pattern names."""
    files = {file for pattern in patterns for file in folder.glob(pattern) if file.is_file()}
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(files)
        if file.name not in MARKED_BY_TIME
    }


def rounds(verb: str, work: Path, kills: int, draws: random.Random) -> bool:
    """Kill so many times, and print a line; whether any second run ended otherwise."""
    whole = work / "whole" / verb
    undisturbed = victim(verb, work, whole)
    whole.mkdir(exist_ok=True)
    started = time.monotonic()
    run(undisturbed.first, work, whole / TOLD)
    seconds = time.monotonic() - started
    expected = undisturbed.leaves(whole)
    assert expected, f"{verb} left nothing to compare"
    killed = differing = number = 0
    while killed < kills:
        folder = work / "killed" / f"{verb}{number}"
        folder.mkdir(parents=True)
        one = victim(verb, work, folder)
        command = one.first
        for _ in range(min(1 + 2 * (number % 3 == 2), kills - killed)):
            killed += kill_once(command, work, draws.uniform(0, seconds))
            command = one.again
        run(command, work, folder / TOLD)
        left = one.leaves(folder)
        if left != expected:
            differing += 1
            other = sorted(name for name in {*left, *expected} if left.get(name) != expected.get(name))
            print(f"differs after {verb} {number}: {', '.join(other)}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
        number += 1
    print(
        f"| {verb} | {killed} | {differing} of {number} | {len(expected)} files | {seconds:.0f} |", flush=True
    )
    return differing > 0


def kill_once(words: list[str], work: Path, after_seconds: float) -> int:
    """Kill the command and all it has started; 1 if it was still at work."""
    process = start(words, work, Path(os.devnull))
    process.join(after_seconds)
    at_work = process.exitcode is None
    # The command alone: what it had started must end by itself.
    process.kill()
    process.join()
    assert process.pid is not None
    end_orphans(process.pid)
    return int(at_work)


def end_orphans(session: int, seconds: float = 10) -> None:
    """Wait for what a killed command had started; say so and end it if it doesn't end by itself."""
    until = time.monotonic() + seconds
    while alive := [pid for pid in processes() if session_of(pid) == session]:
        if time.monotonic() > until:
            print(f"{len(alive)} processes outlived a killed command by {seconds:g} s", file=sys.stderr)
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def session_of(pid: int) -> int:
    """0 where the process is gone, or is only waited for."""
    try:
        state, _, _, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return 0
    return 0 if state == "Z" else int(session)


def run(words: list[str], work: Path, told: Path = Path(os.devnull)) -> None:
    process = start(words, work, told)
    process.join()
    if process.exitcode:
        said = (work / SAID).read_text()
        raise SystemExit(f"{' '.join(words)} ended with {process.exitcode}:\n{said[-2000:]}")


def start(words: list[str], work: Path, told: Path) -> ForkServerProcess:
    process = FORKED.Process(target=become, args=(words, work, told))
    process.start()
    return process


def become(words: list[str], work: Path, told: Path) -> None:
    """Be `python -m deepfake_audio.VERB ...`, the first of a session of its own."""
    os.setsid()
    for stream, file in ((1, told), (2, work / SAID)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.chdir(work)
    # How this process came about is not how it starts its own.
    set_start_method(None, force=True)
    sys.argv = words
    runpy.run_module(f"deepfake_audio.{words[0]}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
