"""A detector as an ONNX file, front end, calibration and all."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import UserError
from ..files import replacing
from . import metadata, parity
from .graph import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..detector import Detector

# Two clips and some more than two windows: nothing in the graph may come from there being one of anything.
EXAMPLE_CLIPS, EXAMPLE_WINDOWS = 2, 2.3
# Old enough for every runtime at hand, onnxruntime-web included.
OPSET = 17
NEEDS = "pip install 'deepfake-audio[onnx]'"


def export_onnx(detector: Detector, file: Path) -> float:
    """Write `file` whole or not at all, once it has been tried.

    Returns:
        The largest difference in P(fake) from the detector over clips of many lengths and batches.
    """
    model = _model(detector)
    with replacing(file) as part:
        part.write_bytes(model.SerializeToString())
        return parity.check(detector, asked(session(part)), "the ONNX file")


def session(file: Path, threads: int = 1) -> Any:
    """An onnxruntime session that keeps to itself what it thinks of the graph."""
    try:
        import onnxruntime
    except ImportError:
        raise UserError(f"ONNX files need onnxruntime: {NEEDS}") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def asked(opened: Any) -> parity.Answer:
    """A session as a function of clips [B, T] and their lengths [B]."""

    def ask(waveform: NDArray[np.float32], samples: NDArray[np.int64]) -> tuple[Any, Any]:
        try:
            p_fake, logit = opened.run(None, {"waveform": waveform, "samples": samples})
        except Exception as error:  # onnxruntime's own kinds, which share no base
            raise UserError(
                f"the exported graph does not run ({_short(error)}): this front end or network cannot be exported"
            ) from None
        return p_fake, logit

    return ask


def _model(detector: Detector) -> Any:
    """The graph with what it tells of itself, as onnx holds it."""
    try:
        import onnx
    except ImportError:
        raise UserError(f"to write ONNX files needs onnx: {NEEDS}") from None
    samples = int(EXAMPLE_WINDOWS * detector.window_samples)
    example = torch.randn(EXAMPLE_CLIPS, samples) * 0.1, torch.tensor([samples, samples // 2])
    module = whole(detector)
    clips = {0: "clips"}
    written = io.BytesIO()
    try:
        with quiet(), torch.no_grad():
            # The exporter by tracing: a tenth of the time of its successor, a third of the nodes, and no onnxscript.
            torch.onnx.export(
                module,
                example,
                written,  # type: ignore[arg-type]  # a stream will do for the exporter by tracing
                dynamo=False,
                opset_version=OPSET,
                input_names=["waveform", "samples"],
                output_names=["p_fake", "logit"],
                dynamic_axes={
                    "waveform": {0: "clips", 1: "time"},
                    "samples": clips,
                    "p_fake": clips,
                    "logit": clips,
                },
            )
        model = onnx.load_from_string(written.getvalue())
    except Exception as error:  # whatever the exporter stumbles over, of which there are many kinds
        named = f"{detector.config['network']['name']} on {detector.config['features']['name']}"
        raise UserError(f"{named} cannot be exported to ONNX ({_short(error)})") from None
    for key, value in metadata.of_detector(detector).items():
        model.metadata_props.add(key=key, value=value)
    return model


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing of what exporters tell their own makers."""
    before, graphs = logging.root.manager.disable, torch._C._jit_is_onnx_log_enabled()
    logging.disable(logging.ERROR)
    # Else a whole graph is printed where there is an error.
    torch._C._jit_set_onnx_log_enabled(False)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        torch._C._jit_set_onnx_log_enabled(graphs)


def _short(error: BaseException) -> str:
    """The line of a long error that says most."""
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    told = lines[0] if lines else type(cause).__name__
    return told.partition(". Please feel free")[0][:160]
