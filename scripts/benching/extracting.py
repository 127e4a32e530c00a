"""Videos a second that extraction turns into wavs, beside what everyone writes and beside the least there is to do."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from .frame import Point, Row, seconds_of, side_by_side

if TYPE_CHECKING:
    import pandas as pd

RATE_HZ = 16_000
CLIPS, PLAIN_CLIPS, REPEATS = 300, 30, 3
SIZES = (100, 300, 900)
# As FakeAVCeleb's are: 224 x 224, 25 pictures a second, some with the sound of the source (16 kHz, mono), some with
# that of a tool that knows nothing but 44.1 kHz stereo.
SOUNDS = (("-ar", "16000", "-ac", "1"), ("-ar", "44100", "-ac", "2"))
SECONDS = (5, 6, 8)


def rows(work: Path, quick: bool) -> list[Row]:
    """Extraction by each backend beside the plain script, beside bare PyAV and beside bare ffmpeg."""
    # Who measures has both imported already; the processes of each way pay for their own.
    import moviepy  # noqa: F401

    files = make_videos(work / "videos", 12 if quick else CLIPS)
    few = files[: 2 if quick else PLAIN_CLIPS]
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "pyav": (len(files), lambda: extracted(files, work / "pyav", "pyav")),
        "moviepy": (len(files), lambda: extracted(files, work / "moviepy", "moviepy")),
        "again": (len(files), lambda: extracted(files, work / "pyav", "pyav", anew=False)),
        "bare PyAV": (len(files), lambda: by_pyav(files, work / "bare_pyav")),
        "bare ffmpeg": (len(files), lambda: by_ffmpeg(files, work / "bare_ffmpeg")),
        "plain": (len(few), lambda: plainly(few, work / "plain")),
    }
    taken = side_by_side({name: way for name, (_, way) in ways.items()}, 1 if quick else REPEATS)
    speed = {name: count / taken[name] for name, (count, _) in ways.items()}
    cores = len(os.sched_getaffinity(0))
    against = {
        "plain": "VideoFileClip(f).audio.write_audiofile, one by one",
        "bare PyAV": f"bare PyAV on {cores} cores, frame by frame",
        "bare ffmpeg": f"a bare ffmpeg for each file on {cores} cores",
        "pyav": "extracting them",
    }

    def row(way: str, other: str, goal: float | None = None, note: str = "") -> Row:
        measure = "extract, all done before" if way == "again" else f"extract, backend={way}"
        ratio = speed[way] / speed[other]
        return Row(measure, against[other], "videos/s", speed[way], speed[other], ratio, goal=goal, note=note)

    return [
        row("pyav", "plain", 20),
        row("pyav", "bare PyAV", 0.8),
        row("moviepy", "plain"),
        row("moviepy", "bare ffmpeg", note="the start of a process for each file is most of it"),
        row("again", "pyav"),
    ]


def growth(work: Path, quick: bool) -> list[Point]:
    """What corpora of three sizes cost."""
    sizes = [size // 20 for size in SIZES] if quick else list(SIZES)
    files = make_videos(work / "videos", max(sizes))
    return [
        Point("extract", size, "videos", seconds_of(partial(extracted, files[:size], work / "out", "pyav")))
        for size in sizes
    ]


def make_videos(folder: Path, count: int) -> list[Path]:
    """Videos of a talking voice's length and loudness: a few are encoded, the others are files of the same content."""
    import imageio_ffmpeg

    folder.mkdir(parents=True)
    kinds: list[Path] = []
    for seconds, sound in itertools.product(SECONDS, SOUNDS):
        kinds.append(folder / f"kind{len(kinds)}.mp4")
        pictures = f"testsrc2=size=224x224:rate=25:duration={seconds}"
        # A hum under noise that comes and goes as syllables do.
        voice = (
            "aevalsrc=(.3*sin(2*PI*120*t)+.2*sin(2*PI*240*t)+.1*(2*random(0)-1))"
            f"*abs(sin(2*PI*2*t)):s=48000:d={seconds}"
        )
        source = ["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", voice]
        film = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", *sound]
        _run([imageio_ffmpeg.get_ffmpeg_exe(), *QUIET, *source, *film, str(kinds[-1])])
    files = [folder / f"{number:05d}.mp4" for number in range(count)]
    for file, kind in zip(files, itertools.cycle(kinds), strict=False):
        shutil.copyfile(kind, file)
    return files


def extracted(files: list[Path], out: Path, backend: str, anew: bool = True) -> None:
    """Ours, into an empty folder, or into one where all of it was done before."""
    from deepfake_audio.extraction import extract_corpus

    if anew:
        shutil.rmtree(out, ignore_errors=True)
    done, failed = extract_corpus(
        _table(files), files[0].parent, out, RATE_HZ, progress=False, backend=backend
    )
    assert len(done) == len(files) and failed.empty, "every video has sound"


def plainly(files: list[Path], out: Path) -> None:
    """As in the first lines of most tutorials."""
    from moviepy import VideoFileClip

    out.mkdir(exist_ok=True)
    for file in files:
        with VideoFileClip(str(file)) as clip:
            clip.audio.write_audiofile(str(out / f"{file.stem}.wav"), logger=None)


def by_pyav(files: list[Path], out: Path) -> None:
    """Nothing but to decode, to resample to mono and to write, in as many processes as there are cores."""
    out.mkdir(exist_ok=True)
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(one_by_pyav, files, [out / f"{file.stem}.wav" for file in files], chunksize=8))


def one_by_pyav(file: Path, wav: Path) -> None:
    import av
    import numpy as np
    import soundfile

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    parts = []
    with av.open(str(file)) as container:
        for frame in itertools.chain(container.decode(audio=0), [None]):
            parts += [made.to_ndarray()[0] for made in resampler.resample(frame)]
    soundfile.write(str(wav), np.concatenate(parts), RATE_HZ, subtype="PCM_16")


def by_ffmpeg(files: list[Path], out: Path) -> None:
    """A process for each file, as many at once as there are cores."""
    import imageio_ffmpeg

    out.mkdir(exist_ok=True)
    program = imageio_ffmpeg.get_ffmpeg_exe()

    def one(file: Path) -> None:
        sound = ["-vn", "-ac", "1", "-ar", str(RATE_HZ), str(out / f"{file.stem}.wav")]
        _run([program, *QUIET, "-i", str(file), *sound])

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(one, files))


QUIET = ("-nostdin", "-v", "error", "-y")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _table(files: list[Path]) -> pd.DataFrame:
    import pandas as pd

    names = [file.stem for file in files]
    return pd.DataFrame(
        {
            "clip": names,
            "path": [f"wav/{name}.wav" for name in names],
            "label": 0,
            "voice": names,
            "media": [file.name for file in files],
        }
    )
