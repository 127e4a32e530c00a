"""A detector as a TorchScript file, for C++ and for phones: the same inputs and outputs as the ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import UserError
from ..files import replacing
from . import metadata, parity
from .graph import WholeDetector, whole
from .onnx_file import quiet

if TYPE_CHECKING:
    from ..detector import Detector


class OneByOne(nn.Module):
    """A listener that was traced on one window, window by window: so nothing of its trace depends on their number.

    Memory does not grow with the length of a recording either.
    """

    def __init__(self, listener: nn.Module) -> None:
        super().__init__()
        self.listener = listener

    def forward(self, windows: Tensor, samples: Tensor) -> Tensor:
        """[N, window] and its valid lengths [N] -> logits [N]."""
        logits = [self.listener(windows[n : n + 1], samples[n : n + 1]) for n in range(len(windows))]
        return torch.cat(logits)


def export_torchscript(detector: Detector, file: Path) -> float:
    """Write `file` whole or not at all, once it has been tried; as `export_onnx`."""
    module = whole(detector)
    # Less than a window is valid, so that padding takes part in what is traced.
    example = torch.randn(1, detector.window_samples) * 0.1, torch.tensor([detector.window_samples * 3 // 4])
    try:
        with quiet(), torch.no_grad():
            traced = torch.jit.trace(module.listener, example, check_trace=False)
            scripted = torch.jit.script(WholeDetector(detector, OneByOne(traced)))
    except Exception as error:  # of the many kinds that tracing raises
        named = f"{detector.config['network']['name']} on {detector.config['features']['name']}"
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UserError(f"{named} cannot be exported to TorchScript ({reason.strip()[:160]})") from None
    with replacing(file) as part:
        told = metadata.of_detector(detector)
        torch.jit.save(scripted, str(part), _extra_files={key: value.encode() for key, value in told.items()})
        with quiet():
            opened = torch.jit.load(str(part), map_location="cpu")
        return parity.check(detector, asked(opened), "the TorchScript file")


def asked(opened: Any) -> parity.Answer:
    """A module as a function of clips [B, T] and their lengths [B]."""

    @torch.inference_mode()
    def ask(waveform: NDArray[np.float32], samples: NDArray[np.int64]) -> tuple[Any, Any]:
        p_fake, logit = opened(torch.from_numpy(waveform), torch.from_numpy(samples))
        return p_fake.numpy(), logit.numpy()

    return ask
