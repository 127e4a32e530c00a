"""Listening by shards: each remembers what it heard in a file of its own, and these make the survey of the whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from ..audio.measures import MEASURES
from ..clips import read_clips
from ..errors import UserError
from ..sharding import Shard, Whole, forget_part, place_of, write_part
from .memory import FORMAT, read_kept, write_kept
from .survey import SURVEY, survey

STEP = "audit"
KIND = Path(SURVEY).stem


def listen_to_shard(
    clips: pd.DataFrame, table: Path, shard: Shard, jobs: int | None = None, progress: bool = True
) -> Path:
    """Hear a shard's clips of a table, all that the file `table` holds; its record in `shards/` beside the table."""
    folder, names = table.parent, list(clips["clip"])
    cache = place_of(folder, KIND, shard, ".npz")
    forget_part(folder, KIND, shard)
    survey(clips.iloc[shard.rows(names)], folder, cache, jobs, progress)
    if not cache.is_file():
        raise UserError(f"{cache} could not be written: make room, or get leave to write there")
    made = {"step": STEP, "table": table.name, "format": FORMAT, "measures": len(MEASURES)}
    return write_part(folder, KIND, shard, names, made, {}, [cache])


def merge_surveys(whole: Whole) -> Path:
    """Write what all shards heard as one survey beside the table; what is known of other files there stays.

    Raises:
        UserError: the table is another one by now, or a shard has not heard all of its clips.
    """
    place = whole.folder / SURVEY
    clips = read_clips(whole.folder / str(whole.made["table"]))
    whole.check_same_clips(list(clips["clip"]))
    paths = [os.path.normpath(path) for path in clips["path"]]
    heard: dict[str, Any] = {}
    for part, file in zip(whole.parts, whole.files(KIND, ".npz"), strict=True):
        told = read_kept(file)
        own = [paths[row] for row in part.shard.rows(clips["clip"])]
        lost = [path for path in own if path not in told]
        if lost:
            raise UserError(
                f"{file} lacks {len(lost)} clips, such as {lost[0]}: run shard {part.shard} again"
            )
        heard |= {path: told[path] for path in own}
    kept = {path: entry for path, entry in read_kept(place).items() if path not in heard}
    write_kept(place, kept | {path: heard[path] for path in paths})
    return place
