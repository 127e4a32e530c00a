"""The report's pictures, one kind a file, as figures that share no state."""

from .f_curve import f_beta_curve
from .histograms import histograms
from .reliability import reliability_diagram
from .scale import MOST_POINTS, Scores
from .spectrogram import spectrogram
from .tradeoffs import precision_recall, roc_and_det
from .training import kept_epoch, training_curves

__all__ = [
    "MOST_POINTS",
    "Scores",
    "f_beta_curve",
    "histograms",
    "kept_epoch",
    "precision_recall",
    "reliability_diagram",
    "roc_and_det",
    "spectrogram",
    "training_curves",
]
