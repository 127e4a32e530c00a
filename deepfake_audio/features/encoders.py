"""Pretrained speech encoders of transformers as modules that give the states of their layers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn.functional import gelu

from ..errors import UserError
from .pretrained import pretrained_weights, shaped_config, transformers_itself

# Whisper's picture of sound, which its weights are made for.
WHISPER_RATE_HZ = 16_000
WHISPER_FFT = 400
WHISPER_HOP = 160
WHISPER_RANGE = 8.0  # in powers of ten below the loudest cell
# wav2vec 2.0 and its kin: what its extractor adds to a variance.
LEAST_VARIANCE = 1e-7


class Encoder(nn.Module, ABC):
    """A model of transformers up to some layer, with random weights until `load`.

    Args:
        config: the model's, as plain values.
        depth: how many of its layers; None for all.
        frozen: it never learns and is always in evaluation.
        normalize: bring each clip to zero mean and unit spread first.
    """

    hop_samples: int
    fewest_samples: int

    def __init__(self, config: dict[str, Any], depth: int | None, frozen: bool, normalize: bool) -> None:
        super().__init__()
        self.config, layers = shaped_config(config, depth)
        self.depth = int(self.config.num_hidden_layers)
        self.width = int(self.config.hidden_size)
        self.frozen = frozen
        self.normalize = normalize
        self.body = self._built()
        # The norm behind the last layer is of the last layer's state alone.
        if self.depth < layers and (norm := self._last_norm()):
            owner, name = norm
            setattr(owner, name, nn.Identity())
        self.requires_grad_(True)
        self.train()

    @abstractmethod
    def _built(self) -> nn.Module:
        """The model of `self.config`."""

    @abstractmethod
    def _last_norm(self) -> tuple[nn.Module, str] | None:
        """Where the norm stands that only the last layer's state goes through, if there is one."""

    @abstractmethod
    def frames(self, samples: Tensor) -> Tensor:
        """[B] samples -> [B] frames."""

    @abstractmethod
    def states(self, waveform: Tensor) -> list[Tensor]:
        """Clips without padding, [B, T] -> the input of each layer and the last one's output, [B, T', D] each."""

    def forward(self, waveform: Tensor) -> list[Tensor]:
        """As `states`, of clips that are normalised if the model knows them so."""
        if self.normalize:
            variance, mean = torch.var_mean(waveform, dim=1, keepdim=True, correction=0)
            waveform = (waveform - mean) / (variance + LEAST_VARIANCE).sqrt()
        return self.states(waveform)

    def train(self, mode: bool = True) -> Encoder:
        """A frozen one stays in evaluation."""
        super().train(mode and not self.frozen)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Encoder:
        """A frozen one stays without; gradients still go through it to what it hears."""
        super().requires_grad_(requires_grad and not self.frozen)
        return self

    def load(self, path: str) -> None:
        """Its weights from a folder of transformers or from the hub."""
        loaded = pretrained_weights(type(self.body), path, self.config)
        wanted = self.body.state_dict()
        self.body.load_state_dict({key: loaded[key].float() for key in wanted})


class WaveEncoder(Encoder):
    """wav2vec 2.0, HuBERT and WavLM: convolutions on the samples, then layers of attention."""

    def _built(self) -> nn.Module:
        kernels, strides = self.config.conv_kernel, self.config.conv_stride
        self.hop_samples = math.prod(strides)
        self.fewest_samples = _reach(kernels, strides)
        body = transformers_itself().AutoModel.from_config(self.config)
        # Else it takes what it hears for a leaf of the graph in training, which it need not be.
        body.feature_extractor._requires_grad = False
        return body

    def _last_norm(self) -> tuple[nn.Module, str] | None:
        return (self.body.encoder, "layer_norm") if self.config.do_stable_layer_norm else None  # type: ignore[return-value]

    def frames(self, samples: Tensor) -> Tensor:
        """[B] samples -> [B] frames."""
        for kernel, stride in zip(self.config.conv_kernel, self.config.conv_stride, strict=True):
            samples = torch.div(samples - kernel, stride, rounding_mode="floor") + 1
        return samples

    def states(self, waveform: Tensor) -> list[Tensor]:
        """[B, T] -> the input of each layer and the last one's output, [B, T', D] each."""
        answer = self.body(waveform, output_hidden_states=True)
        # Where a norm stands behind the last layer, `hidden_states` holds what comes before it.
        return [*answer.hidden_states[:-1], answer.last_hidden_state]


class WhisperEncoder(Encoder):
    """Whisper's encoder on a clip of any length up to its own: positions beyond the clip's end are left out.

    Whisper itself fills every clip to 30 s with silence. A clip of 4 s would take eight times as long so.
    """

    hop_samples = 2 * WHISPER_HOP
    # Reflected at its ends, a clip must be longer than half a window.
    fewest_samples = WHISPER_FFT

    def _built(self) -> nn.Module:
        transformers_itself()
        from transformers.models.whisper.modeling_whisper import WhisperEncoder as Body

        # Its values steer how it is made, so a network that is laid out without memory has this table all the same.
        with torch.device("cpu"):
            mel = torchaudio.functional.melscale_fbanks(
                WHISPER_FFT // 2 + 1,
                0.0,
                WHISPER_RATE_HZ / 2,
                self.config.num_mel_bins,
                WHISPER_RATE_HZ,
                norm="slaney",
                mel_scale="slaney",
            )
        self.register_buffer("mel", mel, persistent=False)
        self.register_buffer("window", torch.hann_window(WHISPER_FFT), persistent=False)
        return Body(self.config)

    def _last_norm(self) -> tuple[nn.Module, str] | None:
        return self.body, "layer_norm"

    def requires_grad_(self, requires_grad: bool = True) -> WhisperEncoder:
        """Its positions are waves of fixed lengths, and stay so."""
        super().requires_grad_(requires_grad)
        self.body.embed_positions.requires_grad_(False)
        return self

    def frames(self, samples: Tensor) -> Tensor:
        """[B] samples -> [B] frames."""
        return torch.div(samples + self.hop_samples - 1, self.hop_samples, rounding_mode="floor")

    def log_mel(self, waveform: Tensor) -> Tensor:
        """As Whisper's own extractor makes it: [B, T] -> [B, F, T / 160]."""
        # A power spectrum spans more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            window: Any = self.window
            spectrum = torch.stft(
                waveform.float(), WHISPER_FFT, WHISPER_HOP, window=window, return_complex=True
            )
            power = spectrum[..., :-1].abs().square()
            level = (self.mel.T @ power).clamp_min(1e-10).log10()  # type: ignore[operator]
        loudest = level.amax(dim=(1, 2), keepdim=True)
        return (torch.maximum(level, loudest - WHISPER_RANGE) + 4) / 4

    def states(self, waveform: Tensor) -> list[Tensor]:
        """[B, T] -> the input of each layer and the last one's output, [B, T', D] each."""
        body: Any = self.body
        waveform = nn.functional.pad(waveform, (0, -waveform.shape[1] % self.hop_samples))
        places = waveform.shape[1] // self.hop_samples
        if places > self.config.max_source_positions:
            longest = self.config.max_source_positions * self.hop_samples / WHISPER_RATE_HZ
            raise UserError(f"Whisper hears up to {longest:g} s at once: lower data.window_seconds to that")
        heard = gelu(body.conv2(gelu(body.conv1(self.log_mel(waveform))))).transpose(1, 2)
        state = heard + body.embed_positions.weight[:places]
        state = nn.functional.dropout(state, body.dropout, self.training)
        states = [state]
        for layer in body.layers:
            state = layer(state, None)
            states.append(state)
        return [*states[:-1], body.layer_norm(state)]


def _reach(kernels: list[int], strides: list[int]) -> int:
    """Samples that one frame hears."""
    reach = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        reach = (reach - 1) * stride + kernel
    return reach
