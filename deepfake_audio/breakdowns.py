"""What breaks around a run, and is no fault of its settings' or its program's, told in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import UserError

GO_ON = "what was kept stands: go on with ckpt_path=last"
# What PyTorch says, and what it means; the first that is found.
SIGNS = (
    (
        r"shared memory|[Bb]us error",
        "the memory that processes share (/dev/shm) is full: enlarge it, or use data.workers=0",
    ),
    (
        r"DataLoader worker .*(killed by signal|exited unexpectedly)",
        "a process that reads clips was killed, probably for want of memory: try fewer data.workers or a smaller "
        "data.batch_size",
    ),
    (
        r"out of memory|can't allocate memory",
        "there is not enough memory for a step: try a smaller data.batch_size",
    ),
    (r"No space left on device", "no space left on the disk: make room"),
    # The words of whoever packs a checkpoint, which end before the disk's reason.
    (
        r"inline_container|PytorchStreamWriter",
        "a checkpoint can't be written, the disk may be full: make room",
    ),
)


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Turn what PyTorch raises of the machine it runs on into an error for people."""
    try:
        yield
    except RuntimeError as error:
        meaning = meaning_of(str(error))
        if meaning is None:
            raise
        raise UserError(f"{meaning}; {GO_ON}") from None


def meaning_of(told: str) -> str | None:
    """What an error of PyTorch's says of the machine; None where it is about something else."""
    return next((meaning for sign, meaning in SIGNS if re.search(sign, told)), None)
