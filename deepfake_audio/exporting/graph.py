"""A whole detector as one module, to be written down: waveforms of any length in, P(fake) and logit out."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..models.cutting import cut, mean_logit
from ..models.fused import Fused
from ..neutral import FRAME_SECONDS, PAUSE_DB
from .plain import plain

if TYPE_CHECKING:
    from ..detector import Detector


class Listener(nn.Module):
    """What a detector makes of windows: level, front end and network."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        level_db = detector.neutral.level_db
        self.level: Levelled | None = None if level_db is None else Levelled(level_db, detector.sample_rate)
        self.features = plain(detector.features)
        self.network = copy.deepcopy(detector.network).cpu().eval()
        if isinstance(self.network, Fused):
            for member in self.network.members:
                member.features = plain(member.features)  # type: ignore[arg-type]
        for module in self.network.modules():
            # EfficientNet's activation saves memory in training by a function that no exporter can follow.
            set_swish = getattr(module, "set_swish", None)
            if callable(set_swish):
                set_swish(memory_efficient=False)

    def forward(self, windows: Tensor, samples: Tensor) -> Tensor:
        """[N, window] and its valid lengths [N] -> logits [N]."""
        if self.level is not None:
            windows = self.level(windows, samples)
        features, frames = self.features(windows, samples)
        return self.network(features, frames)


class Levelled(nn.Module):
    """`neutral.levelled` in tensors: speech of each window at one level, or as near as it comes without clipping."""

    def __init__(self, level_db: float, sample_rate: int) -> None:
        super().__init__()
        self.amplitude = 10 ** (level_db / 20)
        self.frame_samples = round(FRAME_SECONDS * sample_rate)

    def forward(self, windows: Tensor, samples: Tensor) -> Tensor:
        """[N, window] and its valid lengths [N] -> [N, window]."""
        frames = windows.shape[1] // self.frame_samples
        whole = windows[:, : frames * self.frame_samples].reshape(-1, frames, self.frame_samples)
        counted = torch.arange(frames, device=windows.device) < (samples // self.frame_samples).unsqueeze(1)
        power = whole.square().mean(dim=2) * counted
        loudest = power.amax(dim=1, keepdim=True)
        speech = (power >= loudest * 10 ** (-PAUSE_DB / 10)) & counted
        mean = (power * speech).sum(dim=1) / speech.sum(dim=1).clamp_min(1)
        gain = torch.minimum(self.amplitude / mean.sqrt(), 1 / windows.abs().amax(dim=1))
        # Digital silence stays what it is.
        return windows * torch.where(mean > 0, gain, torch.ones_like(gain)).unsqueeze(1)


class WholeDetector(nn.Module):
    """Windows as `Detector.predict` cuts them, a listener, the mean of its logits, and the calibration.

    No Python number in it depends on what the tensors hold: so exporters can follow, whatever comes.

    Args:
        listener: [N, window] and its valid lengths [N] -> logits [N].
    """

    def __init__(self, detector: Detector, listener: nn.Module) -> None:
        super().__init__()
        self.window_samples = detector.window_samples
        self.slope = float(detector.calibration.slope)
        self.offset = float(detector.calibration.offset)
        self.listener = listener

    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> P(fake) [B] and logits [B]."""
        windows, lengths, counted = cut(waveform, samples, self.window_samples)
        logit = mean_logit(self.listener(windows.flatten(0, 1), lengths.flatten()), counted)
        return torch.sigmoid(self.slope * logit + self.offset), logit


def check_exportable(detector: Detector) -> None:
    """Raise, by its name, of what a detector does to recordings that no graph can do."""
    neutral = detector.neutral
    codec = None if neutral.codec is None else f"codec {neutral.codec}"
    band = None if neutral.low_hz is None and neutral.high_hz is None else "band (low_hz, high_hz)"
    if codec or band:
        raise UserError(
            f"this detector hears everything through neutral's {' and '.join(filter(None, (codec, band)))}, which "
            "cannot be exported: train one with neutral=trim or none, or with silence_db and level_db alone"
        )


def whole(detector: Detector) -> WholeDetector:
    """The module of a detector, on the CPU and apart from it."""
    check_exportable(detector)
    return WholeDetector(detector, Listener(detector)).eval()
