"""How loud the clips of a batch are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from ..audio.measures import FRAME_SECONDS, LOUD_QUANTILE, SILENCE_BELOW_DB
from ..features import valid_frames

# Keeps what is divided by a power finite; far below what 16 bits can hold.
FAINTEST_POWER = 1e-12


def speech_power(waveform: Tensor, samples: Tensor, sample_rate: int) -> Tensor:
    """Mean power of the frames that are no pauses: [B, T] and valid lengths [B] -> [B]; 0 of silence.

    As `loudness_db` of the audit has it: pauses don't count, so that a clip with many has no other level.
    """
    size = max(1, round(sample_rate * FRAME_SECONDS))
    heard = waveform * valid_frames(samples, waveform.shape[1])
    frames = pad(heard, (0, -heard.shape[1] % size)).unflatten(1, (-1, size))
    count = torch.div(samples + size - 1, size, rounding_mode="floor").clamp_min(1)
    power = frames.square().mean(dim=2)
    # Frames of padding have no power and come last.
    ranked = power.sort(dim=1, descending=True).values
    loud = ranked.gather(1, ((1 - LOUD_QUANTILE) * count).long().unsqueeze(1))
    active = (power > loud * 10 ** (-SILENCE_BELOW_DB / 10)) & (power > 0)
    return (power * active).sum(dim=1) / active.sum(dim=1).clamp_min(1)


def mean_power(waveform: Tensor, samples: Tensor) -> Tensor:
    """Of all that belongs to the clip: [B, T] and valid lengths [B] -> [B]."""
    energy = (waveform.square() * valid_frames(samples, waveform.shape[1])).sum(dim=1)
    return energy / samples.clamp_min(1)


def at_level_of(changed: Tensor, waveform: Tensor, samples: Tensor, sample_rate: int) -> Tensor:
    """`changed` with the speech level that `waveform` has: [B, T] -> [B, T]."""
    before = speech_power(waveform, samples, sample_rate)
    after = speech_power(changed, samples, sample_rate).clamp_min(FAINTEST_POWER)
    return changed * (before / after).sqrt().unsqueeze(1)


def within_full_scale(waveform: Tensor) -> Tensor:
    """Clips that leave -1 to 1 brought back to it as a whole: [B, T] -> [B, T]."""
    return waveform / waveform.abs().amax(dim=1, keepdim=True).clamp_min(1.0)
