"""A stranger's detector, looked at before anything is built from it.

What it is built from is plain data, but sizes and names in it are somebody else's: a layer as wide as the machine's
memory, or the name of a file or of code elsewhere. So words must be words, numbers of a usual size, and the weights
must have the very shapes that the config asks for, which is found out without taking memory for them.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from ..detector_format import check_format
from ..errors import UserError, named
from ..files import read_json
from .listing import CONFIG, LARGEST_BYTES, WEIGHTS, check_harmless, check_listing

# What a detector is built from; all else in its config is told, not used.
BUILT_FROM = ("features", "network", "neutral", "window_samples")
CALIBRATED_BY = ("kind", "slope", "offset")
# A name, a kind or a codec: no path, no address.
WORD = re.compile(r"[\w.+ -]{0,100}")
# A sample rate is the largest number that any setting has; tables grow with the product of two.
LARGEST_NUMBER = 1_000_000
# Widths, and words that an encoder knows; of a front end, whose tables are made whatever the weights are, less.
LARGEST_SIZE, LARGEST_SIZE_OF_FEATURES = 65_536, 16_384
RATES = ("sample_rate", "low_hz", "high_hz", "f_min_hz", "f_max_hz", "bit_rate")
# In samples, of a detector and of a fused one's members.
WINDOWS = ("window_samples", "network.members.window_samples")
# The longest stretch that anything is trained on at once, by far.
LARGEST_WINDOW_SECONDS = 600
DEEPEST, LONGEST = 8, 4096
# A tensor takes about 100 bytes of it.
LARGEST_HEADER_BYTES = 4 * 2**20


def check_folder(folder: Path) -> None:
    """Raise unless a detector's folder holds what one may be built from without harm."""
    check_listing(_sizes(folder), str(folder))
    config = read_json(folder / CONFIG)
    check_format(config, folder / CONFIG)
    check_parts(folder, config)


def check_parts(folder: Path, config: dict[str, Any]) -> None:
    """Raise unless a detector may be built from a folder's config and weights; takes milliseconds and no memory."""
    check_harmless(_sizes(folder), str(folder))
    check_config(config, folder / CONFIG)
    _check_shapes(config, weight_shapes(folder / WEIGHTS), folder)


def _sizes(folder: Path) -> dict[str, int | None]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def check_config(config: dict[str, Any], file: Path) -> None:
    """Raise if a part that a detector is built from names a file or an address, or has a size out of all measure."""
    calibration = config.get("calibration") or {}
    if not isinstance(calibration, dict):
        raise UserError(
            f"{file}: calibration is {type(calibration).__name__}, no settings; this is no detector of ours"
        )
    built = {part: config.get(part) for part in BUILT_FROM}
    built |= {f"calibration.{part}": calibration.get(part) for part in CALIBRATED_BY}
    for part, value in built.items():
        _check_value(value, part, file)
    rate = (config.get("features") or {}).get("sample_rate", 16_000)
    window = config.get("window_samples")
    if (
        not isinstance(window, int)
        or not isinstance(rate, int)
        or not 0 < window <= rate * LARGEST_WINDOW_SECONDS
    ):
        raise UserError(
            f"{file}: window_samples={window} at sample_rate={rate} is no window of at most {LARGEST_WINDOW_SECONDS} s"
        )
    network = config.get("network")
    members = network.get("members") if isinstance(network, dict) else None
    for member in members if isinstance(members, list) else []:
        own = member.get("window_samples") if isinstance(member, dict) else None
        if not isinstance(own, int) or not 0 < own <= window:
            raise UserError(f"{file}: a member's window_samples={str(own)[:40]} is no window within {window}")


def _check_value(value: Any, name: str, file: Path, depth: int = 0) -> None:
    """Raise unless a value, and all in it, is a word or a number of a usual size."""
    if depth > DEEPEST or (isinstance(value, list | dict) and len(value) > LONGEST):
        raise UserError(f"{file}: {name} is nested too deep or too long for a setting")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not WORD.fullmatch(key):
                raise UserError(f"{file}: {name} has a key that is no name of a setting")
            _check_value(inner, f"{name}.{key}", file, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_value(inner, name, file, depth + 1)
    elif isinstance(value, str) and (not WORD.fullmatch(value) or ".." in value):
        # Not shown: it is a stranger's, of whatever length.
        raise UserError(
            f"{file}: {name} names a path or an address; a detector is built from its own folder alone"
        )
    elif isinstance(value, int | float) and not _is_usual(value, name):
        raise UserError(f"{file}: {name}={str(value)[:40]} is out of all measure for a setting")


def _is_usual(value: float, name: str) -> bool:
    last = name.rpartition(".")[2]
    if name in WINDOWS:
        return True  # held to the rate, or to the detector's own, in `check_config`
    if not isinstance(value, int) or last in RATES:
        return math.isfinite(value) and abs(value) <= LARGEST_NUMBER
    # Also of the members of a fused network.
    of_features = "features" in name.split(".")[:-1]
    return abs(value) <= (LARGEST_SIZE_OF_FEATURES if of_features else LARGEST_SIZE)


def weight_shapes(file: Path) -> dict[str, list[int]]:
    """The shape of each tensor in a safetensors file, from its header alone; nothing of the weights is read."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            size = file.stat().st_size
            if not 2 <= length <= min(LARGEST_HEADER_BYTES, size - 8):
                raise UserError(
                    f"{file} has a header of {length:,} bytes in a file of {size:,}; at most {LARGEST_HEADER_BYTES:,} "
                    "are read: copy it again, and don't trust where it came from"
                )
            header = json.loads(opened.read(length))
        shapes = {name: told["shape"] for name, told in header.items() if name != "__metadata__"}
        if not all(isinstance(size, int) for shape in shapes.values() for size in shape):
            raise TypeError("a shape is not of whole numbers")
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{file} is no safetensors file ({type(error).__name__}): copy it again") from None
    return shapes


def _check_shapes(config: dict[str, Any], held: dict[str, list[int]], folder: Path) -> None:
    """Raise unless the weights are those of the network that the config describes."""
    try:
        wanted = _wanted(config)
    except UserError:
        raise
    except Exception as error:
        # Whatever a stranger's settings make a layer raise, it says the same.
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{folder / CONFIG} describes no detector ({type(error).__name__}: {reason})"
        ) from None
    other = sorted(set(wanted) ^ set(held)) or sorted(name for name in wanted if wanted[name] != held[name])
    if other:
        raise UserError(
            f"{folder}: {WEIGHTS} holds not the weights that {CONFIG} asks for; {named(other, most=3)}: copy it again"
        )


def _wanted(config: dict[str, Any]) -> dict[str, list[int]]:
    """The shape of each weight of the network, which is built without memory for any."""
    import torch

    from ..models import build_network

    with torch.device("meta"):
        network = build_network(**config["network"])
    return {name: list(weight.shape) for name, weight in network.state_dict().items()}


def check_size(file: Path) -> None:
    """Raise if a file that was fetched is larger than it may be, whatever was announced."""
    size = file.stat().st_size
    if size > LARGEST_BYTES[file.name]:
        raise UserError(
            f"{file} has {size:,} bytes, and no detector needs more than {LARGEST_BYTES[file.name]:,}"
        )
