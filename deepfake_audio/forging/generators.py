"""Small generators laid out as neural vocoders and codecs are, to be trained on whatever speech there is.

What a detector hears of such a system are the traces of its layers: images of the upsampling, the nonlinearity's
harmonics, the seams of its frames. Those come with the layout, long before the speech is good. So each of `LAYOUTS` is
another one: how it upsamples, by which strides and kernels, at which sample rate, from what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, prod

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .frames import SAMPLE_RATE_HZ, Floats

N_FFT = 1024
QUIETEST_BAND = 1e-4
# Whole numbers up to this are what is left of a codec's frame: 33 levels, fine enough to learn within minutes.
LEVELS_EACH_SIDE = 16.0
# A source's harmonics stop where the speech of the corpora stops.
HIGHEST_HARMONIC_HZ = 7800.0
BREATH = 0.05
# Where DIO looks for a voice: from a deep man's to a child's shout.
PITCH_HZ = (60.0, 600.0)


@dataclass(frozen=True)
class Layout:
    """What a generator is like.

    Args:
        hears: `codec` (numbers that an encoder learns) or `mel` (a mel spectrogram, and pulses at the voice's pitch).
        numbers: how many a frame has.
        writes: `transposed` convolutions, `nearest` neighbours and a convolution, `istft` of magnitudes and
            phases, or `matrix`: the samples of a frame at once.
        channels: before, between and after the upsampling; the two that work by frames need one.
        strides: of the upsampling, their product the hop; the two that work by frames have one.
        kernels: of the upsampling.
        activation: leaky, elu or snake.
        noisy: whether noise is added at each stage, as in a generator that must make breath.
    """

    sample_rate: int
    hears: str
    numbers: int
    writes: str
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    kernels: tuple[int, ...] = ()
    activation: str = "leaky"
    noisy: bool = False

    @property
    def hop_samples(self) -> int:
        return prod(self.strides)

    @property
    def needs_source(self) -> bool:
        return self.hears == "mel"


# Strides and kernels are those of the published systems that a name stands for; widths are for one core.
LAYOUTS: dict[str, Layout] = {
    "vits16": Layout(16_000, "codec", 128, "transposed", (128, 96, 48, 24, 12), (8, 8, 2, 2), (16, 16, 4, 4)),
    "encodec24": Layout(
        24_000, "codec", 160, "transposed", (128, 80, 48, 24, 12), (8, 5, 4, 2), (16, 10, 8, 4), "elu"
    ),
    "nearest22": Layout(
        22_050, "codec", 128, "nearest", (128, 80, 40, 20), (8, 6, 5), (9, 9, 7), "snake", noisy=True
    ),
    "frames16": Layout(16_000, "codec", 128, "matrix", (160,), (256,)),
    "hifigan22": Layout(22_050, "mel", 80, "transposed", (96, 80, 40, 20, 12), (8, 8, 2, 2), (16, 16, 4, 4)),
    "melgan16": Layout(
        16_000, "mel", 64, "transposed", (96, 64, 32, 16), (5, 8, 5), (11, 17, 11), noisy=True
    ),
    "vocos24": Layout(24_000, "mel", 100, "istft", (160,), (256,)),
}


class Generator(nn.Module):
    """Speech in, the same speech as such a system would have made it out."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        hop, numbers = layout.hop_samples, layout.numbers
        self.hear: nn.Module = (
            _Mel(layout.sample_rate, hop, numbers) if layout.needs_source else _Encoder(hop, numbers)
        )
        self.write: nn.Module = WRITERS[layout.writes](layout)

    def forward(self, wave: Tensor, source: Tensor | None = None) -> Tensor:
        """[B, T], T a multiple of the hop -> [B, T]; the source too is [B, T]."""
        written = self.write(self.hear(wave), source)
        samples = wave.shape[1]
        return F.pad(written, (0, max(0, samples - written.shape[1])))[:, :samples]


def voice_source(wave: Floats, sample_rate: int, rng: np.random.Generator) -> Floats:
    """Pulses where `wave` (at 16 kHz) is voiced, and a breath everywhere: [T] -> [T * sample_rate / 16000]."""
    import pyworld

    pitch, times = pyworld.dio(wave, SAMPLE_RATE_HZ, f0_floor=PITCH_HZ[0], f0_ceil=PITCH_HZ[1])
    pitch = pyworld.stonemask(wave, pitch, times, SAMPLE_RATE_HZ)
    samples = len(wave) * sample_rate // SAMPLE_RATE_HZ
    breath = rng.normal(0, BREATH, samples)
    voiced = pitch > 0
    if not voiced.any():
        return breath
    at = np.arange(samples) / sample_rate
    hz = np.interp(at, times[voiced], pitch[voiced])
    half = pi * (np.cumsum(hz) / sample_rate + rng.uniform())
    harmonics = np.maximum(1, np.floor(HIGHEST_HARMONIC_HZ / hz))
    # The sum of so many cosines of equal height, in closed form; at a beat both sines vanish.
    sine = np.where(np.abs(np.sin(half)) < 1e-4, 1e-4, np.sin(half))
    pulses = (np.sin((2 * harmonics + 1) * half) / (2 * sine) - 0.5) / np.sqrt(harmonics)
    return np.where(np.interp(at, times, voiced) > 0.5, pulses / 2, 0) + breath


class _Encoder(nn.Module):
    """[B, T] -> [B, numbers, T / hop] within 1: as many levels, or noise of half a step while it learns."""

    def __init__(self, hop: int, numbers: int, width: int = 192) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(1, width, 2 * hop, hop, padding=hop // 2),
            nn.LeakyReLU(0.1),
            nn.Conv1d(width, width, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv1d(width, numbers, 3, padding=1),
        )

    def forward(self, wave: Tensor) -> Tensor:
        numbers = self.layers(wave[:, None]).tanh() * LEVELS_EACH_SIDE
        coded = numbers + torch.rand_like(numbers) - 0.5 if self.training else numbers.round()
        return coded / LEVELS_EACH_SIDE


class _Mel(nn.Module):
    """[B, T] -> [B, mels, T / hop], the logarithm of magnitudes."""

    filters: Tensor
    window: Tensor

    def __init__(self, sample_rate: int, hop: int, mels: int) -> None:
        super().__init__()
        from torchaudio.functional import melscale_fbanks

        filters = melscale_fbanks(N_FFT // 2 + 1, 0.0, 8000.0, mels, sample_rate, "slaney", "slaney")
        self.register_buffer("filters", filters.T.contiguous(), persistent=False)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        self.hop = hop

    def forward(self, wave: Tensor) -> Tensor:
        before = (N_FFT - self.hop) // 2
        whole = F.pad(wave[:, None], (before, N_FFT - self.hop - before), mode="reflect")[:, 0]
        spectra = torch.stft(
            whole, N_FFT, self.hop, window=self.window, center=False, return_complex=True
        ).abs()
        return (self.filters @ spectra).clamp(min=QUIETEST_BAND).log()


class _Snake(nn.Module):
    """x + sin^2(a x) / a, a learnt for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.rate * x) ** 2 / (self.rate.abs() + 1e-3)


ACTIVATIONS: dict[str, Callable[[int], nn.Module]] = {
    "leaky": lambda channels: nn.LeakyReLU(0.1),
    "elu": lambda channels: nn.ELU(),
    "snake": _Snake,
}


class _Stage(nn.Module):
    """One step of upsampling, the source at its rate let in, and two dilated convolutions that mend."""

    def __init__(self, layout: Layout, place: int) -> None:
        super().__init__()
        before, after = layout.channels[place : place + 2]
        self.stride, kernel = layout.strides[place], layout.kernels[place]
        activation = ACTIVATIONS[layout.activation]
        self.enter = activation(before)
        self.nearest, self.noisy = layout.writes == "nearest", layout.noisy
        over = kernel - self.stride
        self.up: nn.Module = (
            nn.Conv1d(before, after, kernel, padding=kernel // 2)
            if self.nearest
            else nn.ConvTranspose1d(
                before, after, kernel, self.stride, padding=(over + 1) // 2, output_padding=over % 2
            )
        )
        left = prod(layout.strides[place + 1 :])
        shape = (2 * left, left, left // 2) if left > 1 else (7, 1, 3)
        self.source = nn.Conv1d(1, after, *shape) if layout.needs_source else None
        self.breath = nn.Parameter(torch.full((after, 1), 0.05))
        self.mend = nn.ModuleList(
            nn.Sequential(activation(after), nn.Conv1d(after, after, 3, dilation=step, padding=step))
            for step in (1, 3)
        )

    def forward(self, x: Tensor, source: Tensor | None) -> Tensor:
        x = self.enter(x)
        x = self.up(x.repeat_interleave(self.stride, 2) if self.nearest else x)
        if self.source is not None and source is not None:
            heard = self.source(source[:, None])
            shared = min(heard.shape[2], x.shape[2])
            x = x[..., :shared] + heard[..., :shared]
        if self.noisy:
            x = x + self.breath * torch.randn_like(x[:, :1])
        for layer in self.mend:
            x = x + layer(x)
        return x


class _Upsampling(nn.Module):
    """[B, numbers, F] -> [B, F * hop], stage by stage."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        first, last = layout.channels[0], layout.channels[-1]
        self.first = nn.Conv1d(layout.numbers, first, 7, padding=3)
        self.stages = nn.ModuleList(_Stage(layout, place) for place in range(len(layout.strides)))
        self.last = nn.Sequential(ACTIVATIONS[layout.activation](last), nn.Conv1d(last, 1, 7, padding=3))

    def forward(self, numbers: Tensor, source: Tensor | None) -> Tensor:
        x = self.first(numbers)
        for stage in self.stages:
            x = stage(x, source)
        return torch.tanh(self.last(x)[:, 0])


class _FrameBlock(nn.Module):
    """ConvNeXt along time: [B, C, F] -> [B, C, F]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.across = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.within = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Linear(2 * channels, channels),
        )
        self.share = nn.Parameter(torch.full((channels,), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        return x + (self.share * self.within(self.across(x).transpose(1, 2))).transpose(1, 2)


class _Spectra(nn.Module):
    """Magnitudes, noise and turns of the source's phases a frame, and the inverse transform of them."""

    window: Tensor

    def __init__(self, layout: Layout, blocks: int = 4) -> None:
        super().__init__()
        self.bins, self.hop, (width,) = N_FFT // 2 + 1, layout.hop_samples, layout.channels
        self.first = nn.Conv1d(layout.numbers + self.bins, width, 3, padding=1)
        self.blocks = nn.Sequential(*(_FrameBlock(width) for _ in range(blocks)))
        self.last = nn.Conv1d(width, 3 * self.bins, 1)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        # Quiet and unturned to begin with.
        with torch.no_grad():
            assert self.last.bias is not None
            self.last.weight.mul_(0.3)
            self.last.bias[: 2 * self.bins] = -3.0
            self.last.bias[2 * self.bins :] = 0.0

    def forward(self, numbers: Tensor, source: Tensor) -> Tensor:
        frames = numbers.shape[2]
        heard = torch.stft(source, N_FFT, self.hop, window=self.window, return_complex=True)[..., :frames]
        inside = self.blocks(self.first(torch.cat([numbers, (heard.abs() + 1e-3).log()], 1)))
        loud, breath, turn = self.last(inside).split(self.bins, 1)
        voiced = heard / (heard.abs() + 1e-2) * torch.polar(loud.clamp(max=5).exp(), pi * turn.tanh())
        noise = torch.polar(breath.clamp(max=5).exp(), 2 * pi * torch.rand_like(breath))
        return torch.istft(
            F.pad(voiced + noise, (0, 1)), N_FFT, self.hop, window=self.window, length=frames * self.hop
        )


class _Matrix(nn.Module):
    """Every frame to the samples of two hops by one matrix, added where they overlap."""

    def __init__(self, layout: Layout, blocks: int = 4) -> None:
        super().__init__()
        hop, (width,) = layout.hop_samples, layout.channels
        self.first = nn.Conv1d(layout.numbers, width, 7, padding=3)
        self.blocks = nn.Sequential(*(_FrameBlock(width) for _ in range(blocks)))
        self.last = nn.ConvTranspose1d(width, 1, 2 * hop, hop, padding=hop // 2, bias=False)

    def forward(self, numbers: Tensor, source: Tensor | None) -> Tensor:
        return torch.tanh(self.last(self.blocks(self.first(numbers)))[:, 0])


WRITERS: dict[str, Callable[[Layout], nn.Module]] = {
    "transposed": _Upsampling,
    "nearest": _Upsampling,
    "istft": _Spectra,
    "matrix": _Matrix,
}
