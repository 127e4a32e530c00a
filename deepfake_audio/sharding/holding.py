"""Several shards may fill one folder at once; each shard only once, and nothing else beside them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UserError
from ..files import alone_in
from .parts import SHARDS
from .shard import Shard


@contextmanager
def holding(folder: Path, shard: Shard | None, doing: str) -> Iterator[Path]:
    """Hold a folder (made if missing) for a shard, or alone if there is none; a place for files in the making.

    Args:
        doing: what another process must be at if it is in the way, for the message.
    """
    if shard is None:
        with alone_in(folder, doing):
            yield folder
        return
    place = folder / SHARDS / f".{shard}"
    with _among_shards(folder, doing), alone_in(place, f"{doing} of this shard"):
        yield place


@contextmanager
def _among_shards(folder: Path, doing: str) -> Iterator[None]:
    """Keep away who wants the folder alone; the kernel lets go when the process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UserError(
            f"{folder} is in use: an {doing} of the whole is at work there; wait for it, or give another"
        ) from None
    finally:
        os.close(handle)
