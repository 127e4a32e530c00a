"""From the clip table to batches: windows of clips, which of them an epoch shows, and the module of both."""

from .module import ClipDataModule
from .pairs import PairSampler
from .sampler import EpochSampler
from .windows import ClipWindows, FixedWindows, PairedWindows, TrainingWindows

__all__ = [
    "ClipDataModule",
    "ClipWindows",
    "EpochSampler",
    "FixedWindows",
    "PairSampler",
    "PairedWindows",
    "TrainingWindows",
]
