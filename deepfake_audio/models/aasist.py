"""AASIST: graphs of moments and of bands of the waveform, which listen to each other.

"AASIST: Audio Anti-Spoofing using Integrated Spectro-Temporal Graph Attention Networks", Jung et al. 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, selu

from ..errors import UserError
from .graphs import GraphAttention, GraphPool, MixedGraphAttention
from .network import PooledNetwork
from .published_aasist import renamed
from .shown import check_waveform, whole_waveform
from .sinc import SincFilters
from .weights import read_weights
from .widths import check_widths

FILTERS = 70
# Filters and samples are taken together by threes, and samples again in each block of the encoder.
STEP = 3
ENCODER_CHANNELS = 32
# Of the softmax over a graph's nodes: a higher one listens more evenly.
TEMPERATURE, MIXED_TEMPERATURE = 2.0, 100.0


class AASIST(PooledNetwork):
    """Sinc filters, a residual encoder, two graphs of its maps and two branches that set them against each other.

    It was published for windows of 64,600 samples at 16 kHz; shorter clips are repeated to the window's end.

    Args:
        bins: height of the features, which must be a waveform's 1.
        width: channels of the encoder's end and of the first graphs.
        pool: share of nodes kept: of the bands, of the moments, and in the branches.
        taps: length of the filters in samples.
        graph_dropout: of nodes before attention and between the branches.
        pool_dropout: of what a node is scored by.
        dropout: of what the logit is made of.
    """

    # What `model=` calls it.
    called = "aasist"

    def __init__(
        self,
        bins: int = 1,
        width: int = 64,
        graph_width: int = 32,
        pool: Sequence[float] = (0.5, 0.7, 0.5),
        taps: int = 128,
        sample_rate: int = 16_000,
        graph_dropout: float = 0.2,
        pool_dropout: float = 0.3,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        check_waveform(self.called, bins)
        check_widths(width=width, graph_width=graph_width)
        if len(pool) != 3 or not all(0 < share <= 1 for share in pool):
            raise UserError(f"model.pool={list(pool)} must be three shares above 0 and up to 1")
        self.filters = SincFilters(FILTERS, taps, sample_rate)
        self.norm = nn.BatchNorm2d(1)
        widths = [ENCODER_CHANNELS, ENCODER_CHANNELS, width, width, width, width]
        self.encoder = nn.Sequential(
            *(ResidualBlock(a, b) for a, b in zip([1, *widths], widths, strict=False))
        )
        # Channels side by side in memory: on a CPU that takes a third off the time of a step.
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Nothing is done here: a place where explanations find the encoder's last maps.
        self.maps = nn.Identity()
        self.place_of_band = nn.Parameter(torch.randn(1, FILTERS // STEP, width))
        self.bands = _graph(width, pool[0], graph_dropout, pool_dropout)
        self.moments = _graph(width, pool[1], graph_dropout, pool_dropout)
        self.branches = nn.ModuleList(
            Branch(width, graph_width, pool[2], graph_dropout, pool_dropout) for _ in range(2)
        )
        self.way = nn.Dropout(graph_dropout)
        self.head = nn.Sequential(nn.Dropout(dropout), TwoSided(5 * graph_width, 2))
        self.least = self.filters.taps.shape[-1] - 1 + STEP ** (1 + len(widths))

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, 1, T] and its valid samples [B] -> what both graphs and the stack show, [B, 5 C]."""
        waveform = whole_waveform(self.called, features, frames, self.least)
        filtered = max_pool2d(self.filters(waveform).abs().unsqueeze(1), STEP)
        maps = self.maps(self.encoder(selu(self.norm(filtered)))).abs()
        bands = self.bands(maps.amax(dim=3).transpose(1, 2) + self.place_of_band)
        moments = self.moments(maps.amax(dim=2).transpose(1, 2))
        # What either branch is sure of counts.
        one, other = ([self.way(part) for part in branch(moments, bands)] for branch in self.branches)
        moments, bands, stack = (torch.maximum(a, b) for a, b in zip(one, other, strict=True))
        shown = [moments.abs().amax(dim=1), moments.mean(dim=1), bands.abs().amax(dim=1), bands.mean(dim=1)]
        return torch.cat([*shown, stack.squeeze(1)], dim=1)

    def mapped_layers(self) -> tuple[str, ...]:
        """Each block's maps of bands and moments; `maps` is what the graphs are made of."""
        return (*(f"encoder.{number}" for number in range(len(self.encoder) - 1)), "maps")

    def backbone(self) -> nn.Module:
        """The encoder; the graphs are new, as the head is."""
        return self.encoder

    def load_pretrained(self, weights: Path | None) -> None:
        """The published weights, classifier and all, unless another head stands in its place.

        As it stands the network is then the published detector.
        """
        if weights is None:
            raise UserError(
                "the weights of AASIST are not fetched: give the file that its authors publish as model.weights=FILE, "
                "or train from random weights with model.pretrained=false"
            )
        state = renamed(read_weights(weights))
        if not isinstance(self.head[-1], TwoSided):
            state = {**state, **{f"head.{key}": value for key, value in self.head.state_dict().items()}}
            state = {key: value for key, value in state.items() if key in self.state_dict()}
        try:
            self.load_state_dict(state)
        except RuntimeError as error:
            reason = " ".join(str(error).split("\n")[-1].split())
            raise UserError(f"model.weights={weights} does not fit model={self.called}: {reason}") from None
        self.complete, self.heard_elsewhere = isinstance(self.head[-1], TwoSided), True


class AASISTLight(AASIST):
    """AASIST-L, the small one of the same paper."""

    called = "aasist-l"

    def __init__(self, width: int = 24, pool: Sequence[float] = (0.4, 0.5, 0.7), **settings: object) -> None:
        super().__init__(width=width, pool=pool, **settings)  # type: ignore[arg-type]


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut, a third as many moments: [B, C, F, T'] -> [B, C', F, T' // 3]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.change = nn.Conv2d(inputs, outputs, (2, 3), padding=(1, 1))
        self.norm = nn.BatchNorm2d(outputs)
        self.settle = nn.Conv2d(outputs, outputs, (2, 3), padding=(0, 1))
        same = inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """[B, C, F, T'] -> [B, C', F, T' // 3]."""
        changed = self.settle(selu(self.norm(self.change(maps)), inplace=True))
        changed += self.shortcut(maps)
        return max_pool2d(changed, (1, STEP))


class Branch(nn.Module):
    """Moments and bands listen to each other twice, with a pooling between, gathered by a stack of its own."""

    def __init__(self, inputs: int, width: int, share: float, dropout: float, pool_dropout: float) -> None:
        super().__init__()
        self.stack = nn.Parameter(torch.randn(1, 1, inputs))
        self.mix = MixedGraphAttention(inputs, width, MIXED_TEMPERATURE, dropout)
        self.pool_moments = GraphPool(width, share, pool_dropout)
        self.pool_bands = GraphPool(width, share, pool_dropout)
        self.again = MixedGraphAttention(width, width, MIXED_TEMPERATURE, dropout)

    def forward(self, moments: Tensor, bands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, N, C] and [B, M, C] -> fewer of each, and the stack [B, 1, C']."""
        moments, bands, stack = self.mix(moments, bands, self.stack.expand(moments.shape[0], -1, -1))
        parts = self.pool_moments(moments), self.pool_bands(bands), stack
        added = self.again(*parts)
        return parts[0] + added[0], parts[1] + added[1], parts[2] + added[2]


class TwoSided(nn.Linear):
    """How much speaks for fake less how much speaks for real: [B, C] -> [B, 1].

    The published network answers for each by itself, and its score is the second of its two answers alone.
    """

    def forward(self, input: Tensor) -> Tensor:
        fake, real = super().forward(input).split(1, dim=-1)
        return fake - real


def _graph(width: int, share: float, dropout: float, pool_dropout: float) -> nn.Sequential:
    return nn.Sequential(
        GraphAttention(width, width, TEMPERATURE, dropout), GraphPool(width, share, pool_dropout)
    )
