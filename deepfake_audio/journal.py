"""Answers written down as they come, a line each, so that work that was stopped goes on where it stood."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import UserError
from .files import lock


class Journal:
    """A file of answers by name; one process at a time may hold it, and whoever has all answers removes it.

    Args:
        about: what the answers are about; a journal about anything else is begun anew.
    """

    def __init__(self, place: Path, about: dict[str, Any]) -> None:
        self.place = place
        self.answers: dict[str, Any] = {}
        self._head = json.dumps(about, sort_keys=True)

    def __enter__(self) -> Journal:
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(self.place, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        try:
            lock(self._file.fileno())
        except BlockingIOError:
            self._file.close()
            raise UserError(
                f"{self.place} is in use: another process works on the same; wait for it"
            ) from None
        self._file.seek(self._read())
        self._file.truncate()
        if not self._file.tell():
            self._write(self._head)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def keep(self, name: str, answer: Any) -> None:
        """Write an answer down; not to be lost when this process is killed."""
        self.answers[name] = answer
        self._write(json.dumps([name, answer]))

    def _write(self, line: str) -> None:
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def _read(self) -> int:
        """Take up what stands there already; where it ends, which may be in the midst of a torn line."""
        if self._file.readline() != self._head.encode() + b"\n":
            return 0
        end = self._file.tell()
        for line in self._file:
            try:
                name, answer = json.loads(line)
            except ValueError:
                break
            if not line.endswith(b"\n"):
                break
            self.answers[name] = answer
            end += len(line)
        return end
