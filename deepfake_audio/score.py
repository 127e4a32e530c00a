"""Scores of all clips of a table: `python -m deepfake_audio.score clips=FILE [detector=DIR out=scores.csv]`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import tables_in, verb
from .errors import UserError, named

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from .sharding import Shard

    # Makes scores and failures of clips, and remembers in a file what is done already.
    Scored = Callable[[pd.DataFrame, Path], tuple[pd.DataFrame, pd.DataFrame]]

STEP = "score"


@verb("score")
def main(config: DictConfig) -> None:
    """Check, score what isn't scored yet, write, and say what came of it."""
    from .detector_format import detector_folder
    from .extract import checked_share
    from .joined import read_corpora, table_paths
    from .sharding import asked_shard
    from .sharing.places import find_detector

    out = Path(config.out)
    if out.suffix != ".csv":
        raise UserError(f"out={out}: scores are a table, so give a file that ends in .csv")
    most_failures = checked_share(config.max_failures)
    shard = asked_shard(config.shard, config.shards)
    detector = detector_folder(find_detector(config.detector))
    clips, root = read_corpora(table_paths(tables_in(config)), config.same_voices)
    made = made_of(clips, detector, config.device)
    manner = {"jobs": config.jobs, "device": config.device, "progress": config.progress}

    def scored(own: pd.DataFrame, journal: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        from .scoring import score_clips

        return score_clips(own, root, detector, journal, made, **manner)

    if shard is None:
        _whole(scored, clips, out, made, most_failures, config.overwrite)
    else:
        _share(scored, clips, out, made, shard, config.overwrite)


def made_of(clips: pd.DataFrame, detector: Path, device: str) -> dict[str, Any]:
    """What scores follow from; scores made otherwise are other scores."""
    from .detector_format import CONFIG, WEIGHTS
    from .provenance import file_fingerprint, table_fingerprint

    return {
        "step": STEP,
        "clips": table_fingerprint(clips),
        "detector": [file_fingerprint(detector / name) for name in (CONFIG, WEIGHTS)],
        "device": device,
    }


def failures_stem(out: Path) -> str:
    """What the table of clips without a score is called."""
    return f"{out.stem}_failures"


def write_whole(
    scores: pd.DataFrame, failures: pd.DataFrame, out: Path, made: dict[str, Any], most_failures: float
) -> None:
    """Write all scores of a table, say what came of it, and raise if too much of it failed."""
    from .files import write_json
    from .provenance import file_fingerprint
    from .runs import write_scores
    from .spreadsheets import write_table

    about = out.with_suffix(".json")
    # By this a second run knows that what a kill, or too many failures, left here is its own.
    write_json(about, {"made": made, "scores": None})
    write_scores(scores, out)
    lost = out.with_name(f"{failures_stem(out)}.csv")
    write_table(failures, lost)
    if len(failures):
        told = [
            f"{clip} ({reason})" for clip, reason in zip(failures["clip"], failures["reason"], strict=True)
        ]
        print(f"warning: without a score: {named(told, most=3)}; all of them: {lost}")
    print(f"{len(scores)} scores: {out}")
    if scores.empty or len(failures) > most_failures * (len(scores) + len(failures)):
        raise UserError(
            f"{len(failures)} of {len(scores) + len(failures)} clips could not be judged, more than "
            f"max_failures={most_failures} allows: see {lost}"
        )
    write_json(about, {"made": made, "scores": file_fingerprint(out)})


def _whole(
    scored: Scored,
    clips: pd.DataFrame,
    out: Path,
    made: dict[str, Any],
    most_failures: float,
    overwrite: bool,
) -> None:
    if not overwrite and is_done(out, made):
        print(f"already there: {out}")
        return
    journal = out.with_name(f".{out.stem}.journal")
    scores, failures = scored(clips, journal)
    write_whole(scores, failures, out, made, most_failures)
    journal.unlink(missing_ok=True)


def is_done(out: Path, made: dict[str, Any]) -> bool:
    """Whether the scores that would be made are there; an error if others are."""
    from .files import read_json
    from .provenance import file_fingerprint

    if not out.exists():
        return False
    about = out.with_suffix(".json")
    told = read_json(about) if about.is_file() else {}
    whole = told.get("scores")
    if told.get("made") == made and whole in (None, file_fingerprint(out)):
        return whole is not None
    raise UserError(f"{out} holds other scores: give another out=FILE, or overwrite=true")


def _share(
    scored: Scored, clips: pd.DataFrame, out: Path, made: dict[str, Any], shard: Shard, overwrite: bool
) -> None:
    from .sharding import forget_part, part_is_done, place_of, write_part

    names = list(clips["clip"])
    own = clips.iloc[shard.rows(names)].reset_index(drop=True)
    if not overwrite and (is_done(out, made) or part_is_done(out.parent, out.stem, shard, names, made)):
        print(f"already there: shard {shard} of {out}")
        return
    forget_part(out.parent, out.stem, shard)
    journal = place_of(out.parent, f".{out.stem}", shard, ".journal")
    scores, failures = scored(own, journal)
    tables = {out.stem: scores, failures_stem(out): failures}
    part = write_part(out.parent, out.stem, shard, names, made, tables)
    journal.unlink(missing_ok=True)
    print(f"shard {shard}: {part}; once all are there: python -m deepfake_audio.merge {out.parent}")


if __name__ == "__main__":
    main()
