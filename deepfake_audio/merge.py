"""Make one of shards, as one undisturbed run would have: `python -m deepfake_audio.merge DIR`.

Missing shards, doubled ones and those that were made otherwise than the rest are refused, and named.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import command_line_errors
from .errors import UserError, named

if TYPE_CHECKING:
    import pandas as pd

    from .corpora import Corpus
    from .sharding import Whole

# A record is data: it may name our own adapters, and nothing else that could be run.
OUR_CORPORA = "deepfake_audio.corpora."


def main(arguments: list[str] | None = None) -> int:
    """Put together whatever there are shards of in a folder; exit with 2 where they make no whole."""
    from .extract import MOST_FAILURES

    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.merge",
        description="Put the shards of extract, audit or score in a folder together, as one run would have written "
        "it. Refuses missing and doubled shards, and those that were made otherwise than the rest.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="what extract, audit or score was told as out"
    )
    parser.add_argument(
        "--max-failures",
        type=float,
        default=MOST_FAILURES,
        metavar="R",
        help=f"end with an error where more than this share of the files failed (default: {MOST_FAILURES})",
    )
    options = parser.parse_args(arguments)
    with command_line_errors():
        merge(options.folder, options.max_failures)
    return 0


def merge(folder: Path, most_failures: float) -> None:
    """Write what the shards in a folder make together, and say what came of it."""
    from .extract import checked_share
    from .files import alone_in
    from .sharding import SHARDS, clear_away, kinds_in, read_whole

    checked_share(most_failures)
    kinds = kinds_in(folder) if folder.is_dir() else []
    if not kinds:
        raise UserError(
            f"{folder / SHARDS} holds no shards: extract, audit and score leave them there with shard=N shards=M"
        )
    with alone_in(folder, "shard"):
        # All of them before any, so that either everything comes together or nothing changes.
        wholes = [read_whole(folder, kind) for kind in kinds]
        for whole in sorted(wholes, key=lambda whole: list(STEPS).index(_step_of(whole))):
            STEPS[_step_of(whole)](whole, folder, most_failures)
        clear_away(wholes, folder)


def _step_of(whole: Whole) -> str:
    step = whole.made.get("step")
    if step not in STEPS:
        raise UserError(f"{whole.folder}: nobody knows how to merge shards of {step!r}")
    return str(step)


def _extraction(whole: Whole, out: Path, most_failures: float) -> None:
    from .extract import CLIPS_STEM, FAILURES_STEM, check_same_identity, finish

    identity = whole.made["corpus"]
    corpus = _corpus(identity, out)
    check_same_identity(identity, out)
    done, failures = whole.tables(CLIPS_STEM, FAILURES_STEM)
    _check_wavs(done, out)
    media = _in_one(done, failures)
    # What the adapters look at has the type that it has in one run; all else stays the text it is.
    done = done.assign(label=done["label"].astype(int), seconds=[float(cell) for cell in done["seconds"]])
    finish(corpus, identity, media, done, failures, out, most_failures)


def _in_one(done: pd.DataFrame, failures: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.concat([done["media"], failures["media"]], ignore_index=True)


def _corpus(identity: dict[str, Any], out: Path) -> Corpus:
    from hydra.utils import instantiate

    if not str(identity.get("_target_")).startswith(OUR_CORPORA):
        raise UserError(
            f"{out} is of a corpus with an adapter of your own: `python -m deepfake_audio.extract` without shard "
            "and shards finds all wavs there, and writes the tables"
        )
    corpus: Corpus = instantiate(identity)
    return corpus


def _check_wavs(done: pd.DataFrame, out: Path) -> None:
    """Tables may have been brought together from several machines without their wavs."""
    lost = [path for path in done["path"] if not (out / path).is_file()]
    if lost:
        raise UserError(
            f"{out} lacks {len(lost)} of {len(done)} wavs ({named(lost, 3)}): bring the shards' wavs here, too"
        )


def _survey(whole: Whole, folder: Path, most_failures: float) -> None:
    from .auditing.shards import merge_surveys

    print(f"{whole.clips} clips listened to: {merge_surveys(whole)}")


def _scores(whole: Whole, folder: Path, most_failures: float) -> None:
    from .score import failures_stem, write_whole

    out = folder / f"{whole.parts[0].kind}.csv"
    scores, failures = whole.tables(out.stem, failures_stem(out))
    for column in ("logit", "p_fake"):
        scores[column] = [float(cell) for cell in scores[column]]
    write_whole(scores, failures, out, whole.made, most_failures)


# In the order in which one rests on the other.
STEPS = {"extract": _extraction, "audit": _survey, "score": _scores}


if __name__ == "__main__":
    sys.exit(main())
