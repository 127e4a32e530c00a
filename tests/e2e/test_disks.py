"""Full and read-only disks: one line that says so, and what stood there before is as it was, to the byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ..mounts import Mounts, mounts
from .conftest import Road, command

NO_ROOM = "space left"
READ_ONLY = "Read-only file system"


@pytest.fixture
def disks() -> Iterator[Mounts]:
    with mounts() as held:
        yield held


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the record of what was asked, which Hydra keeps for each command."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and ".hydra" not in file.parts and file.suffix != ".log"
    }


def told(*arguments: str | Path, cwd: Path, disks: Mounts) -> str:
    """The one line with which a command refuses that sees these disks."""
    done = command(*arguments, cwd=cwd, expect=2, env=disks.env)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    return lines[0]


@pytest.fixture
def full(disks: Mounts, road: Road, tmp_path: Path) -> Path:
    """A disk with a finished run on it, and no room for anything else."""
    disk = tmp_path / "disk"
    disk.mkdir()
    disks.small_disk(disk, 40_000)
    disks.run(f"cp -r '{road.run}' '{disk}/run'")
    disks.run(f"(cat /dev/zero > '{disk}/ballast' 2>/dev/null; true)")
    return disk


def test_extraction_goes_on_where_the_disk_was_full(disks: Mounts, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(6):
        file = tmp_path / "videos" / ("fake" if number % 2 else "real") / f"v{number}" / "a.wav"
        file.parent.mkdir(parents=True)
        soundfile.write(file, rng.normal(0, 0.1, 44_100), 44_100)
    disk, plain = tmp_path / "disk", tmp_path / "plain"
    disk.mkdir()
    disks.small_disk(disk, 100)
    asked = ("extract", "corpus=folder", f"corpus.root={tmp_path / 'videos'}", "jobs=1", "progress=false")
    assert NO_ROOM in told(*asked, f"out={disk / 'out'}", cwd=tmp_path, disks=disks)
    left = contents(disks.seen(disk / "out"))
    assert not {"clips.csv", "failures.csv"} & set(left), "no table of what is not there"
    disks.run(f"mount -o remount,size=10m '{disk}'")
    command(*asked, f"out={disk / 'out'}", cwd=tmp_path, env=disks.env)
    command(*asked, f"out={plain}", cwd=tmp_path)
    whole = contents(plain)
    assert contents(disks.seen(disk / "out")) == whole
    assert left and left.items() <= whole.items(), "what was there when it was full was whole"


def test_what_stands_on_a_full_disk_stays(full: Path, disks: Mounts, road: Road, tmp_path: Path) -> None:
    before = contents(disks.seen(full / "run"))
    split = ("split", f"clips={road.audio / 'clips.csv'}", f"out={full / 's.csv'}")
    tune = ("tune", full / "run", "--beta", "1")
    for asked in (split, tune):
        assert NO_ROOM in told(*asked, cwd=tmp_path, disks=disks), asked
    assert contents(disks.seen(full / "run")) == before
    assert not disks.seen(full / "s.csv").exists()


@pytest.mark.parametrize(
    "room_kilobytes",
    [300, *(pytest.param(room, marks=pytest.mark.slow) for room in (20, 100, 700, 1200, 1600))],
)
def test_training_onto_a_disk_that_fills_up(
    full: Path, disks: Mounts, road: Road, tmp_path: Path, room_kilobytes: int
) -> None:
    """The slow ones end it elsewhere: at its first file, between checkpoints, scores and report."""
    before = contents(disks.seen(full / "run"))
    disks.run(f"truncate -s -{room_kilobytes}K '{full}/ballast'")
    asked = ("train", *road.data, f"hydra.run.dir={full / 'second'}", f"split.file={road.split}")
    line = told(*asked, "explain=true", cwd=tmp_path, disks=disks)
    assert NO_ROOM in line or "the disk may be full" in line, line
    assert contents(disks.seen(full / "run")) == before
    second = disks.seen(full / "second")
    assert not [file for file in second.rglob("*.part*") if file.stat().st_size], "no half of a file stays"
    if (second / "checkpoints" / "last.ckpt").exists():
        disks.run(f"rm '{full}/ballast'")
        command(*asked, f"ckpt_path={full / 'second' / 'checkpoints' / 'last.ckpt'}", "overwrite=true",
                cwd=tmp_path, env=disks.env)  # fmt: skip


def test_a_read_only_folder(disks: Mounts, road: Road, tmp_path: Path) -> None:
    place = Path(shutil.copytree(road.run, tmp_path / "kept" / "run")).parent
    before = contents(place)
    disks.read_only(place)
    clips = road.audio / "clips.csv"
    for asked in (
        ("split", f"clips={clips}", f"out={place / 's.csv'}"),
        ("extract", "corpus=toy", f"corpus.root={road.videos}", "corpus.voices=20", f"out={place / 'audio'}"),
        ("train", *road.data, f"hydra.run.dir={place / 'second'}"),
        ("tune", place / "run", "--beta", "1"),
    ):
        line = told(*asked, cwd=tmp_path, disks=disks)
        assert READ_ONLY in line and str(place) in line, line
    assert contents(place) == before
