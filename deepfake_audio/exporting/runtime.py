"""Ask an exported detector with onnxruntime and numpy alone, no torch: `python -m deepfake_audio.exporting.runtime F`.

A recording is read, checked and cut as `Detector.predict` does it, block by block, and answered in the same shape.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..audio import padded
from ..configs import command_line_errors
from ..errors import UserError, one_line
from ..listening import cautions, profile
from ..listening.conditions import Conditions
from ..listening.hearing import Hearing
from ..listening.segments import suspicious_segments
from ..listening.streams import Wave, between, cut_windows, in_batches, recording_blocks
from ..verdict import CANT_TELL, Verdict, WindowScore
from . import metadata

NEEDS = "pip install onnxruntime"
# Windows of a long recording that go through the graph together.
WINDOWS_AT_ONCE = 8
SOME_UNREADABLE = 3


class ExportedDetector:
    """An ONNX file that `deepfake_audio.export` wrote.

    Args:
        threads: of the processor; 0 for as many as onnxruntime finds good.
    """

    def __init__(self, file: str | Path, threads: int = 0) -> None:
        self.session = _opened(Path(file), threads)
        properties = self.session.get_modelmeta().custom_metadata_map
        self.about = metadata.read(str(file), properties)
        self.sample_rate: int = self.about["sample_rate"]
        self.window_samples: int = self.about["window_samples"]
        self.threshold = float(self.about["threshold"]["threshold"])
        self.heard = profile.from_config(self.about.get("heard"))
        neutral = self.about.get("neutral") or {}
        self.silence_db: float | None = neutral.get("silence_db")
        self.any_level = neutral.get("level_db") is not None

    def predict(self, file: str | Path) -> Verdict:
        """The verdict on a recording; what soundfile does not read at the right rate needs imageio-ffmpeg."""
        blocks = functools.partial(recording_blocks, Path(file), self.sample_rate)
        return self._verdict(blocks, str(file))

    def predict_waveform(self, waveform: ArrayLike, name: str = "") -> Verdict:
        """The verdict on mono samples at `sample_rate`: [T]."""
        wave = np.asarray(waveform, dtype=np.float32)
        if wave.ndim != 1:
            raise UserError(f"{name or 'the waveform'}: expected mono samples of shape [T], got {wave.shape}")
        return self._verdict(lambda: iter([wave]), name)

    def p_fake(self, logit: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities of logits, in double precision, as the detector gives them."""
        told = self.about.get("calibration") or {"slope": 1.0, "offset": 0.0}
        odds = told["slope"] * np.asarray(logit, dtype=np.float64) + told["offset"]
        small = np.exp(-np.abs(odds))
        return np.where(odds >= 0, 1.0, small) / (1 + small)

    def _verdict(self, blocks: Callable[[], Iterator[Wave]], name: str) -> Verdict:
        called = name or "the waveform"
        hearing = Hearing(called, self.sample_rate, self.silence_db)
        stream, first = hearing.through(blocks()), 0
        if self.silence_db is not None:
            deque(stream, maxlen=0)
            first, end = hearing.bounds()
            stream = between(blocks(), first, end)
        spans, logits = self._window_logits(stream, first)
        if not np.isfinite(logits).all():
            raise UserError(f"{called} has samples so far out of range that there is no answer")
        return self._told(name, hearing.conditions(), spans, logits)

    def _window_logits(self, blocks: Iterable[Wave], first: int) -> tuple[list[tuple[int, int]], NDArray]:
        """First sample and end of each window, and its logit: to the graph a window is a clip."""
        spans, logits = [], []
        for some in in_batches(cut_windows(blocks, self.window_samples), WINDOWS_AT_ONCE):
            stacked = np.stack([padded(window, self.window_samples) for _, window in some])
            samples = np.array([len(window) for _, window in some], dtype=np.int64)
            logits.append(self.session.run(["logit"], {"waveform": stacked, "samples": samples})[0])
            spans += [(first + start, first + start + len(window)) for start, window in some]
        return spans, np.concatenate(logits).astype(np.float64)

    def _told(
        self, name: str, found: Conditions, spans: list[tuple[int, int]], logits: NDArray[np.float64]
    ) -> Verdict:
        logit, rate, top_hz = float(logits.mean()), self.sample_rate, self.sample_rate / 2
        p_fake = float(self.p_fake(logit))
        windows = tuple(
            WindowScore(start / rate, end / rate, p)
            for (start, end), p in zip(spans, self.p_fake(logits).tolist(), strict=True)
        )
        doubts = cautions.doubts(found, p_fake, self.about["threshold"], self.heard, top_hz)
        verdict = CANT_TELL if doubts else "fake" if p_fake >= self.threshold else "real"
        heard_seconds = (spans[-1][1] - spans[0][0]) / rate
        window_seconds = self.window_samples / rate
        warnings = cautions.warnings(found, heard_seconds, window_seconds, self.heard, self.any_level, top_hz)
        segments = suspicious_segments(windows, self.threshold)
        told = (*warnings, *cautions.of_parts(verdict, windows, self.threshold))
        return Verdict(
            name, p_fake, verdict, self.threshold, logit, found.seconds, windows, told, doubts, segments
        )


def _opened(file: Path, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise UserError(f"an exported detector needs onnxruntime: {NEEDS}") from None
    if not file.is_file():
        raise UserError(f"{file} is missing: give the file that `python -m deepfake_audio.export` wrote")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds, which share no base
        reason = " ".join(str(error).split())[:160]
        raise UserError(f"{file} is no ONNX file that can be run ({reason})") from None


def main(arguments: list[str] | None = None) -> int:
    """Print the verdict on each recording; exit with 0, 2 for bad use, 3 when some could not be read."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.exporting.runtime",
        description="Say of recordings how likely their voices are fake, by an exported detector.",
    )
    parser.add_argument("model", type=Path, metavar="FILE.onnx")
    parser.add_argument("files", nargs="+", metavar="RECORDING")
    parser.add_argument("--json", action="store_true", help="print a JSON list, as predict --json does")
    options = parser.parse_args(arguments)
    with command_line_errors():
        return _predict(options)
    raise AssertionError("unreachable: errors leave by sys.exit")


def _predict(options: argparse.Namespace) -> int:
    detector = ExportedDetector(options.model)
    verdicts, unread = [], 0
    for file in options.files:
        try:
            verdicts.append(detector.predict(file))
        except (UserError, ImportError) as error:
            unread += 1
            print(f"error: {_reason(file, error)}", file=sys.stderr)
    if options.json:
        print(json.dumps([verdict.to_dict() for verdict in verdicts], indent=2, ensure_ascii=False))
    else:
        for verdict in verdicts:
            _print(verdict)
    return SOME_UNREADABLE if unread else 0


def _reason(file: str, error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"{file} is no mono wav or flac at the detector's rate; anything else needs {error.name}"
    return one_line(error)


def _print(verdict: Verdict) -> None:
    print(
        f"{verdict.p_fake:.4f}  {verdict.verdict:<10}  {verdict.file}   (fake from {verdict.threshold:.4f} on)"
    )
    for told in (*verdict.doubts, *verdict.warnings):
        print(f"        {told}")


if __name__ == "__main__":
    sys.exit(main())
