"""The noise floors of two clips made alike, so that how quiet a pause is tells nothing."""

from __future__ import annotations

from typing import Any

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn.functional import avg_pool1d, interpolate, pad

from .base import WaveAugmentation, drawn_for
from .levels import FAINTEST_POWER, speech_power
from .pairs import drawn_partners

FRAME_SECONDS = 0.032
# Of a clip's frames the quietest tell its floor.
QUIET_SHARE = 0.15
# A floor is smooth: over so many neighbouring bins its estimate is averaged.
SMOOTH_BINS = 9


class Floor(WaveAugmentation):
    """Adds noise to each clip until its floor is as high, at each frequency, as that of another one.

    The other is the clip's twin where a batch is of pairs, and any clip of the batch where it is not. Of a pair
    both end with the same floor, next to their own speech: recordings hiss, synthesis often does not.
    """

    def __init__(self, share: float = 0.5, sample_rate: int = 16_000) -> None:
        super().__init__(share, sample_rate)
        self.size = round(FRAME_SECONDS * sample_rate)

    def forward(self, waveform: Tensor, samples: Tensor, pair: Tensor | None = None) -> Tensor:
        """[B, T], valid lengths [B] and of which pair each is [B], from 0 on -> [B, T], padding still zero."""
        if not self.training:
            return waveform
        hit = torch.rand(drawn_for(waveform, pair), device=waveform.device) < self.share
        hit = hit if pair is None else hit[pair]
        other = drawn_partners(len(waveform), waveform.device) if pair is None else twins(pair)
        drawn = self.draw(len(waveform), waveform.shape[1], waveform.device)
        changed = self.change(waveform.float(), samples, other=other, **drawn)
        inside = torch.arange(waveform.shape[1], device=waveform.device) < samples.unsqueeze(1)
        return torch.where(hit.unsqueeze(1) & inside, changed.to(waveform.dtype), waveform)

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """White noise: [B, T'], longer than the clips."""
        return {"white": torch.randn(clips, next_fast_len(length, real=True), device=device)}

    def change(self, waveform: Tensor, samples: Tensor, *, other: Tensor, white: Tensor) -> Tensor:
        """[B, T] with the floor of the clips at the places `other` [B] where that is higher: -> [B, T]."""
        speech = speech_power(waveform, samples, self.sample_rate).clamp_min(FAINTEST_POWER).unsqueeze(1)
        floor = noise_floor(waveform, samples, self.size) / speech
        lacking = (floor[other] - floor).clamp_min(0) * speech
        spectrum = torch.fft.rfft(white)
        gain = interpolate(lacking.sqrt().unsqueeze(1), spectrum.shape[1], mode="linear", align_corners=True)
        return waveform + torch.fft.irfft(spectrum * gain.squeeze(1), white.shape[1])[:, : waveform.shape[1]]


def noise_floor(waveform: Tensor, samples: Tensor, size: int) -> Tensor:
    """Power density in a clip's quietest frames, 1 for white noise of power 1: [B, T] and [B] -> [B, size // 2 + 1]."""
    window = torch.hann_window(size, device=waveform.device)
    hop = size // 2
    heard = pad(waveform, (0, max(0, size - waveform.shape[1])))
    power = torch.stft(heard, size, hop, window=window, center=False, return_complex=True).abs().square()
    whole = torch.div(samples - size, hop, rounding_mode="floor").add(1).clamp_min(1).unsqueeze(1)
    # Frames that reach into the padding come last.
    beyond = torch.arange(power.shape[2], device=waveform.device) >= whole
    rank = power.mean(dim=1).masked_fill(beyond, torch.inf).argsort(dim=1).argsort(dim=1)
    quiet = (rank < (QUIET_SHARE * whole).ceil()).unsqueeze(1)
    mean = (power * quiet).sum(dim=2) / quiet.sum(dim=2)
    reach = SMOOTH_BINS // 2
    smooth = avg_pool1d(pad(mean.unsqueeze(1), (reach, reach), mode="replicate"), SMOOTH_BINS, 1)
    return smooth.squeeze(1) / window.square().sum()


def twins(pair: Tensor) -> Tensor:
    """For each clip the other one of its pair, itself where there is none: [B] -> [B]."""
    same = (pair.unsqueeze(1) == pair.unsqueeze(0)).fill_diagonal_(False)
    alone = ~same.any(dim=1)
    return torch.where(alone, torch.arange(len(pair), device=pair.device), same.int().argmax(dim=1))
