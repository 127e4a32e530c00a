"""What would flatter a detector on these clips and this split: `python -m deepfake_audio.audit clips=FILE`.

Exits with 0 when nothing forbidden was found, with 1 when it was, and with 2 for bad use.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import split_settings, tables_in, verb
from .errors import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from .sharding import Shard

AUDIT, PAGE = "audit.json", "audit.html"
LEAK_FOUND = 1


@verb("audit")
def main(config: DictConfig) -> None:
    """Listen, print, write, and fail closed."""
    from .auditing import audit_clips, in_words
    from .files import write_json
    from .joined import folders_of, read_corpora, table_paths
    from .report import write_audit_page
    from .sharding import asked_shard
    from .splitting import broken_promise, split_clips

    tables = table_paths(tables_in(config))
    shard = asked_shard(config.shard, config.shards)
    if shard is not None:
        _listen(config, tables, shard)
        return
    out = Path(config.out) if config.out is not None else tables[0].parent
    # What an older audit passed must not stand for what this one finds.
    for name in (AUDIT, PAGE):
        (out / name).unlink(missing_ok=True)
    clips, root = read_corpora(tables, config.same_voices)
    settings = split_settings(config)
    clips = split_clips(clips, **settings, kept_apart=False)
    told = audit_clips(
        clips,
        root,
        forbid=config.forbid if isinstance(config.forbid, str) else list(config.forbid or []),
        shortcuts=config.shortcuts,
        jobs=config.jobs,
        progress=config.progress,
        folders=folders_of(tables),
        broken=broken_promise(clips, settings["policy"], settings.get("column")),
    ).told
    told = {"of": _of_what(tables, settings), **told}
    print(in_words(told))
    write_json(out / AUDIT, told)
    print(f"\naudit: {write_audit_page(told, out / PAGE)}")
    if not told["passed"]:
        sys.exit(LEAK_FOUND)


def _listen(config: DictConfig, tables: list[Path], shard: Shard) -> None:
    """A shard only listens: what leaks can be told of a whole corpus alone, which then need not be heard again."""
    from .auditing.shards import listen_to_shard
    from .clips import read_clips

    if len(tables) > 1:
        raise UserError(
            "a shard is of one table: give clips=FILE, and the shards of each table by themselves"
        )
    (table,) = tables
    part = listen_to_shard(read_clips(table), table, shard, config.jobs, config.progress)
    print(f"shard {shard}: {part}; once all are there: python -m deepfake_audio.merge {table.parent}")


def _of_what(tables: list[Path], settings: dict[str, Any]) -> str:
    """Which clips and which split the audit is of, so that two pages can be told apart."""
    split = f"as {settings['file']} says" if settings.get("file") else f"seed {settings['seed']}"
    unseen = "" if settings.get("unseen") is None else f", unseen {settings['unseen']} in validation"
    return f"{', '.join(str(table) for table in tables)}; split by the policy {settings['policy']}, {split}{unseen}"


if __name__ == "__main__":
    main()
