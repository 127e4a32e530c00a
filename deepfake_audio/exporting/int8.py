"""An ONNX file in whole numbers of 8 bits: smaller, and what that costs is measured, not supposed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio import padded, window_starts
from ..errors import UserError
from ..evaluation import metrics
from ..files import replacing
from ..listening.streams import read_recording
from .onnx_file import quiet
from .runtime import ExportedDetector

# The front end stays as it is: decibels of what a coarse transform leaves would be decibels of its rounding.
KEPT = "listener.features"
QUANTISED = ["Conv", "Gemm", "MatMul"]
# Windows by which the range of what layers give is found.
CALIBRATION_WINDOWS = 64
# A fall of F2 by more than this is no rounding.
HURTS = 0.01


@dataclass(frozen=True)
class Loss:
    """What 8 bits cost on validation, at the detector's threshold."""

    clips: int
    f2_before: float
    f2_after: float
    auc_before: float
    auc_after: float
    p_fake_mean: float
    p_fake_most: float

    @property
    def hurts(self) -> bool:
        return not self.f2_after >= self.f2_before - HURTS

    def in_words(self) -> str:
        """One line for people, and a second where it is better left alone."""
        told = (
            f"int8 on {self.clips} validation clips: F2 {self.f2_before:.4f} -> {self.f2_after:.4f}, AUC "
            f"{self.auc_before:.4f} -> {self.auc_after:.4f}; P(fake) moves by {self.p_fake_mean:.4f} on the average, "
            f"{self.p_fake_most:.3f} at most"
        )
        return f"{told}\nit hurts: use the file without --int8" if self.hurts else told


def quantise(file: Path, recordings: Sequence[Path]) -> None:
    """Turn an ONNX file's network into one of 8 bits, in its place.

    Args:
        recordings: of validation; windows of them show how far what layers give reaches.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    except ImportError as error:
        raise UserError(f"--int8 needs {error.name}: pip install 'deepfake-audio[onnx]'") from None
    model = onnx.load(str(file))
    told = {each.key: each.value for each in model.metadata_props}
    kept = [node.name for node in model.graph.node if any(name.startswith(KEPT) for name in node.input)]
    window, rate = (json.loads(told[key]) for key in ("window_samples", "sample_rate"))
    with tempfile.TemporaryDirectory() as folder, quiet():
        made = Path(folder, "int8.onnx")
        quantize_static(
            str(file),
            str(made),
            Windows(recordings, window, rate),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED,
            nodes_to_exclude=kept,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        model = onnx.load(str(made))
    del model.metadata_props[:]
    for key, value in {**told, "int8": "true"}.items():
        model.metadata_props.add(key=key, value=value)
    with replacing(file) as part:
        part.write_bytes(model.SerializeToString())


class Windows:
    """One window of each of some recordings, as onnxruntime's calibration asks for them."""

    def __init__(self, recordings: Sequence[Path], window_samples: int, sample_rate: int) -> None:
        self.source = self._windows(recordings, window_samples, sample_rate)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self.source, None)

    @staticmethod
    def _windows(files: Sequence[Path], window: int, rate: int) -> Iterator[dict[str, NDArray[Any]]]:
        drawn = np.random.default_rng(0).permutation(len(files))[:CALIBRATION_WINDOWS]
        for number in sorted(drawn.tolist()):
            wave = read_recording(files[number], rate)
            start = window_starts(len(wave), window)[-1]
            cut = wave[start : start + window]
            yield {
                "waveform": padded(cut, window)[None],
                "samples": np.array([len(cut)], dtype=np.int64),
            }


def measure(before: Path, after: Path, recordings: Sequence[Path], labels: NDArray[np.int64]) -> Loss:
    """Both files on the same clips, whose labels are [N]."""
    answers = []
    for file in (before, after):
        detector = ExportedDetector(file, threads=1)
        logits = [_logit(detector, recording) for recording in recordings]
        answers.append(detector.p_fake(logits))
        threshold = detector.threshold
    f2 = tuple(float(metrics.f_beta(metrics.confusion(labels, p, threshold))) for p in answers)
    auc = tuple(float(metrics.roc_auc(metrics.sweep(labels, p).counts)) for p in answers)
    moved = np.abs(answers[0] - answers[1])
    return Loss(len(labels), f2[0], f2[1], auc[0], auc[1], float(moved.mean()), float(moved.max()))


def _logit(detector: ExportedDetector, recording: Path) -> float:
    return detector.predict(recording).logit


def tell(file: Path, loss: Loss) -> None:
    """Write what it costs into the file itself."""
    import onnx

    model = onnx.load(str(file))
    for each in model.metadata_props:
        if each.key == "int8":
            each.value = json.dumps(asdict(loss))
    with replacing(file) as part:
        part.write_bytes(model.SerializeToString())
