"""What each corpus on disk says about its clips, turned into the one table that all else reads.

A corpus is any object with these few members; nothing after it knows which one it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Corpus(Protocol):
    """Media under `root`, and the table that describes them."""

    @property
    def root(self) -> str | Path | None:
        """The folder that the table's `media` column is relative to."""

    @property
    def name(self) -> str:
        """What the table calls this corpus, and default folders are named by."""

    def prepare(self) -> None:
        """Make or check what has to be on disk before extraction."""

    def index(self) -> pd.DataFrame:
        """The clip table (see `deepfake_audio.clips`) from the metadata alone, media untouched."""

    def settle(self, clips: pd.DataFrame, out: Path) -> tuple[pd.DataFrame, list[str]]:
        """The table after what the wavs can tell (each `path` under `out`), and lines that say what that was."""
