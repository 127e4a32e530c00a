"""Front ends in operations that every runtime knows: no transform of Fourier's but by matrices and convolutions."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from ..features import FrontEnd
from ..features.cqt import CQT


class DFTPower(nn.Module):
    """A `Spectrogram` of torchaudio, as it is made here, by products of small matrices: [B, T] -> [B, F, T'].

    The transform of N = R x C samples is one of length R of every C-th sample, a turn of the phase, and one of
    length C. That is nearly as exact as the fast transform, where one sum over a whole frame, as convolution
    would have it, is a hundred times less so and needs a matrix of N x N.
    """

    window: Tensor  # [C, R]
    rows: Tensor  # [R, 2 R], real parts beside imaginary ones
    turn_cosine: Tensor  # [C, R]
    turn_sine: Tensor
    cosine: Tensor  # [C, C // 2 + 1]
    sine: Tensor

    def __init__(self, spectrum: torchaudio.transforms.Spectrogram) -> None:
        super().__init__()
        self.hop_samples, self.n_fft = int(spectrum.hop_length), int(spectrum.n_fft)
        window = spectrum.window.double().cpu()
        left = (self.n_fft - len(window)) // 2
        window = pad(window, (left, self.n_fft - len(window) - left))
        self.n_rows = next(n for n in range(math.isqrt(self.n_fft), 0, -1) if self.n_fft % n == 0)
        self.n_columns = self.n_fft // self.n_rows
        self.register_buffer("window", window.reshape(self.n_rows, self.n_columns).T.float().contiguous())
        row, column = torch.arange(self.n_rows), torch.arange(self.n_columns)
        self.register_buffer("rows", torch.cat(_wave(row, row, self.n_rows), dim=1))
        cosine, sine = _wave(column, row, self.n_fft)
        self.register_buffer("turn_cosine", cosine)
        self.register_buffer("turn_sine", sine)
        # No more of it than up to half the rate.
        cosine, sine = _wave(column, column[: self.n_columns // 2 + 1], self.n_columns)
        self.register_buffer("cosine", cosine)
        self.register_buffer("sine", sine)

    def forward(self, waveform: Tensor) -> Tensor:
        """[B, T] -> [B, F, T // hop + 1]."""
        frames = self._framed(waveform) * self.window
        real, imaginary = (frames @ self.rows).chunk(2, dim=-1)
        real, imaginary = (
            real * self.turn_cosine - imaginary * self.turn_sine,
            real * self.turn_sine + imaginary * self.turn_cosine,
        )
        real, imaginary = real.transpose(2, 3), imaginary.transpose(2, 3)
        real, imaginary = (
            real @ self.cosine - imaginary @ self.sine,
            real @ self.sine + imaginary @ self.cosine,
        )
        power = real.square() + imaginary.square()  # [B, T', R, C // 2 + 1], the row counting singly
        return power.transpose(2, 3).flatten(2)[..., : self.n_fft // 2 + 1].transpose(1, 2)

    def _framed(self, waveform: Tensor) -> Tensor:
        """Frames centred on each hop: [B, T] -> [B, T', C, R]."""
        around = pad(waveform, (self.n_fft // 2, self.n_fft // 2))
        device = waveform.device
        begin = torch.arange(waveform.shape[1] // self.hop_samples + 1, device=device) * self.hop_samples
        row = torch.arange(self.n_rows, device=device) * self.n_columns
        place = torch.arange(self.n_columns, device=device).unsqueeze(1) + row
        return around[:, begin[:, None, None] + place]


class ConvolvedCQT(CQT):
    """A constant-Q transform by its filters themselves, those of an octave together: as long as its lowest needs."""

    def __init__(self, cqt: CQT) -> None:
        super().__init__(
            cqt.sample_rate,
            cqt.hop_samples,
            cqt.f_min_hz,
            cqt.n_bins,
            cqt.bins_per_octave,
            cqt.mean_removed,
        )
        for number, taps in enumerate(self._octaves()):
            self.register_buffer(f"taps_{number}", taps)

    def power(self, waveform: Tensor) -> Tensor:
        """[B, T] -> [B, F, T // hop + 1]."""
        octaves = []
        for taps in self.buffers(recurse=False):
            reach = taps.shape[-1] // 2
            # The last frame may stand on the window's very end, one past its last sample.
            octaves.append(_power(pad(waveform, (reach, reach + 1)), taps, self.hop_samples))
        return torch.cat(octaves, dim=1)

    def _octaves(self) -> Iterator[Tensor]:
        for pitches in self.bin_hz().split(self.bins_per_octave):
            length = self.periods * self.sample_rate / pitches[:, None]
            reach = math.ceil(float(length.max()) / 2)
            offset = torch.arange(-reach, reach + 1, dtype=torch.float64)
            bell = (1 + torch.cos(2 * torch.pi * offset / length)) * (offset.abs() < length / 2)
            angle = 2 * torch.pi * pitches[:, None] / self.sample_rate * offset
            bell = bell / length.sqrt()
            yield _both(bell * torch.cos(angle), bell * torch.sin(angle))


def plain(features: FrontEnd) -> FrontEnd:
    """A copy of a front end that any exporter can follow."""
    made = ConvolvedCQT(features) if isinstance(features, CQT) else copy.deepcopy(features)
    for module in list(made.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torchaudio.transforms.Spectrogram):
                setattr(module, name, DFTPower(child))
            elif isinstance(child, CQT):
                setattr(module, name, ConvolvedCQT(child))
    return made.cpu().eval()


def _wave(one: Tensor, other: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of exp(-2 pi i a b / length): [A] and [B] -> [A, B] each."""
    # Whole turns are taken off as whole numbers: no angle is large, so none is rounded much.
    angle = torch.outer(one, other).remainder(length).double() * (2 * torch.pi / length)
    return torch.cos(angle).float(), -torch.sin(angle).float()


def _both(real: Tensor, imaginary: Tensor) -> Tensor:
    """[F, taps] each -> [2 F, 1, taps] in single precision."""
    return torch.cat([real, imaginary]).float().unsqueeze(1)


def _power(waveform: Tensor, taps: Tensor, hop_samples: int) -> Tensor:
    """[B, T] by filters [2 F, 1, taps] -> [B, F, T']."""
    real, imaginary = conv1d(waveform.unsqueeze(1), taps, stride=hop_samples).chunk(2, dim=1)
    return real.square() + imaginary.square()
