"""Files of weights that somebody names, read as data: no code in them is run, and what is no number is refused."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..errors import UserError, named


def read_weights(file: Path) -> dict[str, Any]:
    """What a .safetensors file or one of torch's holds, that `model.weights=FILE` names: name -> tensor, on the CPU."""
    where = f"model.weights={file}"
    if not file.is_file():
        raise UserError(f"{where} is missing")
    state = _of_safetensors(file, where) if file.suffix == ".safetensors" else read_torch_file(file, where)
    check_finite(state, where)
    return state


def read_torch_file(file: Path, where: str) -> dict[str, Any]:
    """The dictionary in a file of `torch.save`'s: tensors and plain values alone, on the CPU.

    Args:
        where: what the file is called in an error.
    """
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        # torch's own words tell how to run it all the same.
        raise UserError(
            f"{where} cannot be read as data: it is damaged, or holds code that would run if it were read, and is "
            "refused for that"
        ) from None
    except Exception as error:
        # A damaged file makes the reader raise anything; one that would run something is refused by it.
        raise UserError(f"{where} cannot be read: {_first_line(error)}") from None
    if not isinstance(state, dict):
        raise UserError(f"{where} holds {type(state).__name__}, not a dictionary of weights")
    return state


def check_finite(state: Mapping[str, Any], where: str) -> None:
    """Raise if a weight is NaN or infinite: whatever it is asked, it answers nothing.

    Also where it has more numbers than the file: to go through a line repeated without end would never be done.
    """
    odd = [
        str(name) for name, weight in state.items() if isinstance(weight, Tensor) and not _is_plain(weight)
    ]
    if odd:
        raise UserError(
            f"{where} holds what are no plain weights ({named(odd, 3)}): save them as dense tensors"
        )
    spoilt = [
        str(name) for name, weight in state.items() if isinstance(weight, Tensor) and not is_finite(weight)
    ]
    if spoilt:
        raise UserError(
            f"{where} holds weights that are NaN or infinite ({named(spoilt, 3)}): it is of a training that "
            "diverged, or damaged"
        )


def _is_plain(weight: Tensor) -> bool:
    if weight.layout != torch.strided or weight.device.type != "cpu" or weight.is_quantized:
        return False
    return weight.numel() * weight.element_size() <= weight.untyped_storage().nbytes()


def is_finite(weight: Tensor) -> bool:
    """Whether none of its numbers is NaN or infinite; whole numbers never are."""
    if not weight.is_floating_point():
        return True
    # Numbers of 8 bits can't be added.
    numbers = weight.float() if weight.element_size() == 1 else weight
    # A sum is finite only where all are: one pass, and no memory for what is found. Large ones may add up to infinity.
    return bool(numbers.sum().isfinite()) or bool(numbers.isfinite().all())


def _of_safetensors(file: Path, where: str) -> dict[str, Any]:
    try:
        state: dict[str, Any] = load_file(file)
    except Exception as error:
        raise UserError(f"{where} cannot be read: {_first_line(error)}") from None
    return state


def _first_line(error: Exception) -> str:
    return " ".join((str(error).splitlines() or [type(error).__name__])[0].split())
