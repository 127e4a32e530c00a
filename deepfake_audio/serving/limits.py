"""How much a stranger may ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import UserError

BYTES_PER_MB = 1_000_000
# Headers and boundaries around an upload, and every request that carries no recording.
SLACK_BYTES = 64_000
# More than this waits longer than anybody watches a page.
MOST_WAITING = 1000


@dataclass(frozen=True)
class Limits:
    """What is refused, on the page and in the API alike.

    Args:
        max_mb: of an upload, in millions of bytes.
        max_minutes: of a recording.
        time_limit_seconds: for listening to one recording, and for sending it.
        queue: recordings that may wait while another is listened to.
    """

    max_mb: float = 200.0
    max_minutes: float = 60.0
    time_limit_seconds: float = 300.0
    queue: int = 8

    def __post_init__(self) -> None:
        for name in ("max_mb", "max_minutes", "time_limit_seconds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise UserError(f"--{name.replace('_', '-')} must be above 0, not {value}")
        if not 0 <= self.queue <= MOST_WAITING:
            raise UserError(f"--queue must be from 0 to {MOST_WAITING}, not {self.queue}")

    @property
    def max_bytes(self) -> int:
        """Of one recording."""
        return round(self.max_mb * BYTES_PER_MB)

    @property
    def max_seconds(self) -> float:
        """Of one recording."""
        return self.max_minutes * 60

    @property
    def longest(self) -> str:
        """How long a recording may be, for people."""
        return f"{self.max_minutes:g} minute{'' if self.max_minutes == 1 else 's'}"

    @property
    def words(self) -> str:
        """For people."""
        return f"at most {self.max_mb:g} MB and {self.longest}"
