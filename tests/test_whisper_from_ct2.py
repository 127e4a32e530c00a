"""A Whisper in CTranslate2's form against the model of transformers that it was made from."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deepfake_audio.errors import UserError
from deepfake_audio.features.ssl import SSL, described
from scripts.whisper_from_ct2 import convert, main
from tests.features.encoded import saved

pytest.importorskip("transformers")

NUMBERS = {"float32": 0, "int8": 1, "int16": 2, "float16": 4}
PARTS = {
    "self_attn_layer_norm": ("self_attention/layer_norm", "gamma", "beta"),
    "self_attn.out_proj": ("self_attention/linear_1", "weight", "bias"),
    "final_layer_norm": ("ffn/layer_norm", "gamma", "beta"),
    "fc1": ("ffn/linear_0", "weight", "bias"),
    "fc2": ("ffn/linear_1", "weight", "bias"),
}


def as_ct2(encoder: Any) -> dict[str, np.ndarray]:
    """An encoder's weights under CTranslate2's names, queries, keys and values joined."""
    state = {name: values.numpy() for name, values in encoder.state_dict().items()}
    held = {
        "encoder/num_heads": np.array(2, np.int16),
        "encoder/position_encodings/encodings": state["embed_positions.weight"],
        "encoder/layer_norm/gamma": state["layer_norm.weight"],
        "encoder/layer_norm/beta": state["layer_norm.bias"],
        "decoder/num_heads": np.array(2, np.int16),
    }
    for part in ("conv1", "conv2"):
        held |= {f"encoder/{part}/{what}": state[f"{part}.{what}"] for what in ("weight", "bias")}
    for layer in range(2):
        theirs, ours = f"encoder/layer_{layer}", f"layers.{layer}"
        for name, (part, weight, bias) in PARTS.items():
            held[f"{theirs}/{part}/{weight}"] = state[f"{ours}.{name}.weight"]
            held[f"{theirs}/{part}/{bias}"] = state[f"{ours}.{name}.bias"]
        q, k, v = (state[f"{ours}.self_attn.{which}_proj.weight"] for which in "qkv")
        q_bias, v_bias = (state[f"{ours}.self_attn.{which}_proj.bias"] for which in "qv")
        held[f"{theirs}/self_attention/linear_0/weight"] = np.concatenate([q, k, v])
        held[f"{theirs}/self_attention/linear_0/bias"] = np.concatenate([q_bias, 0 * q_bias, v_bias])
    return held


def in_whole_numbers(held: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each row of the linear layers in 8 bits, and what it was multiplied by beside it."""
    small = dict(held)
    for name, values in held.items():
        if name.endswith("/weight") and "linear" in name:
            scale = (127 / np.abs(values).max(axis=1)).astype(np.float32)
            small[name] = np.rint(values * scale[:, None]).astype(np.int8)
            small[f"{name}_scale"] = scale
    return small


def write(folder: Path, held: dict[str, np.ndarray], version: int = 6) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    content = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(held))
    for name, values in held.items():
        content += text(name) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        content += struct.pack("<BI", NUMBERS[str(values.dtype)], values.nbytes) + values.tobytes()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.bin").write_bytes(content + struct.pack("<I", 0))


@pytest.mark.parametrize(("form", "tolerance"), [("float32", 1e-5), ("float16", 1e-2), ("int8", 0.15)])
def test_it_hears_what_the_original_hears(form: str, tolerance: float, tmp_path: Path) -> None:
    model = saved("whisper", tmp_path / "original")
    held = as_ct2(model.encoder)
    if form == "float16":
        held = {name: v.astype(np.float16) if v.dtype == np.float32 else v for name, v in held.items()}
    write(tmp_path / "ct2", in_whole_numbers(held) if form == "int8" else held)
    main([str(tmp_path / "ct2"), str(tmp_path / "out")])
    made = SSL(**described(str(tmp_path / "out"))).eval()
    made.load(tmp_path / "out")
    original = SSL(**described(str(tmp_path / "original"))).eval()
    original.load(tmp_path / "original")
    wave = 0.1 * torch.randn(1, 16_000)
    with torch.inference_mode():
        for ours, theirs in zip(made.encoder(wave), original.encoder(wave), strict=True):
            assert (ours - theirs).abs().max() < tolerance * theirs.std()
    assert (form == "float32") is all(
        torch.equal(values, original.state_dict()[name]) for name, values in made.state_dict().items()
    )


def test_what_is_no_whisper_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    held = as_ct2(saved("whisper", tmp_path / "original").encoder)
    write(tmp_path / "new", held, version=7)
    write(tmp_path / "half", {name: v for name, v in held.items() if "layer_1/ffn" not in name})
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "model.bin").write_text(json.dumps({"no": "weights"}))
    for name, message in (
        ("new", "version 7"),
        ("half", "no Whisper of CTranslate2"),
        ("text", "version"),
        ("none", "is missing"),
    ):
        with pytest.raises(UserError, match=message):
            convert(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
