"""Where uploads lie while they are listened to: a private folder, under names of our own."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..audio.media import RECORDINGS
from .limits import SLACK_BYTES, Limits

LOOK_EVERY_SECONDS = 30.0


def discard(file: Path) -> None:
    """Delete an upload, whether it is still there or not."""
    with suppress(FileNotFoundError):
        file.unlink()


class Uploads:
    """A folder that nobody else may look into, and that keeps nothing for long and no more than so much."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        self.of_page, self.scratch = folder / "page", folder / "scratch"
        for each in (self.of_page, self.scratch):
            each.mkdir(mode=0o700)

    def keep(self, upload: BinaryIO, name: str) -> Path:
        """Copy what was sent; of its name only a known ending is taken, by which some formats are told."""
        file = self._new(name)
        try:
            with file.open("xb") as kept:
                shutil.copyfileobj(upload, kept)
        except BaseException:
            discard(file)
            raise
        return file

    def take(self, file: Path) -> Path:
        """Move an upload of the page out of the reach of requests that know its name.

        Raises:
            FileNotFoundError: it is not there, or anywhere else than where the page's uploads are.
        """
        if not self.is_of_page(file):
            raise FileNotFoundError(file)
        taken = self._new(file.name)
        file.rename(taken)
        return taken

    def is_of_page(self, file: Path) -> bool:
        """Whether it is a file that was uploaded to the page, and no way around to another."""
        real = file.resolve()
        return real.is_relative_to(self.of_page.resolve()) and real.is_file()

    def is_full(self) -> bool:
        """Whether as much lies in the page's folder, asked about or not, as all who are heard and wait could bring."""
        # An empty file takes its place too.
        lying = sum(size + SLACK_BYTES for size in self._sizes_of_page())
        return lying >= (self.limits.queue + 1) * (self.limits.max_bytes + SLACK_BYTES)

    def sweep(self, older_than_seconds: float) -> None:
        """Delete what was uploaded to the page and never asked about."""
        latest = time.time() - older_than_seconds
        for place, _, files in os.walk(self.of_page, topdown=False):
            for file in (Path(place) / name for name in files):
                with suppress(FileNotFoundError):
                    if file.stat().st_mtime < latest:
                        file.unlink()
            # Gradio makes a folder for each upload, a moment before that comes into it.
            with suppress(OSError):
                if Path(place) != self.of_page and Path(place).stat().st_mtime < latest:
                    Path(place).rmdir()

    def drop_parts(self) -> None:
        """Delete uploads to the page that were cut off; to be called when none is under way."""
        for file in self.of_page.iterdir():
            if file.is_file():
                discard(file)

    async def sweep_for_ever(self) -> None:
        """The page asks as soon as it has sent something, so what lies there for long is of no use.

        How much may come to lie there in the meantime is for `is_full` to say.
        """
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            await asyncio.to_thread(self.sweep, self.limits.time_limit_seconds)

    def _sizes_of_page(self) -> Iterator[int]:
        for place, _, files in os.walk(self.of_page):
            for name in files:
                with suppress(FileNotFoundError):
                    yield (Path(place) / name).stat().st_size

    def _new(self, name: str) -> Path:
        ending = Path(name).suffix.lower()
        return self.folder / f"{secrets.token_hex(16)}{ending if ending in RECORDINGS else ''}"
