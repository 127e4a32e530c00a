"""Clips into windows, in tensors: as `audio.window_starts` cuts recordings."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def cut(waveform: Tensor, samples: Tensor, window: int) -> tuple[Tensor, Tensor, Tensor]:
    """Windows end to end, the last one flush with the end of its clip: [B, T] and valid lengths [B].

    No Python number in it depends on what the tensors hold: so exporters can follow, whatever comes.

    Returns:
        Windows [B, N, window], their valid lengths [B, N], and which are of the clip at all [B, N].
    """
    number = (waveform.shape[1] + window - 1) // window
    padded = pad(waveform, (0, number * window - waveform.shape[1]))
    sample = torch.arange(number * window, device=waveform.device)
    padded = torch.where(sample < samples.unsqueeze(1), padded, torch.zeros_like(padded))
    begin = (samples - window).clamp_min(0).unsqueeze(1)
    # Not a row of numbers of its own, which would be written down.
    last = padded.gather(1, begin + sample[:window])
    count = ((samples + window - 1) // window).clamp_min(1).unsqueeze(1)
    place = torch.arange(number, device=waveform.device).unsqueeze(0)
    whole = padded.reshape(-1, number, window)
    windows = torch.where((place == count - 1).unsqueeze(2), last.unsqueeze(1), whole)
    lengths = samples.clamp_max(window).unsqueeze(1) + torch.zeros_like(place)
    return windows, lengths, place < count


def mean_logit(logits: Tensor, counted: Tensor) -> Tensor:
    """Of each clip that was cut, the mean over its windows: [B * N] and which of them are counted [B, N] -> [B]."""
    logits = logits.reshape(counted.shape)
    return torch.where(counted, logits, torch.zeros_like(logits)).sum(dim=1) / counted.sum(dim=1)
