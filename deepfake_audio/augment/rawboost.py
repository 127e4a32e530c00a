"""RawBoost (Tak et al., 2022): the nuisances of a telephone line, put on the waveform itself.

Noise of three kinds, alone or together: of a channel that filters and bends, impulses that follow the signal, and a
steady coloured noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from ..features import valid_frames
from .base import WaveAugmentation, checked_share
from .draws import Between, between, number, whole
from .levels import FAINTEST_POWER, mean_power, within_full_scale
from .notches import Notches, draw_notches, notch_spectra, notched

CHANNEL, IMPULSES, STEADY = "channel", "impulses", "steady"
# What follows what, by the paper's numbers.
SERIES: dict[int, tuple[str, ...]] = {
    0: (),
    1: (CHANNEL,),
    2: (IMPULSES,),
    3: (STEADY,),
    4: (CHANNEL, IMPULSES, STEADY),
    5: (CHANNEL, IMPULSES),
    6: (CHANNEL, STEADY),
    7: (IMPULSES, STEADY),
}
# Its last one: two that each hear the clip as it was, added up.
PARALLEL = 8
SIDE_BY_SIDE = (CHANNEL, IMPULSES)


class RawBoost(WaveAugmentation):
    """Noise of a channel (1), impulses (2) and steady noise (3), combined as the paper does.

    Args:
        algorithm: 0 nothing, 1 to 3 one kind, in series 4 (1+2+3), 5 (1+2), 6 (1+3) or 7 (2+3), 8 is 1 and 2 side
            by side. The paper's best is 5 for telephone speech; others found 3 best for compressed files.
        powers: of the waveform that a channel adds up; 1 is a linear channel.
        bent_db: range of how far each power above the first lies below it.
        impulse_share: most samples that impulses hit.
        impulse_gain: an impulse is at most so many times its sample.
        snr_db: range of how far steady noise lies below the clip.
    """

    def __init__(
        self,
        algorithm: int = 5,
        powers: int = 5,
        bent_db: Sequence[float] = (5.0, 20.0),
        impulse_share: float = 0.1,
        impulse_gain: float = 2.0,
        snr_db: Sequence[float] = (10.0, 40.0),
        share: float = 1.0,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__(share, sample_rate)
        if algorithm not in (*SERIES, PARALLEL) or isinstance(algorithm, bool):
            raise UserError(f"augment: algorithm={algorithm} of rawboost must be a whole number from 0 to 8")
        self.algorithm = algorithm
        self.powers = whole(powers, "rawboost.powers", least=1)
        self.bent_db = between(bent_db, "bent_db", least=0)
        self.impulse_share = Between(0.0, checked_share(impulse_share, "impulses"))
        self.impulse_gain = number(impulse_gain, "rawboost.impulse_gain", least=0, most=1_000)
        self.snr_db = between(snr_db, "snr_db", least=-50, most=100)

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """For each kind of noise that the algorithm has, what it needs."""
        kinds = {CHANNEL: self._draw_channel, IMPULSES: self._draw_impulses, STEADY: self._draw_steady}
        return {kind: kinds[kind](clips, length, device) for kind in SERIES.get(self.algorithm, SIDE_BY_SIDE)}

    def _draw_channel(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        bent = -self.bent_db.drawn(clips, self.powers - 1, device=device)
        return {"filters": draw_notches(torch.cat([bent.new_zeros(clips, 1), bent], dim=1))}

    def _draw_impulses(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        share = self.impulse_share.drawn(clips, 1, device=device)
        sizes = Between(-1, 1)
        return {
            "hit": torch.rand(clips, length, device=device) < share,
            "size": sizes.drawn(clips, length, device=device) * sizes.drawn(clips, length, device=device),
        }

    def _draw_steady(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        return {
            "white": torch.randn(clips, length, device=device),
            "filters": draw_notches(torch.zeros(clips, 1, device=device)),
            "snr_db": self.snr_db.drawn(clips, device=device),
        }

    def change(self, waveform: Tensor, samples: Tensor, **drawn: Any) -> Tensor:
        """[B, T] -> [B, T]."""
        kinds: dict[str, Callable[..., Tensor]] = {
            CHANNEL: self.with_channel,
            IMPULSES: self.with_impulses,
            STEADY: self.with_steady,
        }
        if self.algorithm == PARALLEL:
            both = [kinds[kind](waveform, samples, **drawn[kind]) for kind in SIDE_BY_SIDE]
            return within_full_scale(both[0] + both[1])
        for kind in SERIES[self.algorithm]:
            waveform = kinds[kind](waveform, samples, **drawn[kind])
        return waveform

    def with_channel(self, waveform: Tensor, samples: Tensor, *, filters: Notches) -> Tensor:
        """Powers of the waveform, each through a filter of its own, added up: [B, T] -> [B, T]."""
        waves = waveform.unsqueeze(1).expand(-1, self.powers, -1).cumprod(dim=1)
        valid = valid_frames(samples, waveform.shape[1])
        bent = notched(waves, notch_spectra(filters, self.sample_rate)) * valid
        # Even powers bring a constant offset.
        offset = bent.sum(dim=1, keepdim=True) / samples.clamp_min(1).unsqueeze(1)
        return within_full_scale((bent - offset) * valid)

    def with_impulses(self, waveform: Tensor, samples: Tensor, *, hit: Tensor, size: Tensor) -> Tensor:
        """Some samples larger or smaller, in proportion to what they are: [B, T] -> [B, T]."""
        return within_full_scale(waveform * (1 + self.impulse_gain * size * hit))

    def with_steady(
        self, waveform: Tensor, samples: Tensor, *, white: Tensor, filters: Notches, snr_db: Tensor
    ) -> Tensor:
        """Noise of a drawn colour, whatever the signal does: [B, T] -> [B, T]."""
        noise = notched(white.unsqueeze(1), notch_spectra(filters, self.sample_rate))
        wanted = mean_power(waveform, samples) * 10 ** (-snr_db / 10)
        there = mean_power(noise, samples).clamp_min(FAINTEST_POWER)
        return waveform + noise * (wanted / there).sqrt().unsqueeze(1)
