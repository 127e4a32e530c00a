"""Codecs: what calls, messengers and video sites do to speech, so that no codec's traces stand for a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..audio.codecs import recode, try_codec
from ..errors import UserError
from .base import Wave, WindowAugmentation

# Bits a second, from barely understood to hardly changed. GSM and mu-law have but one rate: the telephone's.
BIT_RATES: Mapping[str, Sequence[int]] = {
    "aac": (16_000, 24_000, 32_000, 48_000, 64_000),
    "mp3": (16_000, 24_000, 32_000, 48_000, 64_000),
    "opus": (8_000, 12_000, 16_000, 24_000, 32_000),
    "gsm": (),
    "mulaw": (),
}


class Codecs(WindowAugmentation):
    """Sends windows through a codec and back, one drawn for each, at a drawn bit rate; as long as before, in step.

    Args:
        bit_rates: by codec the bits a second to draw from, none where it has but one; a codec that is null is left
            out. See `recode` for their names.
    """

    def __init__(self, share: float = 0.5, bit_rates: Mapping[str, Sequence[int] | None] = BIT_RATES) -> None:
        super().__init__(share)
        told = bit_rates if isinstance(bit_rates, Mapping) else {}
        named = {name: rates for name, rates in told.items() if rates is not None}
        if not named:
            raise UserError(
                f"augment: codec.bit_rates={bit_rates} names no codec; there is {', '.join(BIT_RATES)}"
            )
        for name, rates in named.items():
            if isinstance(rates, str) or not isinstance(rates, Sequence):
                raise UserError(
                    f"augment: codec.bit_rates.{name}={rates} must be a list, [] where it has but one"
                )
            # Here, where it stops a run, and not in a worker in the middle of it.
            for rate in rates or (None,):
                try_codec(name, rate, quick=True)
        self.bit_rates = {name: tuple(rates) for name, rates in named.items()}

    def change(self, waveform: Wave, sample_rate: int, rng: np.random.Generator) -> Wave:
        """[T] -> [T]."""
        name = list(self.bit_rates)[int(rng.integers(len(self.bit_rates)))]
        rates = self.bit_rates[name]
        bit_rate = rates[int(rng.integers(len(rates)))] if rates else None
        return recode(waveform, sample_rate, name, bit_rate, quick=True)
