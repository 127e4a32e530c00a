"""The recordings behind a run's test scores, for whatever listens to them again after training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from .configs import tables_in
from .errors import UserError, named
from .joined import read_corpora, table_paths
from .runs import RunFolder, read_scores


def tested_clips(
    run: RunFolder, tables: list[Path] | None = None, part: str = "test"
) -> tuple[pd.DataFrame, Path]:
    """The clips that the run was judged on, as its own scores name them, and the folder of their files."""
    needed = (run.metrics, run.threshold, run.scores(part), run.detector_config)
    if not all(file.is_file() for file in needed):
        raise UserError(
            f"{run.path} is no finished run: it must hold {run.metrics.name}, {run.threshold.name}, "
            f"{run.scores(part).name} and detector/, which `python -m deepfake_audio.train` writes"
        )
    tested = read_scores(run.scores(part))
    config: Any = OmegaConf.load(run.config) if run.config.is_file() else OmegaConf.create()
    if tables is None and "clips" not in config:
        raise UserError(f"{run.config} is missing, which names the clip table: give it with --clips FILE")
    tables = table_paths(tables or tables_in(config))
    lost = [str(table) for table in tables if not table.is_file()]
    if lost:
        raise UserError(
            f"{named(lost)}, the clip table of {run.path}, is missing: run this where the run was trained, or say "
            "where it is with --clips FILE"
        )
    clips, root = read_corpora(tables, config.get("same_voices", False))
    clips = clips.set_index("clip", drop=False)
    gone = tested.loc[~tested["clip"].isin(clips.index), "clip"]
    if len(gone):
        raise UserError(
            f"{named([str(table) for table in tables])} has not the clips that {run.path} was judged on: "
            f"{named(list(gone))} and so on"
        )
    # Label and voice as they were judged: the table may have been mended since.
    known = ["clip", "voice", "system", "label", *(["track"] if "track" in tested else [])]
    chosen = tested[known].reset_index(drop=True)
    return pd.DataFrame({**chosen, "path": clips.loc[chosen["clip"], "path"].to_numpy()}), root
