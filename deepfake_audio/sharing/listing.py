"""Which files a detector's folder may hold: data, and nothing that could be run or unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from ..detector_format import CARD, CONFIG, VALIDATION, WEIGHTS
from ..errors import UserError, named

MIB = 2**20
# All that is ever fetched or published, and how large each may be. Encoders of a billion weights take 4 GB.
LARGEST_BYTES = {CONFIG: 4 * MIB, WEIGHTS: 8192 * MIB, CARD: 4 * MIB, VALIDATION: 64 * MIB}
# Without these there is no detector.
NEEDED = (CONFIG, WEIGHTS)
# What Python, torch or numpy unpickle, or run: never fetched, and where they lie something else was published.
UNPICKLED = (
    ".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".dill", ".npy", ".npz", ".py", ".so", ".h5"
)  # fmt: skip
# Large files that may rightly lie beside a detector: itself, exported.
EXPORTED = (".onnx",)
# A larger file of another kind than these is nothing that a detector needs.
LARGEST_OTHER_BYTES = MIB


def check_listing(sizes: Mapping[str, int | None], where: str) -> None:
    """Raise unless a folder or repository of these files (name -> bytes, None where unknown) holds a detector."""
    check_harmless(sizes, where)
    missing = [name for name in NEEDED if name not in sizes]
    if missing:
        raise UserError(f"{where} is no detector: it has no {named(missing)}")
    for name, most in LARGEST_BYTES.items():
        if (size := sizes.get(name)) is not None and size > most:
            raise UserError(f"{where}: {name} has {size:,} bytes, and no detector needs more than {most:,}")


def check_harmless(sizes: Mapping[str, int | None], where: str) -> None:
    """Raise if among these files there is one that does not belong to a detector."""
    runnable = sorted(name for name in sizes if PurePosixPath(name).suffix.lower() in UNPICKLED)
    if runnable:
        raise UserError(
            f"{where} holds {named(runnable)}: a detector is data, and files that are run or unpickled have no place "
            "there"
        )
    strange = sorted(
        name
        for name, size in sizes.items()
        if name not in LARGEST_BYTES
        and PurePosixPath(name).suffix.lower() not in EXPORTED
        and (size or 0) > LARGEST_OTHER_BYTES
    )
    if strange:
        raise UserError(
            f"{where} holds {named(strange)}, large and no part of a detector: take it for no detector"
        )
