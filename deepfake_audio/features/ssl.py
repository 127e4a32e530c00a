"""What a pretrained speech encoder hears: wav2vec 2.0, HuBERT, WavLM or Whisper's encoder, through transformers.

Its weights go with the detector, so it is a part of the network (`models.fronted`) and no entry of `FRONT_ENDS`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, pad

from ..errors import UserError
from .encoders import Encoder, WaveEncoder, WhisperEncoder
from .front_end import FrontEnd
from .pretrained import read_config, read_preprocessing

WEIGHTED = "weighted"
ENCODERS: dict[str, type[Encoder]] = {
    "hubert": WaveEncoder,
    "wav2vec2": WaveEncoder,
    "wavlm": WaveEncoder,
    "whisper": WhisperEncoder,
}
# What a model's config says of its making, and not of its shape.
NOT_OF_SHAPE = ("_name_or_path", "architectures", "transformers_version", "dtype", "torch_dtype")
# Of writing text, which is not asked for here.
OF_TEXT = ("begin_suppress_tokens", "suppress_tokens", "forced_decoder_ids", "id2label", "label2id")


class SSL(FrontEnd):
    """The states of an encoder's layers, each frame brought to zero mean and unit spread, as rows of a picture.

    Args:
        config: the encoder's, as plain values; see `described`.
        layers: "weighted" for a mean of all of them with weights that are learnt, or the number of one: 0 is
            what goes into the first, the highest is what comes out of the last, and layers above are left out.
        frozen: the encoder does not learn, and neither dropout nor batch statistics stir in it.
        normalize: bring each clip to zero mean and unit spread first, as the encoder knows it.
    """

    def __init__(
        self,
        config: dict[str, Any],
        layers: str | int = WEIGHTED,
        frozen: bool = True,
        normalize: bool = False,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__()
        kind = config.get("model_type")
        if kind not in ENCODERS:
            raise UserError(f"features=ssl knows {', '.join(sorted(ENCODERS))}, and this model is a {kind}")
        self.sample_rate = sample_rate
        self.encoder = ENCODERS[kind](config, _depth(layers), frozen, normalize)
        self.hop_samples = self.encoder.hop_samples
        self.weights = nn.Parameter(torch.zeros(self.encoder.depth + 1)) if layers == WEIGHTED else None

    @property
    def bins(self) -> int:
        """Width D of the encoder."""
        return self.encoder.width

    def frames(self, samples: Tensor) -> Tensor:
        """How many frames of the picture belong to the clip: [B] samples -> [B] frames."""
        return self.encoder.frames(samples.clamp_min(self.encoder.fewest_samples))

    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, D, T'] and its valid frames [B].

        Clips of one length go through the encoder together, and none with padding: some encoders average over
        time, some are not to be masked, and so each clip gives what it gives alone.
        """
        frames = self.frames(samples)
        picture = waveform.new_zeros(len(waveform), self.bins, int(frames.max()))
        for length in samples.unique().tolist():
            alike = (samples == length).nonzero().squeeze(1)
            clips = waveform[alike, :length]
            clips = pad(clips, (0, max(0, self.encoder.fewest_samples - length)))
            # In mixed precision an encoder answers in half.
            found = self._picture(clips).to(picture.dtype)
            picture = picture.index_copy(0, alike, pad(found, (0, picture.shape[-1] - found.shape[-1])))
        return picture, frames

    def _picture(self, clips: Tensor) -> Tensor:
        """Clips without padding: [B, T] -> [B, D, T']."""
        states = self.encoder(clips)
        if self.weights is None:
            return _standardised(states[-1]).transpose(1, 2)
        shares = self.weights.softmax(dim=0)
        total = sum(share * _standardised(state) for share, state in zip(shares, states, strict=True))
        return total.transpose(1, 2)

    def load(self, path: str | Path) -> None:
        """The encoder's weights, from a folder of transformers or from its hub."""
        self.encoder.load(str(path))


def described(
    path: str | None,
    frozen: bool = True,
    layers: str | int = WEIGHTED,
    sample_rate: int = 16_000,
    normalize: bool | None = None,
) -> dict[str, Any]:
    """The arguments of `SSL` for the model in a folder or on the hub: plain values that no file is needed for.

    Args:
        normalize: None does what the model's own extractor does.
    """
    if not path:
        raise UserError(
            "features.path is not said: give features=ssl features.path=FOLDER (or the hub's name) of a wav2vec2, "
            "hubert, wavlm or whisper model of transformers"
        )
    config = read_config(path)
    prepared = read_preprocessing(path)
    rate = prepared.get("sampling_rate", sample_rate)
    if rate != sample_rate:
        raise UserError(f"features.sample_rate={sample_rate}, and {path} listens at {rate}: give that")
    config = {key: value for key, value in config.items() if key not in (*NOT_OF_SHAPE, *OF_TEXT)}
    if normalize is None:
        # What transformers takes where a model of this kind does not say.
        normalize = bool(prepared.get("do_normalize", config.get("model_type") != "whisper"))
    return {
        "config": config,
        "layers": layers,
        "frozen": frozen,
        "sample_rate": sample_rate,
        "normalize": normalize,
    }


def _depth(layers: str | int) -> int | None:
    """How many layers are needed; None for all."""
    if layers == WEIGHTED:
        return None
    if isinstance(layers, bool) or not isinstance(layers, int) or layers < 0:
        raise UserError(
            f"features.layers={layers} is not known: give weighted, or a layer's number from 0 on"
        )
    return layers


def _standardised(state: Tensor) -> Tensor:
    """[B, T', D] -> same. Deeper layers are louder by far, and a few channels louder than all others."""
    return layer_norm(state, state.shape[-1:])
