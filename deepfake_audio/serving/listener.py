"""The server's end of the process that hears: it can be stopped at any moment, and is then made anew.

A process and not a thread, because only a process can be stopped: a file that takes for ever, or that brings a
decoder down, costs its own answer and no other.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..errors import UserError
from .hearing import hear_all
from .limits import Limits
from .refusal import BROKEN, TOO_SLOW_TO_HEAR, UNREADABLE, Refusal

# To import torch and load a detector, on a busy machine.
START_SECONDS = 180.0
STOP_SECONDS = 5.0


class Listener:
    """One process with a detector in it, asked one thing at a time."""

    def __init__(self, detector: Path, scratch: Path, limits: Limits) -> None:
        self.detector = detector
        self.scratch = scratch
        self.limits = limits
        self.config: dict[str, Any] = {}
        self.card = ""
        self._one_at_a_time, self._ending = threading.Lock(), threading.Lock()
        self._closed = False
        self._begin()

    def wait_until_ready(self) -> None:
        """Until the detector is loaded; a `UserError` if it can't be."""
        ready = self._receive(START_SECONDS)
        if ready is None or "error" in ready:
            self._end()
            raise UserError(ready["error"] if ready else "the process that listens did not start")
        self.config, self.card, self._ready = ready["config"], ready["card"], True

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What it answers; a `Refusal` if it refuses, takes too long, or dies of it."""
        with self._one_at_a_time:
            self._be_ready()
            seconds = self.limits.time_limit_seconds
            started = time.monotonic()
            try:
                self._connection.send_bytes(json.dumps(asked).encode())
                answer = self._receive(seconds)
            except OSError:
                answer = None
            if answer is None:
                self._end()
                if self._closed:
                    raise Refusal(BROKEN, "the server is being stopped")
                self._begin()
                if time.monotonic() - started >= seconds:
                    raise Refusal(TOO_SLOW_TO_HEAR, f"listening took longer than {seconds:g} s")
                raise Refusal(
                    UNREADABLE, "the recording cannot be read: it is damaged, or needs too much memory"
                )
        if "error" in answer:
            raise Refusal(answer["status"], answer["error"])
        return answer

    def close(self) -> None:
        """End the process and whatever it has started; what is being asked gets a refusal."""
        self._closed = True
        self._end()

    def _be_ready(self) -> None:
        """As at the beginning, but whoever asks learns no more than that it failed; the next one tries again."""
        if self._closed:
            raise Refusal(BROKEN, "the server is being stopped")
        if self._ready:
            return
        if self._connection.closed:
            self._begin()
        try:
            self.wait_until_ready()
        except UserError as error:
            logging.getLogger(__name__).error("the detector can't be loaded again: %s", error)
            raise Refusal(BROKEN, "the detector can't be loaded just now: try again in a minute") from None

    def _begin(self) -> None:
        # Not forked: what other threads of this process hold locked would stay so for ever.
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=hear_all, args=(theirs, str(self.detector), str(self.scratch), self.limits), daemon=True
        )
        self._process.start()
        theirs.close()
        self._ready = False

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        """None if nothing came in time, or nothing can come any more."""
        try:
            if self._connection.poll(seconds):
                told: dict[str, Any] = json.loads(self._connection.recv_bytes())
                return told
        except (EOFError, OSError):
            pass
        return None

    def _end(self) -> None:
        """Of its own will it may never end; and what it was decoding then is left to us."""
        with self._ending:
            if not self._connection.closed:
                self._kill()

    def _kill(self) -> None:
        # Even if it is dead, since its ffmpeg may not be; and before it is joined, when its number may go to another.
        if self._process.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join(STOP_SECONDS)
        self._connection.close()
        for left in self.scratch.iterdir():
            shutil.rmtree(left, ignore_errors=True)
            left.unlink(missing_ok=True) if not left.is_dir() else None
