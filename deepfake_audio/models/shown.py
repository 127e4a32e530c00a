"""What a network is shown: the waveform itself, or a picture of it; each network can work with one of them."""

from __future__ import annotations

from torch import Tensor

from ..errors import UserError
from .network import repeated_over_padding


def check_waveform(model: str, bins: int) -> None:
    """Raise if the features have more rows than the one of a waveform."""
    if bins != 1:
        raise UserError(
            f"model={model} hears the waveform, and these features are a picture of {bins} rows: "
            "add features=waveform"
        )


def check_picture(model: str, bins: int) -> None:
    """Raise if the features have but the one row of a waveform."""
    if bins < 2:
        raise UserError(
            f"model={model} looks at a picture, and these features have one row: "
            "choose features=logmel, spectrum or lfcc"
        )


def whole_waveform(model: str, features: Tensor, frames: Tensor, least: int) -> Tensor:
    """The clip over and over to the window's end, as such networks were published: [B, 1, T] -> [B, 1, T].

    Args:
        least: samples of a window from which on the network has something left to judge by.
    """
    check_waveform(model, features.shape[1])
    if features.shape[2] < least:
        raise UserError(
            f"model={model} needs windows of {least} samples or more and got {features.shape[2]}: "
            "raise data.window_seconds"
        )
    return repeated_over_padding(features, frames)
