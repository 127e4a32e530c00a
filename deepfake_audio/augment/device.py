"""What a recording device does: a frequency response of its own, a roll-off, a little distortion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .base import WaveAugmentation, checked_share
from .draws import Between, between, number, whole
from .filters import low_pass, through
from .levels import at_level_of

# Below lies little speech: the response goes on there as it is at this frequency.
LOWEST_HZ = 60.0
# As steep as the filter before a converter.
ROLL_OFF_DB_PER_OCTAVE = 60.0
# A limiter that bends less than this is a straight line.
LEAST_DRIVE = 1e-2


class Device(WaveAugmentation):
    """A smooth random response, for some clips a roll-off, and mild soft clipping; the speech level is kept.

    Args:
        points: at how many frequencies, evenly spaced in octaves, the response is drawn.
        response_db: it lies between minus and plus this.
        roll_off_share: of the changed clips that lose their highest frequencies.
        roll_off_hz: range of where that begins.
        drive: range of how far the loudest sample is driven into the bend of a limiter (a tanh); 1 is mild.
    """

    def __init__(
        self,
        points: int = 7,
        response_db: float = 8.0,
        roll_off_share: float = 0.3,
        roll_off_hz: Sequence[float] = (4_000.0, 7_500.0),
        drive: Sequence[float] = (0.0, 1.5),
        share: float = 0.5,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__(share, sample_rate)
        self.points = whole(points, "device.points", least=2)
        most_db = number(response_db, "device.response_db", least=0, most=100)
        self.response_db = Between(-most_db, most_db)
        self.roll_off_share = checked_share(roll_off_share, "roll_off")
        self.roll_off_hz = between(roll_off_hz, "roll_off_hz", least=1)
        self.drive = between(drive, "drive", least=0, most=100)

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """The response at its points [B, P], the roll-off's edge [B], infinite where there is none, drive [B]."""
        edge = self.roll_off_hz.drawn_by_ratio(clips, device=device)
        without = torch.rand(clips, device=device) >= self.roll_off_share
        return {
            "response_db": self.response_db.drawn(clips, self.points, device=device),
            "roll_off_hz": edge.masked_fill(without, math.inf),
            "drive": self.drive.drawn(clips, device=device),
        }

    def change(
        self, waveform: Tensor, samples: Tensor, *, response_db: Tensor, roll_off_hz: Tensor, drive: Tensor
    ) -> Tensor:
        """[B, T] -> [B, T] at the level it had."""
        slope = torch.full_like(roll_off_hz, ROLL_OFF_DB_PER_OCTAVE)

        def gain(hz: Tensor) -> Tensor:
            return 10 ** (self.response(hz, response_db) / 20) * low_pass(hz, roll_off_hz, slope)

        heard = through(waveform, gain, self.sample_rate)
        return at_level_of(limited(heard, drive), waveform, samples, self.sample_rate)

    def response(self, hz: Tensor, response_db: Tensor) -> Tensor:
        """A smooth curve through the points: [F] and [B, P] -> [B, F], in decibels."""
        octaves = math.log2(self.sample_rate / 2 / LOWEST_HZ)
        place = (hz.clamp_min(LOWEST_HZ) / LOWEST_HZ).log2() / octaves * (self.points - 1)
        left = place.floor().clamp(0, self.points - 2).long()
        way = (place - left).clamp(0, 1)
        # Level at the points, so that no corner rings.
        weight = way * way * (3 - 2 * way)
        return response_db[:, left] * (1 - weight) + response_db[:, left + 1] * weight


def limited(waveform: Tensor, drive: Tensor) -> Tensor:
    """Bent towards the peaks, which stay where they are: [B, T] and [B] -> [B, T]."""
    peak = waveform.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(waveform.dtype).tiny)
    bend = drive.unsqueeze(1).clamp_min(LEAST_DRIVE)
    return peak * (waveform / peak * bend).tanh() / bend.tanh()
