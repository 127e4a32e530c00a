"""A clip table to a split file: `python -m deepfake_audio.split clips=FILE out=FILE [policy=strict seed=1]`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .configs import split_settings, tables_in, verb
from .errors import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from .splitting import Split


@verb("split")
def main(config: DictConfig) -> None:
    """Deal out, write, and say what each side holds and what the policy leaks."""
    from .joined import read_corpora
    from .splitting import LEAKY, apply_split, assign, counts, leak_in_words, read_split, write_split

    out = Path(config.out)
    clips, _ = read_corpora(tables_in(config), config.same_voices)
    settings = split_settings(config)
    file, missing = settings.pop("file"), settings.pop("missing")
    policy, column = settings["policy"], settings["column"]
    if file and settings["unseen"] is not None:
        raise UserError(
            "unseen goes with a policy here; on top of a file give split.unseen=... when you train"
        )
    split = read_split(file) if file else _made_by(assign(clips, **settings), tables_in(config))
    if out.exists() and not config.overwrite and read_split(out) != split:
        raise UserError(f"{out} holds another split: give another out=FILE, or overwrite=true")
    applied = apply_split(clips, split, policy, missing, column)
    write_split(split, out)
    for side, count in counts(applied).items():
        share = count["fake"] / count["clips"]
        print(f"{side:5}  {count['clips']:6} clips  {count['voices']:4} voices  {share:.3f} fake")
    if len(applied) < len(clips):
        print(
            f"{len(clips) - len(applied)} of {len(clips)} clips are left out: they would join what is kept apart"
        )
    if policy in LEAKY:
        print(f"warning: {leak_in_words(applied, policy)}")
    print(f"split: {out}")


def _made_by(split: Split, tables: str | list[str]) -> Split:
    """What a split says of its making, with the tables that were joined for it."""
    if isinstance(tables, str) or len(tables) == 1:
        return split
    made = split.about["made by"].replace("clips=clips.csv", f"'clips=[{','.join(tables)}]'")
    return replace(split, about={**split.about, "made by": made})


if __name__ == "__main__":
    main()
