"""Reading the weights that `model.weights=FILE` names, and no code with them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ..errors import UserError


def read_weights(file: Path) -> dict[str, Any]:
    """What a .safetensors file or one of torch's holds: name -> tensor, on the CPU."""
    if not file.is_file():
        raise UserError(f"model.weights={file} is missing")
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, OSError, ValueError) as error:
        reason = " ".join(str(error).split("\n")[0].split())
        raise UserError(f"model.weights={file} cannot be read: {reason}") from None
    if not isinstance(state, dict):
        raise UserError(f"model.weights={file} holds {type(state).__name__}, not a dictionary of weights")
    return state
