"""Attention between the nodes of a graph, and pooling that keeps the nodes that matter.

After "AASIST: Audio Anti-Spoofing using Integrated Spectro-Temporal Graph Attention Networks", Jung et al. 2021.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import selu


class Projected(nn.Module):
    """What a node hears from the others and what it was itself, each by a layer of its own, added up."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.heard = nn.Linear(inputs, outputs)
        self.own = nn.Linear(inputs, outputs)

    def forward(self, weights: Tensor, nodes: Tensor, own: Tensor) -> Tensor:
        """How much of each node [B, M, N], the nodes [B, N, C], what listens [B, M, C] -> [B, M, C']."""
        return self.heard(weights @ nodes) + self.own(own)


class NodeNorm(nn.BatchNorm1d):
    """Batch normalisation over all nodes of all graphs: [B, N, C] -> same."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.flatten(0, 1)).view_as(input)


class GraphAttention(nn.Module):
    """Each node listens to all nodes, the more to one the higher the score of their product."""

    def __init__(self, inputs: int, outputs: int, temperature: float, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.pairs = nn.Linear(inputs, outputs)
        self.score = _score(outputs)
        self.projected = Projected(inputs, outputs)
        self.norm = NodeNorm(outputs)
        self.temperature = temperature

    def forward(self, nodes: Tensor) -> Tensor:
        """[B, N, C] -> [B, N, C']."""
        nodes = self.dropout(nodes)
        scores = _of_pairs(self.pairs, nodes) @ self.score
        weights = (scores.squeeze(-1) / self.temperature).softmax(dim=-1)
        return selu(self.norm(self.projected(weights, nodes, nodes)))


class MixedGraphAttention(nn.Module):
    """Attention over two kinds of nodes at once, scored apart within a kind, within the other and across.

    A further node, the stack, listens to all and is listened to by none: it gathers what both kinds show.
    """

    def __init__(self, inputs: int, outputs: int, temperature: float, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, inputs)
        self.second = nn.Linear(inputs, inputs)
        self.dropout = nn.Dropout(dropout)
        self.pairs = nn.Linear(inputs, outputs)
        self.score_first = _score(outputs)
        self.score_second = _score(outputs)
        self.score_across = _score(outputs)
        self.projected = Projected(inputs, outputs)
        self.norm = NodeNorm(outputs)
        self.stack_pairs = nn.Linear(inputs, outputs)
        self.score_stack = _score(outputs)
        self.stack_projected = Projected(inputs, outputs)
        self.temperature = temperature

    def forward(self, first: Tensor, second: Tensor, stack: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, N, C], [B, M, C] and the stack [B, 1, C] -> the same with C' in the place of C."""
        kinds = first.shape[1], second.shape[1]
        nodes = self.dropout(torch.cat([self.first(first), self.second(second)], dim=1))
        weights = (self._scores(nodes, kinds[0]) / self.temperature).softmax(dim=-1)
        scores = torch.tanh(self.stack_pairs(nodes * stack)) @ self.score_stack
        share = (scores / self.temperature).softmax(dim=-2)
        stack = self.stack_projected(share.transpose(1, 2), nodes, stack)
        nodes = selu(self.norm(self.projected(weights, nodes, nodes)))
        return *nodes.split(kinds, dim=1), stack

    def _scores(self, nodes: Tensor, first: int) -> Tensor:
        """[B, N, C], of which `first` are of the first kind -> [B, N, N]."""
        pairs = _of_pairs(self.pairs, nodes)
        all_kinds = torch.cat([self.score_first, self.score_across, self.score_second], dim=1)
        scores = pairs @ all_kinds
        of_second = (torch.arange(nodes.shape[1], device=nodes.device) >= first).long()
        kind = of_second.unsqueeze(0) + of_second.unsqueeze(1)
        return scores.gather(-1, kind.expand(nodes.shape[0], -1, -1).unsqueeze(-1)).squeeze(-1)


class GraphPool(nn.Module):
    """Keeps the share of the nodes that score highest, each as loud as its score: [B, N, C] -> [B, N', C]."""

    def __init__(self, width: int, share: float, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(width, 1)
        self.share = share

    def forward(self, nodes: Tensor) -> Tensor:
        """[B, N, C] -> [B, N', C], the highest score first."""
        scores = self.score(self.dropout(nodes)).sigmoid()
        best = scores.topk(max(int(nodes.shape[1] * self.share), 1), dim=1).indices
        return (nodes * scores).gather(1, best.expand(-1, -1, nodes.shape[2]))


def _of_pairs(layer: nn.Linear, nodes: Tensor) -> Tensor:
    """What a layer makes of each node times each other: [B, N, C] -> [B, N, N, C']."""
    return torch.tanh(layer(nodes.unsqueeze(2) * nodes.unsqueeze(1)))


def _score(width: int) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_normal_(torch.empty(width, 1)))
