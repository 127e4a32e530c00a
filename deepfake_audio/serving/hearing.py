"""The process that opens strangers' files: it hears one recording after another, and knows nothing of the net.

What goes in and out is JSON, so that nothing it says can make the server do anything.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import tempfile
import traceback
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..detector_format import CARD, detector_folder
from ..errors import TooLongError, UserError, one_line
from .limits import Limits
from .refusal import BROKEN, TOO_LARGE, UNREADABLE, Refusal

if TYPE_CHECKING:
    from ..detector import Detector

# Of one file that it may write: a decoded recording of the longest allowed, at 16 bits and in eight channels.
WRITTEN_BYTES_PER_SECOND = 2 * 48_000 * 8


def hear_all(connection: Connection, folder: str, scratch: str, limits: Limits) -> None:
    """Load the detector, say so, then answer whatever is asked until the other end is closed."""
    _settle(limits)
    # Where the server finds what is left behind when this process is stopped in the middle.
    tempfile.tempdir = scratch
    try:
        import torch

        from ..detector import load_detector

        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) - 1))
        detector = load_detector(folder)
    except UserError as error:
        _say(connection, {"error": one_line(error)})
        return
    _say(connection, {"config": detector.config, "card": _card(Path(folder))})
    with suppress(EOFError, BrokenPipeError):
        while True:
            asked = json.loads(connection.recv_bytes())
            _say(connection, _answer(detector, asked, limits))


def _settle(limits: Limits) -> None:
    """A group of its own, so that it can be ended together with its ffmpeg; no core files, no endless output."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = round(limits.max_seconds * WRITTEN_BYTES_PER_SECOND) + 1_000_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def _say(connection: Connection, content: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(content).encode())


def _card(folder: Path) -> str:
    """The detector's card, if it has one."""
    card = detector_folder(folder) / CARD
    return card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""


def _answer(detector: Detector, asked: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The verdict, or why there is none; an error of ours is told of here and nowhere else."""
    try:
        if "example" not in asked:
            return _heard(detector, Path(asked["file"]), asked["name"], asked["shown"], limits)
        from .examples import write_example

        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "example.wav"
            name = write_example(asked["example"], wav)
            return _heard(detector, wav, name, asked["shown"], limits)
    except Refusal as refusal:
        return {"error": one_line(refusal), "status": refusal.status}
    except Exception:
        traceback.print_exc()
        return {"error": "something went wrong with this recording", "status": BROKEN}


def _heard(detector: Detector, file: Path, name: str, shown: bool, limits: Limits) -> dict[str, Any]:
    """The verdict as plain values; with what a page shows beside it, where that is wanted."""
    if _seconds_promised(file) > limits.max_seconds:
        raise _too_long(limits)
    try:
        # A header may lie.
        verdict = replace(detector.predict(file, most_seconds=limits.max_seconds), file=name)
    except TooLongError:
        raise _too_long(limits) from None
    except UserError as error:
        raise Refusal(UNREADABLE, one_line(error).replace(str(file), "the recording")) from None
    answer: dict[str, Any] = {"verdict": verdict.to_dict()}
    if shown:
        from .sights import sights

        answer["sights"] = sights(detector, file)
    return answer


def _seconds_promised(file: Path) -> float:
    """What the header of a plain sound file says; 0 where it says nothing."""
    import soundfile

    try:
        info = soundfile.info(str(file))
    except (soundfile.LibsndfileError, OSError, TypeError):
        return 0.0
    return float(info.frames / info.samplerate) if info.samplerate else 0.0


def _too_long(limits: Limits) -> Refusal:
    return Refusal(TOO_LARGE, f"the recording is longer than {limits.longest}")
