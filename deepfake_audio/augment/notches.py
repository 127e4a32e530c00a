"""Random filters of a few notches each, as RawBoost draws them for a channel and for the colour of a noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from .draws import Between

# Of the paper: notches a filter, where they lie, how wide they are, and of how many taps each is made.
NOTCHES = 5
CENTRE_HZ = Between(20.0, 8_000.0)
WIDTH_HZ = Between(100.0, 1_000.0)
TAPS = Between(10, 100)
# A filter of NOTCHES times the most taps reaches no further than this to either side.
REACH = 256
# Waves go through it in blocks, as short transforms are the fast ones.
BLOCK = 2_048


@dataclass(frozen=True)
class Notches:
    """Filters to be made, any number for each clip: [B, P, N] each, and their gain [B, P]."""

    centre_hz: Tensor
    width_hz: Tensor
    taps: Tensor
    gain_db: Tensor


def draw_notches(gain_db: Tensor) -> Notches:
    """Random filters of these gains: [B, P]."""
    shape, device = (*gain_db.shape, NOTCHES), gain_db.device
    return Notches(
        CENTRE_HZ.drawn(*shape, device=device),
        WIDTH_HZ.drawn(*shape, device=device),
        # Odd, so that each has a middle.
        2 * (TAPS.drawn(*shape, device=device) / 2).floor() + 1,
        gain_db,
    )


def notch_spectra(notches: Notches, sample_rate: int) -> Tensor:
    """The filters' spectra, real since they are symmetric about their middle: -> [B, P, BLOCK / 2 + 1].

    Each notch is a Hamming window over the ideal one; the strongest frequency of all together has the gain.
    """
    half = torch.div(notches.taps, 2, rounding_mode="floor").unsqueeze(-1)
    place = torch.arange(int(TAPS.high) // 2 + 1, device=half.device)
    window = (0.54 + 0.46 * torch.cos(torch.pi * place / half)) * (place <= half)
    edges = (notches.centre_hz - notches.width_hz / 2, notches.centre_hz + notches.width_hz / 2)
    low, high = (2 * (edge / sample_rate).clamp(0, 0.5).unsqueeze(-1) for edge in edges)
    ideal = (place == 0).float() - (high * torch.sinc(high * place) - low * torch.sinc(low * place))
    right = ideal * window
    # The left half mirrors the right one.
    spectrum = (2 * torch.fft.rfft(right, BLOCK).real - right[..., :1]).prod(dim=-2)
    peak = spectrum.abs().amax(dim=-1, keepdim=True)
    return spectrum / peak * 10 ** (notches.gain_db.unsqueeze(-1) / 20)


def notched(waves: Tensor, spectra: Tensor) -> Tensor:
    """Waves each through its filter, added up, without a shift in time: [B, P, T] and [B, P, F] -> [B, T]."""
    length, step = waves.shape[-1], BLOCK - 2 * REACH
    blocks = pad(waves, (REACH, REACH + -length % step)).unfold(-1, BLOCK, step)
    filtered = (torch.fft.rfft(blocks) * spectra.unsqueeze(2)).sum(dim=1)
    # At the ends of a block its circular transform has mixed in the other end.
    return torch.fft.irfft(filtered, BLOCK)[..., REACH:-REACH].flatten(1)[:, :length]
