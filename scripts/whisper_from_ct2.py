"""Whisper's encoder from CTranslate2's form to transformers': `python scripts/whisper_from_ct2.py FOLDER OUT`.

FOLDER holds model.bin, as faster-whisper and others spread it. OUT can then be given as `features=ssl
features.path=OUT`. The decoder, which writes text, is left out.
"""

from __future__ import annotations

import argparse
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfake_audio.configs import command_line_errors
from deepfake_audio.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The file's number of each type of values; bfloat16 (5) is none of numpy's.
TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
# What belongs to a layer, in both forms.
OF_A_LAYER = {
    "self_attention/layer_norm": "self_attn_layer_norm",
    "self_attention/linear_1": "self_attn.out_proj",
    "ffn/layer_norm": "final_layer_norm",
    "ffn/linear_0": "fc1",
    "ffn/linear_1": "fc2",
}
ENDINGS = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}


def main(arguments: list[str] | None = None) -> None:
    """Read, rename and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of the model in CTranslate2's form: model.bin")
    parser.add_argument("out", type=Path, help="folder to write for transformers")
    options = parser.parse_args(arguments)
    with command_line_errors():
        config = convert(options.folder, options.out)
        print(
            f"{options.out}: {config['encoder_layers']} layers of {config['d_model']} channels, "
            f"{config['num_mel_bins']} mel bins"
        )


def convert(folder: Path, out: Path) -> dict[str, Any]:
    """Write the encoder in `folder` to `out`, as transformers reads it, and give its config."""
    from safetensors.numpy import save_file

    from deepfake_audio.files import replacing, write_json

    file = folder / "model.bin"
    if not file.is_file():
        raise UserError(f"{file} is missing: give the folder of a model in CTranslate2's form")
    try:
        found = {name: values for name, values in variables(file.read_bytes()) if name.startswith("encoder/")}
        weights, config = renamed(found), config_of(found)
    except (struct.error, KeyError, ValueError, IndexError) as error:
        raise UserError(f"{file} is no Whisper of CTranslate2, or damaged: {error!r}") from None
    extractor = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": config["num_mel_bins"],
        "sampling_rate": 16_000,
    }
    with replacing(out / "model.safetensors") as part:
        save_file(weights, part, metadata={"format": "pt"})
    write_json(out / "preprocessor_config.json", extractor)
    write_json(out / "config.json", config)
    return config


def variables(content: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """What a model.bin holds: each variable's name and values."""
    import numpy as np

    place = 0

    def read(form: str) -> tuple[Any, ...]:
        nonlocal place
        values = struct.unpack_from(f"<{form}", content, place)
        place += struct.calcsize(f"<{form}")
        return values

    def text() -> str:
        (length,) = read("H")
        return read(f"{length}s")[0].rstrip(b"\0").decode()

    (version,) = read("I")
    if version != 6:
        raise UserError(f"model.bin is of version {version}, and this script reads version 6")
    text()  # of which kind the model is; the names of its variables say it too
    _, count = read("II")
    for _ in range(count):
        name, (rank,) = text(), read("B")
        shape = read(f"{rank}I")
        kind, size = read("BI")
        if kind not in TYPES:
            raise UserError(f"{name} is of type {kind}, which this script does not read: convert to float16")
        yield (
            name,
            np.frombuffer(content, TYPES[kind], size // np.dtype(TYPES[kind]).itemsize, place).reshape(shape),
        )
        place += size


def renamed(found: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """The encoder's weights under transformers' names, in single precision."""
    import numpy as np

    wide: dict[str, NDArray[np.float32]] = {}
    for part in ("conv1", "conv2", "layer_norm"):
        wide |= _named(found, f"encoder/{part}", f"{part}")
    wide["embed_positions.weight"] = found["encoder/position_encodings/encodings"].astype(np.float32)
    for layer in range(_layers(found)):
        theirs, ours = f"encoder/layer_{layer}", f"layers.{layer}"
        for part, name in OF_A_LAYER.items():
            wide |= _named(found, f"{theirs}/{part}", f"{ours}.{name}")
        # Queries, keys and values stand below one another.
        joined = _named(found, f"{theirs}/self_attention/linear_0", "")
        for part, weight, bias in zip(
            "qkv", np.split(joined[".weight"], 3), np.split(joined[".bias"], 3), strict=True
        ):
            wide[f"{ours}.self_attn.{part}_proj.weight"] = weight
            # Whisper's keys have no bias; it would drop out of the softmax.
            if part != "k":
                wide[f"{ours}.self_attn.{part}_proj.bias"] = bias
    return {f"model.encoder.{name}": np.ascontiguousarray(values) for name, values in wide.items()}


def _named(found: dict[str, NDArray[Any]], theirs: str, ours: str) -> dict[str, NDArray[np.float32]]:
    """A part's weight and bias, whole numbers brought back to what they stand for."""
    import numpy as np

    named = {}
    for ending, name in ENDINGS.items():
        if (values := found.get(f"{theirs}/{ending}")) is not None:
            wide = values.astype(np.float32)
            if values.dtype.kind == "i":
                scale = found[f"{theirs}/{ending}_scale"].astype(np.float32)
                wide = wide / scale.reshape(-1, *[1] * (wide.ndim - 1) if scale.ndim else [])
            named[f"{ours}.{name}"] = wide
    if len(named) != 2:
        raise KeyError(theirs)
    return named


def _layers(found: dict[str, NDArray[Any]]) -> int:
    return len(
        {name.split("/")[1] for name in found if name.startswith("encoder/layer_") and name.count("/") > 2}
    )


def config_of(found: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """What transformers needs to know of the encoder's shape."""
    width, mels, _ = found["encoder/conv1/weight"].shape
    return {
        "model_type": "whisper",
        "d_model": width,
        "num_mel_bins": mels,
        "encoder_layers": _layers(found),
        "encoder_attention_heads": int(found["encoder/num_heads"]),
        "encoder_ffn_dim": found["encoder/layer_0/ffn/linear_0/weight"].shape[0],
        "max_source_positions": found["encoder/position_encodings/encodings"].shape[0],
        "activation_function": "gelu",
        # There is no decoder, and nothing of it need be made.
        "decoder_layers": 0,
    }


if __name__ == "__main__":
    main()
