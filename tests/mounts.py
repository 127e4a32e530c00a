"""A small disk and a read-only one, seen by a command under test and by nobody else; both are gone with their holder.

They are mounted in a namespace of their own, which takes root; where that is not to be had, tests are skipped. The
holder's view of the files is at `seen(...)`.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# By this a forked command is told whose disks it is to see.
VARIABLE = "MOUNTS_OF_PROCESS"


class Mounts:
    """A process that holds a namespace."""

    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def env(self) -> dict[str, str]:
        """For a command that is to see them."""
        return {VARIABLE: str(self._shell.pid)}

    def run(self, command: str) -> None:
        """A line of shell in the namespace."""
        assert self._shell.stdin is not None and self._shell.stdout is not None
        try:
            self._shell.stdin.write(f"{command} && echo done || echo failed\n")
            self._shell.stdin.flush()
            told = self._shell.stdout.readline().strip()
        except BrokenPipeError:
            told = self._shell.stdout.read()
        if told != "done":
            pytest.skip(f"no disk of our own can be mounted here, which takes root and `unshare`: {told}")

    def small_disk(self, folder: Path, kilobytes: int) -> None:
        """An empty disk at `folder`, which must be there."""
        self.run(f"mount -t tmpfs -o size={kilobytes}k tmpfs '{folder}'")

    def read_only(self, folder: Path) -> None:
        """The folder as it is, but nothing can be written there."""
        self.run(f"mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}'")

    def seen(self, path: Path) -> Path:
        """Where this process finds what the namespace has at `path`."""
        return Path(f"/proc/{self._shell.pid}/root{path}")

    def end(self) -> None:
        """Unmount all."""
        self._shell.kill()
        self._shell.wait()
        for pipe in (self._shell.stdin, self._shell.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def mounts() -> Iterator[Mounts]:
    """A namespace, for a test."""
    try:
        held = Mounts()
    except FileNotFoundError as error:
        pytest.skip(f"no disk of our own can be mounted here: {error}")
    try:
        yield held
    finally:
        held.end()


def enter() -> None:
    """See the disks of the process that the environment names, if it names one; for a process of one thread."""
    holder = os.environ.get(VARIABLE)
    if holder is None:
        return
    handle = os.open(f"/proc/{holder}/ns/mnt", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(handle, 0) != 0:
        raise OSError(ctypes.get_errno(), "the test's disks can't be entered")
    os.close(handle)
