"""Cepstra: how a frame's spectrum is shaped, and how that shape changes from frame to frame."""

from __future__ import annotations

import torch
import torchaudio
from torch import Tensor
from torch.nn.functional import pad

from ..errors import UserError
from .front_end import FrontEnd, standardised
from .log_power import LogPower, without_means
from .stft import checked_counts


class Cepstra(FrontEnd):
    """The cosine transform of a bank's levels, with its changes over time below it. Rows are no frequencies.

    The first coefficient is the frame's level, and has its mean over the window taken away: loudness cannot be
    learnt. In speech the k-th of the others, counted from 0, spreads about 1 / (k + 1) as far as the first, so
    each is weighed by k + 1 for all to be seen. Coefficients, changes, and changes of changes are then each
    brought to zero mean and unit spread over the window, as one block.

    Args:
        bank: whose levels are transformed.
        coefficients: how many are kept, the coarsest shapes first.
        deltas: 0 for the coefficients alone, 1 for their changes too, 2 for the changes of those as well.
        delta_frames: over so many frames, an odd number, the slope is taken that is called the change.
        mean_removed: take every coefficient's mean over the window away, not the first one's alone: the colour
            of microphone and channel goes, and what is steady in a voice too.
    """

    cosines: Tensor  # [coefficients, filters]
    weights: Tensor  # [coefficients, 1]

    def __init__(
        self, bank: LogPower, coefficients: int, deltas: int, delta_frames: int, mean_removed: bool
    ) -> None:
        super().__init__()
        checked_counts(coefficients=coefficients, delta_frames=delta_frames)
        if coefficients > bank.bins:
            raise UserError(
                f"features: coefficients={coefficients} are more than the filters they are made of, {bank.bins}"
            )
        if deltas not in (0, 1, 2):
            raise UserError(f"features: deltas={deltas} must be 0, 1 or 2")
        if delta_frames < 3 or delta_frames % 2 == 0:
            raise UserError(f"features: delta_frames={delta_frames} must be an odd number, 3 or more")
        self.bank = bank
        self.sample_rate = bank.sample_rate
        self.hop_samples = bank.hop_samples
        self.coefficients = coefficients
        self.deltas = deltas
        self.delta_frames = delta_frames
        self.mean_removed = mean_removed
        cosines = torchaudio.functional.create_dct(coefficients, bank.bins, norm="ortho").T
        self.register_buffer("cosines", cosines.contiguous(), persistent=False)
        self.register_buffer("weights", torch.arange(1.0, coefficients + 1)[:, None], persistent=False)

    @property
    def bins(self) -> int:
        """Height F of the picture: the coefficients, then their changes, then the changes of those."""
        return self.coefficients * (1 + self.deltas)

    @torch.no_grad()
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, F, T'] and its valid frames [B]."""
        with torch.autocast(waveform.device.type, enabled=False):
            level_db, frames, valid = self.bank.levels_db(waveform, samples)
            # Only the first coefficient knows of it, and in silence all of them are then exactly zero.
            loudest = level_db.masked_fill(~valid, -torch.inf).amax(dim=(1, 2), keepdim=True)
            values = self.cosines @ (level_db - loudest)
        centred = without_means(values, valid)
        values = centred if self.mean_removed else torch.cat([centred[:, :1], values[:, 1:]], dim=1)
        blocks = [self.weights * values]
        for _ in range(self.deltas):
            blocks.append(slopes(blocks[-1], frames, self.delta_frames))
        return torch.cat([standardised(block, valid) for block in blocks], dim=1), frames


def slopes(values: Tensor, frames: Tensor, width: int) -> Tensor:
    """Slope a frame of the straight line through `width` frames around each: [B, F, T'] and [B] -> [B, F, T'].

    Before a clip's first valid frame stands that one again, and after its last valid one that: padding is not
    looked at. As librosa's `delta(width, mode="nearest")`.
    """
    place = torch.arange(values.shape[-1], device=values.device).minimum(frames[:, None] - 1)
    ended = values.gather(2, place.unsqueeze(1).expand_as(values))
    reach = width // 2
    wide, total = pad(ended, (reach, reach), mode="replicate"), values.shape[-1]
    # Shifted by so many frames and weighed by their number; in slices, which exporters follow.
    rises = [
        offset * wide[..., reach + offset : reach + offset + total] for offset in range(-reach, reach + 1)
    ]
    return torch.stack(rises).sum(dim=0) / sum(offset**2 for offset in range(-reach, reach + 1))
