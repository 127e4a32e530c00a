"""Processes in the place of the one that hears, which fail as that one seldom does and start without torch."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from deepfake_audio.serving.limits import Limits

TRIES = 3


def starts_at_the_third_try(connection: Connection, folder: str, scratch: str, limits: Limits) -> None:
    """Answer anything, but not before it was started so many times."""
    tries = Path(folder) / "tries"
    with tries.open("a") as file:
        file.write("x")
    if len(tries.read_text()) < TRIES:
        _say(connection, {"error": "not this time"})
        return
    _say(connection, {"config": {}, "card": ""})
    with suppress(EOFError):
        while connection.recv_bytes():
            _say(connection, {"verdict": {}})


def dies_and_leaves_a_child(connection: Connection, folder: str, scratch: str, limits: Limits) -> None:
    """Start what goes on for long, as an ffmpeg may, and end without it."""
    os.setsid()
    child = subprocess.Popen(["sleep", "600"])
    _say(connection, {"config": {"child": child.pid}, "card": ""})
    os._exit(1)


def _say(connection: Connection, content: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(content).encode())
