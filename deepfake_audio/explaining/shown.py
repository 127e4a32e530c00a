"""One window of a recording as the network is shown it, and what a method finds in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..audio import padded
from ..detector import Detector
from ..features import LogPower
from ..models.network import Network
from ..verdict import WindowScore
from .attribution import Attribution, gradcam, integrated_gradients, lime
from .over_time import shown_to_people, spread_over
from .patches import BANDS, Floats, Patches, patches
from .stretches import Window


@dataclass(frozen=True)
class Shown:
    """A window's picture [1, F, T'], its valid frames [1], and their times in the recording [frames].

    Args:
        drawn: the picture that people are shown, [F', frames'].
        drawn_seconds: times of its frames in the recording, [frames'].
    """

    score: WindowScore
    features: Tensor
    frames: Tensor
    seconds: Floats
    drawn: Floats
    drawn_seconds: Floats
    in_bands: bool

    @property
    def grid(self) -> Patches:
        """The patch that each cell lies in: [F, frames]."""
        return patches(self.features.shape[1], self.seconds, BANDS if self.in_bands else 1)


def as_shown(detector: Detector, waveform: NDArray[np.float32], score: WindowScore) -> Shown:
    """As `Detector.window_logits` does it, but with numbers that a gradient can go through."""
    rate = detector.sample_rate
    start, end = round(score.start_seconds * rate), round(score.end_seconds * rate)
    heard = detector.neutral.treat(waveform[start:end], rate)
    sound = torch.from_numpy(padded(heard, detector.window_samples)).unsqueeze(0).to(detector.device)
    length = torch.tensor([len(heard)], device=detector.device)
    features, frames = detector.features(sound, length)
    frames = frames.clamp(max=features.shape[-1])
    seconds = score.start_seconds + detector.features.frame_seconds(int(frames)).numpy()
    picture = features, frames, seconds
    if isinstance(detector.features, LogPower):
        return Shown(score, *picture, _cells(features, len(seconds)), seconds, in_bands=True)
    drawn = shown_to_people(detector.features).to(detector.device)
    spectrogram, known = drawn(sound, length)
    drawn_seconds = score.start_seconds + drawn.frame_seconds(int(known)).numpy()
    return Shown(score, *picture, _cells(spectrogram, int(known)), drawn_seconds, in_bands=False)


def attributed(
    network: Network, shown: Shown, method: str, layer: str | None, samples: int, seed: int
) -> Attribution:
    """The window's evidence by a method; `layer` is Grad-CAM's, `samples` and `seed` are LIME's."""
    picture = network, shown.features, shown.frames
    if method == "lime":
        return lime(*picture, shown.grid, samples, seed)
    return gradcam(*picture, layer) if layer is not None else integrated_gradients(*picture)


def with_evidence(detector: Detector, network: Network, shown: Shown, evidence: Floats) -> Window:
    """The window as it is told of: what is drawn of it, the evidence [F, frames] on that, and the logit."""
    with torch.inference_mode():
        logit = float(network(shown.features, shown.frames))
    if not shown.in_bands:
        hop_seconds = detector.features.hop_samples / detector.sample_rate
        evidence = spread_over(evidence, shown.seconds, hop_seconds, shown.drawn_seconds, len(shown.drawn))
    score = shown.score
    return Window(
        score.start_seconds,
        score.end_seconds,
        logit,
        score.p_fake,
        shown.drawn,
        evidence,
        shown.drawn_seconds,
    )


def _cells(picture: Tensor, frames: int) -> Floats:
    """A window's own part of its picture: [1, F, T'] -> [F, frames]."""
    return picture[0, :, :frames].double().cpu().numpy()
