"""Fakes out of real speech, by copy-synthesis: `python -m deepfake_audio.forge clips=FILE out=DIR [systems=[...]]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import verb
from .errors import UserError, named

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig


@verb("forge")
def main(config: DictConfig) -> None:
    """Forge what isn't there yet, write the table of the fakes, and say what came of it."""
    from omegaconf import OmegaConf

    from .clips import read_clips, write_clips
    from .extract import CLIPS, FAILURES
    from .forging.corpus import forge_corpus
    from .spreadsheets import write_table

    if not isinstance(config.clips, str):
        raise UserError("clips: forge one table at a time; the fakes of several can be joined in training")
    source, out = Path(config.clips), Path(config.out)
    if source.parent.resolve() == out.resolve():
        raise UserError(f"out={out} is the folder of the source: its {CLIPS} would be lost; give another out")
    clips = _of_the_sides(read_clips(source), config)
    settings: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    done, failures = forge_corpus(
        clips,
        source.parent,
        out,
        settings["systems"],
        each=settings["each"],
        share=settings["share"],
        vocoders=settings["vocoders"],
        seed=settings["seed"],
        jobs=settings["jobs"],
        overwrite=settings["overwrite"],
        progress=settings["progress"],
    )
    write_table(failures, out / FAILURES)
    if done.empty:
        raise UserError(f"nothing could be forged: {failures['reason'].iloc[0]}")
    write_clips(done.drop(columns="already_there"), out / CLIPS)
    _tell(done, failures, source, out, config.split_file)


def _of_the_sides(clips: pd.DataFrame, config: DictConfig) -> pd.DataFrame:
    """The clips that may be forged: those of the sides asked for, if there is a split."""
    from .splitting import SPLITS, split_clips

    if config.split_file is None:
        return clips
    unknown = sorted(set(config.sides) - set(SPLITS))
    if unknown or not config.sides:
        raise UserError(f"sides={list(config.sides)}: give some of {', '.join(SPLITS)}")
    applied = split_clips(clips, config.policy, file=config.split_file, missing="warn", column=config.column)
    kept = applied[applied["split"].isin(list(config.sides))]
    return kept if "split" in clips else kept.drop(columns="split")


def _tell(done: pd.DataFrame, failures: pd.DataFrame, source: Path, out: Path, split: str | None) -> None:
    """What came of it, in a few lines."""
    from .extract import CLIPS, FAILURES

    there = int(done["already_there"].sum())
    print(f"{len(done) - there} forged, {there} already there, {len(failures)} failed")
    for system, count in done["system"].value_counts().sort_index().items():
        print(f"  {system}: {count}")
    if len(failures):
        pairs = zip(failures["clip"], failures["reason"], strict=True)
        told = named([f"{clip} ({reason})" for clip, reason in pairs], most=3)
        print(f"warning: failed: {told}; all of them: {out / FAILURES}")
    print(
        f"{len(done)} fakes of {done['source_clip'].nunique()} clips, {done['voice'].nunique()} voices: {out / CLIPS}"
    )
    if split is None:
        print(
            "warning: clips of every side were forged; figures on a test with forged fakes are about another test: "
            "give split_file=FILE to forge for training alone"
        )
    else:
        print(
            f"train on both: python -m deepfake_audio.train 'clips=[{source},{out / CLIPS}]' same_voices=true "
            f"split=file split.file={split}"
        )


if __name__ == "__main__":
    main()
