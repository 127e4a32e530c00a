"""Tiny speech encoders of transformers with random weights, saved as the hub keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

WAVE: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8, 8),
    "conv_kernel": (20, 16),
    "conv_stride": (10, 16),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "num_feat_extract_layers": 2,
}
WHISPER: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "vocab_size": 50,
    "max_source_positions": 50,  # one second
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
KINDS = ("wav2vec2", "wav2vec2-stable", "hubert", "wavlm", "whisper")


def saved(kind: str, folder: Path) -> Any:
    """A model of a kind, whose weights then lie in the folder; in evaluation."""
    import transformers

    configs = {
        "wav2vec2": lambda: transformers.Wav2Vec2Config(**WAVE),
        "wav2vec2-stable": lambda: transformers.Wav2Vec2Config(
            **WAVE, do_stable_layer_norm=True, feat_extract_norm="layer"
        ),
        "hubert": lambda: transformers.HubertConfig(**WAVE),
        "wavlm": lambda: transformers.WavLMConfig(**WAVE),
        "whisper": lambda: transformers.WhisperConfig(**WHISPER),
    }
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(configs[kind]()).eval()
    for name, weights in model.named_parameters():
        # As they are made, layers hardly change what goes through them.
        if weights.ndim > 1 and "layers." in name:
            weights.data.mul_(5)
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    if kind == "whisper":
        extractor: Any = transformers.WhisperFeatureExtractor(chunk_length=1)
    else:
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=kind != "wavlm")
    extractor.save_pretrained(folder)
    return model
