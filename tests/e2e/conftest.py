"""The real commands, run once on a small toy corpus, for all end-to-end tests to look at."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..warm import run

REPOSITORY = Path(__file__).parents[2]


def command(
    *arguments: str | Path, cwd: Path, expect: int = 0, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m deepfake_audio.<verb> ...` (or a script) as a user would; fail with its output."""
    done = run(*arguments, cwd=cwd, env=env)
    assert done.returncode == expect, (
        f"{arguments[0]} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    )
    return done


def refused(*arguments: str | Path, cwd: Path) -> str:
    """The one line with which a command refuses, and nothing but it after any progress."""
    done = command(*arguments, cwd=cwd, expect=2)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


# A run of seconds: the mechanics, not the figures, are what most tests look at.
SMALL = (
    "trainer.max_epochs=3",
    "trainer.enable_progress_bar=false",
    "data.workers=0",
    "data.batch_size=16",
    "data.window_seconds=1.5",
    "model.channels=[8,16,24,32]",
    "audit.shortcuts=false",
    "explain=false",
)


@dataclass(frozen=True)
class Road:
    """Where the road's stages left their work."""

    folder: Path
    videos: Path
    audio: Path
    split: Path
    run: Path

    @property
    def data(self) -> tuple[str, ...]:
        """What every training command on this corpus says."""
        return (f"clips={self.audio / 'clips.csv'}", "split=file", f"split.file={self.split}", *SMALL)


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Extract, split and train, each by its own command."""
    folder = tmp_path_factory.mktemp("road")
    road = Road(folder, folder / "videos", folder / "audio", folder / "split.csv", folder / "run")
    command(
        "extract",
        "corpus=toy",
        f"corpus.root={road.videos}",
        "corpus.voices=20",
        f"out={road.audio}",
        cwd=folder,
    )
    command("split", f"clips={road.audio / 'clips.csv'}", f"out={road.split}", cwd=folder)
    command(
        "train", *road.data, "audit.shortcuts=true", "explain=true", f"hydra.run.dir={road.run}", cwd=folder
    )
    return road
