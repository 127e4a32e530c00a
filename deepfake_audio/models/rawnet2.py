"""RawNet2 as it is used against spoofing: fixed filters, residual blocks that weigh their own maps, a GRU.

"End-to-end anti-spoofing with RawNet2", Tak et al. 2021, with the widths of ASVspoof 2021's baseline.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import leaky_relu, max_pool1d

from .network import PooledNetwork
from .shown import check_waveform, whole_waveform
from .sinc import SincFilters
from .widths import check_widths

# Each pooling leaves a third of the samples.
STEP = 3
LEAK = 0.3


class RawNet2(PooledNetwork):
    """Sinc filters, residual blocks, and a GRU that goes through what is left of time.

    Shorter clips are repeated to the window's end, as published, for windows of 64,600 samples at 16 kHz.

    Args:
        bins: height of the features, which must be a waveform's 1.
        filters: sinc filters, spread evenly over the mel scale.
        taps: length of each in samples.
        channels: of each residual block.
        gru: width of the GRU and of the layer after it.
        dropout: of what the logit is made of.
    """

    def __init__(
        self,
        bins: int = 1,
        filters: int = 20,
        taps: int = 1024,
        channels: Sequence[int] = (20, 20, 128, 128, 128, 128),
        gru: int = 1024,
        gru_layers: int = 3,
        dropout: float = 0.0,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__()
        check_waveform("rawnet2", bins)
        check_widths(channels=channels, gru=gru, gru_layers=gru_layers)
        self.filters = SincFilters(filters, taps, sample_rate)
        self.norm = nn.BatchNorm1d(filters)
        widths = zip([filters, *channels], channels, strict=False)
        self.blocks = nn.Sequential(*(ScaledBlock(a, b) for a, b in widths))
        self.last_norm = nn.BatchNorm1d(channels[-1])
        self.gru = nn.GRU(channels[-1], gru, gru_layers, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(gru, gru), nn.LeakyReLU(LEAK), nn.Dropout(dropout), nn.Linear(gru, 1)
        )
        self.least = self.filters.taps.shape[-1] - 1 + STEP ** (1 + len(channels))

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, 1, T] and its valid samples [B] -> what the GRU knows at the end, [B, C]."""
        waveform = whole_waveform("rawnet2", features, frames, self.least)
        filtered = self.norm(max_pool1d(self.filters(waveform).abs(), STEP))
        maps = leaky_relu(self.last_norm(self.blocks(leaky_relu(filtered, LEAK))), LEAK)
        states, _ = self.gru(maps.transpose(1, 2))
        return states[:, -1]


class ScaledBlock(nn.Module):
    """Two convolutions beside a shortcut, then each map weighed by what its mean says of it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first_norm = nn.BatchNorm1d(inputs)
        self.change = nn.Conv1d(inputs, outputs, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm1d(outputs)
        self.settle = nn.Conv1d(outputs, outputs, kernel_size=3, padding=1)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv1d(inputs, outputs, kernel_size=1)
        self.weigh = nn.Linear(outputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """[B, C, T'] -> [B, C', T' // 3]."""
        changed = self.change(leaky_relu(self.first_norm(maps), LEAK))
        changed = self.settle(leaky_relu(self.norm(changed), LEAK))
        maps = max_pool1d(changed + self.shortcut(maps), STEP)
        weight = self.weigh(maps.mean(dim=-1)).sigmoid().unsqueeze(-1)
        # Filter-wise feature map scaling: a map that matters is made louder and told apart by a step as well.
        return maps * weight + weight
