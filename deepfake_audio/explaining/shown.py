"""One window of a recording as the network is shown it, and what a method finds in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..audio import padded
from ..detector import Detector, WindowScore
from .attribution import Attribution, gradcam, integrated_gradients, lime
from .patches import Floats, Patches, patches
from .stretches import Window


@dataclass(frozen=True)
class Shown:
    """A window's picture [1, F, T'], its valid frames [1], and their times in the recording [frames]."""

    score: WindowScore
    features: Tensor
    frames: Tensor
    seconds: Floats

    @property
    def grid(self) -> Patches:
        """The patch that each cell lies in: [F, frames]."""
        return patches(self.features.shape[1], self.seconds)


def as_shown(detector: Detector, waveform: NDArray[np.float32], score: WindowScore) -> Shown:
    """As `Detector.window_logits` does it, but with numbers that a gradient can go through."""
    rate = detector.sample_rate
    start, end = round(score.start_seconds * rate), round(score.end_seconds * rate)
    heard = detector.neutral.treat(waveform[start:end], rate)
    sound = torch.from_numpy(padded(heard, detector.window_samples)).unsqueeze(0).to(detector.device)
    features, frames = detector.features(sound, torch.tensor([len(heard)], device=detector.device))
    known = min(int(frames), features.shape[-1])
    seconds = score.start_seconds + detector.features.frame_seconds(known).numpy()
    return Shown(score, features, frames.clamp(max=known), seconds)


def attributed(
    detector: Detector, shown: Shown, method: str, layer: str | None, samples: int, seed: int
) -> Attribution:
    """The window's evidence by a method; `layer` is Grad-CAM's, `samples` and `seed` are LIME's."""
    picture = detector.network, shown.features, shown.frames
    if method == "lime":
        return lime(*picture, shown.grid, samples, seed)
    return gradcam(*picture, layer) if layer is not None else integrated_gradients(*picture)


def with_evidence(detector: Detector, shown: Shown, evidence: Floats) -> Window:
    """The window as it is told of: its picture and evidence [F, frames], and the logit of what was shown."""
    with torch.inference_mode():
        logit = float(detector.network(shown.features, shown.frames))
    picture = shown.features[0, :, : len(shown.seconds)].double().cpu().numpy()
    score = shown.score
    return Window(
        score.start_seconds, score.end_seconds, logit, score.p_fake, picture, evidence, shown.seconds
    )
