"""Ask an exported detector with onnxruntime and numpy alone, no torch: `python -m deepfake_audio.exporting.runtime F`.

A recording is read, checked and cut as `Detector.predict` does it, block by block, and answered in the same shape.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..audio import padded
from ..configs import command_line_errors
from ..errors import UserError, one_line
from ..listening import profile
from ..listening.judging import Floats, Judge
from ..listening.streams import Wave
from ..listening.telling import as_json, printable
from ..verdict import Verdict
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
        neutral = self.about.get("neutral") or {}
        self._judge = Judge(
            sample_rate=self.sample_rate,
            window_samples=self.window_samples,
            threshold=self.about["threshold"],
            heard=profile.from_config(self.about.get("heard")),
            silence_db=neutral.get("silence_db"),
            any_level=neutral.get("level_db") is not None,
            hears_up_to_hz=self.sample_rate / 2,
            score=self._logits,
            at_once=WINDOWS_AT_ONCE,
            p_fake=self.p_fake,
        )

    def predict(self, file: str | Path) -> Verdict:
        """The verdict on a recording; what soundfile does not read at the right rate needs imageio-ffmpeg."""
        return self._judge.of_file(file)

    def predict_waveform(self, waveform: ArrayLike, name: str = "") -> Verdict:
        """The verdict on mono samples at `sample_rate`: [T]."""
        return self._judge.of_waveform(waveform, name)

    def p_fake(self, logit: ArrayLike) -> Floats:
        """Calibrated probabilities of logits, in double precision, as the detector gives them."""
        told = self.about.get("calibration") or {"slope": 1.0, "offset": 0.0}
        odds = told["slope"] * np.asarray(logit, dtype=np.float64) + told["offset"]
        small = np.exp(-np.abs(odds))
        return np.where(odds >= 0, 1.0, small) / (1 + small)

    def _logits(self, windows: list[Wave]) -> Floats:
        """To the graph a window is a clip."""
        stacked = np.stack([padded(window, self.window_samples) for window in windows])
        samples = np.array([len(window) for window in windows], dtype=np.int64)
        logits = self.session.run(["logit"], {"waveform": stacked, "samples": samples})[0]
        return np.asarray(logits, dtype=np.float64)


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
    verdicts, unread = [], []
    for file in options.files:
        try:
            verdicts.append(detector.predict(file))
        except (UserError, ImportError) as error:
            unread.append({"file": file, "error": _reason(file, error)})
    if options.json:
        told = [verdict.to_dict() for verdict in verdicts] + unread
        print(as_json(told, sys.stdout.encoding or "utf-8"))
    else:
        for verdict in verdicts:
            _print(verdict)
    for failure in unread:
        print(f"error: {printable(failure['error'])}", file=sys.stderr)
    return SOME_UNREADABLE if unread else 0


def _reason(file: str, error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"{file} is no mono wav or flac at the detector's rate; anything else needs {error.name}"
    return one_line(error)


def _print(verdict: Verdict) -> None:
    from_where = f"(fake from {verdict.threshold:.4f} on)"
    print(f"{verdict.p_fake:.4f}  {verdict.verdict:<10}  {printable(verdict.file)}   {from_where}")
    for told in (*verdict.doubts, *verdict.warnings):
        print(f"        {printable(told)}")


if __name__ == "__main__":
    sys.exit(main())
