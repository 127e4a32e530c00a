"""A table of clips shared out between processes or machines: `Shard` says whose share a clip is in.

What a shard leaves is written by `parts` and put together by `whole`; `holding` keeps shards out of each other's way.
"""

from .holding import holding
from .parts import SHARDS, Part, forget_part, part_is_done, place_of, write_part
from .shard import Shard, asked_shard
from .whole import Whole, clear_away, kinds_in, read_whole

__all__ = [
    "SHARDS",
    "Part",
    "Shard",
    "Whole",
    "asked_shard",
    "clear_away",
    "forget_part",
    "holding",
    "kinds_in",
    "part_is_done",
    "place_of",
    "read_whole",
    "write_part",
]
